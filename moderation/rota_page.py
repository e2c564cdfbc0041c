"""The rota on the page: who is on it from now on, who of them may not or cannot be told, and when nobody is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from assistant.models import clock
from assistant.safety import policy
from moderation import duty
from moderation.models import Shift

SHOWN_AHEAD = timedelta(days=28)
AT_THE_EDGE = timedelta(hours=1)  # a rota that is full up to there has no gap: time goes on while it is read
NOBODY = {
    Shift.Line.MODERATOR: gettext_noop("No moderator on duty"),
    Shift.Line.LEAD: gettext_noop("No lead on duty"),
    Shift.Line.CLINICIAN: gettext_noop("No clinician on duty"),
}


@dataclass(frozen=True, slots=True)
class Row:
    shift: Shift
    why_not: str  # they are told nothing; empty for who is


@dataclass(frozen=True, slots=True)
class Span:
    starts_at: datetime
    ends_at: datetime


def rota_page(now: datetime) -> dict[str, Any]:
    shifts = list(Shift.objects.filter(ends_at__gt=now).select_related("person"))
    able = duty.able(shifts)
    rows = [Row(shift, "" if shift in able else why_not(shift)) for shift in shifts]
    soon = now + SHOWN_AHEAD
    return {
        "rows": [row for row in rows if row.shift.starts_at < soon],
        "later": [row for row in rows if row.shift.starts_at >= soon],
        "gaps": gaps_of_lines(able, now),
        "no_address": without_address(able),
        "zone": settings.TIME_ZONE,
    }


def why_not(shift: Shift) -> str:
    """Of somebody who is on the rota and is told nothing."""
    if not shift.person.is_active:
        return gettext("account closed: is not told")
    return gettext("has no role that this line needs: is not told")


def without_address(able: Iterable[Shift]) -> list[str]:
    """Who hears of alerts on open pages alone, although there is a relay."""
    if not settings.EMAIL_RELAY_URL:
        return []
    return sorted({shift.person.username for shift in able if not shift.person.email})


def gaps_of_lines(able: list[Shift], now: datetime) -> list[dict[str, Any]]:
    """When nobody is on duty in a line that the policy tells, in the time that the page shows."""
    found, until = [], now + SHOWN_AHEAD
    for line in told_lines():
        spans = [Span(one.starts_at, one.ends_at) for one in able if one.line == line]
        gaps = [gap for gap in gaps_in(spans, since=now, until=until) if gap.starts_at < until - AT_THE_EDGE]
        if gaps:
            found.append({"what": gettext(NOBODY[line]), "spans": gaps, "always": gaps == [Span(now, until)]})
    return found


def told_lines() -> list[Shift.Line]:
    """At least the leads, to whom hand-overs go."""
    try:
        told: set[str] = {line for rule in policy.current().levels.values() for line in rule.tell}
    except policy.PolicyError:
        told = {Shift.Line.MODERATOR.value}
    return [line for line in Shift.Line if line in told | {Shift.Line.LEAD.value}]


def gaps_in(spans: Iterable[Span], *, since: datetime, until: datetime) -> list[Span]:
    """What the spans leave uncovered."""
    found, covered = [], since
    for span in sorted(spans, key=lambda one: one.starts_at):
        if span.starts_at > covered and covered < until:
            found.append(Span(covered, min(span.starts_at, until)))
        covered = max(covered, span.ends_at)
    return [*found, Span(covered, until)] if covered < until else found


def left_alone(shift: Shift) -> list[Span]:
    """When nobody is on duty in its line any more once it is taken off."""
    if not duty.able([shift]):
        return []  # nobody is told less without it
    others = duty.able(
        Shift.objects.filter(line=shift.line, ends_at__gt=shift.starts_at, starts_at__lt=shift.ends_at)
        .exclude(id=shift.id)
        .select_related("person")
    )
    spans = [Span(one.starts_at, one.ends_at) for one in others]
    return gaps_in(spans, since=max(shift.starts_at, clock.now()), until=shift.ends_at)
