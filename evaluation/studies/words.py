"""Sentences for people who decide. Figures to two places: more would claim what no panel can tell."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evaluation.stats import Estimate
from evaluation.studies.analysis import NO_MARGIN, NOT_ENOUGH, OfDimension, OfPairs, OfPanel, PlannedResult
from evaluation.studies.stored import ESCALATION, Study

PANEL = {"lay": "lay panel", "clinician": "clinician panel"}


def number(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00")


def interval(estimate: Estimate) -> str:
    """Ends that are not finite say that the study could not bound it."""
    if estimate.value is None:
        return "not enough"
    low, high = (number(end) if math.isfinite(end) else "no bound" for end in (estimate.low, estimate.high))
    return f"{number(estimate.value)} ({low} to {high})"


def planned_in_words(study: Study, panel: str, result: PlannedResult) -> str:
    plan = study.planned
    who, arms = PANEL[panel], f"{plan.candidate} and {plan.reference}"
    if result.verdict == NOT_ENOUGH:
        return f"The {who} cannot compare {arms}. {result.why}"
    if study.form == "pairs":
        said = f"The {who} preferred {plan.candidate} to {plan.reference} in a share of {interval(result.difference)} of choices."
        allowed = f"a share that is {number(plan.margin or 0)} below one half"
    else:
        value = result.difference.value or 0.0
        way = "higher" if value >= 0 else "lower"
        ends = f"difference {interval(result.difference)}"
        points = f"{number(abs(value))} points {way}"
        said = f"The {who} rated {plan.candidate} {points} than {plan.reference} on {plan.dimension} ({ends})."
        allowed = f"{number(plan.margin or 0)} points"
    verdict = {
        "not worse": f"{plan.candidate} is not worse than {plan.reference} by more than was allowed beforehand ({allowed}).",
        "worse": f"{plan.candidate} is worse than {plan.reference} by more than was allowed beforehand ({allowed}).",
        "not shown": f"It is not shown that {plan.candidate} is no worse than was allowed beforehand ({allowed});"
        " nor that it is. More items or raters would tell.",
        NO_MARGIN: "No margin was set beforehand, so this is a difference and no verdict.",
    }[result.verdict]
    changed = ""
    if result.with_everybody not in (None, result.verdict):
        changed = f" With everybody in it who was left out by the rules, the verdict is: {result.with_everybody}."
    return f"{said} {verdict}{changed}"


def dimension_in_words(of: OfDimension) -> str:
    if of.compared.why:
        return of.compared.why
    best = sorted(of.compared.means.items(), key=lambda pair: (-(pair[1].value or 0.0), pair[0]))
    order = ", ".join(f"{arm} {interval(mean)}" for arm, mean in best)
    told = sorted(
        f"{one.arm} above {one.against}"
        for one in of.compared.differences
        # The planned one is not among the adjusted: it stands by itself.
        if one.contrast.value > 0 and of.adjusted.get((one.arm, one.against), one.contrast.p) < 0.05
    )
    apart = (
        f"Told apart, all comparisons counted together: {'; '.join(told)}." if told else "No two arms are told apart."
    )
    return f"From high to low: {order}. {apart}"


def pairs_in_words(of: OfPairs) -> str:
    if of.preferred.why:
        return of.preferred.why
    once = [one for one in of.preferred.shares if one.share.value is not None and one.wins * 2 >= one.share.n]
    said = "; ".join(
        f"{one.arm} before {one.against}, share {interval(one.share)}" for one in once if one.arm != one.against
    )
    return f"{said}. {of.preferred.no_strengths}".strip()


def limits(study: Study, panels: Sequence[OfPanel]) -> list[str]:
    """What a reader has to know before deciding anything, of this very study."""
    found = []
    if not study.closed:
        found.append(
            "The study was still open when this was counted: looking early and stopping at a good moment misleads."
        )
    if not study.planned.candidate:
        found.append("No comparison was planned beforehand: everything here is for finding questions, not for answers.")
    for of in panels:
        kept = sum(1 for one in of.conduct if not one.left_out and one.done)
        found.append(f"The {PANEL[of.panel]} is {kept} people. Other people may judge otherwise.")
        out = sum(1 for one in of.conduct if one.left_out)
        if out:
            found.append(
                f"Of the {PANEL[of.panel]}, {out} were left out by rules set beforehand; both results are given."
            )
        dropped = sum(1 for one in of.conduct if one.dropped_out)
        if dropped:
            found.append(f"Of the {PANEL[of.panel]}, {dropped} did not finish; what they rated is counted.")
    if ESCALATION in study.dimensions and "clinician" not in study.panels:
        found.append("No clinician rated, so nothing is said of escalation.")
    elif "clinician" not in study.panels:
        found.append("No clinician rated.")
    found.append("Ratings say how replies read to raters. Whether they help the person who asked is another question.")
    return found
