"""By when a flag should be decided: the clock of its post's level, from the moment that it was opened. Orders nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from assistant import triage
from assistant.models import Post, Reply, Suggestion, clock
from assistant.safety.types import Level
from moderation.models import Alert, Flag
from moderation.models.flags import FlagQuerySet

A_DAY = timedelta(days=1)  # for what has no clock and keeps somebody waiting all the same
_SOON = 0.25  # of the clock's time: from then on it stands out


@dataclass(frozen=True, slots=True)
class Due:
    at: datetime
    words: str
    state: str  # "later", "soon" or "over"


def due(flag: Flag) -> Due | None:
    """None: the policy gives this level no clock, or the flag waits no more."""
    limit = triage.clock(flag.level)
    if limit is None or not flag.is_open:
        return None
    at = flag.opened_at + limit
    left = at - timezone.now()
    state = "over" if left < timedelta(0) else "soon" if left < limit * _SOON else "later"
    return Due(at, due_words(left), state)


def overdue_for_nobody() -> FlagQuerySet:
    """Open flags whose time is over, that nobody reviews and that have no alert: alerts tell of the others. Where the level has
    no clock, a held text and an appeal have a day."""
    now = clock.now()
    waits = Q(post__status=Post.Status.HELD) | Q(suggestion__status=Suggestion.Status.HELD)
    waits |= Q(reply__status=Reply.Status.HELD) | Q(appeal__isnull=False)
    late = Q()
    for level in Level:
        limit = triage.clock(level)
        of_level = Q(level=level, opened_at__lt=now - (A_DAY if limit is None else limit))
        late |= of_level & waits if limit is None else of_level
    alerted = Alert.objects.filter(kind=Alert.Kind.FLAG, closed_at=None).values("flag")
    return Flag.objects.open().free().filter(late, escalated=False).exclude(id__in=alerted)


def due_words(left: timedelta) -> str:
    """The same words as static/js/due.js, which keeps them fresh."""
    is_over = left < timedelta(0)
    minutes = int(abs(left).total_seconds() // 60)
    if minutes == 0:
        return gettext("due now")
    if minutes < 60:
        words = gettext("%(count)s min over") if is_over else gettext("due in %(count)s min")
        return words % {"count": minutes}
    if minutes < 48 * 60:
        words = gettext("%(count)s h over") if is_over else gettext("due in %(count)s h")
        return words % {"count": minutes // 60}
    words = gettext("%(count)s days over") if is_over else gettext("due in %(count)s days")
    return words % {"count": minutes // 1440}


def lasted_words(since: datetime) -> str:
    return _span_words(timezone.now() - since)


def clock_words(flag: Flag) -> str:
    """How long the policy gives this level; nothing where it has no clock."""
    clock = triage.clock(flag.level)
    return _span_words(clock) if clock else ""


def _span_words(span: timedelta) -> str:
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 60:
        return gettext("%(count)s min") % {"count": minutes}
    return gettext("%(count)s h") % {"count": minutes // 60}
