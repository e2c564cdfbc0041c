"""When somebody's account is closed, nothing stays in their hands."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Now

from assistant.streaming import poke
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation.models import Flag


@one_transaction
def hand_back_claims(person: Any, *, by: Any) -> None:
    """What they were reviewing is in the queue again."""
    claimed = Flag.objects.filter(status=Flag.Status.OPEN, claimed_by=person, claimed_until__gte=Now())
    for flag in claimed.select_for_update():
        flag.end_claim(person)
        audit.record("flag.claim_ended", actor=by, object_type="flag", object_id=flag.id)
        poke.queue_changed()
