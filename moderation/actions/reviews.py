"""Golden items and second looks: decided like flags, and without any effect."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.models import CaseKey
from assistant.streaming import poke
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation.actions.decisions import Said, check_edit, refuse_unfit
from moderation.actions.draws import is_fit
from moderation.actions.escalations import refuse_escalation
from moderation.actions.stale import StaleFlag
from moderation.forms import ESCALATE
from moderation.models import Decision, Flag, GoldenItem, Review
from moderation.stand_in import flag_of


@one_transaction
def claim_review(review: Review, *, by: Any) -> None:
    if not review.take(by):
        raise Refused("claimed", gettext("Somebody else is reviewing this right now."))
    audit.record("review.claimed", actor=by, object_type="review", object_id=review.id)
    poke.queue_changed()


@one_transaction
def end_review_claim(review: Review, *, by: Any) -> None:
    if review.let_go(by):
        audit.record("review.claim_ended", actor=by, object_type="review", object_id=review.id)
        poke.queue_changed()


@one_transaction
def pass_review(review: Review, *, by: Any) -> None:
    """As a flag is passed on: it is not handed to this person again, and nobody is told."""
    review.passed_by.add(by)
    end_review_claim(review, by=by)


@one_transaction
def decide_review(review: Review, said: Said, *, by: Any) -> Review:
    """Keep what this person would have decided. Exactly one of two gets it; nothing is sent, held or closed.

    What a decision on the flag would be refused for, this is refused for, too.
    """
    if not review.take(by):
        raise StaleFlag
    review = Review.objects.select_for_update(of=("self",)).with_subjects().get(id=review.id)
    flag = flag_of(review)
    if said.outcome == ESCALATE:
        refuse_escalation(flag, reason=said.reason, by=by)
    else:
        refuse_unfit(flag, said, by=by)
        if said.outcome == Decision.Outcome.EDIT:
            check_edit(flag, said)
    review.by, review.decided_at = by, timezone.now()
    review.outcome, review.policy, review.reason = said.outcome, said.policy, said.reason
    review.closed_as = said.closed_as if said.outcome == Decision.Outcome.CLOSE else ""
    review.same = review.judged == review.expected
    review.save(update_fields=["by", "outcome", "policy", "closed_as", "reason", "decided_at", "same"])
    review.passed_by.clear()
    audit.record("review.decided", actor=by, object_type="review", object_id=review.id, outcome=said.outcome)
    poke.queue_changed()
    return review


# Golden items


@one_transaction
def write_golden(
    *,
    kind: str,
    text: str,
    post_text: str,
    explanation: str,
    outcome: str,
    policy: str,
    by: Any,
    closed_as: str = "",
    language: str = "en",
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
        closed_as=closed_as,
        policy=policy,
        by=by,
    )
    return _keep(item, by)


@one_transaction
def mark_golden(flag: Flag, *, explanation: str, outcome: str, policy: str, by: Any, closed_as: str = "") -> GoldenItem:
    """A decided flag, with what would have been right; its first decision stays as it is."""
    decision = Decision.objects.standing().filter(flag=flag).select_related("flag").first()
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
        closed_as=closed_as,
        policy=policy,
        by=by,
    )
    return _keep(item, by)


def _keep(item: GoldenItem, by: Any) -> GoldenItem:
    item.save(force_insert=True)
    audit.record("golden.added", actor=by, object_type="golden_item", object_id=item.id, code=item.kind)
    return item


@one_transaction
def retire_golden(item: GoldenItem, *, by: Any) -> None:
    """It is shown to nobody from now on; what was decided about it stays counted."""
    if GoldenItem.objects.filter(id=item.id, retired_at=None).update(retired_at=timezone.now()):
        audit.record("golden.retired", actor=by, object_type="golden_item", object_id=item.id)
