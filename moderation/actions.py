"""Opening, claiming, deciding and escalating flags. Each is one transaction with its audit event."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext

from assistant import actions as assistant_actions
from assistant import triage
from assistant.actions import Refused
from assistant.models import Post, Reply, Suggestion, subject_field
from assistant.models.clock import from_now
from assistant.safety.pipeline import screen
from assistant.safety.types import Context, Kind, Level, Screening, Severity, Tier
from assistant.signals import Concern
from assistant.streaming import poke
from assistant.translated import reason_words
from assistant.vault import audit
from moderation import policy
from moderation.models import Decision, Escalation, Flag


class StaleFlag(Refused):
    def __init__(self) -> None:
        super().__init__(
            "stale",
            gettext(
                "This changed after you opened it: somebody decided, or the text was taken back. Nothing was done."
            ),
        )


def open_flag(
    subject: Post | Suggestion | Reply, *, screening: Screening | None, by: Any | None, concern: Concern | None = None
) -> Flag:
    """A flag for what a phase found, or for why somebody wants a look. Called inside the transaction of the text.

    A person has one open flag about one text: asking again raises that one, and never lowers it.
    """
    severity, codes = severity_and_codes(subject, screening, concern)
    known = (
        None if by is None else Flag.objects.open().filter(raised_by=by, **{subject_field(subject): subject}).first()
    )
    flag = known if known is not None else _new_flag(subject, severity=severity, codes=codes, by=by)
    if known is not None:
        _raise_flag(known, severity=severity, codes=codes, by=by)
    if concern is not None and concern.hand_over:
        _hand_over(flag, by=by, reason=triage.REASONS[concern.code])
    poke.queue_changed()
    return flag


def severity_and_codes(
    subject: Post | Suggestion | Reply, screening: Screening | None, concern: Concern | None
) -> tuple[Severity, list[str]]:
    if concern is not None:
        return concern.severity, [concern.code]
    findings = screening.findings if screening is not None else ()
    codes = sorted({finding.code for finding in findings if finding.severity >= Severity.REVIEW})
    severity = (screening.severity if screening is not None else None) or Severity.REVIEW
    if isinstance(subject, Post) and subject.status == Post.Status.HELD:
        severity = Severity.HOLD  # by its level, or handed over: it waits for a person whatever the findings asked for
    return severity, codes


def _new_flag(subject: Post | Suggestion | Reply, *, severity: Severity, codes: list[str], by: Any | None) -> Flag:
    flag = Flag(case=subject.case, severity=severity, codes=codes, raised_by=by, **{subject_field(subject): subject})
    flag.level = flag.subject_post.level
    flag.save(force_insert=True)
    audit.record("flag.opened", actor=by, object_type="flag", object_id=flag.id, code=",".join(codes)[:100])
    return flag


def _raise_flag(flag: Flag, *, severity: Severity, codes: list[str], by: Any) -> None:
    codes = sorted({*flag.codes, *codes})
    if severity <= flag.severity and codes == flag.codes:
        return
    flag.severity, flag.codes = max(severity, flag.severity), codes
    # An older page of it is not stale: it asks for more haste, and the text is the same.
    flag.save(update_fields=["severity", "codes"])
    audit.record("flag.raised", actor=by, object_type="flag", object_id=flag.id, code=",".join(codes)[:100])


def _hand_over(flag: Flag, *, by: Any, reason: str) -> None:
    if not flag.escalated:
        _escalate(flag, by=by, reason=reason, seen=flag.version)


@transaction.atomic
def claim_flag(flag: Flag, *, by: Any) -> None:
    """Review this flag for a while; renewed by calling again."""
    if not flag.claim(by, until=from_now(settings.CLAIM_LEASE)):
        raise Refused("claimed", gettext("Somebody else is reviewing this right now."))
    Escalation.objects.filter(flag=flag, acknowledged_at=None).update(acknowledged_by=by, acknowledged_at=Now())
    audit.record("flag.claimed", actor=by, object_type="flag", object_id=flag.id)
    poke.queue_changed()


@transaction.atomic
def end_claim(flag: Flag, *, by: Any) -> None:
    flag.end_claim(by)
    audit.record("flag.claim_ended", actor=by, object_type="flag", object_id=flag.id)
    poke.queue_changed()


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


@transaction.atomic
def escalate(flag: Flag, *, by: Any, reason: str, seen: int) -> Escalation:
    """Hand the flag to a lead; from then on only those who may decide escalated flags see it."""
    if not reason.strip():
        raise Refused("reason_missing", gettext("Say why a lead should take this."), status=422)
    if not policy.may_decide(by, flag):
        raise Refused("not_yours", gettext("This one is not yours to decide."), status=403)
    escalation = _escalate(flag, by=by, reason=reason, seen=seen)
    poke.queue_changed()
    return escalation


def _escalate(flag: Flag, *, by: Any, reason: str, seen: int) -> Escalation:
    moved = Flag.objects.filter(id=flag.id, status=Flag.Status.OPEN, version=seen).update(
        escalated=True, version=F("version") + 1, claimed_by=None, claimed_until=None
    )
    if not moved:
        raise StaleFlag
    escalation = Escalation(case=flag.case, flag=flag, by=by, reason=reason)
    escalation.save(force_insert=True)
    audit.record("flag.escalated", actor=by, object_type="flag", object_id=flag.id)
    return escalation
