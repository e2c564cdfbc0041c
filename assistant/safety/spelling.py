"""What people type and what they mean by it: lexicons/spelling.toml, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LEXICONS = Path(__file__).parent / "lexicons"


@dataclass(frozen=True, slots=True)
class Beside:
    """A word that is meant where a slip of it stands after one of `before` or in front of one of `after`."""

    word: str
    typed: frozenset[str]  # words and names that count as slips of it there
    before: frozenset[tuple[str, ...]]
    after: frozenset[tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Spelling:
    version: int
    meant: dict[str, tuple[str, ...]]  # as typed, as meant
    watched: frozenset[str]  # words worth undoing digits-for-letters and drawn-out letters for
    masked: frozenset[str]  # words that people hide behind asterisks
    glued: frozenset[str]  # words that may be found in one written together
    others: frozenset[str]  # words that no list of English has, and that are no slips
    beside: tuple[Beside, ...]
    fillers: frozenset[str]  # words a phrase may be stretched with


@cache
def load_spelling() -> Spelling:
    """Raises when the file is missing or unreadable; a phase that reads words then fails, and the pipeline holds."""
    table = tomllib.loads((LEXICONS / "spelling.toml").read_text(encoding="utf-8"))
    meant = {typed: tuple(canonical.split()) for canonical, variants in table["meant"].items() for typed in variants}
    for word in table["watched"]:
        meant.pop(word, None)
    return Spelling(
        version=int(table["version"]),
        meant=meant,
        watched=frozenset(table["watched"]),
        masked=frozenset(table["masked"]),
        glued=frozenset(table["glued"]),
        others=frozenset(table["others"]),
        beside=tuple(_beside(entry) for entry in table["beside"]),
        fillers=frozenset(table["fillers"]),
    )


def _beside(entry: dict[str, Any]) -> Beside:
    before, after = (frozenset(tuple(words.split()) for words in entry[side]) for side in ("before", "after"))
    return Beside(entry["word"], frozenset(entry["typed"]), before, after)
