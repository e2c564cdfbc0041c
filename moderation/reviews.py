"""Which golden items and second looks stand among somebody's flags, and the door to one of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q
from django.http import Http404

from assistant.safety.types import Severity
from moderation.models import Flag, Review
from moderation.models.quality import HIGHEST_LEVEL
from moderation.policy import DECIDE_FLAGS
from moderation.stand_in import flag_of

MOST = 3  # at once: a queue is never made of these


def offered(user: Any) -> list[Flag]:
    """As flags in memory. None while anything above level 2, or an urgent post, waits for anybody."""
    if not user.has_perm(DECIDE_FLAGS):
        return []
    urgent = Q(level__gt=HIGHEST_LEVEL) | Q(post__isnull=False, severity__gte=Severity.HOLD)
    if Flag.objects.open().filter(urgent).exists():
        return []
    rows = Review.objects.waiting_for(user).with_subjects().order_by("offered_at", "id")
    return [flag_of(review) for review in rows[:MOST]]


def mixed(flags: Iterable[Flag], offered: Sequence[Flag]) -> list[Flag]:
    """In the order of the queue."""
    return sorted(
        [*flags, *offered],
        key=lambda flag: (-flag.severity, flag.post_id is None, -flag.level, flag.opened_at, str(flag.id)),
    )


def filters_of(flag: Flag) -> set[str]:
    """The filters of the queue that show it."""
    kind = "posts" if flag.post_id else "suggestions" if flag.suggestion_id else "replies"
    return {"", kind} | ({"reported"} if flag.raised_by_id else set())


def review_for(user: Any, review_id: uuid.UUID) -> Review:
    review = Review.objects.for_person(user).filter(id=review_id).with_subjects().first()
    if review is None:
        raise Http404
    return review
