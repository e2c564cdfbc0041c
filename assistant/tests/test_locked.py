"""Locked sentences: for any two texts each comes back byte for byte and in order, and the rest of the suggestion with it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.changes import split_sentences
from assistant.locked import holds, keep_locked
from assistant.tests.effort import runs

PARTS = [
    "I hear you. ",
    "I was there too! ",
    "Call me. ",
    "ok ",
    " ",
    "\n",
    "\r\n",
    "A.",
    "你好。",
    "…",
    "It is late",
    '"No." ',
]
texts = st.one_of(st.lists(st.sampled_from(PARTS), max_size=10).map("".join), st.text(max_size=50))

DRAFT = "That is hard. I lost my job in May too.  You should just move on. Write to me."
OWN = "I lost my job in May too."


@given(texts, texts, st.data())
@settings(max_examples=runs(300), deadline=None)
def test_locked_sentences_come_back_byte_for_byte_and_in_order(
    draft: str, suggestion: str, data: st.DataObject
) -> None:
    sentences = [draft[one.start : one.end] for one in split_sentences(draft)]
    locked = [sentence for sentence in sentences if data.draw(st.booleans())]
    assert holds(keep_locked(draft, suggestion, locked), locked)


@given(texts)
@settings(max_examples=100, deadline=None)
def test_a_draft_locked_as_a_whole_stays_as_it_is(draft: str) -> None:
    sentences = [draft[one.start : one.end] for one in split_sentences(draft)]
    kept = keep_locked(draft, "Something else entirely, and at length.", sentences)
    assert kept == draft or not sentences


@pytest.mark.parametrize(
    ("suggestion", "expected"),
    [
        pytest.param(
            "That sounds hard. I lost mine in spring. Take your time. Write to me.",
            "That sounds hard. I lost my job in May too. Take your time. Write to me.",
            id="reworded",
        ),
        pytest.param(
            "That is hard. Write to me.",
            "That is hard. I lost my job in May too. Write to me.",
            id="dropped",
        ),
        pytest.param(
            "Write to me. That is hard. I lost my job in May too.",
            "That is hard. I lost my job in May too. Write to me.",
            id="moved",
        ),
    ],
)
def test_what_the_model_did_to_it_is_undone_and_the_rest_is_taken(suggestion: str, expected: str) -> None:
    assert keep_locked(DRAFT, suggestion, [OWN, "Write to me."]) == expected


def test_a_suggestion_that_kept_them_is_left_alone() -> None:
    suggestion = f"I can hear how hard that is. {OWN} Take your time."
    assert keep_locked(DRAFT, suggestion, [OWN]) == suggestion


def test_what_is_not_in_the_draft_locks_nothing() -> None:
    assert keep_locked(DRAFT, "All new.", ["Never said."]) == "All new."
    assert keep_locked(DRAFT, "All new.", ["", "  "]) == "All new."


def test_a_sentence_is_not_held_by_one_that_is_almost_it() -> None:
    assert holds(DRAFT, [OWN, "Write to me."])
    assert not holds(DRAFT, ["Write to me.", OWN])
    assert not holds(DRAFT.replace("May", "June"), [OWN])
