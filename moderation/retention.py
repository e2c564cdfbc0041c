"""What stays of flags and decisions after a case was erased: who, when, which outcome; no words."""

from __future__ import annotations

import uuid

from moderation.models import Decision, Escalation, EscalationEnd, Flag

ENCRYPTED = (
    Decision,
    Escalation,
    EscalationEnd,
)  # tables that hold encrypted text; unreadable once the key of the case is gone


def close_flags_of_case(case_id: uuid.UUID) -> None:
    for flag in Flag.objects.filter(case_id=case_id, status=Flag.Status.OPEN):
        flag.close(seen=flag.version, status=Flag.Status.DROPPED)
