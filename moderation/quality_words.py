"""Figures of agreement in words; what is too few is said instead of a number."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from assistant.intervals import Interval
from moderation import agreement
from moderation.forms import ESCALATE
from moderation.models import Decision
from moderation.outcome_words import label_of
from moderation.quality import FEWEST_LOOKS, Looks


def outcome_words(outcome: str, closed_as: str = "") -> str:
    if outcome == ESCALATE:
        return gettext("Escalate")
    closing = f" ({Decision.Closing(closed_as).label})" if closed_as else ""
    return label_of(outcome) + closing


def percents(interval: Interval | None) -> str:
    if interval is None:
        return gettext("too few (under %(least)s)") % {"least": FEWEST_LOOKS}
    numbers = {"value": _percent(interval.value), "low": _percent(interval.low), "high": _percent(interval.high)}
    return gettext("%(value)s %% (%(low)s to %(high)s)") % numbers


def alpha_words(looks: Looks) -> str:
    if not looks.is_enough:
        return gettext("too few (under %(least)s)") % {"least": agreement.FEWEST}
    if looks.alpha is None:
        return gettext("everybody said the same")
    one = looks.alpha
    return gettext("%(value)s (%(low)s to %(high)s)") % {
        "value": f"{one.value:.2f}",
        "low": f"{one.low:.2f}",
        "high": f"{one.high:.2f}",
    }


def looks_words(looks: Looks) -> dict[str, Any]:
    return {"n": looks.n, "same": looks.same, "share": percents(looks.share), "alpha": alpha_words(looks)}


def _percent(share: float) -> int:
    return round(100 * share)
