"""How suites put their questions to a model: several at a time, in the order of the cases."""

from __future__ import annotations

from threading import Barrier, BrokenBarrierError

import pytest

from evaluation.asked import several
from evaluation.revisions.asking import AT_A_TIME


def test_as_many_as_a_worker_answers_are_asked_at_once_and_told_in_order() -> None:
    together = Barrier(AT_A_TIME, timeout=30)  # who asks one by one never gets past it

    def ask(case: int) -> int:
        together.wait()
        return 10 * case

    assert list(several(ask, range(2 * AT_A_TIME), unit="case")) == [10 * case for case in range(2 * AT_A_TIME)]


def test_a_model_that_stops_ends_the_run_and_asks_for_nothing_more() -> None:
    asked = []

    def ask(case: int) -> int:
        asked.append(case)
        raise BrokenBarrierError

    with pytest.raises(BrokenBarrierError):
        list(several(ask, range(100), unit="case"))
    assert len(asked) <= AT_A_TIME  # those that were under way
