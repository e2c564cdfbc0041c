"""Nothing is deleted in silence: what does not come through a step stands here with its reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Step(StrEnum):
    DUPLICATES = "duplicates"
    LEAKS = "leaks"
    SCRUBBING = "scrubbing"
    SPLITS = "splits"
    LABELS = "labels"
    QUALITY = "quality"
    MIX = "mix"


class LostRows(RuntimeError):
    """A defect of ours: rows went that nobody accounted for."""


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    what: str  # "text", "example" or "pair"
    source: str
    step: Step
    reason: str  # fixed words and codes, never a part of the text
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Passage:
    """What went into a step and came out of it."""

    step: Step
    what: str
    came: int
    kept: int

    @property
    def set_aside(self) -> int:
        return self.came - self.kept


@dataclass(slots=True)
class Quarantine:
    entries: list[Entry] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)

    def account(self, step: Step, what: str, *, came: int, kept: int, entries: Iterable[Entry]) -> None:
        """Raises LostRows unless every row that came was kept or stands among the entries."""
        new = list(entries)
        if came != kept + len(new):
            raise LostRows(
                f"{step}: {came:,} of kind {what} came, {kept:,} were kept and {len(new):,} set aside:"
                f" {came - kept - len(new):,} are missing. Report this as a defect."
            )
        self.entries += new
        self.passages.append(Passage(step, what, came, kept))

    def summary(self) -> dict[str, Any]:
        reasons = Counter((entry.step, entry.what, entry.reason) for entry in self.entries)
        return {
            "steps": [
                {"step": one.step, "what": one.what, "came": one.came, "kept": one.kept, "set_aside": one.set_aside}
                for one in self.passages
            ],
            "reasons": [
                {"step": step, "what": what, "reason": reason, "count": count}
                for (step, what, reason), count in sorted(reasons.items())
            ],
        }

    def write(self, path: Path, *, with_text: bool = False) -> None:
        """Without texts unless asked: what was set aside is the most sensitive part of a set."""
        part = path.with_name(path.name + ".part")
        with part.open("w", encoding="utf-8") as file:
            for line in self._lines(with_text=with_text):
                file.write(line + "\n")
        part.replace(path)

    def _lines(self, *, with_text: bool) -> Iterator[str]:
        for entry in self.entries:
            told = asdict(entry)
            if not with_text:
                del told["text"]
            yield json.dumps(told, ensure_ascii=False)
