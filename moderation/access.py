"""The only door from an id in a URL to a flag, or to a decision."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404

from moderation.models import Decision, Flag


def flag_for(user: Any, flag_id: uuid.UUID) -> Flag:
    """A flag that this person may see; escalated ones only for those who may decide them."""
    flag = Flag.objects.for_person(user).with_subjects().filter(id=flag_id, case__destroyed_at=None).first()
    if flag is None:
        raise Http404
    return flag


def decision_of(user: Any, decision_id: uuid.UUID) -> Decision:
    """A decision that this person made, or confirmed."""
    rows = Decision.objects.filter(id=decision_id, case__destroyed_at=None).select_related("case", "flag")
    decision = rows.first()
    if decision is None or not decision.is_by(user):
        raise Http404
    return decision
