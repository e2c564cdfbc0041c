"""Which tests each step of `make test` and `make test-deep` chooses."""

from __future__ import annotations

from itertools import product

from scripts.setup.checks import CHECKS, EVERYDAY, Check

MARKS = ("quiet", "deep", "process", "browser", "model", "llama_server", "training")
STEPS = [check for check in CHECKS if "pytest" in check.command]
ON_SQLITE = [check for check in STEPS if not check.env]


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


def test_make_test_leaves_out_nothing_but_what_is_deep() -> None:
    assert {check.verb for check in CHECKS} - set(EVERYDAY) == {"deep"}
