"""Which items somebody knows from their work here: they wrote to the person, or decided about the case.

Of items from a file nobody knows who wrote them. The marks of picked items cannot be turned back into cases, so that the cases
of each person are marked and compared.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection

from django.db.models import Model

from assistant.models import Draft, Worry
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
    return {
        pair
        for table, person, case in TRACES
        for pair in table._default_manager.filter(**{f"{person}__in": people}).values_list(person, case).distinct()
    }
