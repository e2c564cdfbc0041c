"""The declared mix is made, or the build fails and says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.inference.trained_prompts import Task
from training.preparation.mix import MixError, MixOptions, Share, mix
from training.preparation.quarantine import Quarantine
from training.schemas import Example, Origin
from training.tests.invented import example


def some(count: int, task: Task, **given: Any) -> list[Example]:
    return [example(f"{task}-{given.get('built', '')}-{n:03}", task=task, **given) for n in range(count)]


def shares(improve: float, generate: float, *, copies: int = 1, rows: int = 0) -> MixOptions:
    return MixOptions((Share(Task.IMPROVE, improve), Share(Task.GENERATE, generate, copies=copies)), rows=rows)


ROWS = [*some(90, Task.IMPROVE, built="fault"), *some(30, Task.GENERATE)]


def test_it_leaves_out_what_is_too_much_and_says_so() -> None:
    quarantine = Quarantine()
    kept, report = mix(ROWS, shares(50, 50), quarantine, seed=1)
    assert (len(kept), report.rows) == (60, 60)
    assert [round(one.achieved) for one in report.shares] == [50, 50]
    assert len(quarantine.entries) == 60
    assert {entry.reason for entry in quarantine.entries} == {"more than the mix takes of improve"}


def test_it_repeats_rows_only_as_often_as_the_recipe_allows() -> None:
    kept, report = mix(ROWS, shares(50, 50, copies=2), Quarantine(), seed=1)
    assert len(kept) == 120
    assert len({one.id for one in kept}) == 120
    assert report.shares[1].copied == 30


def test_it_fails_when_a_share_is_off_by_more_than_two_points() -> None:
    with pytest.raises(MixError) as failed:
        mix(ROWS, shares(60, 40, rows=100), Quarantine(), seed=1)
    assert "mix: improve: wanted 60 %, achieved 66.7 %" in str(failed.value)
    with pytest.raises(
        MixError, match=r"generate: wanted 40 %.*There are 30 rows and 48 are wanted: add rows, raise its"
    ):
        mix(ROWS[10:], MixOptions((Share(Task.GENERATE, 40), Share(Task.IMPROVE, 60)), rows=120), Quarantine(), seed=1)


def test_it_lets_a_share_be_off_by_less() -> None:
    _, report = mix(ROWS, shares(72, 28, rows=110), Quarantine(), seed=1)  # 79 and 30 of 31
    assert report.shares[1].achieved == pytest.approx(27.5, abs=0.1)


def test_it_fails_when_a_share_has_no_row() -> None:
    with pytest.raises(MixError, match=r"generate: wanted 50 %, achieved 0\.0 %"):
        mix(ROWS[:90], MixOptions((Share(Task.GENERATE, 50), Share(Task.IMPROVE, 50))), Quarantine(), seed=1)


def test_it_tells_sources_and_built_rows_apart() -> None:
    peers = Origin("garden+pond", "1", "cc0-1.0")
    rows = [
        *some(20, Task.IMPROVE, built="fault"),
        *some(20, Task.IMPROVE),
        *some(20, Task.IMPROVE, built="peer", origin=peers),
    ]
    options = MixOptions(
        (
            Share(Task.IMPROVE, 25, source="pond"),
            Share(Task.IMPROVE, 25, made="written"),
            Share(Task.IMPROVE, 50, made="built"),
        )
    )
    _, report = mix(rows, options, Quarantine(), seed=1)
    assert {one.name: one.rows for one in report.shares} == {
        "improve/pond": 10,
        "improve/written": 10,
        "improve/built": 20,
    }


def test_a_row_that_no_share_takes_is_set_aside() -> None:
    quarantine = Quarantine()
    mix(ROWS, MixOptions((Share(Task.IMPROVE, 100),)), quarantine, seed=1)
    assert {(entry.reason, entry.step) for entry in quarantine.entries} == {("no share of the mix takes it", "mix")}
    assert len(quarantine.entries) == 30


def test_it_may_choose_the_best() -> None:
    rows = [example(f"{n:02}", scores={"quality": n / 10}) for n in range(10)]
    kept, _ = mix(rows, MixOptions((Share(Task.IMPROVE, 100),), rows=3, choose="quality"), Quarantine(), seed=1)
    assert [one.id for one in kept] == ["07", "08", "09"]


def test_the_same_seed_takes_the_same_rows_whatever_their_order() -> None:
    first = mix(ROWS, shares(50, 50), Quarantine(), seed=1)[0]
    assert first == mix(ROWS[::-1], shares(50, 50), Quarantine(), seed=1)[0]
    assert first != mix(ROWS, shares(50, 50), Quarantine(), seed=2)[0]


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ((), "none"),
        ((Share(Task.IMPROVE, 60),), "add up to 60"),
        ((Share(Task.IMPROVE, 50), Share(Task.IMPROVE, 50)), "improve stands there twice"),
    ],
)
def test_it_refuses_a_mix_that_makes_no_sense(declared: tuple[Share, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        MixOptions(declared)


def test_no_shares_at_all_has_to_be_meant() -> None:
    with pytest.raises(ValueError, match="Declare at least one"):
        MixOptions()
    with pytest.raises(ValueError, match="pairs_alone wants no examples"):
        MixOptions((Share(Task.IMPROVE, 100),), pairs_alone=True)
    quarantine = Quarantine()
    kept, report = mix(ROWS, MixOptions(pairs_alone=True), quarantine, seed=1)
    assert (kept, report.rows) == ([], 0)
