"""Whatever is done to the stored audit log without its key shows: edits, deletions, insertions, swaps, and cutting off its end.

Each run is a random tampering of a random chain; `make random-runs` does more of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from assistant.models import AuditEvent
from assistant.tests.effort import runs
from assistant.vault import audit

pytestmark = pytest.mark.django_db

LONGEST = 30
TEXTS = ("actor", "action", "object_type", "object_id", "outcome", "code", "prev", "mac")
COPIED = (*TEXTS, "at")

Tampering = Callable[[random.Random, list[AuditEvent]], str]


def write(count: int, dice: random.Random) -> None:
    for _ in range(count):
        with transaction.atomic():
            kind, code = dice.choice(["flag", "post", "reply"]), dice.choice(["", "crisis.plan"])
            action = f"{kind}.{dice.choice(['opened', 'viewed', 'decided'])}"
            audit.record(action, actor=None, object_type=kind, object_id=dice.randrange(5), code=code)


def stored() -> list[AuditEvent]:
    return list(AuditEvent.objects.order_by("seq"))


def another(value: str, dice: random.Random) -> str:
    """One character taken away or changed for another; of nothing, one added."""
    if not value:
        return dice.choice("0123456789abcdef")
    place = dice.randrange(len(value))
    letter = dice.choice(["", *(one for one in "0123456789abcdef" if one != value[place])])
    return value[:place] + letter + value[place + 1 :]


def edit(dice: random.Random, chain: list[AuditEvent]) -> str:
    victim, field = dice.choice(chain), dice.choice(COPIED)
    if field == "at":
        changed: object = victim.at + timedelta(microseconds=dice.choice([-1, 1]) * dice.randrange(1, 10**9))
    else:
        changed = another(getattr(victim, field), dice)
    AuditEvent.objects.filter(seq=victim.seq).update(**{field: changed})
    return f"edited {field} of {victim.seq}"


def renumber(dice: random.Random, chain: list[AuditEvent]) -> str:
    victim, free = dice.choice(chain), dice.choice([0, -1, len(chain) + 1, len(chain) + 50])
    AuditEvent.objects.filter(seq=victim.seq).update(seq=free)
    return f"made {victim.seq} of {len(chain)} number {free}"


def delete(dice: random.Random, chain: list[AuditEvent]) -> str:
    """Anything but an end of the chain, which is cutting off."""
    gone = dice.sample(chain[:-1], dice.randrange(1, len(chain)))
    AuditEvent.objects.filter(seq__in=[event.seq for event in gone]).delete()
    return f"deleted {sorted(event.seq for event in gone)} of {len(chain)}"


def delete_and_close_the_gap(dice: random.Random, chain: list[AuditEvent]) -> str:
    victim = dice.choice(chain[:-1])
    AuditEvent.objects.filter(seq=victim.seq).delete()
    for event in chain[victim.seq :]:
        AuditEvent.objects.filter(seq=event.seq).update(seq=event.seq - 1)
    return f"deleted {victim.seq} of {len(chain)} and renumbered the rest"


def insert(dice: random.Random, chain: list[AuditEvent]) -> str:
    """A made-up event, or a copy of one, at any place; those after it move on, and the links are mended as well as can be."""
    place, model = dice.randrange(len(chain) + 1), dice.choice(chain)
    for event in reversed(chain[place:]):
        AuditEvent.objects.filter(seq=event.seq).update(seq=event.seq + 1)
    values = {field: getattr(model, field) for field in COPIED}
    if dice.random() < 0.5:
        values |= {"mac": f"{dice.getrandbits(256):064x}", "at": timezone.now()}
    if dice.random() < 0.5:
        values["prev"] = chain[place - 1].mac if place else audit.GENESIS
        AuditEvent.objects.filter(seq=place + 2).update(prev=values["mac"])
    AuditEvent.objects.create(seq=place + 1, **values)
    return f"inserted a copy of {model.seq} as {place + 1}"


def swap(dice: random.Random, chain: list[AuditEvent]) -> str:
    """Two events change places, with all they hold or with only what a reader looks at."""
    one, other = dice.sample(chain, 2)
    fields = COPIED if dice.random() < 0.5 else ("actor", "action", "object_type", "object_id", "outcome", "code", "at")
    for event, source in ((one, other), (other, one)):
        AuditEvent.objects.filter(seq=event.seq).update(**{field: getattr(source, field) for field in fields})
    return f"swapped {one.seq} and {other.seq} in {fields}"


def cut(dice: random.Random, chain: list[AuditEvent]) -> str:
    kept = dice.randrange(len(chain))
    AuditEvent.objects.filter(seq__gt=kept).delete()
    return f"cut off after {kept} of {len(chain)}"


def cut_and_go_on(dice: random.Random, chain: list[AuditEvent]) -> str:
    """The site writes on at a cut end with the right key: the chain is whole, and only the checkpoint knows better."""
    said = cut(dice, chain)
    write(dice.randrange(1, 2 * LONGEST), dice)
    assert list(audit.faults_in_chain()) == []
    return f"{said}, then written on"


TAMPERINGS: tuple[Tampering, ...] = (
    edit,
    renumber,
    delete,
    delete_and_close_the_gap,
    insert,
    swap,
    cut,
    cut_and_go_on,
)


def test_every_random_tampering_shows() -> None:
    for run in range(runs(100)):
        dice = random.Random(run)
        tampering = TAMPERINGS[run % len(TAMPERINGS)]
        with transaction.atomic():
            write(dice.randrange(2, LONGEST), dice)
            checkpoint = audit.head()
            before = [event.mac for event in stored()]
            assert list(audit.faults_in_chain(checkpoint=checkpoint)) == []
            said = tampering(dice, stored())
            if tampering in (cut, cut_and_go_on):
                assert [event.mac for event in stored()][: len(before)] != before
                assert list(audit.faults_in_chain(checkpoint=checkpoint)), f"run {run}: {said}"
            else:
                assert list(audit.faults_in_chain()), f"run {run}: {said}"
            transaction.set_rollback(True)


def test_writing_on_without_tampering_agrees_with_every_earlier_checkpoint() -> None:
    dice = random.Random(1)
    checkpoints = []
    for _ in range(20):
        write(dice.randrange(1, 5), dice)
        checkpoints.append(audit.head())
    assert [list(audit.faults_in_chain(checkpoint=known)) for known in checkpoints] == [[]] * len(checkpoints)
