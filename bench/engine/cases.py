"""Invented people and what they write: as many distinct cases as a run needs, each from a seed."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from assistant.inference import scaffold as chatml
from assistant.inference.types import Mode, Prompt

POST_WORDS, DRAFT_WORDS = 116, 80  # about 150 and 95 tokens
COPY_SYSTEM = "You copy texts. Write the draft again, word for word, from its first word to its last, and nothing else."


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    post: str
    draft: str

    @property
    def half_draft(self) -> str:
        """What stood there when the writer paused."""
        words = self.draft.split(" ")
        return " ".join(words[: len(words) // 2])

    @property
    def whole(self) -> Prompt:
        """In the site's order and with its borders, behind a system text that asks for a long answer."""
        return self._letter(_lines()["system"], self.draft)

    @property
    def opening(self) -> Prompt:
        """What is prepared when the post is opened: everything as far as the post settles it."""
        whole = self.whole
        return Prompt(segments=whole.segments[:3], mode=whole.mode, version=whole.version)

    def asking_with(self, draft: str) -> Prompt:
        """What is prepared when a draft is saved: the prompt as it would be asked now."""
        return self._letter(_lines()["system"], draft)

    @property
    def cold(self) -> Prompt:
        """The same length behind a system text that no arm has seen before, from its first words on."""
        return self._letter(f"This is case {self.id}. {_lines()['system']}", self.draft)

    def _letter(self, system: str, draft: str) -> Prompt:
        return Prompt(
            segments=(
                chatml.scaffold(chatml.system(system) + chatml.POST),
                chatml.written(self.post),
                chatml.scaffold(chatml.TURN_END + chatml.DRAFT),
                chatml.written(draft),
                chatml.scaffold(chatml.TURN_END + chatml.REPLY),
            ),
            mode=Mode.IMPROVE,
            version="letter-1",
            draft=chatml.written(draft).text,
        )

    @property
    def copying(self) -> Prompt:
        """A prompt that even a small model answers with the draft itself."""
        shown = "".join(
            chatml.DRAFT + draft + chatml.TURN_END + chatml.REPLY + copy + chatml.TURN_END
            for draft, copy in _lines()["copies"]
        )
        return Prompt(
            segments=(
                chatml.scaffold(chatml.system(COPY_SYSTEM) + shown + chatml.DRAFT),
                chatml.written(self.draft),
                chatml.scaffold(chatml.TURN_END + chatml.REPLY),
            ),
            mode=Mode.IMPROVE,
            version="copy-1",
            draft=chatml.written(self.draft).text,
        )


def make_case(*seed: object) -> Case:
    """The same case for the same seed. Posts differ from their first words on, so that no two share a prefix."""
    name = "-".join(str(part) for part in seed)
    chance = random.Random(f"lantern {name}")
    lines = _lines()
    return Case(
        id=name,
        post=_filled(chance, [chance.choice(lines["openings"])], lines["posts"], words=POST_WORDS),
        draft=_filled(chance, [], lines["drafts"], words=DRAFT_WORDS),
    )


def make_cases(count: int, *seed: object) -> list[Case]:
    return [make_case(*seed, number) for number in range(count)]


@cache
def _lines() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "invented.toml").read_text(encoding="utf-8"))


def _filled(chance: random.Random, begun: list[str], lines: list[str], *, words: int) -> str:
    text = ""
    for line in [*begun, *chance.sample(lines, k=len(lines))]:
        names = _lines()
        filled = line.format(
            name=chance.choice(names["names"]),
            place=chance.choice(names["places"]),
            thing=chance.choice(names["things"]),
            days=chance.choice(names["days"]),
        )
        text = f"{text} {filled}".strip()
        if len(text.split()) >= words:
            break
    return text
