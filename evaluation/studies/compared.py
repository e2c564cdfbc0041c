"""The arms of one panel on one dimension: means, differences and effect sizes, by the mixed model and by ranks."""

from __future__ import annotations

import itertools
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import special, stats
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.stats.multitest import multipletests

from evaluation.stats import CONFIDENCE, Estimate
from evaluation.studies.mixed import METHOD, Components, Contrast, Fitted, NotEstimable, fit

FEWEST_ITEMS = 10  # that were rated in an arm; below that an interval leans on what nobody can check
FEWEST_RATERS = 2  # of an arm; with one, what the rater likes cannot be told from what the arm is


@dataclass(frozen=True, slots=True)
class Value:
    """One value that one rater gave on one dimension."""

    rater: str
    item: str
    arm: str
    value: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Arm less the other one, in points of the scale."""

    arm: str
    against: str
    contrast: Contrast
    effect: Estimate  # standardised
    # Wide enough for all differences and all effects of this dimension at once (Bonferroni).
    together: Estimate
    effects_together: Estimate


@dataclass(frozen=True, slots=True)
class Ranks:
    """The check that takes the scale for an order alone: two tests of one difference."""

    arm: str
    against: str
    items: int  # in which somebody rated both
    signed_rank_p: float | None  # Wilcoxon, over the items' mean differences within raters
    log_odds: Estimate  # cumulative logit, of a higher value; errors clustered by item


@dataclass(frozen=True, slots=True)
class Compared:
    n: int
    items: int
    raters: int
    why: str = ""  # nothing was estimated, and why; a sentence
    means: dict[str, Estimate] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    components: Components | None = None
    criterion: float | None = None
    ranks: tuple[Ranks, ...] = ()
    arms_left_out: dict[str, str] = field(default_factory=dict)  # with the reason

    def between(self, arm: str, against: str) -> Difference | None:
        found = (one for one in self.differences if (one.arm, one.against) == (arm, against))
        return next(found, None)


def compare(values: Sequence[Value], arms: Sequence[str], *, with_ranks: bool = True) -> Compared:
    """All ordered pairs of arms that have enough; never raises for want of data."""
    thin = {arm: reason for arm in arms if (reason := _too_thin([one for one in values if one.arm == arm]))}
    enough = [arm for arm in arms if arm not in thin]
    kept = [one for one in values if one.arm in enough]
    nothing = Compared(len(kept), len({one.item for one in kept}), len({one.rater for one in kept}), arms_left_out=thin)
    if not enough:
        return replace(nothing, why=f"Not enough: {next(iter(thin.values()), 'there are no arms.')}")
    try:
        fitted = fit_arms(kept, enough).less_certain("rater by arm", evenness(kept, enough))
    except NotEstimable as error:
        return replace(nothing, why=f"Not enough: {error}")
    units = dict(zip(enough, np.eye(len(enough)), strict=True))
    spread = _spread(kept, fitted.components.total)
    pairs = list(itertools.permutations(enough, 2))
    return replace(
        nothing,
        means={arm: fitted.contrast(units[arm]).estimate() for arm in enough},
        differences=tuple(_difference(fitted, units, spread, arm, against) for arm, against in pairs),
        components=fitted.components,
        criterion=fitted.criterion,
        ranks=rank_checks(kept, enough) if with_ranks else (),
    )


def _too_thin(of_arm: Sequence[Value]) -> str:
    items, raters = len({one.item for one in of_arm}), len({one.rater for one in of_arm})
    if items < FEWEST_ITEMS:
        return f"{items} items were rated in an arm; {FEWEST_ITEMS} are needed."
    if raters < FEWEST_RATERS:
        return f"one person rated an arm alone; {FEWEST_RATERS} are needed."
    return ""


def fit_arms(values: Sequence[Value], arms: Sequence[str]) -> Fitted:
    """value ~ arm + (1 | item) + (1 | rater) + (1 | text) + (1 | rater by arm).

    A text is an item in an arm: several people rate the very same words, and without a component for them the interval
    would speak of these words alone. Rater by arm: that one person likes an arm more than another person does. Leaving
    either out makes intervals too short (Barr et al., J. Memory and Language 68 (2013)).
    """
    columns = {arm: number for number, arm in enumerate(arms)}
    design = np.eye(len(arms))[[columns[one.arm] for one in values]]
    return fit(
        [one.value for one in values],
        design,
        {
            "item": [one.item for one in values],
            "rater": [one.rater for one in values],
            "text": [(one.item, one.arm) for one in values],
            "rater by arm": [(one.rater, one.arm) for one in values],
        },
    )


def evenness(values: Sequence[Value], arms: Sequence[str]) -> float:
    """Greenhouse and Geisser's epsilon, Psychometrika 24 (1959), of raters by arms: 1 where any two arms are told apart by
    raters with equal scatter, 1 / (arms - 1) at the least.

    The model has one variance for what raters like. Where the scale ends, far arms scatter otherwise than near ones, and then
    raters tell of that variance with this share of (raters - 1)(arms - 1) degrees of freedom. By who rated every arm.
    """
    least = 1 / max(1, len(arms) - 1)
    given: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in values:
        given[one.rater][one.arm].append(one.value)
    rows = [[float(np.mean(of[arm])) for arm in arms] for of in given.values() if len(of) == len(arms)]
    if len(rows) < 2 or len(arms) < 3:
        return least
    scatter = np.cov(np.array(rows), rowvar=False)
    centred = scatter - scatter.mean(axis=0) - scatter.mean(axis=1)[:, None] + scatter.mean()
    squares = float((centred**2).sum())
    return max(least, float(np.trace(centred)) ** 2 * least / squares) if squares > 0 else least


@dataclass(frozen=True, slots=True)
class _Spread:
    """The variance of one rating within an arm, all components together."""

    variance: float
    uncertainty: float  # the variance of that variance
    freedom: int  # raters less one
    shared: Mapping[str, float]  # by arm: how the variance and the arm's mean go up and down together, a covariance

    def shared_with(self, arm: str, against: str) -> float:
        return self.shared[arm] - self.shared[against]


def _spread(values: Sequence[Value], variance: float) -> _Spread:
    """Raters differ in how much they scatter, and on a scale with ends those who stand near an end scatter less and tell arms
    apart less; a model with one residual for all of them knows neither. So both uncertainties come from how far the sums of
    raters, and those of items, lie apart: clusters in two ways (Cameron, Gelbach and Miller, J. Business and Economic
    Statistics 29 (2011)), taken together without what they have in common.
    """
    given = np.array([one.value for one in values], dtype=float)
    arms, raters, items = (_numbered([getattr(one, name) for one in values]) for name in ("arm", "rater", "item"))
    ratings_of_arm = np.bincount(arms)
    off = given - (np.bincount(arms, given) / ratings_of_arm)[arms]
    squares = (off**2 - np.mean(off**2)) / len(off)
    alone = off - sum((np.bincount(of, off) / np.bincount(of))[of] for of in (raters, items))
    alone /= ratings_of_arm[arms]
    uncertainty, shared = 0.0, np.zeros(len(ratings_of_arm))
    for of in (raters, items):
        of_square = np.bincount(of, squares)
        correction = len(of_square) / max(1, len(of_square) - 1)
        uncertainty += correction * float(of_square @ of_square)
        shared += correction * np.bincount(arms, alone * of_square[of])
    names = dict.fromkeys(one.arm for one in values)
    return _Spread(variance, uncertainty, max(raters), dict(zip(names, shared.tolist(), strict=True)))


def _numbered(names: Sequence[str]) -> np.ndarray:
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names])


def standardised(contrast: Contrast, spread: _Spread, shared: float, confidence: float = CONFIDENCE) -> Estimate:
    """The contrast over the standard deviation of one rating: Westfall, Kenny and Judd, J. Experimental Psychology: General
    143 (2014), equation 5. The interval counts that the contrast and the deviation are both estimated, and `shared`, the
    covariance of contrast and variance: delta method, degrees of freedom by Satterthwaite. A covariance that would make it
    shorter is not counted: so few raters tell it too roughly.
    """
    value = contrast.value / spread.variance**0.5
    of_deviation = value**2 * spread.uncertainty / (4 * spread.variance**2)
    parts = (contrast.error**2 / spread.variance, of_deviation + max(0.0, -value * shared / spread.variance**1.5))
    over = parts[0] ** 2 / contrast.freedom + parts[1] ** 2 / spread.freedom
    freedom = sum(parts) ** 2 / over if over > 0 else np.inf
    reach = sum(parts) ** 0.5 * float(stats.t.ppf((1 + confidence) / 2, freedom))
    return Estimate(value, value - reach, value + reach, contrast.n, f"{METHOD}; over the deviation of a rating, delta")


def _difference(fitted: Fitted, units: dict[str, np.ndarray], spread: _Spread, arm: str, against: str) -> Difference:
    contrast = fitted.contrast(units[arm] - units[against])
    shared = spread.shared_with(arm, against)
    comparisons = len(units) * (len(units) - 1) / 2
    all_at_once = 1 - (1 - CONFIDENCE) / (2 * comparisons)  # in points and as an effect: two statements of each
    return Difference(
        arm,
        against,
        contrast,
        standardised(contrast, spread, shared),
        contrast.estimate(all_at_once),
        standardised(contrast, spread, shared, all_at_once),
    )


def rank_checks(values: Sequence[Value], arms: Sequence[str]) -> tuple[Ranks, ...]:
    given = {(one.rater, one.item, one.arm): one.value for one in values}
    logits = _Logits(values, arms)
    return tuple(
        Ranks(arm, against, *_signed_rank(given, arm, against), logits.between(arm, against))
        for arm, against in itertools.combinations(arms, 2)
    )


def _signed_rank(given: Mapping[tuple[str, str, str], int], arm: str, against: str) -> tuple[int, float | None]:
    within: dict[str, list[int]] = defaultdict(list)
    for (rater, item, which), value in given.items():
        if which == arm and (rater, item, against) in given:
            within[item].append(value - given[rater, item, against])
    means = [float(np.mean(of_item)) for of_item in within.values()]
    enough = len(means) >= FEWEST_ITEMS and any(means)
    return len(means), float(stats.wilcoxon(means).pvalue) if enough else None


class _Logistic(stats.rv_continuous):  # type: ignore[misc]
    """scipy's own spends nine tenths of a fit on checking its arguments."""

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(special.expit(x))

    def pdf(self, x: np.ndarray) -> np.ndarray:
        below = self.cdf(x)
        return np.asarray(below * (1 - below))

    def ppf(self, q: np.ndarray) -> np.ndarray:
        return np.asarray(special.logit(q))


