"""Figures with their intervals. What scipy and scikit-learn know is theirs; what stands here puts it together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and the interval that holds the true one in 95 of 100 such measurements."""

    value: float | None  # None: there was nothing to count
    low: float
    high: float
    n: int
    method: str
    hits: int | None = None  # of a share: how many of n


def share(hits: int, n: int, *, method: str = "exact") -> Estimate:
    """`hits` of `n`, with Clopper-Pearson's interval ("exact") or Wilson's ("wilson")."""
    if n == 0:
        return Estimate(None, 0.0, 1.0, 0, method, 0)
    interval = stats.binomtest(hits, n).proportion_ci(CONFIDENCE, method=method)
    return Estimate(hits / n, float(interval.low), float(interval.high), n, method, hits)


def share_of(flags: Sequence[bool]) -> Estimate:
    """The share of True."""
    return share(sum(flags), len(flags))
