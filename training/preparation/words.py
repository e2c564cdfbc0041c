"""Words as repeats and leaks are found by: case, marks and spaces make no difference."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHE = re.compile(r"(?<=\w)['’ʼ`](?=\w)")


@dataclass(frozen=True, slots=True)
class NearOptions:
    """From when on two texts count as nearly the same."""

    threshold: float = 0.85  # Jaccard of the shingles
    shingle: int = 5  # words

    def __post_init__(self) -> None:
        if not 0.3 <= self.threshold <= 1:
            raise ValueError(f"threshold={self.threshold}: wanted 0.3 to 1. Below, other texts would go as repeats.")
        if not 1 <= self.shingle <= 12:
            raise ValueError(f"shingle={self.shingle}: wanted 1 to 12 words.")


def words_of(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _WORD.findall(_APOSTROPHE.sub("", folded))


def normalised(text: str) -> str:
    return " ".join(words_of(text))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def shingles(words: list[str], size: int) -> frozenset[str]:
    """All runs of that many words; of a shorter text, the whole."""
    if len(words) <= size:
        return frozenset((" ".join(words),)) if words else frozenset()
    return frozenset(" ".join(words[at : at + size]) for at in range(len(words) - size + 1))


@lru_cache(maxsize=1 << 16)
def fraction(key: str) -> float:
    """The same number from 0 to 1 for the same key, on every machine."""
    return int(digest(key)[:13], 16) / 16**13
