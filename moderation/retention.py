"""What stays of flags and decisions after a case was erased: who, when, which outcome; no words."""

from __future__ import annotations

import uuid

from moderation.models import Appeal, CaseNote, Decision, Escalation, Flag, Proposal

# Tables that hold encrypted text; unreadable once the key of the case is gone.
ENCRYPTED = (Decision, Proposal, Escalation, Appeal, CaseNote)


def close_flags_of_case(case_id: uuid.UUID) -> None:
    for flag in Flag.objects.filter(case_id=case_id, status=Flag.Status.OPEN):
        flag.close(seen=flag.version, status=Flag.Status.DROPPED)
