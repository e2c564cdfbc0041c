"""Which items somebody knows from their work here: they wrote to the person, decided about the case, or read it.

Of items from a file nobody knows who wrote them. The marks of picked items cannot be turned back into cases, so that the cases
of each person are marked and compared.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection

from django.db.models import Model

from assistant.models import AuditEvent, Draft, Worry
from moderation.models import (
    Appeal,
    BreakGlass,
    CaseNote,
    Decision,
    Escalation,
    Flag,
    Proposal,
    Review,
    TakeOver,
    Undo,
)
from webapp.studies.marks import CASE, mark_of
from webapp.studies.models import Study

# Where it stands who had to do with a case: the table, the field of the person, and that of the case.
TRACES: tuple[tuple[type[Model], str, str], ...] = (
    (Draft, "author_id", "case_id"),
    (Worry, "by_id", "case_id"),
    (Flag, "raised_by_id", "case_id"),
    (Flag, "claimed_by_id", "case_id"),
    (TakeOver, "by_id", "case_id"),
    (TakeOver, "taken_from_id", "case_id"),
    (Decision, "by_id", "case_id"),
    (Decision, "confirmed_by_id", "case_id"),
    (Proposal, "by_id", "case_id"),
    (Proposal, "answered_by_id", "case_id"),
    (Undo, "by_id", "case_id"),
    (Appeal, "by_id", "case_id"),
    (Review, "by_id", "case_id"),
    (Escalation, "by_id", "case_id"),
    (Escalation, "acknowledged_by_id", "case_id"),
    (CaseNote, "by_id", "case_id"),
    (BreakGlass, "by_id", "subject_id"),
)
# What the audit log calls looking at a case, and the table of the row that it names.
VIEWED: dict[str, type[Model]] = {"flag.viewed": Flag, "handover.viewed": Escalation}


def items_known_to(study: Study, people: Collection[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Ids of items by the id of a person; without those who know none."""
    picked = dict(study.items.filter(source__startswith=CASE).values_list("source", "id"))
    if not picked:
        return {}
    known: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for person, case in _met(people):
        item = picked.get(mark_of(study, case))
        if item is not None:
            known[person].add(item)
    return dict(known)


def knows_some(study: Study) -> bool:
    """Whether anybody who rates in it knows an item. Not who, nor which: that would say who wrote it."""
    return bool(items_known_to(study, list(study.raters.filter(withdrew_at=None).values_list("user_id", flat=True))))


def _met(people: Collection[uuid.UUID]) -> set[tuple[uuid.UUID, uuid.UUID]]:
    acted = {
        pair
        for table, person, case in TRACES
        for pair in table._default_manager.filter(**{f"{person}__in": people}).values_list(person, case).distinct()
    }
    return acted | _looked_at(people)


def _looked_at(people: Collection[uuid.UUID]) -> set[tuple[uuid.UUID, uuid.UUID]]:
    """Who opened the page of a flag or a hand-over read the whole case, whatever they did then."""
    known = {str(person): person for person in people}
    looks = AuditEvent.objects.filter(action__in=VIEWED, actor__in=known).order_by()
    of_rows = defaultdict(set)
    for action, actor, row in looks.values_list("action", "actor", "object_id").distinct():
        of_rows[action].add((known[actor], uuid.UUID(row)))
    cases = {
        row: case
        for action, seen in of_rows.items()
        for row, case in VIEWED[action]
        ._default_manager.filter(id__in={row for _person, row in seen})
        .values_list("id", "case_id")
    }
    return {(person, cases[row]) for seen in of_rows.values() for person, row in seen if row in cases}
