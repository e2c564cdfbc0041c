"""The arithmetic behind the table: quantiles, ratios paired by round, gaps, and what a draft kept."""

from __future__ import annotations

import difflib
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from scipy.stats import binom


def quantile(values: Sequence[float], share: float) -> float:
    """Linear between the two nearest values."""
    if not values:
        raise ValueError("No values: a quantile needs at least one.")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def quantile_interval(values: Sequence[float], share: float) -> tuple[float | None, float | None]:
    """Where the quantile lies with 95 %, from the values' order alone; None on a side that so few values do not bound."""
    ordered = sorted(values)
    low, high = (int(place) for place in binom.ppf([0.025, 0.975], len(ordered), share))
    return (ordered[low - 1] if low > 0 else None, ordered[high] if high < len(ordered) else None)


@dataclass(frozen=True, slots=True)
class Ratio:
    """One arm over another, round by round: the middle of the rounds' ratios, and the least and the greatest of them."""

    median: float
    low: float
    high: float
    rounds: int


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """`ours[i]` and `theirs[i]` are of the same round: what slows a whole round cancels out."""
    if len(ours) != len(theirs) or not ours:
        raise ValueError(f"{len(ours)} rounds beside {len(theirs)}: pairs need the same number, at least one.")
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios), len(ratios))


@dataclass(frozen=True, slots=True)
class Bound:
    """`at_most` 0.45, or `at_least` 1.10; none of them where a ratio is only to be seen."""

    at_most: float | None = None
    at_least: float | None = None

    def holds(self, value: float) -> bool:
        return (self.at_most is None or value <= self.at_most) and (self.at_least is None or value >= self.at_least)

    def __str__(self) -> str:
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return "" if self.at_least is None else f">= {self.at_least:g}"


def verdict(ratio: Ratio, bound: Bound) -> str:
    if not str(bound):
        return "no bound"
    if not bound.holds(ratio.median):
        return "not met"
    worst = ratio.high if bound.at_most is not None else ratio.low
    return "met" if bound.holds(worst) else "met, not in every round"


def gaps_while(times: Sequence[float], *, begin: float, end: float) -> list[float]:
    """Between pieces of a stream, where the gap touches the stretch from `begin` to `end`: a stall that began before
    somebody arrived and one that is still going on when the last one is served both count whole."""
    return [after - before for before, after in pairwise(times) if after > begin and before < end]


def kept_share(draft: str, answer: str) -> float:
    """How much of the draft's words stands in the answer, in order."""
    words, said = draft.split(), answer.split()
    if not words:
        raise ValueError("The draft is empty: no share of it can be kept.")
    matcher = difflib.SequenceMatcher(None, words, said, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks()) / len(words)
