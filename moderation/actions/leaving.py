"""When somebody's account is closed, or their roles end, nothing stays in their hands that they may not decide any more."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models.functions import Now

from assistant.streaming import poke
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation import duty, policy
from moderation.actions import alerts
from moderation.models import Alert, Flag


@one_transaction
def hand_back(person: Any, *, by: Any) -> None:
    """What they were reviewing is in the queue again, and of the alerts and hand-overs that they had others are told.

    Called when the change stands: a closed account may decide nothing.
    """
    person = get_user_model().objects.get(pk=person.pk)  # rights are cached on the object
    claimed = Flag.objects.filter(status=Flag.Status.OPEN, claimed_by=person, claimed_until__gte=Now())
    for flag in claimed.select_for_update():
        if not policy.may_decide(person, flag):
            flag.end_claim(person)
            audit.record("flag.claim_ended", actor=by, object_type="flag", object_id=flag.id)
            poke.queue_changed()
    for alert in Alert.objects.live().filter(holder=person).select_related("flag"):
        if not _may_have(person, alert):
            alerts.give_up(alert, by=by)


def _may_have(person: Any, alert: Alert) -> bool:
    match alert.kind:
        case Alert.Kind.HAND_OVER:
            return bool(person.has_perm(policy.DECIDE_ESCALATED))
        case Alert.Kind.FLAG:
            assert alert.flag is not None
            return policy.may_decide(person, alert.flag)
    return bool(person.has_perm(duty.BE_ALERTED))
