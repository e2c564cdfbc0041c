"""The only door from an id in a URL to a row. What is not for you does not exist: 404."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.db.models import Q
from django.http import Http404

from assistant.access import found, only
from assistant.models import AuditEvent, CaseKey
from moderation.models import Alert, BreakGlass, BreakGlassReview, Decision, Escalation, Flag, Incident, Shift
from moderation.models.flags import FlagQuerySet

ID = re.compile(r"\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b", re.I)


def flag_for(user: Any, flag_id: uuid.UUID) -> Flag:
    """A flag that this person may see; escalated ones only for those who may decide them."""
    flag = Flag.objects.for_person(user).with_subjects().filter(id=flag_id, case__destroyed_at=None).first()
    if flag is None:
        raise Http404
    return flag


def ids_in(text: str) -> list[uuid.UUID]:
    """Each once; as they are written, or within the addresses of pages."""
    return list(dict.fromkeys(uuid.UUID(found) for found in ID.findall(text)))


def was_escalated(user: Any, flag_id: uuid.UUID) -> bool:
    """Of a flag that this person has seen: that it is no longer for them, because it is a lead's to decide now."""
    escalated = Flag.objects.filter(id=flag_id, escalated=True, case__destroyed_at=None)
    if not escalated.exists() or Flag.objects.for_person(user).filter(id=flag_id).exists():
        return False
    return AuditEvent.objects.filter(object_id=str(flag_id), actor=str(user.pk), action="flag.viewed").exists()


def linkable(user: Any, row_id: uuid.UUID) -> CaseKey | Flag | None:
    """What this id stands for: a flag that they may see, also by its hand-over, or the case of a post; None for anything else."""
    flags = _flags_of_id(row_id).filter(case__destroyed_at=None)
    return flags.for_person(user).select_related("case").first() or case_of_id(row_id, flags=False)


def case_of_id(row_id: uuid.UUID, *, flags: bool = True) -> CaseKey | None:
    """The case of a post or, with `flags`, of a flag or a hand-over."""
    cases = CaseKey.objects.filter(destroyed_at=None)
    case = cases.filter(post__id=row_id).first()
    if case is None and flags:
        case = cases.filter(id__in=_flags_of_id(row_id).values("case")).first()
    return case


def _flags_of_id(row_id: uuid.UUID) -> FlagQuerySet:
    """By its own id, or by that of a hand-over of it."""
    return Flag.objects.filter(Q(id=row_id) | Q(id__in=Escalation.objects.filter(id=row_id).values("flag")))


def incident_for(incident_id: uuid.UUID) -> Incident:
    """Of those that were not erased; for everybody who keeps incidents."""
    return only(Incident.objects.filter(id=incident_id).select_related("case", "opened_by"))


def case_open_to(user: Any, request_id: uuid.UUID) -> BreakGlass:
    """A request of one's own that was allowed, while its time runs."""
    return only(BreakGlass.objects.open_to(user).filter(id=request_id).select_related("case", "subject__post"))


def request_to_read(request_id: uuid.UUID) -> BreakGlass:
    return only(BreakGlass.objects.filter(id=request_id).select_related("case", "by"))


def review_of_reading(review_id: uuid.UUID) -> BreakGlassReview:
    return only(BreakGlassReview.objects.filter(id=review_id).select_related("case", "about__by"))


def decision_of(user: Any, decision_id: uuid.UUID) -> Decision:
    """A decision that this person made, or confirmed."""
    rows = Decision.objects.filter(id=decision_id, case__destroyed_at=None).select_related("case", "flag")
    decision = rows.first()
    if decision is None or not decision.is_by(user):
        raise Http404
    return decision


def hand_over_for(escalation_id: uuid.UUID) -> Escalation:
    """For those who may decide what was escalated: every one of a case that was not erased."""
    return only(Escalation.objects.with_flags().filter(id=escalation_id))


def alert_for(alert_id: uuid.UUID) -> Alert:
    """Its row says nothing of any case; what it leads to has a door of its own."""
    return found(Alert.objects.select_related("flag").filter(id=alert_id))


def shift_for(shift_id: uuid.UUID) -> Shift:
    return found(Shift.objects.filter(id=shift_id).select_related("person"))
