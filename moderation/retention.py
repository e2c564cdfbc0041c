"""What stays of flags and decisions after a case was erased: who, when, which outcome; no words."""

from __future__ import annotations

import uuid

from django.utils import timezone

from assistant.models import CaseKey
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation.models import (
    Appeal,
    BreakGlass,
    BreakGlassReview,
    CaseNote,
    Decision,
    Escalation,
    EscalationEnd,
    Flag,
    GoldenItem,
    Incident,
    IncidentEntry,
    Pass,
    Proposal,
    Review,
    TakeOver,
)

# Tables that hold encrypted text; unreadable once the key of the case, or of the incident, is gone.
ENCRYPTED = (
    *(Decision, Proposal, Escalation, EscalationEnd, TakeOver, Appeal, CaseNote),
    *(Incident, IncidentEntry, BreakGlass, BreakGlassReview),
    *(GoldenItem, Review),
)


@one_transaction
def close_flags_of_case(case_id: uuid.UUID) -> None:
    """Locked first: whoever escalates or proposes at this moment makes the version another one, and it would stay open."""
    for flag in Flag.objects.select_for_update(no_key=True).filter(case_id=case_id, status=Flag.Status.OPEN):
        flag.close(seen=flag.version, status=Flag.Status.DROPPED)


@one_transaction
def erase_incident(incident: Incident) -> None:
    """Destroy the key of its texts. Who did what when, the state and the links stay."""
    CaseKey.objects.filter(id=incident.case_id).update(wrapped=None, destroyed_at=timezone.now())
    audit.record("incident.erased", actor=None, object_type="incident", object_id=incident.id)


def delete_old_passes() -> int:
    """Of flags that wait no more: nobody is handed those."""
    return Pass.objects.exclude(flag__status=Flag.Status.OPEN).delete()[0]
