"""Deciding flags."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from assistant import actions as assistant_actions
from assistant.actions import Refused
from assistant.models import Post, Reply, Suggestion
from assistant.safety.pipeline import screen
from assistant.safety.types import Context, Kind, Level, Severity, Tier
from assistant.streaming import poke
from assistant.translated import reason_words
from assistant.vault import audit
from moderation import policy
from moderation.actions.reviews import draw_reviews
from moderation.actions.stale import StaleFlag
from moderation.models import Decision, Flag


@transaction.atomic
def decide(
    flag: Flag, *, outcome: str, by: Any, reason: str, seen: int, edited_text: str = "", missed: bool = False
) -> Decision:
    """Decide on the state of the flag that the person saw (`seen`). Raises StaleFlag when it is no longer that.

    `missed`: of a sampled post, that there were signs of danger in it after all.
    """
    flag = (
        Flag.objects.select_for_update(of=("self",)).with_subjects().get(id=flag.id)
    )  # as it is now, not as it was loaded
    if not flag.is_open or flag.version != seen:
        raise StaleFlag
    _refuse_unfit(flag, outcome=outcome, by=by, reason=reason)
    if not flag.close(seen=seen, status=Flag.Status.DECIDED):
        raise StaleFlag
    subject = lock(flag.subject)
    if isinstance(subject, Reply) and subject.status == Reply.Status.TAKEN_BACK:
        raise StaleFlag
    decision = Decision(
        case=flag.case,
        flag=flag,
        outcome=outcome,
        by=by,
        reason=reason,
        edited_text=edited_text if outcome == Decision.Outcome.EDIT else "",
        flag_version=seen,
        revision=flag.revision_seen,
        missed=missed if flag.is_sample else None,
    )
    decision.save(force_insert=True)
    if decision.missed and isinstance(subject, Post):
        subject.raise_tier(Tier.REVIEW)
    _carry_out(decision, subject)
    audit.record(
        "flag.decided",
        actor=by,
        object_type="flag",
        object_id=flag.id,
        outcome=outcome,
        code=",".join(flag.codes)[:100],
    )
    draw_reviews(decision)
    poke.queue_changed()
    return decision


def lock(subject: Post | Suggestion | Reply) -> Post | Suggestion | Reply:
    """Read it anew and keep it from changing until the decision stands: its author may be taking it back right now."""
    match subject:
        case Post():
            return Post.objects.select_for_update().get(id=subject.id)
        case Suggestion():
            return Suggestion.objects.select_for_update().get(id=subject.id)
        case Reply():
            return Reply.objects.select_for_update().get(id=subject.id)


def _refuse_unfit(flag: Flag, *, outcome: str, by: Any, reason: str) -> None:
    if not policy.may_decide(by, flag):
        raise Refused(
            "not_yours",
            gettext("This one is not yours to decide: it was escalated, or it is your own reply."),
            status=403,
        )
    if outcome not in policy.outcomes_for(flag):
        raise Refused(
            "unfit_outcome", gettext("“%(outcome)s” does not fit this kind of text.") % {"outcome": outcome}, status=422
        )
    if not reason.strip():
        raise Refused(
            "reason_missing", gettext("Give a reason: the next person must be able to follow it."), status=422
        )
    claimer = flag.claimer()
    if claimer is not None and claimer.pk != by.pk:
        raise Refused("claimed", gettext("Somebody else is reviewing this right now. Take it over first, or wait."))


def _carry_out(decision: Decision, subject: Post | Suggestion | Reply) -> None:
    match decision.outcome:
        case Decision.Outcome.APPROVE:
            assistant_actions.release(subject, approval=decision.id)
        case Decision.Outcome.EDIT:
            _check_edit(decision, subject)
            assistant_actions.release(
                subject, approval=decision.id, edited_text=decision.edited_text, note=decision.reason
            )
        case Decision.Outcome.RETURN:
            assert isinstance(subject, Reply)
            assistant_actions.return_reply(subject, note=decision.reason)
        case Decision.Outcome.REJECT:
            assistant_actions.withhold(subject, note=decision.reason)


def _check_edit(decision: Decision, subject: Post | Suggestion | Reply) -> None:
    """A moderator's words are screened like anybody's; what a phase would hold is not sent by an edit."""
    if not decision.edited_text.strip():
        raise Refused(
            "edit_missing", gettext("Write the text as it should be sent, or choose another outcome."), status=422
        )
    post = decision.flag.subject_post
    kind = Kind.REPLY if isinstance(subject, Reply) else Kind.SUGGESTION
    screening = screen(
        decision.edited_text,
        Context(kind=kind, language=post.language, country=post.country, post=post.text, level=Level(post.level)),
    )
    if screening.held:
        reasons = "; ".join(
            sorted(
                {reason_words(finding.reason) for finding in screening.findings if finding.severity >= Severity.HOLD}
            )
        )
        raise Refused(
            "edit_held",
            gettext("The edited text would be held again: %(reasons)s Change it, or approve the original.")
            % {"reasons": reasons},
            status=422,
        )
