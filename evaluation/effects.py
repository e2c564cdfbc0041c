"""Means and effect sizes where several rows belong to one post: intervals by drawing posts, not rows.

Replies to one post resemble each other, and arms that answered the same posts are compared on them. So whole posts are drawn,
with all that was written to them in every arm.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from evaluation.stats import CONFIDENCE, Estimate

DRAWS = 2000
METHOD = "bootstrap by post"

Floats = npt.NDArray[np.float64]


class Posts:
    """The posts of a run and how often each was drawn, the same draws for every figure."""

    def __init__(self, posts: Sequence[str], *, seed: int) -> None:
        self._places = {post: place for place, post in enumerate(dict.fromkeys(posts))}
        number = len(self._places)
        generator = np.random.default_rng(seed)
        self._drawn = generator.multinomial(number, np.full(number, 1 / number), size=DRAWS).astype(float)

    def mean(self, values: Sequence[float], posts: Sequence[str]) -> Estimate:
        """Of the values, each with its post."""
        if not values:
            return Estimate(None, float("-inf"), float("inf"), 0, METHOD)
        number, total, _ = self._sums(values, posts)
        with np.errstate(divide="ignore", invalid="ignore"):  # a draw without any of these posts has no mean
            drawn = (self._drawn @ total) / (self._drawn @ number)
        return _estimate(float(np.mean(values)), drawn, len(values), posts=len(set(posts)))

    def cohens_d(
        self, first: Sequence[float], posts: Sequence[str], second: Sequence[float], second_posts: Sequence[str]
    ) -> Estimate:
        """(mean of the first - mean of the second) / pooled standard deviation, with n - 1 (Cohen, Statistical Power Analysis
        for the Behavioral Sciences, 1988, 2.5). None where either has fewer than two values, or nothing differs."""
        n = min(len(first), len(second))
        if n < 2:
            return Estimate(None, float("-inf"), float("inf"), n, METHOD)
        parts = [self._sums(first, posts), self._sums(second, second_posts)]
        value = _d(*(np.array([one.sum()]) for part in parts for one in part))[0]
        if not np.isfinite(value):
            return Estimate(None, float("-inf"), float("inf"), n, METHOD)
        drawn = _d(*(self._drawn @ one for part in parts for one in part))
        return _estimate(float(value), drawn, n, posts=min(len(set(posts)), len(set(second_posts))))

    def _sums(self, values: Sequence[float], posts: Sequence[str]) -> tuple[Floats, Floats, Floats]:
        """By post: how many values, their sum, the sum of their squares."""
        places = np.array([self._places[post] for post in posts])
        given = np.asarray(values, dtype=float)
        number, total, squares = np.zeros((3, len(self._places)))
        np.add.at(number, places, 1)
        np.add.at(total, places, given)
        np.add.at(squares, places, given**2)
        return number, total, squares


def _d(n: Floats, total: Floats, squares: Floats, m: Floats, other: Floats, other_squares: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = total / n, other / m
        spread = (squares - n * first**2 + other_squares - m * second**2) / (n + m - 2)
        d: Floats = (first - second) / np.sqrt(np.where(spread > 1e-12, spread, np.nan))
    return d


def _estimate(value: float, drawn: Floats, n: int, *, posts: int) -> Estimate:
    """Of one post alone nothing is known about others."""
    kept = drawn[np.isfinite(drawn)]
    tail = (1 - CONFIDENCE) / 2
    if posts < 2 or not len(kept):
        return Estimate(value, float("-inf"), float("inf"), n, METHOD)
    return Estimate(value, float(np.quantile(kept, tail)), float(np.quantile(kept, 1 - tail)), n, METHOD)
