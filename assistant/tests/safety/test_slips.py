"""Slips of the keyboard are undone where they hide a word that the lexicons look for, and nowhere else."""

from __future__ import annotations

import random
import string
import tracemalloc

import pytest

from assistant.safety.names import load_names
from assistant.safety.normal import make_plain
from assistant.safety.pipeline import screen
from assistant.safety.slips import load_slips
from assistant.safety.spelling import load_spelling
from assistant.safety.types import Context, Kind
from assistant.safety.words import split_words
from assistant.tests.effort import bounded_effort


def read_as(typed: str) -> str:
    return " ".join(word.text for word in split_words(make_plain(typed).text))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("wnat", "want"),  # two letters swapped
        ("hopless", "hopeless"),  # one lost
        ("suiccidal", "suicidal"),  # one doubled
        ("overdpse", "overdose"),  # the key beside it
        ("jimping", "jumping"),
        ("cutt", "cut"),
        ("edn", "end"),
        ("qorthless", "worthless"),  # also the first letter of a long word
        ("wrothles", "worthless"),  # two slips in a long word
        ("myseelf", "myself"),
        ("dno't", "do not"),
        ("cna't", "can not"),
        ("don'y", "do not"),
    ],
)
def test_a_slip_of_a_word_of_the_lexicons_is_read_as_that_word(typed: str, meant: str) -> None:
    assert read_as(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("kil lmyself", "kill myself"),
        ("killm yself", "kill myself"),
        ("wan tto sleep", "want to sleep"),
        ("sui cide", "suicide"),
        ("endmylife", "end my life"),
        ("todie", "to die"),
        ("iwant", "i want"),
        ("kilmyself", "kill myself"),
    ],
)
def test_a_blank_too_few_too_many_or_in_the_wrong_place_is_undone(typed: str, meant: str) -> None:
    assert read_as(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "diet suit kilt kiln skill gill bill dice diet dire lied tied fife wart haunt hung pillow pilot",
        "we tied the knot and did the dishes",
        "the person i talked to did nothing",
        "i am deaf and he is dear to me",
        "mr wang told jill and ned to hand yang the bill",
        "my dna test and a pic of the tech bot at the atm",
        "from to and fro",
    ],
)
def test_a_word_that_is_one_is_never_read_as_another(text: str) -> None:
    assert read_as(text) == text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("i want to di", "i want to die"),
        ("i lif in di", "i lif in di"),
        ("cur myself", "cut myself"),
        ("a cur barked", "a cur barked"),
        ("end my lie", "end my life"),
        ("he told a lie", "he told a lie"),
    ],
)
def test_a_short_slip_is_known_by_the_words_beside_it_only(typed: str, meant: str) -> None:
    assert read_as(typed) == meant


def test_a_text_in_another_language_is_not_made_english() -> None:
    text = "ich wollte heute nacht nicht schlafen weil der sturm gegen das fenster schlug und mein bruder schnarchte"
    assert read_as(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "been sucidal for weeks now",
        "i wnat ot dei",
        "i cant do this, gonna kil lmyslef tonigth",
        "I have decided to ned my lfie.",
        "took an overdsoe and im scraed",
    ],
)
def test_a_mistyped_post_is_flagged(text: str) -> None:
    assert screen(text, Context(kind=Kind.POST)).findings


def test_being_suicidal_for_weeks_is_flagged_as_typed_well() -> None:
    assert screen("been suicidal for weeks now", Context(kind=Kind.POST)).held


def test_each_everyday_word_is_read_as_it_stands() -> None:
    everyday = sorted(
        word for word in load_names().common - load_spelling().meant.keys() if word.isascii() and word.isalpha()
    )
    assert len(everyday) > 30_000
    assert [word.text for word in split_words(". ".join(everyday))] == everyday


def test_forty_thousand_letters_of_no_words_are_read_soon() -> None:
    rng = random.Random(7)
    words = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 12))) for _ in range(6000)]
    with bounded_effort(2):  # a tenth of it on an idle machine
        split_words(" ".join(words)[:40_000])


def test_the_index_is_small() -> None:
    load_names()
    load_spelling()
    load_slips.cache_clear()
    tracemalloc.start()
    try:
        load_slips()
        assert tracemalloc.get_traced_memory()[0] < 5_000_000
    finally:
        tracemalloc.stop()
