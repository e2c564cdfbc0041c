"""What admins see of somebody's work: how much of it, week by week, and never a word of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count
from django.db.models.functions import TruncWeek
from django.utils import timezone

from assistant.models import Reply
from moderation.models import Decision
from webapp.accounts.models import User

WEEKS = 8


@dataclass(frozen=True, slots=True)
class Week:
    begins: datetime
    replies: int
    decisions: int


def weeks_of(person: User) -> list[Week]:
    """The last weeks, the running one first."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    starts = [monday - timedelta(weeks=back) for back in range(WEEKS)]
    replies = Reply.objects.filter(draft__author=person, sent_at__gte=starts[-1])
    decisions = Decision.objects.filter(by=person, at__gte=starts[-1])
    sent = _by_week(replies.annotate(week=TruncWeek("sent_at")).values_list("week").annotate(Count("id")))
    decided = _by_week(decisions.annotate(week=TruncWeek("at")).values_list("week").annotate(Count("id")))
    return [Week(start, sent.get(start.date(), 0), decided.get(start.date(), 0)) for start in starts]


def _by_week(rows: Iterable[tuple[datetime, int]]) -> dict[object, int]:
    # By the date: the clocks may have changed within the weeks.
    return {timezone.localtime(week).date(): count for week, count in rows}
