"""How near two texts are in what they speak of, and how far the replies to one post are from each other.

By content words of English, which needs nothing else: what is said in other words is missed. Sentence vectors are nearer to
meaning; `evaluation` puts them into the same formulas where it has them, and each report says which it used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
from math import sqrt
from statistics import fmean

from assistant.telling import is_content, stem, words

Alike = Callable[[str, str], float | None]


def similarity(one: str, other: str) -> float | None:
    """The cosine of the two texts' counts of content words, by their stems: from 0 to 1. None where either has none."""
    first, second = _counted(one), _counted(other)
    if not first or not second:
        return None
    shared = sum(number * second[word] for word, number in first.items())
    return shared / sqrt(_squares(first) * _squares(second))


def diversity(replies: Sequence[str], *, alike: Alike = similarity) -> float | None:
    """1 - the mean cosine of all pairs: from 0, where all say the same. None of fewer than two that can be compared."""
    cosines = [cosine for pair in combinations(replies, 2) if (cosine := alike(*pair)) is not None]
    return 1 - fmean(cosines) if cosines else None


def _counted(text: str) -> Counter[str]:
    return Counter(stem(word) for word in words(text) if is_content(word))


def _squares(counted: Counter[str]) -> int:
    return sum(number * number for number in counted.values())
