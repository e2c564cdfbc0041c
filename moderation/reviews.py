"""Which golden items and second looks stand among somebody's flags, and the door to one of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
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
    """As flags in memory. None while anything above level 2, or an urgent post, waits for this person or is with them."""
    if not user.has_perm(DECIDE_FLAGS):
        return []
    urgent = Q(level__gt=HIGHEST_LEVEL) | Q(post__isnull=False, severity__gte=Severity.HOLD)
    theirs = Flag.objects.open().for_person(user)
    if (theirs.free() | theirs.filter(claimed_by=user)).filter(urgent).exists():
        return []
    rows = Review.objects.waiting_for(user).with_subjects().order_by("offered_at", "id")
    return [flag_of(review) for review in rows[:MOST]]


def mixed(flags: Iterable[Flag], offered: Iterable[Flag]) -> list[Flag]:
    return sorted([*flags, *offered], key=place_of)


def place_of(flag: Flag) -> tuple[Any, ...]:
    """The order of the queue, as FlagQuerySet.in_order has it."""
    return -flag.rush_now(), -flag.severity, flag.post_id is None, -flag.level, flag.opened_at, str(flag.id)


def next_for(user: Any, before: Flag | None) -> Review | None:
    """The first that they neither have nor passed on, unless this flag comes before it."""
    passed = set(Review.objects.filter(passed_by=user).values_list("id", flat=True))
    waiting = [flag for flag in mixed((), offered(user)) if flag.claimed_by is None and flag.id not in passed]
    if not waiting or (before is not None and place_of(before) < place_of(waiting[0])):
        return None
    return Review.objects.with_subjects().get(id=waiting[0].id)


def flag_at(user: Any, flag_id: uuid.UUID) -> Flag | None:
    """A flag in memory by the id that stands on a page, decided or not; None where the id is no review's."""
    review = Review.objects.for_person(user).filter(id=flag_id).with_subjects().first()
    return flag_of(review) if review is not None else None


def review_for(user: Any, review_id: uuid.UUID) -> Review:
    review = Review.objects.for_person(user).filter(id=review_id).with_subjects().first()
    if review is None:
        raise Http404
    return review
