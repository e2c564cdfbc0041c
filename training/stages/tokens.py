"""Prompts and answers as token ids, the same that the site's engine makes of them.

Two borders matter. What a person wrote must never become a control token, in training as little as on the site. And a text
that is cut into other tokens here than there is a text that the model has not learned.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.inference.scaffold import TURN_END
from assistant.inference.trained_prompts import Task
from assistant.inference.types import Prompt, Segment
from training.sampling import prompt_of
from training.schemas import Example, Pair
from training.stages.rows import answers_of

CONTROL = re.compile(r"(<\|im_start\|>|<\|im_end\|>)")
END = TURN_END.strip()


@dataclass(frozen=True, slots=True)
class Encoded:
    """One row: a prompt, and the answers to it (one of an example, chosen and rejected of a pair)."""

    id: str
    task: Task
    prompt: tuple[int, ...]
    answers: tuple[tuple[int, ...], ...]

    @property
    def length(self) -> int:
        return len(self.prompt) + sum(map(len, self.answers))


class Tokens:
    """`tokenizer`: a fast one of transformers, with the two control tokens of ChatML."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        vocabulary = tokenizer.get_vocab()
        if missing := [token for token in ("<|im_start|>", END) if token not in vocabulary]:
            raise ValueError(f"The base has no token {missing[0]}. Choose a base that speaks ChatML.")
        self._control = {token: vocabulary[token] for token in ("<|im_start|>", END)}
        self.end: int = vocabulary[END]
        added = tokenizer.added_tokens_decoder
        self._special = {*tokenizer.all_special_ids, *self._control.values()}
        self._special |= {number for number, token in added.items() if token.special}
        defined = [token.content for number, token in added.items() if number not in self._special]
        # The site cuts these after their first letter, so that they are letters again: LlamaModel._find_unescaped.
        cut = "|".join(re.escape(literal) for literal in defined if len(literal) > 1)
        self._unescaped = re.compile(f"(?=(?:{cut}))") if cut else None
        self._begin = [tokenizer.bos_token_id] if _begins_with_bos(tokenizer) else []

    def prompt(self, prompt: Prompt) -> list[int]:
        """Each segment is cut on its own, as on the site."""
        return [*self._begin, *(token for segment in prompt.segments for token in self._of(segment))]

    def answer(self, text: str) -> list[int]:
        """With the end of the turn, which is learned too."""
        return [*self.written(text), self.end]

    def written(self, text: str) -> list[int]:
        """Letters only: `<|im_end|>` in it stays seven letters and four signs."""
        cuts = [match.start() + 1 for match in self._unescaped.finditer(text)] if self._unescaped else []
        parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        ids = [number for part in parts if part for number in self._plain(part)]
        return [number for number in ids if number not in self._special]

    def _of(self, segment: Segment) -> list[int]:
        if not segment.scaffold:
            return self.written(segment.text)
        ids: list[int] = []
        for part in CONTROL.split(segment.text):
            if part in self._control:
                ids.append(self._control[part])
            elif part:
                ids += self._plain(part)
        return ids

    def _plain(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return ids

    def text(self, ids: Sequence[int]) -> str:
        told: str = self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return told


def _begins_with_bos(tokenizer: Any) -> bool:
    if tokenizer.bos_token_id is None:
        return False
    return bool(tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id])


def encode(rows: Sequence[Example | Pair], tokens: Tokens, *, longest: int) -> list[Encoded]:
    """The rows that have at most `longest` tokens, answers included."""
    encoded = (
        Encoded(
            row.id,
            row.task,
            tuple(tokens.prompt(prompt_of(row))),
            tuple(tuple(tokens.answer(text)) for text in answers_of(row)),
        )
        for row in rows
    )
    return [one for one in encoded if one.length <= longest]
