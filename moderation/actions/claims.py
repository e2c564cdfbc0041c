"""Who is reviewing what right now."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.models.clock import from_now
from assistant.streaming import poke
from assistant.vault import audit
from moderation.actions import alerts
from moderation.models import Flag


@transaction.atomic
def claim_flag(flag: Flag, *, by: Any) -> None:
    """Review this flag for a while; renewed by calling again."""
    if not flag.claim(by, until=from_now(settings.CLAIM_LEASE)):
        raise Refused("claimed", gettext("Somebody else is reviewing this right now."))
    alerts.acknowledge_flag(flag, by=by)
    audit.record("flag.claimed", actor=by, object_type="flag", object_id=flag.id)
    poke.queue_changed()


@transaction.atomic
def end_claim(flag: Flag, *, by: Any) -> None:
    flag.end_claim(by)
    alerts.give_up_flag(flag, by=by)
    audit.record("flag.claim_ended", actor=by, object_type="flag", object_id=flag.id)
    poke.queue_changed()
