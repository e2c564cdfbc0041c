"""Who is told when: from the clocks of a level to what is due now. Plain Python: times come in, nothing is read.

A person on duty is told at once; again after the re-page time; everybody on duty next; the leads when the clock has run out;
the admins after that; and then everybody, each time the clock runs out again, until somebody has it. Who has it, has the clock
once more: without an outcome by then it goes on from the leads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Rung(StrEnum):
    ON_DUTY = "on_duty"  # who is first in each line that the policy tells
    AGAIN = "again"  # the same
    NEXT = "next"  # everybody on duty in these lines
    LEADS = "leads"
    ADMINS = "admins"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Clocks:
    clock: timedelta
    repage: timedelta  # zero: the same person is not told twice

    @property
    def pace(self) -> timedelta:
        """The time between two rungs where the clock itself does not say it."""
        return self.repage or self.clock / 2


@dataclass(frozen=True, slots=True)
class Step:
    number: int
    after: timedelta
    rung: Rung


@dataclass(frozen=True, slots=True)
class Due:
    """What has to be done now. Several rungs when nobody was there to take the earlier ones in time: they are taken as one."""

    number: int
    rungs: frozenset[Rung]
    since: datetime  # when the earliest of them was due

    @property
    def rung(self) -> Rung:
        """The highest of them."""
        return max(self.rungs, key=list(Rung).index)


@dataclass(frozen=True, slots=True)
class Ladder:
    steps: tuple[Step, ...]
    then_every: timedelta | None = None  # after the last of the steps, to everybody, for ever

    def due(self, *, since: datetime, taken: int, now: datetime) -> Due | None:
        """`taken`: the number of the last step that was taken; below the first step, none was."""
        open_steps = [step for step in (*self.steps, *self._repeats(now - since)) if step.number > taken]
        reached = [step for step in open_steps if since + step.after <= now]
        if not reached:
            return None
        return Due(reached[-1].number, frozenset(step.rung for step in reached), since + reached[0].after)

    def _repeats(self, passed: timedelta) -> Iterable[Step]:
        """The latest repetition alone: earlier ones that nobody took would say the same."""
        last = self.steps[-1]
        if self.then_every is None or passed < last.after + self.then_every:
            return ()
        times = (passed - last.after) // self.then_every
        return (Step(last.number + times, last.after + times * self.then_every, Rung.EVERYBODY),)


def until_taken(clocks: Clocks) -> Ladder:
    """While nobody has it."""
    clock, repage, pace = clocks.clock, clocks.repage, clocks.pace
    plan = [(timedelta(0), Rung.ON_DUTY)]
    if repage and repage < clock:
        plan.append((repage, Rung.AGAIN))
    plan.append((min(2 * repage, clock) if repage else pace, Rung.NEXT))
    plan += [(clock, Rung.LEADS), (clock + pace, Rung.ADMINS)]
    return Ladder(tuple(Step(number, *each) for number, each in enumerate(plan)), then_every=clock)


def until_ended(clocks: Clocks) -> Ladder:
    """While somebody has it and it has no outcome. Step 0, the taking itself, tells nobody anything."""
    plan = [(clocks.clock, Rung.LEADS), (clocks.clock + clocks.pace, Rung.ADMINS)]
    return Ladder(tuple(Step(number, *each) for number, each in enumerate(plan, start=1)), then_every=clocks.clock)


def now_and_every(pause: timedelta) -> Ladder:
    return Ladder((Step(0, timedelta(0), Rung.EVERYBODY),), then_every=pause)


def once() -> Ladder:
    return Ladder((Step(0, timedelta(0), Rung.ON_DUTY),))


@dataclass(frozen=True, slots=True)
class Rota:
    """Ids of people, at one moment."""

    on_duty: Mapping[str, tuple[object, ...]] = field(default_factory=dict)  # by line, first in line first
    leads: tuple[object, ...] = ()  # everybody who may take a hand-over, on duty or not, outside their quiet hours
    admins: tuple[object, ...] = ()
    quiet: tuple[object, ...] = ()  # leads and admins within them: told when all are, and when there is nobody else

    def without(self, people: Collection[object]) -> Rota:
        def others(ids: tuple[object, ...]) -> tuple[object, ...]:
            return tuple(one for one in ids if one not in people)

        on_duty = {line: others(ids) for line, ids in self.on_duty.items()}
        return Rota(on_duty, others(self.leads), others(self.admins), others(self.quiet))

    def told(self, rungs: Iterable[Rung], *, lines: Iterable[str], holder: object | None = None) -> list[object]:
        """Whom these rungs mean, each once. Nobody on duty: then the leads; no lead either: the admins; all
        of them in their quiet hours: they."""
        lines = list(lines)
        found: list[object] = [holder] if holder is not None else []
        for rung in rungs:
            found += self._of(rung, lines)[1]
        return list(dict.fromkeys(found))

    def rung_told(self, rungs: Iterable[Rung], *, lines: Iterable[str]) -> Rung:
        """The highest of those that are told, which is a higher one than was meant where nobody is on that."""
        lines = list(lines)
        return max((self._of(rung, lines)[0] for rung in rungs), key=list(Rung).index)

    def _of(self, rung: Rung, lines: list[str]) -> tuple[Rung, list[object]]:
        queues = [self.on_duty.get(line, ()) for line in lines]
        first = [queue[0] for queue in queues if queue]
        everyone = [person for queue in queues for person in queue]
        match rung:
            case Rung.ON_DUTY | Rung.AGAIN:
                found = first
            case Rung.NEXT:
                found = everyone
            case Rung.LEADS:
                found = list(self.leads)
            case Rung.ADMINS:
                found = list(self.admins)
            case Rung.EVERYBODY:
                found = [*everyone, *self.leads, *self.admins, *self.quiet]
        instead = ((Rung.LEADS, self.leads), (Rung.ADMINS, self.admins), (Rung.EVERYBODY, self.quiet))
        return next(((each, list(people)) for each, people in ((rung, found), *instead) if people), (rung, []))
