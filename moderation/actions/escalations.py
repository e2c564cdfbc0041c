"""Handing a flag to a lead, who takes it and says how it ended."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.models import AuditEvent, Reply
from assistant.streaming import poke
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation import deciders, duty, policy
from moderation.actions import alerts
from moderation.actions.notes import add_note
from moderation.actions.stale import StaleFlag
from moderation.models import Alert, Escalation, EscalationEnd, Flag, TakeOver


@one_transaction
def escalate(flag: Flag, *, by: Any, reason: str, seen: int) -> Escalation:
    """Hand the flag to a lead; from then on only those who may decide escalated flags see it."""
    refuse_escalation(flag, reason=reason, by=by)
    known = Escalation.objects.open().filter(flag=flag).exists()
    if known and flag.escalated:
        raise Refused("escalated", gettext("A lead was given this already. Nothing was done."))
    escalation = _escalate(flag, by=by, reason=reason, seen=seen)
    if known:  # of a decision that was undone: the hand-over has a reason of its own
        add_note(flag, text=reason, by=by)
    poke.queue_changed()
    return escalation


def refuse_escalation(flag: Flag, *, reason: str, by: Any) -> None:
    if not reason.strip():
        raise Refused("reason_missing", gettext("Say why a lead should take this."), status=422)
    if not policy.may_decide(by, flag):
        raise Refused("not_yours", gettext("This one is not yours to decide."), status=403)
    if not deciders.a_lead_may_decide(flag):
        raise Refused(
            "nobody_there",
            gettext(
                "No lead could decide this: each of them wrote it or decided it before. Decide it yourself, or ask an admin to "
                "make somebody else a lead."
            ),
        )


def _escalate(flag: Flag, *, by: Any, reason: str, seen: int) -> Escalation:
    """A flag has one open hand-over at most."""
    taken_back = Reply.objects.filter(flags=flag, status=Reply.Status.TAKEN_BACK).exists()
    moved = not taken_back and Flag.objects.filter(id=flag.id, status=Flag.Status.OPEN, version=seen).update(
        escalated=True, version=F("version") + 1, claimed_by=None, claimed_until=None
    )
    if not moved:
        raise StaleFlag
    known = Escalation.objects.open().filter(flag=flag).first()
    if known is None:
        known = _open(flag, by=by, reason=reason)
    else:
        alerts.raise_hand_over(known)
    flag.escalated = True
    if flag.proposal() is not None:
        alerts.alert_of_proposal(flag, by=by)  # fewer may confirm it now
    return known


def _open(flag: Flag, *, by: Any, reason: str) -> Escalation:
    escalation = Escalation(case=flag.case, flag=flag, by=by, reason=reason)
    escalation.save(force_insert=True)
    audit.record("flag.escalated", actor=by, object_type="flag", object_id=flag.id)
    alerts.alert_of_hand_over(escalation)
    flag.escalated = True
    return escalation


def keep_open(flag: Flag, *, by: Any, reason: str) -> None:
    """The flag is decided and the person may be in danger: a lead has them from here, and it ends with an outcome only."""
    if not Escalation.objects.open().filter(flag=flag).exists():
        _open(flag, by=by, reason=reason)


def hand_over(flag: Flag, *, by: Any, reason: str, pressing: bool) -> None:
    """Where an earlier one is open it goes on. One that has ended knows nothing of what a supporter has seen since."""
    known = Escalation.objects.open().filter(flag=flag).first()
    if known is None or not flag.escalated:
        _escalate(flag, by=by, reason=reason, seen=flag.version)
    elif pressing:
        alerts.raise_hand_over(known)


def tell_of(flag: Flag, *, by: Any, reason: str, pressing: bool) -> None:
    """That a flag was opened or raised: to who is on duty, and once it was escalated to a lead, with another hand-over where
    the one before has ended."""
    if not flag.escalated:
        alerts.alert_of_flag(flag, pressing=pressing)
    elif duty.urgency_of(flag) is not None:
        hand_over(flag, by=by, reason=reason, pressing=pressing)


def without_hand_over() -> list[Flag]:
    """Escalated flags that a lead should have and no open hand-over is about: a text that nobody decided about, or a post
    whose supporter said something after the hand-over had ended."""
    flags = Flag.objects.open().filter(escalated=True).exclude(id__in=Escalation.objects.open().values("flag"))
    return [flag for flag in flags if flag.post_id is None or (duty.urgency_of(flag) and _was_raised_since(flag))]


def _was_raised_since(flag: Flag) -> bool:
    """By the audit log, whose order no clock decides."""
    hand_overs = [str(one) for one in flag.escalations.values_list("id", flat=True)]
    ended = AuditEvent.objects.filter(object_id__in=hand_overs, action="handover.ended").order_by("seq").last()
    raised = AuditEvent.objects.filter(object_id=str(flag.id), action="flag.raised")
    return raised.filter(seq__gt=ended.seq if ended is not None else 0).exists()


@one_transaction
def hand_over_again(flag: Flag) -> None:
    """Open the latest hand-over again, with nobody who has it."""
    escalation = flag.escalations.order_by("-at").select_related("flag").first()
    if escalation is None:
        return
    Escalation.objects.filter(id=escalation.id).update(closed_at=None)
    audit.record("handover.reopened", actor=None, object_type="escalation", object_id=escalation.id)
    alerts.alert_of_hand_over(escalation)


@one_transaction
def take_hand_over(escalation: Escalation, *, by: Any, taken_from: str = "", reason: str = "") -> None:
    """ "I have it", or "I still have it": the clock runs anew, now for the outcome.

    From somebody else only with a reason, and only from whom the page named (`taken_from`, the id; empty for nobody): it would
    be theirs no more without either of the two knowing.
    """
    row = _locked(escalation)
    holder = row.acknowledged_by
    if row.is_open and holder is not None and holder.pk != by.pk:
        _take_from(row, holder, by=by, taken_from=taken_from, reason=reason)
    if not alerts.acknowledge(_alert_of(escalation), by=by):
        raise Refused("changed", gettext("This changed at the same moment. Look again."))


def _take_from(row: Escalation, holder: Any, *, by: Any, taken_from: str, reason: str) -> None:
    if str(holder.pk) != taken_from:
        raise Refused(
            "taken",
            gettext("%(name)s has it since a moment ago. Take it from them only if you agreed on that.")
            % {"name": holder.username},
        )
    if not reason.strip():
        raise Refused("reason_missing", gettext("Say in a line why you take this over."), status=422)
    TakeOver(case=row.case, flag=row.flag, by=by, taken_from=holder, reason=reason).save(force_insert=True)
    audit.record("handover.taken_over", actor=by, object_type="escalation", object_id=row.id, code=str(holder.pk))


@one_transaction
def give_up_hand_over(escalation: Escalation, *, by: Any) -> None:
    """Only by who has it."""
    escalation = _locked(escalation)
    if escalation.acknowledged_by_id != by.pk:
        raise Refused("not_yours", gettext("Somebody else has this now."), status=403)
    alerts.give_up(_alert_of(escalation), by=by)


@one_transaction
def end_hand_over(escalation: Escalation, *, outcome: str, note: str, by: Any) -> EscalationEnd:
    """By who has it: who did not take it cannot know how it ended."""
    escalation = _locked(escalation)
    _refuse_ended(escalation)
    if escalation.acknowledged_by_id != by.pk:
        raise Refused("not_yours", gettext("Take it first: whoever has it says how it ended."))
    if escalation.flag.post_id is None:
        raise Refused("ends_with_decision", gettext("Decide about the text on the page of its flag: that ends it."))
    if not note.strip():
        raise Refused("note_missing", gettext("Say in a line what was done."), status=422)
    if not Escalation.objects.filter(id=escalation.id, closed_at=None).update(closed_at=Now()):
        raise Refused("ended", gettext("This ended at the same moment."))
    end = EscalationEnd(case=escalation.case, escalation=escalation, outcome=outcome, note=note, by=by)
    end.save(force_insert=True)
    Alert.objects.filter(escalation=escalation).update(closed_at=Now())
    alerts.tell_of_end(escalation, by=by)
    audit.record("handover.ended", actor=by, object_type="escalation", object_id=escalation.id, outcome=outcome)
    poke.queue_changed()
    return end


@one_transaction
def reopen_hand_over(escalation: Escalation, *, by: Any) -> None:
    """Whoever opens it again has it. Two of one flag would be two leads with one person, neither knowing of the other."""
    Flag.objects.select_for_update(no_key=True).only("id").get(
        id=escalation.flag_id
    )  # nobody begins another one meanwhile
    if Escalation.objects.open().filter(flag=escalation.flag_id).exclude(id=escalation.id).exists():
        raise Refused("another", gettext("Another hand-over of the same flag is open. Go on with that one."))
    if not Escalation.objects.filter(id=escalation.id).exclude(closed_at=None).update(closed_at=None):
        raise Refused("open", gettext("This is open already."))
    Alert.objects.filter(escalation=escalation).update(closed_at=None)
    audit.record("handover.reopened", actor=by, object_type="escalation", object_id=escalation.id)
    alerts.acknowledge(_alert_of(escalation), by=by)


def _locked(escalation: Escalation) -> Escalation:
    """As it is now: somebody may have taken it since the page was loaded."""
    return Escalation.objects.select_for_update(no_key=True).get(id=escalation.id)


def _refuse_ended(escalation: Escalation) -> None:
    if not escalation.is_open:
        raise Refused("ended", gettext("This hand-over has ended."))


def _alert_of(escalation: Escalation) -> Alert:
    _refuse_ended(escalation)
    return Alert.objects.get(escalation=escalation)
