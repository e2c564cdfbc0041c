"""What the page of trials is given: what is tried now, with rules and figures, a form for the next, and what came of others."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, gettext_noop

from assistant import canary_figures, stop_rules
from assistant.canary_forms import SHARES, CanaryForm
from assistant.inference.types import Mode
from assistant.models import Canary, Deployment, ModelVersion
from assistant.stop_rules import COUNTING, Rule

LATEST = 20

MODES: dict[str, str] = {
    Mode.IMPROVE: gettext_noop("Improving a draft"),
    Mode.GENERATE: gettext_noop("Drafting from the post"),
}
KINDS: dict[str, str] = {
    Canary.Kind.CANARY: gettext_noop("on a share of the cases"),
    Canary.Kind.SHADOW: gettext_noop("in the shadow"),
}
OUTCOMES: dict[str, str] = {
    Canary.Outcome.RUNNING: gettext_noop("running"),
    Canary.Outcome.ROLLED_BACK: gettext_noop("rolled back by itself"),
    Canary.Outcome.ENDED: gettext_noop("ended"),
    Canary.Outcome.PROMOTED: gettext_noop("became the active model"),
}
REASONS: dict[str, str] = {
    Rule.HELD: gettext_noop("It was held by the safety checks more often than its rule allows."),
    Rule.FAILED: gettext_noop("It gave no answer more often than its rule allows."),
    Rule.REPORTED: gettext_noop("People reported it more often than its rule allows."),
    Rule.FIRST_WORDS: gettext_noop("Its first words came later than its rule allows."),
    Rule.ERRORS: gettext_noop("It had as many errors as its rule allows."),
    Rule.DANGEROUS: gettext_noop("It wrote of a method, or of something that endangers the body."),
    "rules_changed": gettext_noop("Its rules were no longer those that it was started with."),
    "not_judged": gettext_noop("It could not be judged; the log of the worker says why."),
    "sign_off": gettext_noop("The clinician panel's signature was no longer there."),
    "stopped": gettext_noop("Somebody stopped it."),
    "jobs": gettext_noop("It had all its jobs."),
    "days": gettext_noop("Its days were over."),
    "active_changed": gettext_noop("Another model became active meanwhile."),
    "activated": gettext_noop("It was activated."),
}
MEASURES: dict[str, str] = {
    Rule.HELD: gettext_noop("Held by the safety checks"),
    Rule.FAILED: gettext_noop("Without an answer"),
    Rule.REPORTED: gettext_noop("Reported, or called harmful"),
    Rule.FIRST_WORDS: gettext_noop("Until the first words"),
    "unchanged": gettext_noop("Nothing changed in the draft"),
    "seconds": gettext_noop("Until the end"),
    "tokens": gettext_noop("Length in tokens"),
}
IN_SECONDS = (Rule.FIRST_WORDS, "seconds")


def page(form: CanaryForm | None = None) -> dict[str, Any]:
    """`form`: one that was refused, with what was typed."""
    named = ("candidate", "active", "started_by", "ended_by", "seen_by")
    rows = list(Canary.objects.select_related(*named)[:LATEST])
    running = [card(row) for row in rows if row.is_running]
    return {
        "running": running,
        "unseen": [
            card(row) for row in Canary.unseen().select_related(*named)
        ],  # however old: people are told until then
        "earlier": [card(row) for row in rows if not row.is_running],
        "answering": answering(),
        "form": form or CanaryForm(),
        "is_refused": form is not None,  # in a template `form.errors` is the field of that name
    }


def tried_in(mode: str, version: ModelVersion | None = None) -> dict[str, Any] | None:
    """What runs beside the active model, for other pages; of `version` alone where it is given."""
    canary = Canary.running_in(mode)
    if canary is None or (version is not None and canary.candidate != version):
        return None
    return {"version": canary.candidate, "kind": gettext(KINDS[canary.kind]), "share": canary.share}


def answering() -> list[dict[str, str]]:
    found = [(mode, Deployment.active_version(Mode(mode))) for mode in MODES]
    return [{"mode": gettext(MODES[mode]), "name": one.name} for mode, one in found if one is not None]


def card(canary: Canary) -> dict[str, Any]:
    figures = stop_rules.to_json(*canary_figures.arms_of(canary)) if canary.is_running else canary.figures
    return {
        "row": canary,
        "mode": gettext(MODES[canary.mode]),
        "kind": gettext(KINDS[canary.kind]),
        "outcome": gettext(OUTCOMES[canary.outcome]),
        "mark": {"running": "good", "rolled_back": "look"}.get(canary.outcome, ""),
        "reason": gettext(REASONS[canary.reason]) if canary.reason in REASONS else "",
        "least_jobs": canary.rules.get("least_jobs"),
        "jobs": figures.get("jobs", [0, 0]),
        "counts": list(counts(canary, figures)),
        "measures": [measure(name, canary, figures) for name in MEASURES],
    }


def counts(canary: Canary, figures: dict[str, Any]) -> list[dict[str, Any]]:
    bounds = canary.rules.get("bounds", {})
    dangerous = figures.get("dangerous", [0, 0])
    return [
        {
            "name": gettext("Errors"),
            "candidate": figures.get("errors", 0),
            "active": "",
            "bound": bounds.get(Rule.ERRORS, ""),
        },
        {
            "name": gettext("Held for a method or a danger to the body"),
            "candidate": dangerous[0],
            "active": dangerous[1],
            "bound": bounds.get(Rule.DANGEROUS, ""),
        },
    ]


def measure(name: str, canary: Canary, figures: dict[str, Any]) -> dict[str, Any]:
    candidate, active, between = figures.get("measures", {}).get(name, (None, None, None))
    bound = canary.rules.get("bounds", {}).get(name) if name not in COUNTING else None
    return {
        "name": gettext(MEASURES[name]),
        "candidate": said(name, candidate),
        "active": said(name, active),
        "difference": said(name, between, sign="+"),
        "bound": number(name, bound, sign="+") if bound is not None else "",
    }


def said(name: str, interval: dict[str, float] | None, sign: str = "") -> str:
    if interval is None:
        return gettext("too few")
    low, high = (number(name, interval[end], sign=sign, unit=False) for end in ("low", "high"))
    value = number(name, interval["value"], sign=sign)
    return gettext("%(value)s (%(low)s to %(high)s)") % {"value": value, "low": low, "high": high}


def number(name: str, value: float, *, sign: str = "", unit: bool = True) -> str:
    if name in (*SHARES, "unchanged"):
        return f"{without_minus_zero(value * 100, 0):{sign}.0f}" + (" %" if unit else "")
    if name in IN_SECONDS:
        return f"{without_minus_zero(value, 1):{sign}.1f}" + (" s" if unit else "")
    return f"{without_minus_zero(value, 0):{sign}.0f}"


def without_minus_zero(value: float, digits: int) -> float:
    return round(value, digits) + 0.0
