"""Who is on duty now, and whose clocks count for a flag."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model

from assistant.models import clock
from assistant.safety import policy
from assistant.safety.types import Level, Severity
from moderation.ladder import Clocks, Rota
from moderation.models import Flag, OutOfHours, Shift
from moderation.policy import DECIDE_ESCALATED, DECIDE_FLAGS, needed_for, with_a_part_in

BE_ALERTED = "moderation.be_alerted"
MANAGE_DUTY = "moderation.manage_duty"
MANAGE_PEOPLE = "accounts.manage_people"

PERMISSION_OF = {
    Shift.Line.MODERATOR: DECIDE_FLAGS,
    Shift.Line.LEAD: DECIDE_ESCALATED,
    Shift.Line.CLINICIAN: DECIDE_ESCALATED,
}
TAKES_HAND_OVERS = tuple(line.value for line in Shift.Line if PERMISSION_OF[line] == DECIDE_ESCALATED)
# While no policy can be read: the floors of the highest level.
STRICTEST = Clocks(timedelta(minutes=5), timedelta(minutes=2))
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Urgency:
    level: int
    lines: tuple[str, ...]
    clocks: Clocks


def people_who(permission: str) -> Any:
    """With an open account, in an order that stays."""
    return get_user_model().objects.with_perm(permission).order_by("username")


def shifts_at(moment: datetime) -> list[Shift]:
    """Of people who may still do what their line does."""
    return able(Shift.objects.at(moment).select_related("person"))


def able(shifts: Iterable[Shift]) -> list[Shift]:
    """Those whose people have an open account and still may do what their line does."""
    may = {
        permission: set(people_who(permission).values_list("pk", flat=True)) for permission in {*PERMISSION_OF.values()}
    }
    return [shift for shift in shifts if shift.person_id in may[PERMISSION_OF[Shift.Line(shift.line)]]]


def rota(moment: datetime) -> Rota:
    lines: dict[str, list[object]] = defaultdict(list)
    for shift in shifts_at(moment):
        if shift.person_id not in lines[shift.line]:
            lines[shift.line].append(shift.person_id)
    leads, admins = people_who(DECIDE_ESCALATED), people_who(MANAGE_PEOPLE)
    return Rota(
        on_duty={line: tuple(people) for line, people in lines.items()},  # whoever took a shift is there for it
        leads=_awake(leads, moment),
        admins=_awake(admins, moment),
        quiet=tuple(person.pk for person in (*leads, *admins) if person.is_quiet_at(moment)),
    )


def rota_for_second(rota: Rota, flag: Flag, *, proposed_by: object) -> Rota:
    """Without those who may not confirm it. Where no lead is left that is not asleep, whoever else may."""
    others = {proposed_by, *with_a_part_in(flag)}
    rota = rota.without(others)
    if rota.leads:
        return rota
    return replace(rota, leads=_awake(people_who(needed_for(flag)), clock.now())).without(others)


def _awake(people: Iterable[Any], moment: datetime) -> tuple[object, ...]:
    return tuple(person.pk for person in people if not person.is_quiet_at(moment))


def nobody_takes_hand_overs() -> bool:
    """Whether nobody on duty right now may take one."""
    return not any(shift.line in TAKES_HAND_OVERS for shift in shifts_at(clock.now()))


def out_of_hours() -> str:
    return OutOfHours.objects.values_list("text", flat=True).first() or ""


# Whose clocks count


def urgency_of(flag: Flag) -> Urgency | None:
    """Who is told of it, and how fast; None where the policy tells nobody, and for a suggestion, for which no answer waits.
    A supporter who says that it cannot wait is believed."""
    if flag.suggestion_id is not None:
        return None
    cannot_wait = flag.post_id is not None and flag.raised_by_id is not None and flag.severity == Severity.HOLD
    return urgency_at(flag.level, a_lead_is_told=cannot_wait)


def urgency_of_hand_over(flag: Flag) -> Urgency:
    """At least as fast as the first level whose leads are told; whoever cannot take it is not told."""
    found = urgency_at(flag.level, a_lead_is_told=True)
    assert found is not None
    return for_hand_over(found)


def urgency_of_proposal(flag: Flag) -> Urgency | None:
    """Of a decision that waits for a second person: as fast as its level, and to those who may confirm it."""
    if flag.suggestion_id is not None:
        return None
    found = urgency_at(flag.level) or urgency_at(flag.level, a_lead_is_told=True)
    return for_hand_over(found) if found is not None and flag.escalated else found


def for_hand_over(urgency: Urgency) -> Urgency:
    lines = tuple(line for line in urgency.lines if line in TAKES_HAND_OVERS)
    return Urgency(urgency.level, lines or (Shift.Line.LEAD.value,), urgency.clocks)


def urgency_at(level: int, *, a_lead_is_told: bool = False) -> Urgency | None:
    try:
        levels = policy.current().levels
    except policy.PolicyError:
        return Urgency(max(level, Level.METHOD), (Shift.Line.MODERATOR.value, Shift.Line.LEAD.value), STRICTEST)
    if a_lead_is_told:
        level = next((at for at in Level if at >= level and "lead" in levels[at].tell), max(Level)).value
    rule = levels[Level(level)]
    if not rule.tell:
        return None
    repage = timedelta(minutes=rule.repage_minutes)
    return Urgency(int(level), tuple(rule.tell), Clocks(timedelta(minutes=rule.clock_minutes) or A_DAY, repage))
