"""What people type and what they mean by it: lexicons/spelling.toml, read once."""

from __future__ import annotations

import string
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LEXICONS = Path(__file__).parent / "lexicons"


@dataclass(frozen=True, eq=False)
class Spelling:
    version: int
    meant: dict[str, tuple[str, ...]]  # as typed, as meant
    watched: frozenset[str]  # words worth undoing digits-for-letters and drawn-out letters for
    masked: frozenset[str]  # words that people hide behind asterisks
    glued: frozenset[str]  # words that may be found in one written together
    fillers: frozenset[str]  # words a phrase may be stretched with


@cache
def load_spelling() -> Spelling:
    """Raises when the file is missing or unreadable; a phase that reads words then fails, and the pipeline holds."""
    table = tomllib.loads((LEXICONS / "spelling.toml").read_text(encoding="utf-8"))
    meant = {typed: tuple(canonical.split()) for canonical, variants in table["meant"].items() for typed in variants}
    for word in table["near"]["words"]:
        for slip in _one_slip_away(word) - set(table["near"]["except"]):
            meant.setdefault(slip, (word,))
    for word in table["watched"]:
        meant.pop(word, None)
    return Spelling(
        version=int(table["version"]),
        meant=meant,
        watched=frozenset(table["watched"]),
        masked=frozenset(table["masked"]),
        glued=frozenset(table["glued"]),
        fillers=frozenset(table["fillers"]),
    )


def _one_slip_away(word: str) -> set[str]:
    """Every string one letter lost, doubled, swapped, added or mistyped away. Sensible for long words only."""
    cuts = [(word[:index], word[index:]) for index in range(len(word) + 1)]
    lost = {left + right[1:] for left, right in cuts if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    mistyped = {left + letter + right[1:] for left, right in cuts if right for letter in string.ascii_lowercase}
    added = {left + letter + right for left, right in cuts for letter in string.ascii_lowercase}
    return (lost | swapped | mistyped | added) - {word}
