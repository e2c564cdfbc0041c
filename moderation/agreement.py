"""How far people agree who looked at the same texts: Krippendorff's alpha with its interval. Plain Python and NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from assistant.intervals import CONFIDENCE, Interval

FEWEST = 20  # texts; below that an interval says little more than that nobody knows
_DRAWS = 2000

Counts = npt.NDArray[np.float64]


def alpha(units: Sequence[Sequence[str]], *, seed: int = 1) -> Interval | None:
    """Krippendorff's alpha for names (nominal), any readers, any number of them a text; None where all said the same.

    alpha = 1 - (n - 1) * (sum over texts of disagreeing pairs / (m - 1)) / (all pairs of unlike values), where a text that m
    read counts m values and n is their sum; a text that one person read counts for nothing. K. Krippendorff, Computing
    Krippendorff's Alpha-Reliability (2011), whose worked examples the tests compute. The interval is the percentile one
    of 2,000 bootstrap draws of texts (Efron and Tibshirani 1993): two readings of a text are not independent, texts are.
    """
    read = [unit for unit in units if len(unit) > 1]
    values = sorted({value for unit in read for value in unit})
    if len(values) < 2:
        return None  # chance alone explains that everybody said the same
    counts = np.array([[unit.count(value) for value in values] for unit in read], dtype=np.float64)
    once = _alphas(np.ones((1, len(read))), counts)
    drawn = np.random.default_rng(seed).multinomial(len(read), np.full(len(read), 1 / len(read)), size=_DRAWS)
    alphas = _alphas(drawn.astype(np.float64), counts)
    kept = alphas[np.isfinite(alphas)]  # a draw in which all said the same has none
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(kept, [tail, 1 - tail])
    return Interval(float(once[0]), float(low), float(high))


def _alphas(draws: Counts, counts: Counts) -> Counts:
    """One for each row of `draws`, which says how often each text was drawn."""
    readers = counts.sum(axis=1)
    unlike = (readers**2 - (counts**2).sum(axis=1)) / (readers - 1)
    of_values = draws @ counts
    total = of_values.sum(axis=1)
    by_chance = total**2 - (of_values**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        alphas: Counts = 1 - (total - 1) * (draws @ unlike) / by_chance
    return alphas
