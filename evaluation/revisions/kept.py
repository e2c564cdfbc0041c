"""Answers that a model gave already, kept by what it was asked: a killed run goes on, and two suites ask once.

They repeat what people wrote, so the folder is refused inside the repository, but for `var/`. Delete it when all is measured.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from assistant.inference.modelfile import ModelFile
from assistant.inference.types import Params, Prompt
from evaluation.revisions.sheet import not_to_commit


@dataclass(frozen=True, slots=True)
class Written:
    text: str = field(repr=False)
    stop: str  # how it ended, or why there is nothing


class Kept:
    """One file for each model and its sampling, one line for each answer."""

    def __init__(self, folder: Path, *, base: ModelFile, adapter: ModelFile | None, params: Params) -> None:
        """Raises BadData for a folder that git would take."""
        asked = json.dumps([base.sha256, adapter.sha256 if adapter else "", asdict(params)])
        self._path = not_to_commit(folder) / f"{hashlib.sha256(asked.encode()).hexdigest()[:24]}.jsonl"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._known = dict(_read(self._path))

    def get(self, prompt: Prompt) -> Written | None:
        return self._known.get(_sum_of(prompt))

    def add(self, prompt: Prompt, written: Written) -> None:
        identity = _sum_of(prompt)
        self._known[identity] = written
        line = json.dumps([identity, written.text, written.stop])
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}")  # in front: what a kill left of the line before stays a line of its own


def _sum_of(prompt: Prompt) -> str:
    told = json.dumps([prompt.version, [[one.text, one.scaffold] for one in prompt.segments]])
    return hashlib.sha256(told.encode()).hexdigest()


def _read(path: Path) -> list[tuple[str, Written]]:
    if not path.exists():
        return []
    known = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            identity, text, stop = json.loads(line)
        except ValueError:
            continue  # half a line, or the empty one at the head
        known.append((identity, Written(text, stop)))
    return known
