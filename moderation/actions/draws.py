"""After a decision: whether somebody else looks at it again, and whether whoever made it meets a golden item."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings

from assistant.safety.types import Severity
from assistant.streaming import poke
from assistant.vault import audit
from moderation.models import Decision, GoldenItem, Review, Undo
from moderation.models.quality import HIGHEST_LEVEL

_DRAWS = 1_000_000


def draw_reviews(decision: Decision, *, draw: Callable[[int], int] = secrets.randbelow) -> None:
    """In the transaction of the decision. The draw knows nothing of the text, so that what the looks show holds for all such
    decisions."""
    if is_fit(decision) and draw(_DRAWS) < settings.SECOND_REVIEW_SHARE * _DRAWS:
        _offer(Review(case=decision.case, kind=Review.Kind.SECOND, decision=decision))
    if draw(_DRAWS) < settings.GOLDEN_SHARE * _DRAWS:
        items = list(_golden_for(decision.by))
        if items:
            item = items[draw(len(items))]
            _offer(Review(case=item.case, kind=Review.Kind.GOLDEN, item=item, meant_for=decision.by))


def is_fit(decision: Decision) -> bool:
    """Low to middle and nothing urgent, no appeal, not undone, and the text is still there as it was: an edited suggestion's
    own words are gone."""
    flag = decision.flag
    urgent = flag.level > HIGHEST_LEVEL or (flag.post_id is not None and flag.severity >= Severity.HOLD)
    if urgent or flag.severity < Severity.REVIEW or flag.escalated or flag.is_appeal:
        return False
    if Undo.objects.filter(decision=decision).exists():
        return False
    return flag.suggestion_id is None or decision.outcome != Decision.Outcome.EDIT


def _golden_for(user: Any) -> Any:
    """Items that this person has not seen in any way."""
    items = GoldenItem.objects.filter(retired_at=None, case__destroyed_at=None, decision__undo=None).exclude(by=user)
    return (
        items.exclude(reviews__meant_for=user)
        .exclude(decision__by=user)
        .exclude(decision__confirmed_by=user)
        .exclude(decision__flag__reply__draft__author=user)
    )


def _offer(review: Review) -> None:
    review.save(force_insert=True)
    audit.record("review.offered", actor=None, object_type="review", object_id=review.id, code=review.kind)
    poke.queue_changed()
