from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.streaming.chunker import CLAUSE_AFTER, CUT_AT, Chunker

# Letters and marks that decide about borders come up often, everything else sometimes.
TEXTS = st.text(
    alphabet=st.one_of(st.sampled_from(" .\n!?…,;:—\"')aA1。！」，؟é\u0301\u200d👍🏼"), st.characters()), max_size=900
)


def pieces_of(text: str) -> list[str]:
    chunker = Chunker()
    return chunker.feed(text) + chunker.finish()


def fed_in_parts(text: str, sizes: list[int]) -> list[str]:
    chunker, pieces, start = Chunker(), [], 0
    for size in sizes:
        pieces += chunker.feed(text[start : start + size])
        start += size
    return pieces + chunker.feed(text[start:]) + chunker.finish()


@given(TEXTS, st.lists(st.integers(0, 40), max_size=60))
def test_it_loses_and_adds_nothing_and_cuts_alike_however_the_text_arrives(text: str, sizes: list[int]) -> None:
    pieces = fed_in_parts(text, sizes)
    assert "".join(pieces) == text
    assert all(pieces)
    assert pieces == pieces_of(text)


@given(TEXTS)
def test_no_piece_is_longer_than_the_hard_cut(text: str) -> None:
    assert all(len(piece) <= CUT_AT for piece in pieces_of(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I hear you. That was a lot.", ["I hear you. ", "That was a lot."]),
        ("Really?! Yes! Good…", ["Really?! ", "Yes! ", "Good…"]),
        ('She said "no." Then she left.', ['She said "no." ', "Then she left."]),
        ('You said it. "Never again" was the word.', ["You said it. ", '"Never again" was the word.']),
        ("(You did well.) Rest now.", ["(You did well.) ", "Rest now."]),
        ("“Go,” he said. ‘Why?’ I asked.", ["“Go,” he said. ", "‘Why?’ ", "I asked."]),
        ("One\nTwo\n\nThree", ["One\n", "Two\n\n", "Three"]),
        ("One\n  - two\r\n  - three", ["One\n  ", "- two\r\n  ", "- three"]),
        (
            "你好。今天很难过！真的吗？「是的。」然后他走了。",
            ["你好。", "今天很难过！", "真的吗？", "「是的。」", "然后他走了。"],
        ),
        ("كيف حالك؟ أنا هنا.", ["كيف حالك؟ ", "أنا هنا."]),
        ("मैं सुन रहा हूँ। आप बोलिए।", ["मैं सुन रहा हूँ। ", "आप बोलिए।"]),
    ],
)
def test_it_ends_a_piece_where_a_sentence_ends(text: str, expected: list[str]) -> None:
    assert pieces_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Okafor was kind to you.",
        "Try something small, e.g. a walk, i.e. leave the house, at 5 p.m. or so.",
        "J. R. Smith wrote about this.",
        "It took 3.5 hours and cost 1,000.50 in all.",
        "See example.org for more.",
        "1. Breathe out slowly",
        "Mr. and Mrs. Ito live on St. Mary's Ave. near here",
        "Wait...what happened?",
    ],
)
def test_it_does_not_cut_at_a_full_stop_inside_a_sentence(text: str) -> None:
    assert pieces_of(text) == [text]


def test_it_lets_a_sentence_go_as_soon_as_the_next_one_begins() -> None:
    chunker = Chunker()
    assert chunker.feed("I hear you.") == []
    assert chunker.feed(" T") == ["I hear you. "]
    assert chunker.finish() == ["T"]


def test_a_full_stop_is_not_an_end_before_it_is_known_what_follows() -> None:
    chunker = Chunker()
    assert chunker.feed("It took 3.") == []
    assert chunker.feed("5 hours") == []
    assert chunker.finish() == ["It took 3.5 hours"]


def test_a_comma_ends_a_piece_only_when_the_sentence_runs_long() -> None:
    short = "Well, yes, and no, "
    long = "and so it went on and on and on and on and on and on and on and on and on and on and on and on and on, "
    first, second = pieces_of(short + long + "until it did not.")
    assert first == short + long
    assert len(first) >= CLAUSE_AFTER
    assert second == "until it did not."


def test_an_endless_sentence_is_cut_at_a_space() -> None:
    pieces = pieces_of("word " * 200)
    assert len(pieces) == 3
    assert all(piece.endswith("word ") for piece in pieces)


def test_an_endless_word_is_cut_between_two_letters_and_not_inside_one() -> None:
    assert [len(piece) for piece in pieces_of("x" * 900)] == [CUT_AT, CUT_AT, 100]
    thumbs = pieces_of("👍🏼" * 301)
    assert len(thumbs) == 2
    assert all(piece.startswith("👍") and piece.endswith("🏼") for piece in thumbs)
    assert all(piece.startswith("e") for piece in pieces_of("e\u0301\u0302" * 301))


def test_it_can_be_used_again_after_finishing() -> None:
    chunker = Chunker()
    chunker.feed("One. Tw")
    assert chunker.finish() == ["Tw"]
    assert chunker.finish() == []
    assert chunker.feed("Three. F") == ["Three. "]
