"""Golden items and second looks: drawn after a decision, decided like flags, and without any effect."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.models import CaseKey
from assistant.safety.types import Severity
from assistant.streaming import poke
from assistant.vault import audit
from moderation import policy_areas
from moderation.actions.stale import StaleFlag
from moderation.forms import ESCALATE
from moderation.models import Decision, Flag, GoldenItem, Review
from moderation.models.quality import HIGHEST_LEVEL
from moderation.stand_in import flag_of

_DRAWS = 1_000_000

OUTCOMES = (*Decision.Outcome.values, ESCALATE)


def draw_reviews(decision: Decision, *, draw: Callable[[int], int] = secrets.randbelow) -> None:
    """After a decision, in its transaction: now and then a second look at it for somebody else, and a golden item for whoever
    made it. The draw knows nothing of the text, so that what the looks show holds for all such decisions."""
    if is_fit(decision) and draw(_DRAWS) < settings.SECOND_REVIEW_SHARE * _DRAWS:
        _offer(Review(case=decision.case, kind=Review.Kind.SECOND, decision=decision))
    if draw(_DRAWS) < settings.GOLDEN_SHARE * _DRAWS:
        items = list(golden_for(decision.by))
        if items:
            item = items[draw(len(items))]
            _offer(Review(case=item.case, kind=Review.Kind.GOLDEN, item=item, meant_for=decision.by))


def is_fit(decision: Decision) -> bool:
    """Low to middle, and the text is still there as it was: an edited suggestion's own words are gone."""
    flag = decision.flag
    if flag.level > HIGHEST_LEVEL or flag.severity < Severity.REVIEW or flag.escalated:
        return False
    return flag.suggestion_id is None or decision.outcome != Decision.Outcome.EDIT


def golden_for(user: Any) -> Any:
    """Items that this person has not seen in any way."""
    items = GoldenItem.objects.filter(retired_at=None, case__destroyed_at=None).exclude(by=user)
    return (
        items.exclude(reviews__meant_for=user)
        .exclude(decision__by=user)
        .exclude(decision__flag__reply__draft__author=user)
    )


def _offer(review: Review) -> None:
    review.save(force_insert=True)
    audit.record("review.offered", actor=None, object_type="review", object_id=review.id, code=review.kind)
    poke.queue_changed()


@transaction.atomic
def claim_review(review: Review, *, by: Any) -> None:
    if not review.take(by):
        raise Refused("claimed", gettext("Somebody else is reviewing this right now."))
    audit.record("review.claimed", actor=by, object_type="review", object_id=review.id)
    poke.queue_changed()


@transaction.atomic
def end_review_claim(review: Review, *, by: Any) -> None:
    review.let_go(by)
    audit.record("review.claim_ended", actor=by, object_type="review", object_id=review.id)
    poke.queue_changed()


@transaction.atomic
def decide_review(review: Review, *, outcome: str, reason: str, by: Any, area: str = "") -> Review:
    """Keep what this person would have decided. Exactly one of two gets it; nothing is sent, held or closed."""
    if not reason.strip():
        raise Refused(
            "reason_missing", gettext("Give a reason: the next person must be able to follow it."), status=422
        )
    if not review.take(by):
        raise StaleFlag
    review = Review.objects.select_for_update(of=("self",)).with_subjects().get(id=review.id)
    expected, codes = expected_of(review)
    review.by, review.outcome, review.reason, review.decided_at = by, outcome, reason, timezone.now()
    review.area = area or policy_areas.area_of(codes)
    review.same = outcome == expected
    review.save(update_fields=["by", "outcome", "reason", "decided_at", "area", "same"])
    audit.record("review.decided", actor=by, object_type="review", object_id=review.id, outcome=outcome)
    poke.queue_changed()
    return review


def expected_of(review: Review) -> tuple[str, list[str]]:
    """What was decided first, or what is right; and the codes that stood beside the text."""
    if review.item is not None:
        return review.item.outcome, list(flag_of(review).codes)
    assert review.decision is not None
    return review.decision.outcome, list(review.decision.flag.codes)


# Golden items


@transaction.atomic
def write_golden(
    *, kind: str, text: str, post_text: str, explanation: str, outcome: str, area: str, by: Any, language: str = "en"
) -> GoldenItem:
    """An invented text, in a case of its own that no post belongs to."""
    item = GoldenItem(
        case=CaseKey.open_case(),
        kind=kind,
        text=text,
        post_text=post_text if kind == GoldenItem.Kind.REPLY else "",
        explanation=explanation,
        language=language,
        outcome=outcome,
        area=area,
        by=by,
    )
    return _keep(item, by)


@transaction.atomic
def mark_golden(flag: Flag, *, explanation: str, outcome: str, area: str, by: Any) -> GoldenItem:
    """A decided flag, with what would have been right; its first decision stays as it is."""
    decision = Decision.objects.filter(flag=flag).order_by("-at", "-id").first()
    if decision is None or not is_fit(decision):
        raise Refused(
            "unfit_golden",
            gettext(
                "Only a decided flag up to level 2 that was not escalated, and whose text is as it was, can be one."
            ),
            status=422,
        )
    if GoldenItem.objects.filter(decision=decision).exists():
        raise Refused("golden_already", gettext("This flag is a golden item already."))
    item = GoldenItem(
        case=flag.case,
        kind=GoldenItem.Kind.FLAG,
        decision=decision,
        explanation=explanation,
        language=flag.subject_post.language,
        level=flag.level,
        outcome=outcome,
        area=area,
        by=by,
    )
    return _keep(item, by)


def _keep(item: GoldenItem, by: Any) -> GoldenItem:
    item.save(force_insert=True)
    audit.record("golden.added", actor=by, object_type="golden_item", object_id=item.id, code=item.kind)
    return item


@transaction.atomic
def retire_golden(item: GoldenItem, *, by: Any) -> None:
    """It is shown to nobody from now on; what was decided about it stays counted."""
    if GoldenItem.objects.filter(id=item.id, retired_at=None).update(retired_at=timezone.now()):
        audit.record("golden.retired", actor=by, object_type="golden_item", object_id=item.id)
