"""Threads: the choice by its rule, what is kept of it, and the governor against machines that are simulated step by step."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from assistant.inference import openmp, tuning
from assistant.inference.measuring import Measuring, MeasuringFailed, TooSlow, busy_neighbour
from assistant.inference.modelfile import ModelFile
from assistant.inference.tuning import Choice, ThreadGovernor, Tuning
from assistant.tests.starter import starter_model_file

ALONE_FAST = Choice(2, "long", alone=130, beside=40)
EVEN = Choice(2, "bound", alone=125, beside=65)
CAREFUL = Choice(1, "short", alone=114, beside=112)
MEASURED = Tuning("key", (ALONE_FAST, EVEN, CAREFUL))


@pytest.fixture(autouse=True)
def _openmp_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openmp, "_ours", {})
    for name in openmp.VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_the_fastest_alone_decides_about_threads_and_the_product_about_their_waiting() -> None:
    assert MEASURED.chosen == EVEN
    assert MEASURED.reason.startswith(
        "2 threads, longer waits, bound to cores: 125 standard requests a minute alone, 65 beside"
    )


def test_fewer_threads_that_are_as_good_alone_win() -> None:
    assert Tuning("key", (*MEASURED.arms, Choice(1, "short", alone=126, beside=50))).chosen.threads == 1


def test_what_was_measured_is_kept_by_machine_and_file(tmp_path: Path) -> None:
    path = tmp_path / "threads.json"
    MEASURED.write(path)
    Tuning("other", (CAREFUL,)).write(path)
    assert Tuning.read(path, "key") == MEASURED
    assert Tuning.read(path, "another machine") is None
    path.write_text('{"key": [{"threads": 2}]}')
    assert Tuning.read(path, "key") is None


def test_the_choice_reaches_the_environment_and_is_not_taken_for_the_operators() -> None:
    assert tuning.apply(MEASURED, threads=0).threads == 2
    assert os.environ["OMP_PROC_BIND"] == "true"
    assert tuning.apply(MEASURED, threads=0).note == MEASURED.reason


def test_what_the_operator_set_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    applied = tuning.apply(MEASURED, threads=1)
    assert (applied.threads, applied.note) == (1, "OMP_WAIT_POLICY set by the operator: not measured here.")
    assert "OMP_PROC_BIND" not in os.environ


def test_a_number_of_threads_that_is_set_wins() -> None:
    assert tuning.apply(MEASURED, threads=1).threads == 1


class Machine:
    """Cores that others may use; a step waits for its slowest thread."""

    def __init__(self, cores: int, *, seconds: float = 0.012) -> None:
        self.cores, self.seconds, self.neighbours = cores, seconds, 0
        self.governor = ThreadGovernor(cores)

    def step(self, rows: int = 1) -> float:
        threads = self.governor.threads
        crowded = threads + self.neighbours > self.cores
        taken = self.seconds * (1 + 0.4 * (rows - 1)) / threads * (4.0 if crowded else 1.0)
        self.governor.after_step(rows=rows, seconds=taken)
        return taken

    def run(self, seconds: float, rows: int = 1) -> set[int]:
        seen = set()
        while seconds > 0:
            seen.add(self.governor.threads)
            seconds -= self.step(rows)
        return seen


def test_a_quiet_machine_keeps_all_threads() -> None:
    machine = Machine(2)
    assert machine.run(20) == {2}


def test_a_busy_neighbour_gets_its_core_and_the_core_comes_back() -> None:
    machine = Machine(4)
    machine.run(5)
    machine.neighbours = 1
    machine.run(3)
    assert machine.governor.threads == 3
    machine.neighbours = 0
    machine.run(70)
    assert machine.governor.threads == 4


def test_two_neighbours_get_two_cores() -> None:
    machine = Machine(4)
    machine.run(5)
    machine.neighbours = 2
    machine.run(20)
    assert machine.governor.threads == 2


def test_a_neighbour_that_stays_is_seldom_tried_again() -> None:
    machine = Machine(2)
    machine.run(5)
    machine.neighbours = 1
    machine.run(60)
    crowded = sum(1 for _ in range(5000) if (machine.step(), machine.governor.threads)[1] == 2)
    assert crowded < 100


def test_steps_that_are_slow_for_another_reason_do_not_cost_threads() -> None:
    machine = Machine(2)
    machine.run(5)
    machine.seconds *= 2.5  # a longer context, say: fewer threads would only be slower
    slow = [machine.governor.threads for _ in range(4000) if machine.step()]
    assert slow.count(1) / len(slow) < 0.03


def test_steps_that_are_slow_without_a_neighbour_are_no_reason_to_try() -> None:
    machine = Machine(2)
    machine.governor = ThreadGovernor(2, neighbours=lambda: 0.05)
    machine.run(5)
    machine.seconds *= 4
    assert machine.run(30) == {2}


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="Linux tells; elsewhere nobody is asked")
def test_a_neighbour_is_seen() -> None:
    neighbours = tuning.Neighbours()
    with busy_neighbour():
        time.sleep(0.6)
        others = neighbours()
    assert others is not None
    assert others > 0.5


def test_more_rows_are_compared_with_as_many_rows() -> None:
    machine = Machine(2)
    for _ in range(50):
        machine.run(0.2, rows=1)
        machine.run(0.2, rows=8)
    assert machine.governor.threads == 2
    assert machine.governor.threads_for(512) == 2


def test_a_process_that_ends_is_an_error_with_what_it_did() -> None:
    with Measuring() as process:
        process._process.kill()
        with pytest.raises(MeasuringFailed, match="ended with code -9 at speed"):
            process.speed(ModelFile(Path("none.gguf"), "0" * 64, 1), threads=1)


def test_a_process_that_takes_too_long_is_given_up() -> None:
    with Measuring(most_seconds=0.05) as process, pytest.raises(TooSlow):
        process.speed(ModelFile(Path("none.gguf"), "0" * 64, 1), threads=1)


@pytest.mark.model
def test_the_real_model_is_timed_in_a_process_that_may_use_every_core() -> None:
    with Measuring(openmp.SETTINGS["bound"], without=openmp.VARIABLES) as process:
        found = process.speed(starter_model_file(), threads=1, steps=2, prompt=16)
        assert set(found) == {"prefill", "decode", "decode_eight"}
        assert all(1 < speed < 10_000 for speed in found.values())
        with pytest.raises(MeasuringFailed, match="is not in"):
            process.speed(ModelFile(Path("/nowhere/none.gguf"), "0" * 64, 1), threads=1)
