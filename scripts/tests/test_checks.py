"""Which tests each step of `make test` and `make test-deep` chooses, and what becomes of one that fails."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from scripts.setup import checks
from scripts.setup.checks import CHECKS, EVERYDAY, Check
from scripts.setup.steps import ROOT

MARKS = ("quiet", "deep", "process", "browser", "model", "llama_server", "training", "commits")
STEPS = [check for check in CHECKS if "pytest" in check.command]
ON_SQLITE = [check for check in STEPS if not check.env]
ON_POSTGRES = [check for check in STEPS if check.env]


def chooses(check: Check, marks: dict[str, bool]) -> bool:
    *_, which = (word for before, word in zip(check.command, check.command[1:], strict=False) if before == "-m")
    return bool(eval(which, {}, marks))


def test_whatever_its_marks_a_test_runs_once_on_sqlite_and_never_needs_a_server_that_is_built_by_hand() -> None:
    for chosen in product([False, True], repeat=len(MARKS)):
        marks = dict(zip(MARKS, chosen, strict=True))
        steps = [check for check in ON_SQLITE if chooses(check, marks)]
        assert len(steps) == (0 if marks["llama_server"] or marks["training"] else 1), marks
        for step in steps:
            assert (step.verb == "deep") is marks["deep"]
            assert ("0" in step.command) is marks["quiet"]  # nothing runs beside what measures time


def test_on_postgresql_it_runs_once_and_what_ends_transactions_every_day() -> None:
    for chosen in product([False, True], repeat=len(MARKS)):
        marks = dict(zip(MARKS, chosen, strict=True))
        steps = [check for check in ON_POSTGRES if chooses(check, marks)]
        left_out = any(chose for name, chose in marks.items() if name != "commits")
        assert [check.verb for check in steps] == ([] if left_out else ["tests" if marks["commits"] else "deep"]), marks


def test_make_test_leaves_out_nothing_but_what_is_deep() -> None:
    assert {check.verb for check in CHECKS} - set(EVERYDAY) == {"deep"}


TWO_TESTS = """
import pathlib

def test_late_once():
    seen = pathlib.Path(__file__).with_name("seen")
    before = seen.exists()
    seen.touch()
    assert before

def test_of_whatever(): assert {holds}
"""


@pytest.fixture
def check_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Check]:
    monkeypatch.setattr(checks, "ROOT", tmp_path)

    def make(tests: str) -> Check:
        (tmp_path / "test_some.py").write_text(tests)
        command = (
            "python",
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:django",
            "-c",
            "/dev/null",
            "-o",
            "cache_dir=memory",
            f"--rootdir={tmp_path}",
        )
        return Check("some tests", "tests", (*command, "test_some.py"), memory="memory")

    return make


@pytest.mark.process
def test_a_test_that_was_late_is_tried_once_more_and_named(
    check_of: Callable[[str], Check], capfd: pytest.CaptureFixture[str]
) -> None:
    result = checks.run_check(check_of(TWO_TESTS.format(holds="True")))
    assert (result.failed, result.outcome) == (False, "passed, 1 of them at the second try")
    assert "once more, alone: test_some.py::test_late_once" in capfd.readouterr().out


@pytest.mark.process
def test_a_test_that_fails_twice_fails(check_of: Callable[[str], Check]) -> None:
    assert checks.run_check(check_of(TWO_TESTS.format(holds="False"))).failed


@pytest.mark.process
def test_many_that_fail_are_not_tried_again(
    check_of: Callable[[str], Check], capfd: pytest.CaptureFixture[str]
) -> None:
    many = "".join(f"def test_{number}(): assert not {number}\n" for number in range(checks.MOST_TRIED_AGAIN + 2))
    assert checks.run_check(check_of(many)).failed
    assert "once more" not in capfd.readouterr().out


@pytest.mark.deep
@pytest.mark.timeout(600)
def test_every_step_chooses_some_tests(tmp_path: Path) -> None:
    """pytest fails where it finds none, and that shows where nobody ran the step before."""
    only_look = ("-n", "0", "--collect-only", "-qq", f"--junitxml={tmp_path / 'none.xml'}")
    for check in STEPS:
        command = [str(checks.BIN / check.command[0]), *check.command[1:], *only_look]
        found = subprocess.run(
            command, cwd=ROOT, env=checks.checks_env(dict(check.env)), capture_output=True, check=False
        )
        assert found.returncode == 0, f"{check.name}: {found.stdout.decode()[-300:]}"