class _Logits:
    """McCullagh, J. Royal Statistical Society B 42 (1980): arms and raters are fixed effects, errors clustered by item."""

    def __init__(self, values: Sequence[Value], arms: Sequence[str]) -> None:
        self.arms, self.n = list(arms), len(values)
        self.found = self._fit(values)

    def _fit(self, values: Sequence[Value]) -> tuple[np.ndarray, np.ndarray] | None:
        levels = np.unique([one.value for one in values])
        raters = sorted({one.rater for one in values})
        columns = np.array(
            [
                [*(one.arm == arm for arm in self.arms[1:]), *(one.rater == rater for rater in raters[1:])]
                for one in values
            ],
            dtype=float,
        )
        told_apart = np.linalg.matrix_rank(np.hstack([np.ones((self.n, 1)), columns])) > columns.shape[1]
        if len(levels) < 2 or len(self.arms) < 2 or not told_apart:
            return None
        items = {item: number for number, item in enumerate(dict.fromkeys(one.item for one in values))}
        model = OrderedModel(np.searchsorted(levels, [one.value for one in values]), columns, distr=_Logistic())
        clusters = {"groups": np.array([items[one.item] for one in values])}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of separation and failed steps: what they leave behind is refused below
            try:
                found = model.fit(method="bfgs", disp=False, cov_type="cluster", cov_kwds=clusters)
                covariance = np.asarray(found.cov_params())
            except (np.linalg.LinAlgError, ValueError):
                return None
        of_arms = len(self.arms) - 1
        whole = np.zeros(of_arms + 1)
        whole[1:] = found.params[:of_arms]
        spread = np.zeros((of_arms + 1, of_arms + 1))
        spread[1:, 1:] = covariance[:of_arms, :of_arms]
        sound = found.mle_retvals["converged"] and np.isfinite(spread).all() and float(np.abs(whole).max()) < 10
        return (whole, spread) if sound else None

    def between(self, arm: str, against: str) -> Estimate:
        method = "cumulative logit, raters fixed, clustered by item"
        if self.found is None:
            return Estimate(None, float("-inf"), float("inf"), self.n, method)
        effects, covariance = self.found
        weights = np.zeros(len(self.arms))
        weights[self.arms.index(arm)], weights[self.arms.index(against)] = 1, -1
        value = float(weights @ effects)
        reach = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * max(0.0, float(weights @ covariance @ weights)) ** 0.5
        return Estimate(value, value - reach, value + reach, self.n, method)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted so that all of them together are wrong once in twenty: Holm, Scandinavian J. of Statistics 6 (1979)."""
    return [float(one) for one in multipletests(p_values, method="holm")[1]] if p_values else []


def not_worse(interval: Estimate, margin: float, *, lower_is_better: bool = False) -> str:
    """Says "not worse", "worse" or "not shown", at 97.5 % on one side; `interval` is the 95 % one of candidate less reference.

    Non-inferiority as in CONSORT's extension: Piaggio et al., JAMA 308 (2012), figure 1.
    """
    low, high = (-interval.high, -interval.low) if lower_is_better else (interval.low, interval.high)
    if low > -margin:
        return "not worse"
    return "worse" if high < -margin else "not shown"
