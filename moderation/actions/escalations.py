"""Handing a flag to a lead."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.streaming import poke
from assistant.vault import audit
from moderation import policy
from moderation.actions.stale import StaleFlag
from moderation.models import Escalation, Flag


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


def hand_over(flag: Flag, *, by: Any, reason: str) -> None:
    if not flag.escalated:
        _escalate(flag, by=by, reason=reason, seen=flag.version)
