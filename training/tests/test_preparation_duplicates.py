"""Repeats go, one of each stays, and which one does not depend on the order."""

from __future__ import annotations

import random

import pytest

pytest.importorskip("datasketch")

from training.preparation.duplicates import once, remove_duplicates
from training.preparation.near import near_pairs
from training.preparation.quarantine import Quarantine
from training.preparation.words import NearOptions
from training.schemas import Comment
from training.tests.invented import corpus, example, thread

LONG = (
    "I planted the beans in April and the snails ate every one of them, so in May I planted them again under glass and"
    " waited, and now in July there are more beans than my neighbours and I can eat in a whole summer of dinners"
)
NEAR = NearOptions(0.7, 3)


def test_it_merges_equal_posts_and_forgets_votes_of_another_page() -> None:
    quarantine = Quarantine()
    kept, report = remove_duplicates(
        corpus(
            thread("a", "My beans are GONE!", Comment("1", "Snails did that to your beans.", votes=3)),
            thread("b", "my beans are gone", Comment("1", "Try copper tape around it.", votes=9), "Or a plank."),
        ),
        NEAR,
        quarantine,
    )
    (one,) = kept.threads
    assert one.id == "b"  # it has more answers
    assert {(reply.text, reply.votes) for reply in one.comments} >= {("Snails did that to your beans.", None)}
    assert len(one.comments) == 3
    assert [(entry.id, entry.reason) for entry in quarantine.entries] == [
        ("a", "repeats another post; its answers moved")
    ]
    assert report.exact["garden, post"] == 1


def test_it_keeps_the_answer_with_most_votes_whatever_the_order() -> None:
    threads = [
        thread(name, f"Question {name} about soil and water and light", Comment("1", LONG, votes=votes))
        for name, votes in (("a", 1), ("b", 5), ("c", None))
    ]
    for _ in range(5):
        random.Random(_).shuffle(threads)
        kept, _report = remove_duplicates(corpus(*threads), NEAR, Quarantine())
        assert [one.id for one in kept.threads if one.comments] == ["b"]
        assert len(kept.threads) == 3  # a post stays when its answer goes


def test_it_finds_an_answer_with_another_word_and_spares_other_answers() -> None:
    quarantine = Quarantine()
    other = LONG.replace("April", "March")
    kept, report = remove_duplicates(
        corpus(
            thread("a", "When do beans go in?", LONG, "Never before the last frost of the year."),
            thread("b", "How do I stop snails?", other, "Never before the first frost, I think."),
        ),
        NEAR,
        quarantine,
    )
    assert [entry.id for entry in quarantine.entries] == ["b/c1"]
    assert report.near["garden, answer"] == 1
    assert len(kept.texts()) == 5


def test_short_texts_are_near_only_when_they_hardly_differ() -> None:
    texts = ["Thank you so much!", "thank you so much", "Thank you very much", "", "?!"]
    assert list(near_pairs(texts, threshold=0.7, shingle=3)) == [(0, 1)]


def test_it_accounts_for_every_text() -> None:
    quarantine = Quarantine()
    before = corpus(*(thread(str(n), f"Post {n % 3} about beans", LONG, f"Answer {n % 4} of mine") for n in range(9)))
    kept, _ = remove_duplicates(before, NEAR, quarantine)
    assert len(before.texts()) == len(kept.texts()) + len(quarantine.entries) == 27


def test_built_rows_that_ask_and_answer_the_same_are_one() -> None:
    quarantine = Quarantine()
    kept = once([example("b"), example("a"), example("c", goals=("warmer",))], quarantine, "example")
    assert [one.id for one in kept] == ["a", "c"]
    assert [entry.id for entry in quarantine.entries] == ["b"]


@pytest.mark.parametrize(("threshold", "shingle"), [(0.1, 5), (1.1, 5), (0.8, 0)])
def test_it_refuses_bounds_that_make_no_sense(threshold: float, shingle: int) -> None:
    with pytest.raises(ValueError, match="wanted"):
        NearOptions(threshold, shingle)
