"""Handing a flag to a lead, who takes it and says how it ended."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.streaming import poke
from assistant.vault import audit
from moderation import deciders, policy
from moderation.actions import alerts
from moderation.actions.stale import StaleFlag
from moderation.models import Alert, Escalation, EscalationEnd, Flag


@transaction.atomic
def escalate(flag: Flag, *, by: Any, reason: str, seen: int) -> Escalation:
    """Hand the flag to a lead; from then on only those who may decide escalated flags see it."""
    refuse_escalation(flag, reason=reason, by=by)
    escalation = _escalate(flag, by=by, reason=reason, seen=seen)
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
    moved = Flag.objects.filter(id=flag.id, status=Flag.Status.OPEN, version=seen).update(
        escalated=True, version=F("version") + 1, claimed_by=None, claimed_until=None
    )
    if not moved:
        raise StaleFlag
    return _open(flag, by=by, reason=reason)


def _open(flag: Flag, *, by: Any, reason: str) -> Escalation:
    escalation = Escalation(case=flag.case, flag=flag, by=by, reason=reason)
    escalation.save(force_insert=True)
    audit.record("flag.escalated", actor=by, object_type="flag", object_id=flag.id)
    alerts.alert_of_hand_over(escalation)
    return escalation


def keep_open(flag: Flag, *, by: Any, reason: str) -> None:
    """The flag is decided and the person may be in danger: a lead has them from here, and it ends with an outcome only."""
    if not Escalation.objects.open().filter(flag=flag).exists():
        _open(flag, by=by, reason=reason)


def hand_over(flag: Flag, *, by: Any, reason: str) -> None:
    if not flag.escalated:
        _escalate(flag, by=by, reason=reason, seen=flag.version)


@transaction.atomic
def take_hand_over(escalation: Escalation, *, by: Any, taken_from: str | None = None) -> None:
    """ "I have it", or "I still have it": the clock runs anew, now for the outcome.

    `taken_from`: the id of whoever the page said has it, empty for nobody. Taken from somebody else, it would be theirs no more
    without either of the two knowing.
    """
    holder = Escalation.objects.select_for_update(of=("self",)).get(id=escalation.id).acknowledged_by
    if taken_from is not None and holder is not None and holder.pk != by.pk and str(holder.pk) != taken_from:
        raise Refused(
            "taken",
            gettext("%(name)s has it since a moment ago. Take it from them only if you agreed on that.")
            % {"name": holder.username},
        )
    if not alerts.acknowledge(_alert_of(escalation), by=by):
        raise Refused("changed", gettext("This changed at the same moment. Look again."))


@transaction.atomic
def give_up_hand_over(escalation: Escalation, *, by: Any) -> None:
    """Only by who has it."""
    if escalation.acknowledged_by_id != by.pk:
        raise Refused("not_yours", gettext("Somebody else has this now."), status=403)
    alerts.give_up(_alert_of(escalation), by=by)


@transaction.atomic
def end_hand_over(escalation: Escalation, *, outcome: str, note: str, by: Any) -> EscalationEnd:
    """By who has it: who did not take it cannot know how it ended."""
    _refuse_ended(escalation)
    if escalation.acknowledged_by_id != by.pk:
        raise Refused("not_yours", gettext("Take it first: whoever has it says how it ended."))
    if not note.strip():
        raise Refused("note_missing", gettext("Say in a line what was done."), status=422)
    if not Escalation.objects.filter(id=escalation.id, closed_at=None).update(closed_at=Now()):
        raise Refused("ended", gettext("This ended at the same moment."))
    end = EscalationEnd(case=escalation.case, escalation=escalation, outcome=outcome, note=note, by=by)
    end.save(force_insert=True)
    Alert.objects.filter(escalation=escalation).update(closed_at=Now())
    audit.record("handover.ended", actor=by, object_type="escalation", object_id=escalation.id, outcome=outcome)
    poke.queue_changed()
    return end


@transaction.atomic
def reopen_hand_over(escalation: Escalation, *, by: Any) -> None:
    """Whoever opens it again has it."""
    if not Escalation.objects.filter(id=escalation.id).exclude(closed_at=None).update(closed_at=None):
        raise Refused("open", gettext("This is open already."))
    Alert.objects.filter(escalation=escalation).update(closed_at=None)
    audit.record("handover.reopened", actor=by, object_type="escalation", object_id=escalation.id)
    alerts.acknowledge(_alert_of(escalation), by=by)


def _refuse_ended(escalation: Escalation) -> None:
    if not escalation.is_open:
        raise Refused("ended", gettext("This hand-over has ended."))


def _alert_of(escalation: Escalation) -> Alert:
    _refuse_ended(escalation)
    return Alert.objects.get(escalation=escalation)
