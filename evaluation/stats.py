"""Figures with their intervals. What scipy and scikit-learn know is theirs; what stands here puts it together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats
from sklearn import metrics

from assistant import intervals
from assistant.intervals import Interval

CONFIDENCE = 0.95
_Z = float(stats.norm.ppf(0.5 + CONFIDENCE / 2))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval."""

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


def mean_of(values: Sequence[float]) -> Estimate:
    """The mean with Student's interval; of one value alone there is no interval."""
    if not values:
        return Estimate(None, float("-inf"), float("inf"), 0, "t")
    middle = sum(values) / len(values)
    if len(values) == 1 or max(values) == min(values):
        return Estimate(middle, middle, middle, len(values), "t")
    low, high = stats.t.interval(CONFIDENCE, len(values) - 1, loc=middle, scale=stats.sem(values))
    return Estimate(middle, float(low), float(high), len(values), "t")


def rise_of(before: Sequence[float], after: Sequence[float], *, seed: int = 1) -> Estimate:
    """By what part the mean rose; interval by 2,000 bootstrap draws of the pairs. None where the mean before is 0."""
    pairs = np.column_stack([np.asarray(before, dtype=float), np.asarray(after, dtype=float)])
    if len(pairs) == 0 or pairs[:, 0].sum() <= 0:
        return Estimate(None, float("-inf"), float("inf"), len(pairs), "bootstrap")
    value = float(pairs[:, 1].sum() / pairs[:, 0].sum() - 1)
    draws = np.random.default_rng(seed).multinomial(len(pairs), np.full(len(pairs), 1 / len(pairs)), size=2000) @ pairs
    drawn = draws[draws[:, 0] > 0]
    low, high = np.quantile(drawn[:, 1] / drawn[:, 0] - 1, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value, float(low), float(high), len(pairs), "bootstrap")


DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Paired:
    """Two measures of the same items: first less second."""

    difference: Estimate
    effect: Estimate
    effect_size: str  # which: Cohen's h of shares, Hedges' g_av of other values
    p: float  # two-sided
    test: str


def paired(first: Sequence[float], second: Sequence[float], *, seed: int = 1) -> Paired:
    """Values item by item, in the same order. Intervals by drawing items again. Raises ValueError without any."""
    pairs = np.column_stack([np.asarray(first, dtype=float), np.asarray(second, dtype=float)])
    if not len(pairs):
        raise ValueError("no item has both values: there is nothing to compare.")
    both_binary = bool(np.isin(pairs, (0.0, 1.0)).all())
    size = _cohens_h if both_binary else _hedges_g_av
    drawn = pairs[np.random.default_rng(seed).integers(0, len(pairs), size=(DRAWS, len(pairs)))]
    return Paired(
        difference=_drawn_again(_mean_gap, pairs, drawn),
        effect=_drawn_again(size, pairs, drawn),
        effect_size="Cohen's h" if both_binary else "Hedges' g_av",
        p=mcnemar(first, second) if both_binary else wilcoxon(first, second),
        test="McNemar, exact" if both_binary else "Wilcoxon, signed ranks",
    )


def mean_drawn_again(values: Sequence[float], *, seed: int = 1) -> Estimate:
    """The mean, its interval by drawing items again: stays inside the range of the values, where Student's may leave it."""
    if not values:
        return Estimate(None, float("-inf"), float("inf"), 0, "bootstrap")
    told = np.asarray(values, dtype=float)
    drawn = told[np.random.default_rng(seed).integers(0, len(told), size=(DRAWS, len(told)))]
    return _drawn_again(lambda samples: samples.mean(axis=-1), told, drawn)


def _drawn_again(measure: Callable[[np.ndarray], np.ndarray], items: np.ndarray, drawn: np.ndarray) -> Estimate:
    value = float(measure(items[None])[0])
    seen = measure(drawn)
    kept = seen[np.isfinite(seen)]  # a draw of equal items has no spread to measure by
    if not math.isfinite(value) or not len(kept):
        return Estimate(None, float("-inf"), float("inf"), len(items), "bootstrap")
    low, high = np.quantile(kept, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value, float(low), float(high), len(items), "bootstrap")


