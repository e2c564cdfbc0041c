"""Draft lookup proposes what follows in the draft, and stops when that does not pay."""

from __future__ import annotations

import pytest

from assistant.inference.lookup import PAUSE, SIZES, TRIAL_STEPS, DraftLookup, fitting

DRAFT = list(range(100, 300))


def pay(lookup: DraftLookup, *, proposed: int, accepted: int, rows_cost: float) -> None:
    lookup.account(proposed=proposed, accepted=accepted, seconds=rows_cost, one_row_seconds=1.0)


def test_it_proposes_what_follows_the_last_words_in_the_draft() -> None:
    lookup = DraftLookup(DRAFT)
    assert lookup.propose([1, 2, 110, 111, 112], most=40) == [113, 114, 115]


def test_it_proposes_nothing_where_the_answer_leaves_the_draft() -> None:
    lookup = DraftLookup(DRAFT)
    assert lookup.propose([110, 111], most=40) == []
    assert lookup.propose([110, 111, 7], most=40) == []
    assert DraftLookup([1, 2, 3]).propose([1, 2, 3], most=40) == []


def test_it_grows_while_it_is_right_and_shrinks_when_it_is_not() -> None:
    lookup = DraftLookup(DRAFT)
    said = DRAFT[:3]
    lengths = []
    for _ in range(3):
        proposal = lookup.propose(said, most=40)
        lengths.append(len(proposal))
        pay(lookup, proposed=len(proposal), accepted=len(proposal), rows_cost=2.0)
        said = DRAFT[: len(said) + len(proposal) + 1]
    assert lengths == list(SIZES[:3])
    proposal = lookup.propose(said, most=40)
    pay(lookup, proposed=len(proposal), accepted=3, rows_cost=2.0)
    assert len(lookup.propose(said, most=40)) < len(proposal)


def test_it_never_proposes_more_than_may_still_be_said() -> None:
    lookup = DraftLookup(DRAFT)
    assert lookup.propose(DRAFT[:3], most=2) == []
    assert len(lookup.propose(DRAFT[:3], most=6)) == 3


def test_it_pauses_after_a_proposal_that_was_wrong_at_once() -> None:
    lookup = DraftLookup(DRAFT)
    pay(lookup, proposed=3, accepted=0, rows_cost=1.0)
    assert [lookup.propose(DRAFT[:3], most=40) for _ in range(PAUSE)] == [[]] * PAUSE
    assert lookup.propose(DRAFT[:3], most=40)


@pytest.mark.parametrize(("accepted", "stops"), [(1, True), (3, False)])
def test_it_switches_itself_off_when_it_costs_more_than_it_brings(accepted: int, stops: bool) -> None:
    lookup = DraftLookup(DRAFT)
    for _ in range(TRIAL_STEPS):
        pay(lookup, proposed=3, accepted=accepted, rows_cost=2.5)  # four rows cost two and a half steps of one
    assert lookup.off is stops


def test_of_two_places_it_takes_the_one_nearer_to_where_it_was() -> None:
    draft = [1, 2, 3, 10, 11, 12, 50, 51, 52, 1, 2, 3, 20, 21, 22]
    lookup = DraftLookup(draft)
    assert lookup.propose([1, 2, 3], most=3) == [10, 11, 12]
    lookup.propose([50, 51, 52], most=3)
    assert lookup.propose([1, 2, 3], most=3) == [20, 21, 22]


def test_a_proposal_fills_rows_by_fours() -> None:
    assert [fitting(length) for length in (0, 2, 3, 6, 7, 30, 31, 60)] == [0, 0, 3, 3, 7, 15, 31, 31]
