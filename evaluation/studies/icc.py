"""Intraclass correlations: how much of the differences between values is about the texts, and not about who rated.

Shrout and Fleiss, Psychological Bulletin 86 (1979), and McGraw and Wong, Psychological Methods 1 (1996): form 1 (each text
by other raters), form 2 (the same raters, drawn from many: agreement) and form 3 (these raters alone: consistency); of
one rating ("single") and of the mean of k ("average").
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from evaluation.stats import CONFIDENCE, Estimate
from evaluation.studies.mixed import Components, fit

FORMS = (1, 2, 3)
_UPPER = (1 + CONFIDENCE) / 2
_BY_ANOVA = "analysis of variance, F"
_BY_COMPONENTS = "variance components, delta"


@dataclass(frozen=True, slots=True)
class Correlation:
    form: int
    single: Estimate
    average: Estimate
    k: float  # ratings in the average; where texts have different numbers, their harmonic mean


def correlations(
    values: Sequence[float], *, texts: Sequence[Hashable], raters: Sequence[Hashable]
) -> list[Correlation]:
    """One row for each value given. Complete: by analysis of variance; incomplete: by variance components of the mixed model.

    Empty where nothing can be told: one text, one rater, no two ratings of a text, or no differences at all.
    """
    text_names, rater_names = list(dict.fromkeys(texts)), list(dict.fromkeys(raters))
    n, k = len(text_names), len(rater_names)
    if n < 2 or k < 2 or len(values) <= n or len(set(values)) < 2:
        return []
    if len(values) == n * k:
        table = np.empty((n, k))
        row, column = {one: i for i, one in enumerate(text_names)}, {one: i for i, one in enumerate(rater_names)}
        for value, text, rater in zip(values, texts, raters, strict=True):
            table[row[text], column[rater]] = value
        return complete(table)
    return _incomplete(np.asarray(values, dtype=float), texts, raters)


def complete(table: np.ndarray) -> list[Correlation]:
    """Of a table of texts by raters without gaps: McGraw and Wong (1996), tables 4 and 7."""
    n, k = table.shape
    of_texts, of_raters = table.mean(axis=1), table.mean(axis=0)
    middle = table.mean()
    rows = k * ((of_texts - middle) ** 2).sum() / (n - 1)
    columns = n * ((of_raters - middle) ** 2).sum() / (k - 1)
    within = ((table - of_texts[:, None]) ** 2).sum() / (n * (k - 1))
    error = ((table - of_texts[:, None] - of_raters[None, :] + middle) ** 2).sum() / ((n - 1) * (k - 1))
    if within <= 0 or error <= 0 or rows <= 0:
        return []
    return [
        _from_ratio(1, rows / within, n - 1, n * (k - 1), n, k),
        _agreement(rows, columns, error, n, k),
        _from_ratio(3, rows / error, n - 1, (n - 1) * (k - 1), n, k),
    ]


def _from_ratio(form: int, ratio: float, above: int, below: int, n: int, k: int) -> Correlation:
    low = ratio / stats.f.ppf(_UPPER, above, below)
    high = ratio * stats.f.ppf(_UPPER, below, above)
    single = [(one - 1) / (one + k - 1) for one in (ratio, low, high)]
    average = [1 - 1 / one for one in (ratio, low, high)]
    return Correlation(form, _estimate(single, n, _BY_ANOVA), _estimate(average, n, _BY_ANOVA), k)


def _agreement(rows: float, columns: float, error: float, n: int, k: int) -> Correlation:
    single = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    average = (rows - error) / (rows + (columns - error) / n)
    low, high = _ends_of_agreement(single, rows, columns, error, n, k)
    stepped = [k * end / (1 + (k - 1) * end) for end in (low, high)]
    return Correlation(2, _estimate([single, low, high], n, _BY_ANOVA), _estimate([average, *stepped], n, _BY_ANOVA), k)


def _ends_of_agreement(single: float, rows: float, columns: float, error: float, n: int, k: int) -> tuple[float, float]:
    # Satterthwaite's degrees of freedom of the mean square that the rows stand against.
    a = k * single / (n * (1 - single))
    b = 1 + k * single * (n - 1) / (n * (1 - single))
    freedom = (a * columns + b * error) ** 2 / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    upper = stats.f.ppf(_UPPER, n - 1, freedom)
    lower = stats.f.ppf(_UPPER, freedom, n - 1)
    rest = k * columns + (k * n - k - n) * error
    return (
        float(n * (rows - upper * error) / (upper * rest + n * rows)),
        float(n * (lower * rows - error) / (rest + n * lower * rows)),
    )


def _estimate(three: Sequence[float], n: int, method: str) -> Estimate:
    value, low, high = (float(one) for one in three)
    return Estimate(value, low, high, n, method)


def _incomplete(values: np.ndarray, texts: Sequence[Hashable], raters: Sequence[Hashable]) -> list[Correlation]:
    ones = np.ones((len(values), 1))
    one_way = fit(values, ones, {"text": texts})
    two_way = fit(values, ones, {"text": texts, "rater": raters})
    of_each: dict[Hashable, int] = {}
    for text in texts:
        of_each[text] = of_each.get(text, 0) + 1
    # As in Shrout and Fleiss, but of texts that have different numbers of ratings.
    k = len(of_each) / sum(1 / count for count in of_each.values())
    return [
        _from_components(1, one_way.components, ("residual",), len(of_each), k),
        _from_components(2, two_way.components, ("rater", "residual"), len(of_each), k),
        _from_components(3, two_way.components, ("residual",), len(of_each), k),
    ]


def _from_components(form: int, found: Components, noise: tuple[str, ...], n: int, k: float) -> Correlation:
    return Correlation(form, _share(found, noise, n, 1.0), _share(found, noise, n, k), k)


def _share(found: Components, noise: tuple[str, ...], n: int, k: float) -> Estimate:
    """text / (text + noise / k); the delta method on the logit scale, so that the interval stays between 0 and 1."""
    text = found.variance("text")
    rest = sum(found.variance(name) for name in noise) / k
    if text <= 0:
        return Estimate(0.0, 0.0, 1.0, n, _BY_COMPONENTS)
    value = text / (text + rest)
    slope = np.array(
        [1 / text if name == "text" else -1 / (k * rest) if name in noise else 0.0 for name in found.names]
    )
    reach = float(stats.norm.ppf(_UPPER)) * float(np.sqrt(slope @ found.covariance @ slope))
    low, high = (1 / (1 + np.exp(-(np.log(value / (1 - value)) + side * reach))) for side in (-1, 1))
    return _estimate([value, low, high], n, _BY_COMPONENTS)
