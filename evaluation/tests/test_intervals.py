"""The site's own intervals, beside those of scipy."""

from __future__ import annotations

import random

import pytest

from assistant import intervals
from evaluation import stats


@pytest.mark.parametrize(("hits", "n"), [(0, 30), (3, 40), (56, 70), (30, 30)])
def test_wilson_s_interval_is_scipy_s(hits: int, n: int) -> None:
    ours, theirs = intervals.wilson(hits / n, n), stats.share(hits, n, method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_student_s_interval_is_scipy_s() -> None:
    values = [1.0, -2.5, 4.0, 0.5, 3.0, 3.0, -1.0]
    ours, theirs = intervals.mean_of(values), stats.mean_of(values)
    assert ours is not None
    assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high), abs=0.01)


def test_a_difference_is_newcombe_s() -> None:
    """Statistics in Medicine 17 (1998), 873, table II: 56 of 70 less 48 of 80, method 10."""
    ours = intervals.difference(intervals.wilson(56 / 70, 70), intervals.wilson(48 / 80, 80))
    theirs = stats.difference(stats.share(56, 70, method="wilson"), stats.share(48, 80, method="wilson"))
    for found in (ours, theirs):
        assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_groups_that_are_all_alike_count_once_each() -> None:
    """Ten suggestions in which everything or nothing was used say as much as ten changes, not as fifty."""
    found = intervals.share_in_groups([5] * 4 + [0] * 6, [5] * 10)
    wide, narrow = intervals.wilson(0.4, 10), intervals.wilson(0.4, 50)
    assert found is not None
    assert found.high - found.low == pytest.approx(wide.high - wide.low, rel=0.1)
    assert found.high - found.low > 1.5 * (narrow.high - narrow.low)


def test_of_nothing_there_is_no_share_and_of_none_used_there_is_a_bound() -> None:
    assert intervals.share_in_groups([0, 0], [0, 0]) is None
    assert intervals.mean_of([1.0]) is None
    none_used = intervals.share_in_groups([0] * 30, [3] * 30)
    assert none_used is not None
    assert (none_used.value, none_used.low) == (0.0, 0.0)
    assert none_used.high == pytest.approx(intervals.wilson(0.0, 30).high)


def test_the_interval_of_grouped_changes_holds_the_truth_about_as_often_as_it_says() -> None:
    chance = random.Random(7)
    held = 0
    for _ in range(400):
        of = [chance.randint(1, 6) for _ in range(40)]
        likely = [chance.choice((0.05, 0.75)) for _ in of]  # one suggestion is much liked, another is not
        hits = [sum(chance.random() < p for _ in range(n)) for n, p in zip(of, likely, strict=True)]
        found = intervals.share_in_groups(hits, of)
        assert found is not None
        held += found.low <= 0.4 <= found.high
    assert 0.92 <= held / 400 <= 0.98
