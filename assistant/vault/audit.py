"""The audit log: who did what to which row, when, with what outcome. No content, ever.

Each event carries an HMAC over its fields and over the event before it, so an edit, a deletion, an insertion or a swap shows.
A chain alone cannot show that its end was cut off: `verify_audit --checkpoint FILE` writes the last number and its HMAC to
a place of its own, and a later check compares. Events are written in the transaction of the act: no act without its event.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from assistant.vault.keys import master_keys

GENESIS = "0" * 64
LOCK = 0x4C414E54  # any fixed number; Postgres serialises appends on it


def record(
    action: str,
    *,
    actor: Any | None,
    object_type: str,
    object_id: object,
    outcome: str = "done",
    code: str = "",
) -> None:
    """Append an event. `actor` is a user or None for the system. Must be called inside a transaction."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(f"audit {action}: must be recorded in the transaction of the act.")
    events = apps.get_model("assistant", "AuditEvent")
    take_turn()
    last = events.objects.order_by("-seq").values_list("seq", "mac").first() or (0, GENESIS)
    event = events(
        seq=last[0] + 1,
        at=timezone.now(),
        actor=str(actor.pk) if actor is not None else "",
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        outcome=outcome,
        code=code,
        prev=last[1],
    )
    event.mac = mac_of(event)
    event.save(force_insert=True)


def take_turn() -> None:
    """Wait until no other transaction has an event that it did not commit yet, and keep others waiting. For acts that decide by
    what earlier acts left: called before they look. Must be called inside a transaction."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("audit: a turn is taken in the transaction of the act.")
    if connection.vendor == "postgresql":
        # Released at commit. SQLite needs nothing: its transactions begin IMMEDIATE, so there is one writer.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def mac_of(event: Any) -> str:
    fields = {
        "seq": event.seq,
        "at": event.at.astimezone(UTC).isoformat(),
        "actor": event.actor,
        "action": event.action,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "outcome": event.outcome,
        "code": event.code,
        "prev": event.prev,
    }
    return hmac.new(master_keys().audit, json.dumps(fields, sort_keys=True).encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Fault:
    seq: int
    what: str


def faults_in_chain(*, checkpoint: tuple[int, str] | None = None, last: int | None = None) -> Iterator[Fault]:
    """Everything that is wrong with the chain, in order. A checkpoint is the (seq, mac) of an earlier time.

    `last`: only so many events at its end, and the checkpoint if it lies among them or is missing.
    """
    events = apps.get_model("assistant", "AuditEvent")
    expected, prev = 1, GENESIS
    if last is not None and (start := head()[0] - last) > 0:
        expected, prev = start + 1, events.objects.filter(seq=start).values_list("mac", flat=True).first() or GENESIS
    for event in events.objects.filter(seq__gte=expected).order_by("seq").iterator(chunk_size=2000):
        if event.seq != expected:
            yield Fault(expected, f"missing: the next event is {event.seq}")
            expected = event.seq
        elif event.prev != prev:
            yield Fault(event.seq, "does not follow the event before it")
        if not hmac.compare_digest(mac_of(event), event.mac):
            yield Fault(event.seq, "was changed after it was written")
        if checkpoint is not None and event.seq == checkpoint[0] and event.mac != checkpoint[1]:
            yield Fault(event.seq, "differs from the checkpoint")
        expected, prev = expected + 1, event.mac
    if checkpoint is not None and expected <= checkpoint[0]:
        yield Fault(expected, f"cut off: the checkpoint knows events up to {checkpoint[0]}")


def head() -> tuple[int, str]:
    events = apps.get_model("assistant", "AuditEvent")
    return events.objects.order_by("-seq").values_list("seq", "mac").first() or (0, GENESIS)
