"""Shares and means with their 95 % intervals, for pages: what evaluation computes with scipy, the site works out itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from statistics import NormalDist, fmean, stdev

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)


@dataclass(frozen=True, slots=True)
class Interval:
    value: float
    low: float
    high: float


def wilson(share: float, n: float) -> Interval:
    """Wilson's score interval of a share of `n`, which may be an effective number."""
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    reach = _Z / (1 + _Z**2 / n) * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return Interval(share, max(0.0, middle - reach), min(1.0, middle + reach))


def share_in_groups(hits: Sequence[int], of: Sequence[int]) -> Interval | None:
    """The share of hits, where what stands in one group (the changes of one suggestion) is not independent; None of nothing.

    Wilson's interval with the effective number: the number divided by the design effect, which linearization gives.
    """
    groups = [(hit, n) for hit, n in zip(hits, of, strict=True) if n]
    whole = sum(n for _, n in groups)
    if not whole:
        return None
    share = sum(hit for hit, _ in groups) / whole
    return wilson(share, _effective(groups, whole, share))


def _effective(groups: Sequence[tuple[int, int]], whole: int, share: float) -> float:
    """At most the number itself, and no fewer than one; where every one is alike, the number of groups."""
    if len(groups) < 2 or share in (0.0, 1.0):
        return len(groups)
    spread = len(groups) / (len(groups) - 1) * sum((hit - share * n) ** 2 for hit, n in groups) / whole**2
    return max(1.0, min(whole, share * (1 - share) / spread)) if spread else whole


def mean_of(values: Sequence[float]) -> Interval | None:
    """The mean with Student's interval; None for fewer than two values."""
    if len(values) < 2:
        return None
    middle = fmean(values)
    reach = _student(len(values) - 1) * stdev(values) / sqrt(len(values))
    return Interval(middle, middle - reach, middle + reach)


def _student(freedom: int) -> float:
    """The quantile of Student's t by Cornish and Fisher: right to 0.01 from four degrees of freedom on, too low below."""
    z, n = _Z, freedom
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )


def difference(first: Interval, second: Interval) -> Interval:
    """First less second, of two samples: Newcombe's interval (MOVER)."""
    value = first.value - second.value
    low = value - hypot(first.value - first.low, second.high - second.value)
    high = value + hypot(first.high - first.value, second.value - second.low)
    return Interval(value, low, high)
