"""Every rung on time, with a clock that the test turns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from assistant.safety.types import Level
from moderation import duty
from moderation.ladder import Clocks, Ladder, Rota, Rung, now_and_every, once, until_ended, until_taken

START = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


LEVEL_4 = Clocks(minutes(5), minutes(2))
LEVEL_3 = Clocks(minutes(15), minutes(0))
ROTA = Rota(on_duty={"moderator": ("ash", "elm"), "lead": ("birch",)}, leads=("birch", "cedar"), admins=("willow",))


def walk(ladder: Ladder, *, until: float, every: float = 0.25, taken: int = -1) -> list[tuple[float, str]]:
    """What is due at which minute for who looks every quarter of a minute."""
    found = []
    at = 0.0
    while at <= until:
        due = ladder.due(since=START, taken=taken, now=START + minutes(at))
        if due is not None:
            found.append((at, "+".join(sorted(due.rungs))))
            taken = due.number
        at += every
    return found


def test_a_post_of_level_four_climbs_until_somebody_has_it() -> None:
    assert walk(until_taken(LEVEL_4), until=18) == [
        (0, "on_duty"),
        (2, "again"),
        (4, "next"),
        (5, "leads"),
        (7, "admins"),
        (12, "everybody"),
        (17, "everybody"),
    ]


def test_without_a_time_for_paging_again_the_next_are_told_at_half_the_clock() -> None:
    assert walk(until_taken(LEVEL_3), until=40) == [
        (0, "on_duty"),
        (7.5, "next"),
        (15, "leads"),
        (22.5, "admins"),
        (37.5, "everybody"),
    ]


def test_who_has_it_has_the_clock_once_more_for_an_outcome() -> None:
    assert walk(until_ended(LEVEL_4), until=13, taken=0) == [(5, "leads"), (7, "admins"), (12, "everybody")]


def test_what_nobody_took_in_time_is_taken_as_one_step() -> None:
    ladder = until_taken(LEVEL_4)
    due = ladder.due(since=START, taken=0, now=START + minutes(6))
    assert due is not None
    assert due.rungs == {Rung.AGAIN, Rung.NEXT, Rung.LEADS}
    assert (due.rung, due.since) == (Rung.LEADS, START + minutes(2))
    assert ladder.due(since=START, taken=due.number, now=START + minutes(6)) is None


def test_a_night_without_anybody_is_one_step_and_no_thousand() -> None:
    due = until_taken(LEVEL_4).due(since=START, taken=4, now=START + timedelta(days=30))
    assert due is not None
    assert due.rungs == {Rung.EVERYBODY}
    next_one = until_taken(LEVEL_4).due(since=START, taken=due.number, now=START + timedelta(days=30) + minutes(5))
    assert next_one is not None
    assert next_one.number == due.number + 1


@pytest.mark.parametrize("repage", [0, 1, 2, 3, 5, 9])
def test_no_rung_comes_before_the_one_below_it_and_the_leads_come_with_the_clock(repage: int) -> None:
    steps = until_taken(Clocks(minutes(5), minutes(repage))).steps
    assert [step.after for step in steps] == sorted(step.after for step in steps)
    assert next(step.after for step in steps if step.rung is Rung.LEADS) == minutes(5)
    assert [step.number for step in steps] == list(range(len(steps)))


def test_what_the_site_finds_about_itself_is_said_again_each_hour_and_a_test_once() -> None:
    assert walk(now_and_every(minutes(60)), until=130) == [(0, "everybody"), (60, "everybody"), (120, "everybody")]
    assert walk(once(), until=500) == [(0, "on_duty")]


# Whom a rung means


@pytest.mark.parametrize(
    ("rung", "told"),
    [
        (Rung.ON_DUTY, ["ash", "birch"]),
        (Rung.AGAIN, ["ash", "birch"]),
        (Rung.NEXT, ["ash", "elm", "birch"]),
        (Rung.LEADS, ["birch", "cedar"]),
        (Rung.ADMINS, ["willow"]),
        (Rung.EVERYBODY, ["ash", "elm", "birch", "cedar", "willow"]),
    ],
)
def test_a_rung_means_these_people(rung: Rung, told: list[str]) -> None:
    assert ROTA.told([rung], lines=("moderator", "lead")) == told


def test_nobody_on_duty_means_the_leads_and_without_leads_the_admins() -> None:
    assert Rota(leads=("cedar",), admins=("willow",)).told([Rung.ON_DUTY], lines=("lead",)) == ["cedar"]
    assert Rota(admins=("willow",)).told([Rung.NEXT], lines=("lead",)) == ["willow"]
    assert Rota().told([Rung.EVERYBODY], lines=("lead",)) == []


def test_who_is_left_out_is_told_on_no_rung() -> None:
    others = replace(ROTA, quiet=("ash", "hazel")).without({"ash", "birch"})
    assert others.told([Rung.ON_DUTY], lines=("moderator", "lead")) == ["elm"]
    assert others.told(list(Rung), lines=("moderator", "lead")) == ["elm", "cedar", "willow", "hazel"]


def test_what_is_told_instead_goes_by_its_own_name() -> None:
    assert ROTA.rung_told([Rung.ON_DUTY, Rung.NEXT], lines=("lead",)) is Rung.NEXT
    assert Rota(leads=("cedar",)).rung_told([Rung.ON_DUTY], lines=("lead",)) is Rung.LEADS
    assert Rota(admins=("willow",)).rung_told([Rung.AGAIN, Rung.LEADS], lines=("lead",)) is Rung.ADMINS
    assert Rota(quiet=("hazel",)).rung_told([Rung.ON_DUTY], lines=("lead",)) is Rung.EVERYBODY
    assert Rota().rung_told([Rung.NEXT], lines=("lead",)) is Rung.NEXT


def test_quiet_hours_are_left_alone_until_everybody_is_told_or_nobody_else_is_there() -> None:
    night = Rota(on_duty={"lead": ("birch",)}, leads=("cedar",), quiet=("hazel", "willow"))
    assert night.told([Rung.LEADS], lines=("lead",)) == ["cedar"]
    assert night.told([Rung.ADMINS], lines=("lead",)) == ["cedar"]
    assert night.told([Rung.EVERYBODY], lines=("lead",)) == ["birch", "cedar", "hazel", "willow"]
    assert Rota(quiet=("hazel", "willow")).told([Rung.ON_DUTY], lines=("lead",)) == ["hazel", "willow"]


def test_who_has_it_is_told_with_the_others_and_each_once() -> None:
    assert ROTA.told([Rung.LEADS, Rung.NEXT], lines=("lead",), holder="birch") == ["birch", "cedar"]


# From the policy


@pytest.mark.parametrize(
    ("level", "lines", "clock", "repage"),
    [(2, ("moderator",), 30, 0), (3, ("moderator", "lead"), 15, 0), (4, ("moderator", "lead"), 5, 2)],
)
def test_lines_and_clocks_are_those_of_the_signed_policy(
    level: int, lines: tuple[str, ...], clock: int, repage: int
) -> None:
    found = duty.urgency_at(level)
    assert found is not None
    assert (found.lines, found.clocks) == (lines, Clocks(minutes(clock), minutes(repage)))


@pytest.mark.parametrize("level", [Level.NONE, Level.PASSIVE])
def test_of_a_level_that_the_policy_tells_nobody_of_nobody_is_told(level: Level) -> None:
    assert duty.urgency_at(level) is None
    raised = duty.urgency_at(level, a_lead_is_told=True)
    assert raised is not None
    assert raised.level == Level.METHOD
