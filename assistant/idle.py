"""What a worker does while nobody waits for the model: one row after the other, until somebody does."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from assistant import gate
from assistant.models.leased import LeasedQuerySet

RowId = uuid.UUID | str


def go_through(
    waiting: Iterable[RowId],
    rows: LeasedQuerySet[Any],
    *,
    somebody_waits: Callable[[], bool],
    take: Callable[[RowId, bool], bool | None],
) -> int:
    """How many were begun.

    `take` is given a row that is free, and whether it is alone in this process, which a row that a worker died with has to be.
    It says whether the next one can be taken; None where somebody else had this one.
    """
    begun = 0
    for row_id in waiting:
        if somebody_waits():
            break
        suspect = rows.all().is_suspect(row_id)
        if suspect is None:
            continue
        with gate.here.enter(row_id, alone=suspect, wait=False) as entered:
            if not entered:
                break  # it stands in no line: nobody's suggestion waits behind it
            goes_on = take(row_id, suspect)
            if goes_on is None:
                continue
            begun += 1
            if not goes_on:
                break
    return begun


def in_turn(rows: LeasedQuerySet[Any]) -> Iterator[uuid.UUID]:
    """Those that are queued, the longest waiting first, each once; whoever queues meanwhile is among them."""
    seen: set[uuid.UUID] = set()
    while True:
        waiting = rows.queued().exclude(id__in=seen).order_by("queued_at", "id")
        row_id = waiting.values_list("id", flat=True).first()
        if row_id is None:
            return
        seen.add(row_id)
        yield row_id
