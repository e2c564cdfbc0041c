"""How many cases of a high level each moderator opened this week: counted from the audit log when somebody looks, stored
nowhere. Everybody sees their own; leads see all, to spread the load."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from assistant.models import AuditEvent
from assistant.safety.types import Level
from moderation.models import Escalation, Flag
from moderation.timeline import names_of

WEEK = timedelta(days=7)
HEAVY = Level.METHOD
AT_A_TIME = 5_000  # ids in one query
LOOKS = ("flag.viewed", "handover.viewed")  # pages with the case; ids of flags and of hand-overs


@dataclass(frozen=True, slots=True)
class Opened:
    """Cases, by the level of the flag that was opened, by itself or as a hand-over; of several in a case the highest."""

    by_level: Counter[int]

    @property
    def total(self) -> int:
        return self.by_level.total()


NOTHING = Opened(Counter())


def opened_by(person: Any) -> Opened:
    return _opened(str(person.pk)).get(str(person.pk), NOTHING)


def opened_by_each() -> dict[str, Opened]:
    """By name, and in its order, not that of the numbers."""
    found = _opened()
    names = names_of(found)
    return {name: found[actor] for name, actor in sorted((name, actor) for actor, name in names.items())}


def _opened(actor: str = "") -> dict[str, Opened]:
    events = AuditEvent.objects.filter(action__in=LOOKS, at__gte=timezone.now() - WEEK).order_by()
    looks = (events.filter(actor=actor) if actor else events).values_list("actor", "object_id").distinct()
    pairs = list(looks)
    heavy = _heavy(object_id for _, object_id in pairs)
    highest: defaultdict[str, dict[Any, int]] = defaultdict(dict)
    for who, object_id in pairs:
        if object_id in heavy:
            case, level = heavy[object_id]
            highest[who][case] = max(level, highest[who].get(case, 0))
    return {who: Opened(Counter(cases.values())) for who, cases in highest.items()}


def _heavy(ids: Iterable[str]) -> dict[str, tuple[Any, int]]:
    """By the id of a flag or a hand-over: its case and level."""
    wanted = sorted(set(ids))
    found: dict[str, tuple[Any, int]] = {}
    for start in range(0, len(wanted), AT_A_TIME):
        some = wanted[start : start + AT_A_TIME]
        flags = Flag.objects.filter(id__in=some, level__gte=HEAVY).values_list("id", "case_id", "level")
        hand_overs = Escalation.objects.filter(id__in=some, flag__level__gte=HEAVY)
        rows = (*flags, *hand_overs.values_list("id", "case_id", "flag__level"))
        found |= {str(row_id): (case_id, level) for row_id, case_id, level in rows}
    return found
