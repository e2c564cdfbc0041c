"""What a worker died with runs alone in its process, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import gate, runner, second_reader
from assistant.gate import Gate
from assistant.models import SecondReading, SuggestionJob
from webapp import test as build
from webapp.running import wait_until
from webapp.test import Cast, FakeEngine

TWO_SENTENCES = "Moving somewhere new is hard. What would you cook for a friend?"


class Guest(threading.Thread):
    """Enters, stays until told to leave."""

    def __init__(self, gate: Gate, name: str, *, alone: bool = False) -> None:
        super().__init__(daemon=True)
        self.gate, self.who, self.alone = gate, name, alone
        self.entered: bool | None = None
        self.may_leave = threading.Event()
        self.start()

    def run(self) -> None:
        with self.gate.enter(self.who, alone=self.alone) as self.entered:
            if self.entered:
                self.may_leave.wait(10)

    def leave(self) -> None:
        self.may_leave.set()
        self.join(10)

    def is_inside(self) -> bool:
        return self.entered is True and self.is_alive()


def stands_in_line(at: Gate, name: str) -> None:
    wait_until(lambda: name in at._line, seconds=5, what=f"{name} in line")


def is_let_in(guest: Guest) -> None:
    wait_until(guest.is_inside, seconds=5, what=f"{guest.who} inside")


def test_together_they_come_as_they_please() -> None:
    at = Gate()
    guests = [Guest(at, str(number)) for number in range(4)]
    for guest in guests:
        is_let_in(guest)
    for guest in guests:
        guest.leave()


def test_who_comes_alone_waits_for_the_others_and_they_for_it_in_the_order_they_came() -> None:
    at = Gate()
    first = Guest(at, "first")
    is_let_in(first)
    lonely = Guest(at, "lonely", alone=True)
    stands_in_line(at, "lonely")
    late = Guest(at, "late")  # would fit beside the first, but then the lonely one might wait for ever
    stands_in_line(at, "late")
    assert (lonely.entered, late.entered) == (None, None)
    first.leave()
    is_let_in(lonely)
    assert late.entered is None
    lonely.leave()
    is_let_in(late)
    late.leave()


def test_two_who_come_alone_come_one_after_the_other() -> None:
    at = Gate()
    one = Guest(at, "one", alone=True)
    is_let_in(one)
    two = Guest(at, "two", alone=True)
    stands_in_line(at, "two")
    one.leave()
    is_let_in(two)
    two.leave()


def test_a_second_ring_for_the_same_row_takes_no_thread() -> None:
    at = Gate()
    inside = Guest(at, "row", alone=True)
    is_let_in(inside)
    waits = Guest(at, "other")
    stands_in_line(at, "other")
    with at.enter("row", alone=True) as entered:
        assert not entered
    with at.enter("other", alone=False) as entered:
        assert not entered
    inside.leave()
    is_let_in(waits)
    waits.leave()


def test_who_does_not_wait_is_let_in_at_once_or_not_at_all() -> None:
    at = Gate()
    with at.enter("job", alone=False), at.enter("reading", alone=True, wait=False) as entered:
        assert not entered
    with at.enter("reading", alone=True, wait=False) as entered:
        assert entered


def test_a_closed_gate_sends_everybody_away() -> None:
    at = Gate()
    inside = Guest(at, "inside")
    is_let_in(inside)
    lonely = Guest(at, "lonely", alone=True)
    stands_in_line(at, "lonely")
    at.close()
    lonely.join(5)
    assert lonely.entered is False
    with at.enter("late", alone=False) as entered:
        assert not entered
    inside.leave()
    at.open()
    with at.enter("late", alone=False) as entered:
        assert entered


def test_with_many_of_both_kinds_nobody_is_beside_who_is_alone_and_all_get_in() -> None:
    at = Gate()
    inside: list[bool] = []
    most = 0
    wrong: list[str] = []
    lock = threading.Lock()

    def visit(number: int) -> None:
        nonlocal most
        alone = number % 5 == 0
        with at.enter(str(number), alone=alone) as entered:
            with lock:
                inside.append(alone)
                most = max(most, len(inside))
                if not entered or (any(inside) and len(inside) > 1):
                    wrong.append(str(inside))
            threading.Event().wait(0.002)
            with lock:
                inside.remove(alone)

    visitors = [threading.Thread(target=visit, args=(number,)) for number in range(60)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(20)
        assert not visitor.is_alive()
    assert wrong == []
    assert most > 1


# The same through the runner: with real threads, and rows.


def a_worker_died_with(row: SuggestionJob | SecondReading) -> None:
    past = timezone.now() - timedelta(seconds=1)
    type(row).objects.filter(id=row.id).update(status="running", attempt=1, fence=1, lease_until=past)


def status_of(job: SuggestionJob) -> str:
    return SuggestionJob.objects.values_list("status", flat=True).get(id=job.id)


class Slow:
    """An engine that says its first word when it is told to."""

    def __init__(self) -> None:
        self.engine = FakeEngine().will_say(TWO_SENTENCES)
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.engine.before_word = self._wait

    def _wait(self, word: int) -> None:
        if word == 0:
            self.reached.set()
            self.go_on.wait(10)


@contextmanager
def running(job: SuggestionJob, engine: FakeEngine) -> Iterator[threading.Thread]:
    def run() -> None:
        try:
            runner.run_job(job.id, engine=engine)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield thread
    thread.join(15)
    assert not thread.is_alive()


def waits(job: SuggestionJob) -> Callable[[], bool]:
    return lambda: str(job.id) in gate.here._line


@pytest.mark.django_db(transaction=True)
def test_a_job_that_a_worker_died_with_is_claimed_when_nothing_else_runs_here_and_keeps_others_out(cast: Cast) -> None:
    beside, suspect, late = (build.job(build.draft(cast.wren)) for _ in range(3))
    a_worker_died_with(suspect)
    slow, slow_suspect = Slow(), Slow()
    with running(beside, slow.engine):
        assert slow.reached.wait(10)
        with running(suspect, slow_suspect.engine):
            wait_until(waits(suspect), seconds=5, what="the suspect to wait")
            with running(late, FakeEngine().will_say(TWO_SENTENCES)):
                wait_until(waits(late), seconds=5, what="the late one to wait")
                assert SuggestionJob.objects.get(id=suspect.id).attempt == 1  # not claimed: another worker may take it
                slow.go_on.set()
                assert slow_suspect.reached.wait(10)
                assert (status_of(beside), status_of(suspect), status_of(late)) == ("done", "running", "queued")
                slow_suspect.go_on.set()
    assert [status_of(job) for job in (beside, suspect, late)] == ["done"] * 3


@pytest.mark.django_db(transaction=True)
def test_the_second_reader_stays_out_while_such_a_job_runs_and_lets_none_wait_for_itself(
    cast: Cast, settings: Settings
) -> None:
    settings.SECOND_READER = True
    suspect = build.job(build.draft(cast.wren))
    SecondReading.objects.all().delete()
    build.post()
    a_worker_died_with(suspect)
    engine = FakeEngine().will_say("yes", "yes")
    with gate.here.enter(suspect.id, alone=True):
        SuggestionJob.objects.update(status="failed")  # so that it is the gate that keeps the reader out
        assert second_reader.run_readings(engine=engine) == 0
    reading = SecondReading.objects.get()
    a_worker_died_with(reading)
    with gate.here.enter("a job", alone=False):
        assert second_reader.run_readings(reading.id, engine=engine) == 0
    assert second_reader.run_readings(reading.id, engine=engine) == 1


@pytest.mark.django_db
def test_only_who_is_alone_can_claim_what_a_worker_died_with(cast: Cast) -> None:
    job = build.job(build.draft(cast.wren))
    a_worker_died_with(job)
    assert runner.claim_job(job.id, alone=False) is None
    assert runner.claim_job(job.id, alone=True) is not None
