"""How far raters agree: Krippendorff's alpha, and what to say of it in words."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import krippendorff
import numpy as np

from evaluation.stats import CONFIDENCE, Estimate

FEWEST_ITEMS = 10  # items that two people judged; below that an interval says little more than that nobody knows
DRAWS = 1000
Level = Literal["nominal", "ordinal", "interval", "ratio"]
METHOD = "krippendorff's alpha, bootstrap by item"


@dataclass(frozen=True, slots=True)
class Judged:
    """What all raters said of one text. Texts of one item belong together, so that draws take whole items."""

    item: Hashable
    values: Sequence[float]


def alpha(judged: Sequence[Judged], *, level: Level, domain: Sequence[float], seed: int) -> Estimate:
    """Krippendorff's alpha with the percentile interval of 1,000 draws of items.

    K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), computed by the library of that name. Texts that
    one person judged count for nothing. None where fewer than two values were ever used: chance explains all of that.
    `n` is the number of texts that two or more judged.
    """
    read = [one for one in judged if len(one.values) > 1]
    counts = np.array([[list(one.values).count(value) for value in domain] for one in read], dtype=float)
    value = _alpha(counts, level, domain) if len(read) else None
    if value is None:
        return Estimate(None, -1.0, 1.0, len(read), METHOD)
    items = {item: number for number, item in enumerate(dict.fromkeys(one.item for one in read))}
    belongs = np.array([items[one.item] for one in read])
    # How often an item is drawn is how often each of its texts counts: a row of counts for each time.
    draws = np.random.default_rng(seed).multinomial(len(items), np.full(len(items), 1 / len(items)), size=DRAWS)
    drawn = [_alpha(np.repeat(counts, draw[belongs], axis=0), level, domain) for draw in draws]
    kept = [one for one in drawn if one is not None]
    if not kept:
        return Estimate(value, -1.0, 1.0, len(read), METHOD)
    low, high = np.quantile(kept, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value, float(low), float(high), len(read), METHOD)


def _alpha(counts: np.ndarray, level: Level, domain: Sequence[float]) -> float | None:
    if np.count_nonzero(counts.sum(axis=0)) < 2:
        return None
    return float(krippendorff.alpha(value_counts=counts, value_domain=domain, level_of_measurement=level))


def items_judged_twice(judged: Sequence[Judged]) -> int:
    return len({one.item for one in judged if len(one.values) > 1})


def too_few(judged: Sequence[Judged]) -> str:
    """Why no agreement can be given, in a sentence; empty where it can."""
    items = items_judged_twice(judged)
    if items < FEWEST_ITEMS:
        return f"Not enough: {items} items were judged by two people or more; {FEWEST_ITEMS} are needed."
    if len({value for one in judged for value in one.values}) < 2:
        return "Not enough: everybody always gave the same value, so agreement cannot be told from habit."
    return ""


# Krippendorff, Content Analysis (2004), p. 241: rely on .800 and above; from .667 draw tentative conclusions only.
_WORDS = (
    (0.8, "Raters agree well."),
    (0.667, "Raters agree enough for tentative conclusions."),
    (0.4, "Raters agree in part; a single rating says little, the mean of several says more."),
    (-1.1, "Raters hardly agree; what is below says more about who rated than about the texts."),
)


def in_words(estimate: Estimate) -> str:
    """Judged by the lower end of the interval, as the source advises."""
    if estimate.value is None:
        return ""
    return next(words for least, words in _WORDS if estimate.low >= least)