def _mean_gap(samples: np.ndarray) -> np.ndarray:
    gaps: np.ndarray = (samples[..., 0] - samples[..., 1]).mean(axis=-1)
    return gaps


def _cohens_h(samples: np.ndarray) -> np.ndarray:
    """Cohen (1988), chapter 6: the gap of two shares on the scale of arcsines."""
    angles = 2 * np.arcsin(np.sqrt(samples.mean(axis=-2)))
    gaps: np.ndarray = angles[..., 0] - angles[..., 1]
    return gaps


def _hedges_g_av(samples: np.ndarray) -> np.ndarray:
    """Lakens (2013), Frontiers in Psychology 4:863, equations 4 and 10: by the mean of both spreads, corrected for few items."""
    n = samples.shape[-2]
    if n < 2:
        return np.full(samples.shape[0], np.nan)
    spread = samples.std(axis=-2, ddof=1).mean(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes: np.ndarray = _mean_gap(samples) / spread * (1 - 3 / (8 * n - 9))
    return sizes


def mcnemar(first: Sequence[float], second: Sequence[float]) -> float:
    """How likely so uneven a split of the items that changed is, if nothing differs. Exact, two-sided; values 0 or 1."""
    gained = sum(one > other for one, other in zip(first, second, strict=True))
    changed = sum(one != other for one, other in zip(first, second, strict=True))
    return float(stats.binomtest(gained, changed).pvalue) if changed else 1.0


def wilcoxon(first: Sequence[float], second: Sequence[float]) -> float:
    """Wilcoxon's signed ranks, two-sided; items without a gap say nothing. Exact for up to 50 items without ties."""
    gaps = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    return float(stats.wilcoxon(gaps).pvalue) if gaps.any() else 1.0


def at_once(ps: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg: the least share of false finds among all that are at least as clear as this one."""
    return [float(one) for one in stats.false_discovery_control(ps)] if ps else []


def difference(first: Estimate, second: Estimate) -> Estimate:
    """First less second, of two runs that share no cases or whose pairs are not known: Newcombe's interval (MOVER)."""
    n = min(first.n, second.n)
    if first.value is None or second.value is None:
        return Estimate(None, float("-inf"), float("inf"), n, "newcombe")
    between = intervals.difference(
        Interval(first.value, first.low, first.high), Interval(second.value, second.low, second.high)
    )
    return Estimate(between.value, between.low, between.high, n, "newcombe")


def paired_shares(first: Sequence[float], second: Sequence[float], *, confidence: float = CONFIDENCE) -> Estimate:
    """First less second, of flags (0 or 1) on the same cases: Tango's score interval (1998, Statistics in Medicine 17:891).

    It has a width where no case differs, too: what 100 cases did not show may be there in up to 4 of 100.
    """
    n = len(first)
    if not n:
        return Estimate(None, -1.0, 1.0, 0, "tango")
    gained = sum(one > other for one, other in zip(first, second, strict=True))
    lost = sum(one < other for one, other in zip(first, second, strict=True))
    value, z = (gained - lost) / n, float(stats.norm.ppf(0.5 + confidence / 2))

    def beyond(gap: float) -> float:
        """How much further than z the counts are from a true difference of `gap`, as squares."""
        twice = 2 * n * gap - (gained + lost) - (gained - lost) * gap
        root = math.sqrt(max(0.0, twice**2 + 8 * n * lost * gap * (1 - gap)))  # below 0 by rounding only
        return (gained - lost - n * gap) ** 2 - z**2 * n * ((root - twice) / (2 * n) + gap * (1 - gap))

    def last_within(end: float) -> float:
        start = value + math.copysign(1e-9, end)  # the value itself may be a root, where no case differs or all do
        return end if value == end else float(optimize.brentq(beyond, start, end, xtol=1e-12))

    return Estimate(value, last_within(-1.0), last_within(1.0), n, "tango")


def auc(positive: Sequence[bool], scores: Sequence[float]) -> Estimate:
    """Area under the ROC curve; ties count half. Interval: DeLong's variance on the logit scale, so it stays in 0 to 1."""
    wanted = np.asarray(positive, dtype=bool)
    given = np.asarray(scores, dtype=float)
    above, below = given[wanted], given[~wanted]
    if not len(above) or not len(below):
        return Estimate(None, 0.0, 1.0, len(given), "delong")
    area = float(metrics.roc_auc_score(wanted, given))
    # Placement values: of each positive, the share of negatives below it; of each negative, of positives above it.
    whole = stats.rankdata(given)
    of_positives = (whole[wanted] - stats.rankdata(above)) / len(below)
    of_negatives = 1 - (whole[~wanted] - stats.rankdata(below)) / len(above)
    variance = sum(float(part.var(ddof=1)) / len(part) for part in (of_positives, of_negatives) if len(part) > 1)
    if not 0 < area < 1:
        # No variance can be seen at the edge. Exact bound for a share, over the smaller group, is the cautious stand-in.
        edge = share(round(area) * min(len(above), len(below)), min(len(above), len(below)))
        return Estimate(area, edge.low, edge.high, len(given), "delong, edge")
    middle = math.log(area / (1 - area))
    reach = _Z * math.sqrt(variance) / (area * (1 - area))
    return Estimate(area, _logistic(middle - reach), _logistic(middle + reach), len(given), "delong")


def _logistic(value: float) -> float:
    return float(1 / (1 + math.exp(-max(-700.0, min(700.0, value)))))


def kappa(first: Sequence[int], second: Sequence[int], *, weights: str | None = None, seed: int = 1) -> Estimate:
    """Cohen's kappa, plain or with weights="quadratic"; interval by 2,000 bootstrap draws of the rated texts."""
    pairs = np.column_stack([np.asarray(first, dtype=int), np.asarray(second, dtype=int)])
    labels = np.unique(pairs)
    method = "bootstrap"
    if len(pairs) == 0 or len(labels) < 2:
        return Estimate(None, -1.0, 1.0, len(pairs), method)  # with one label in use, chance explains everything
    value = float(metrics.cohen_kappa_score(pairs[:, 0], pairs[:, 1], labels=labels, weights=weights))
    penalty = _penalties(labels, weights)
    counts = metrics.confusion_matrix(pairs[:, 0], pairs[:, 1], labels=labels)
    draws = np.random.default_rng(seed).multinomial(len(pairs), counts.ravel() / len(pairs), size=2000)
    seen = _kappas_of(draws.reshape(-1, *counts.shape), penalty)
    kept = seen[np.isfinite(seen)]
    tail = (1 - CONFIDENCE) / 2
    return Estimate(value, float(np.quantile(kept, tail)), float(np.quantile(kept, 1 - tail)), len(pairs), method)


def _penalties(labels: np.ndarray, weights: str | None) -> np.ndarray:
    # By position, not by value, as scikit-learn does.
    places = np.arange(len(labels), dtype=float)
    distance = np.abs(places[:, None] - places[None, :])
    return distance**2 if weights == "quadratic" else (distance > 0).astype(float)


def _kappas_of(tables: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    first, second, total = tables.sum(axis=2), tables.sum(axis=1), tables.sum(axis=(1, 2))
    by_chance = (penalty * first[:, :, None] * second[:, None, :]).sum(axis=(1, 2)) / total
    with np.errstate(divide="ignore", invalid="ignore"):  # a draw with one label in use has no kappa
        kappas: np.ndarray = 1 - (penalty * tables).sum(axis=(1, 2)) / by_chance
    return kappas


def ppv(sensitivity: Estimate, false_alarms: Estimate, prevalence: float) -> Estimate:
    """How many of those called positive are, where `prevalence` of all are (Bayes).

    The interval takes the worse ends of both shares together, so it is wider than 95 %: cautious by intent.
    """
    n = sensitivity.n + false_alarms.n
    if sensitivity.value is None or false_alarms.value is None:
        return Estimate(None, 0.0, 1.0, n, "bayes")
    low = _bayes(sensitivity.low, false_alarms.high, prevalence)
    high = _bayes(sensitivity.high, false_alarms.low, prevalence)
    value = _bayes(sensitivity.value, false_alarms.value, prevalence)
    return Estimate(value, low if low is not None else 0.0, high if high is not None else 1.0, n, "bayes")


def _bayes(sensitivity: float, false_alarms: float, prevalence: float) -> float | None:
    right, wrong = sensitivity * prevalence, false_alarms * (1 - prevalence)
    return right / (right + wrong) if right + wrong > 0 else None


@dataclass(frozen=True, slots=True)
class WorkPoint:
    workload: float  # the share of all texts that people look at, highest score first
    looked_at: int
    recall: Estimate


def recall_at(positive: Sequence[bool], scores: Sequence[float], workload: float) -> WorkPoint:
    """What is found by looking at the `workload` highest. Ties at the border count by their average, rounded down."""
    n = len(scores)
    looked_at = math.floor(n * workload + 1e-9)
    ordered = sorted(scores, reverse=True)
    if looked_at == 0:
        return WorkPoint(workload, 0, share(0, sum(positive)))
    border = ordered[looked_at - 1]
    pairs = list(zip(positive, scores, strict=True))
    above = sum(1 for _, score in pairs if score > border)
    found = sum(1 for yes, score in pairs if yes and score > border)
    tied = [yes for yes, score in pairs if score == border]
    found += math.floor(sum(tied) * (looked_at - above) / len(tied) + 1e-9)
    return WorkPoint(workload, looked_at, share(found, sum(positive)))


def workload_for(positive: Sequence[bool], scores: Sequence[float], recall: float) -> Estimate:
    """The share of all texts to look at, highest score first, to find `recall` of the positives; ties all looked at."""
    ordered = sorted((score for yes, score in zip(positive, scores, strict=True) if yes), reverse=True)
    if not ordered:
        return share(0, 0)
    needed = math.ceil(recall * len(ordered) - 1e-9)
    border = ordered[max(needed, 1) - 1]
    return share(sum(score >= border for score in scores), len(scores))


def recall_at_false_alarms(positive: Sequence[bool], scores: Sequence[float], most: float) -> Estimate:
    """What is found above the lowest border that calls at most this share of negatives."""
    negatives = sorted((score for yes, score in zip(positive, scores, strict=True) if not yes), reverse=True)
    allowed = math.floor(most * len(negatives) + 1e-9)
    # The first negative that may not be called: everything above it is.
    border = negatives[allowed] if allowed < len(negatives) else -math.inf
    found = sum(yes and score > border for yes, score in zip(positive, scores, strict=True))
    return share(found, sum(positive))


def mixed(of_positives: Estimate, of_negatives: Estimate, prevalence: float) -> Estimate:
    """The share of all texts, where `prevalence` of them are positive. Worse ends together, as in `ppv`."""
    n = of_positives.n + of_negatives.n
    if of_positives.value is None or of_negatives.value is None:
        return Estimate(None, 0.0, 1.0, n, "mixed")
    value, low, high = (
        prevalence * one + (1 - prevalence) * other
        for one, other in (
            (of_positives.value, of_negatives.value),
            (of_positives.low, of_negatives.low),
            (of_positives.high, of_negatives.high),
        )
    )
    return Estimate(value, low, high, n, "mixed")


Curve = tuple[tuple[float, ...], tuple[float, ...]]


def roc(positive: Sequence[bool], scores: Sequence[float]) -> Curve:
    false_alarms, found, _ = metrics.roc_curve(positive, scores)
    return tuple(map(float, false_alarms)), tuple(map(float, found))


def found_by_workload(positive: Sequence[bool], scores: Sequence[float]) -> Curve:
    """Recall over the share of all texts that are looked at, highest score first."""
    false_alarms, found = roc(positive, scores)
    share_positive = sum(positive) / len(positive)
    looked_at = tuple(
        share_positive * right + (1 - share_positive) * wrong for right, wrong in zip(found, false_alarms, strict=True)
    )
    return looked_at, found
