"""Everything that is counted of one study, panel by panel: lay people and clinicians are never mixed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from evaluation.stats import Estimate, share_of
from evaluation.studies import agreement
from evaluation.studies.agreement import Judged
from evaluation.studies.compared import Compared, Value, compare, holm, not_worse
from evaluation.studies.conduct import Conduct, conduct_of, left_out
from evaluation.studies.icc import Correlation, correlations
from evaluation.studies.pairs import Preferred, prefer
from evaluation.studies.stored import Choice, Study

NO_MARGIN = "no margin"
NOT_ENOUGH = "not enough"


@dataclass(frozen=True, slots=True)
class Agreement:
    alpha: Estimate
    why: str  # no alpha, and why; empty where there is one
    correlations: tuple[Correlation, ...] = ()


@dataclass(frozen=True, slots=True)
class OfDimension:
    dimension: str
    agreement: Agreement
    compared: Compared
    with_everybody: Compared | None  # None: nobody was left out
    adjusted: dict[tuple[str, str], float]  # Holm's p, by arm and against; not of the planned comparison


@dataclass(frozen=True, slots=True)
class OfPairs:
    agreement: Agreement
    preferred: Preferred
    with_everybody: Preferred | None
    adjusted: dict[tuple[str, str], float]
    first_preferred: Estimate  # how often the one shown first was, of choices for either


@dataclass(frozen=True, slots=True)
class PlannedResult:
    difference: Estimate  # of pairs: the share of wins
    verdict: str  # not worse, worse, not shown, no margin, not enough
    why: str
    with_everybody: str | None  # the verdict with those in it who were left out


@dataclass(frozen=True, slots=True)
class OfPanel:
    panel: str
    conduct: tuple[Conduct, ...]
    dimensions: tuple[OfDimension, ...]
    pairs: OfPairs | None
    planned: PlannedResult | None


def analyse(study: Study) -> list[OfPanel]:
    conduct = conduct_of(study)
    out = left_out(conduct)
    with threadpool_limits(1):  # threads would wait for each other, and add in another order each time
        return [_of_panel(study, panel, [one for one in conduct if one.panel == panel], out) for panel in study.panels]


def _of_panel(study: Study, panel: str, conduct: Sequence[Conduct], out: frozenset[str]) -> OfPanel:
    anybody = any(one.left_out for one in conduct)
    if study.form == "pairs":
        pairs = _of_pairs(study, panel, out, anybody=anybody)
        return OfPanel(panel, tuple(conduct), (), pairs, _planned_pairs(study, pairs))
    found = []
    for dimension in study.asked_of(panel):
        everybody = values_of(study, panel, dimension)
        kept = [one for one in everybody if one.rater not in out]
        found.append(_of_dimension(study, dimension, kept, everybody if anybody else None))
    dimensions = _adjust(study, found)
    return OfPanel(panel, tuple(conduct), dimensions, None, _planned(study, dimensions))


def values_of(study: Study, panel: str, dimension: str) -> list[Value]:
    """Of everybody; what belongs to training and attention items is not among them."""
    ratings = (one for one in study.ratings if study.panel_of(one.rater) == panel and study.counts(one.item))
    return [Value(one.rater, one.item, one.arm, one.values[dimension]) for one in ratings if dimension in one.values]


def _of_dimension(
    study: Study, dimension: str, kept: Sequence[Value], everybody: Sequence[Value] | None
) -> OfDimension:
    arms = [arm.key for arm in study.arms]
    return OfDimension(
        dimension,
        _agreement(study, kept),
        compare(kept, arms),
        compare(everybody, arms, with_ranks=False) if everybody is not None else None,
        {},
    )


def _agreement(study: Study, values: Sequence[Value]) -> Agreement:
    given: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in values:
        given[one.item, one.arm].append(one.value)
    judged = [Judged(item, of_text) for (item, _arm), of_text in given.items()]
    if why := agreement.too_few(judged):
        return Agreement(Estimate(None, -1.0, 1.0, len(judged), agreement.METHOD), why)
    lowest, highest = study.scale
    alpha = agreement.alpha(judged, level="ordinal", domain=range(lowest, highest + 1), seed=study.seed)
    found = correlations(
        [one.value for one in values],
        texts=[(one.item, one.arm) for one in values],
        raters=[one.rater for one in values],
    )
    return Agreement(alpha, "", tuple(found))


def _adjust(study: Study, found: Sequence[OfDimension]) -> tuple[OfDimension, ...]:
    """Holm over every comparison of this panel but the one that was planned, each pair of arms once."""
    family = [
        (number, one.arm, one.against, one.contrast.p)
        for number, of in enumerate(found)
        for one in of.compared.differences
        if one.arm < one.against and not _is_planned(study, of.dimension, one.arm, one.against)
    ]
    adjusted: list[dict[tuple[str, str], float]] = [{} for _ in found]
    for (number, arm, against, _p), p in zip(family, holm([row[3] for row in family]), strict=True):
        adjusted[number][arm, against] = adjusted[number][against, arm] = p
    return tuple(
        OfDimension(of.dimension, of.agreement, of.compared, of.with_everybody, p)
        for of, p in zip(found, adjusted, strict=True)
    )


def _is_planned(study: Study, dimension: str, arm: str, against: str) -> bool:
    plan = study.planned
    return dimension == plan.dimension and {arm, against} == {plan.candidate, plan.reference}


def _planned(study: Study, dimensions: Sequence[OfDimension]) -> PlannedResult | None:
    plan = study.planned
    of = next((one for one in dimensions if one.dimension == plan.dimension), None)
    if not plan.candidate or of is None:
        return None
    verdict, difference, why = _verdict(study, of.compared)
    everybody = _verdict(study, of.with_everybody)[0] if of.with_everybody else None
    return PlannedResult(difference, verdict, why, everybody)


def _verdict(study: Study, compared: Compared) -> tuple[str, Estimate, str]:
    plan = study.planned
    found = compared.between(plan.candidate, plan.reference)
    if found is None:
        thin = (compared.arms_left_out.get(arm, "") for arm in (plan.candidate, plan.reference))
        why = compared.why or f"Not enough: {next((one for one in thin if one), 'an arm has no ratings.')}"
        return NOT_ENOUGH, Estimate(None, float("-inf"), float("inf"), compared.n, ""), why
    difference = found.contrast.estimate()
    if plan.margin is None:
        return NO_MARGIN, difference, ""
    return not_worse(difference, plan.margin, lower_is_better=study.lower_is_better), difference, ""


def _of_pairs(study: Study, panel: str, out: frozenset[str], *, anybody: bool) -> OfPairs:
    arms = [arm.key for arm in study.arms]
    everybody = [one for one in study.choices if study.panel_of(one.rater) == panel and study.counts(one.item)]
    kept = [one for one in everybody if one.rater not in out]
    preferred = prefer(kept, arms, seed=study.seed)
    once = [one for one in preferred.shares if one.arm < one.against]
    family = [one for one in once if {one.arm, one.against} != {study.planned.candidate, study.planned.reference}]
    adjusted: dict[tuple[str, str], float] = {}
    for one, p in zip(family, holm([one.p for one in family]), strict=True):
        adjusted[one.arm, one.against] = adjusted[one.against, one.arm] = p
    return OfPairs(
        _agreement_of_pairs(study, kept),
        preferred,
        prefer(everybody, arms, seed=study.seed) if anybody else None,
        adjusted,
        share_of([one.wins == 1 for one in kept if one.preferred]),
    )


def _agreement_of_pairs(study: Study, choices: Sequence[Choice]) -> Agreement:
    given: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for one in choices:
        first, second = sorted((one.first, one.second))
        given[one.item, first, second].append((one.preferred == first) - (one.preferred == second))
    judged = [Judged(item, of_pair) for (item, *_arms), of_pair in given.items()]
    why = agreement.too_few(judged)
    if why:
        return Agreement(Estimate(None, -1.0, 1.0, len(judged), agreement.METHOD), why)
    return Agreement(agreement.alpha(judged, level="nominal", domain=(-1, 0, 1), seed=study.seed), "")


def _planned_pairs(study: Study, pairs: OfPairs) -> PlannedResult | None:
    plan = study.planned
    if not plan.candidate:
        return None
    verdict, share, why = _verdict_of_pairs(study, pairs.preferred)
    everybody = _verdict_of_pairs(study, pairs.with_everybody)[0] if pairs.with_everybody else None
    return PlannedResult(share, verdict, why, everybody)


def _verdict_of_pairs(study: Study, preferred: Preferred) -> tuple[str, Estimate, str]:
    plan = study.planned
    found = preferred.between(plan.candidate, plan.reference)
    if found is None:
        why = preferred.why or "Not enough: the two arms were never shown side by side."
        return NOT_ENOUGH, Estimate(None, 0.0, 1.0, preferred.n, ""), why
    if plan.margin is None:
        return NO_MARGIN, found.share, ""
    above_half = Estimate(
        (found.share.value or 0.0) - 0.5, found.share.low - 0.5, found.share.high - 0.5, found.share.n, ""
    )
    return not_worse(above_half, plan.margin), found.share, ""
