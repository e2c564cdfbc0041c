"""What happened to a case by the audit log: who did what to which row, when. There is no content in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model

from assistant.models import AuditEvent, CaseKey, Draft, Post, Reply, Suggestion, SuggestionJob
from moderation.models import BreakGlass, Flag, IncidentLink

MOST = 500  # events on one page; the earliest ones
SYSTEM = "Lantern"
OF_A_CASE: tuple[type[Any], ...] = (Post, Draft, SuggestionJob, Suggestion, Reply, Flag)


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    who: str
    action: str
    object_type: str
    object_id: str
    details: str  # outcome and codes, where they say something


def timeline_of(links: Iterable[IncidentLink]) -> list[Event]:
    """Everything that was done to the linked cases and flags, oldest first."""
    wanted: set[str] = set()
    for link in links:
        wanted |= _ids_of_flag(link.flag) if link.flag is not None else _ids_of_case(link.case)
    rows = list(AuditEvent.objects.filter(object_id__in=wanted).order_by("seq")[:MOST]) if wanted else []
    names = names_of(row.actor for row in rows)
    return [
        Event(
            at=row.at,
            who=names.get(row.actor, SYSTEM),
            action=row.action,
            object_type=row.object_type,
            object_id=row.object_id,
            details=" · ".join(part for part in (row.outcome if row.outcome != "done" else "", row.code) if part),
        )
        for row in rows
    ]


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Pseudonyms by the ids that the audit log has."""
    people = get_user_model().objects.filter(pk__in={actor for actor in actors if actor})
    return {str(pk): name for pk, name in people.values_list("pk", "username")}


def _ids_of_case(case: CaseKey) -> set[str]:
    rows = [*(table.objects.filter(case=case) for table in OF_A_CASE), BreakGlass.objects.filter(subject=case)]
    return {str(pk) for some in rows for pk in some.values_list("pk", flat=True)}


def _ids_of_flag(flag: Flag) -> set[str]:
    """Of the flag, and of the one text that it is about."""
    return {str(one) for one in (flag.id, flag.post_id, flag.suggestion_id, flag.reply_id) if one is not None}
