"""Votes that follow the words of the answers are told from votes that follow nothing."""

from __future__ import annotations

import random

import pytest

pytest.importorskip("sklearn")

from training.learnable import EVERY_PAIR, TooFewPosts, measure
from training.pairs import community_votes
from training.schemas import Comment, Consent, Origin, Pair, Thread

WORDS = ("tea", "walk", "garden", "letter", "window", "evening", "train", "kettle", "friend", "music", "river", "bread")


def pairs(*, kind_words_count: bool, posts: int = 120) -> list[Pair]:
    chance = random.Random(3)
    threads = []
    for number in range(posts):
        comments = []
        for votes in (0, 3):
            said = chance.choices(WORDS, k=chance.randrange(12, 30))
            if kind_words_count:
                said += ["gently"] if votes else ["obviously"]
            comments.append(Comment(f"{number}/{votes}", " ".join(said), votes=votes, author=f"{number}/{votes}"))
        origin = Origin("invented", str(number), "cc0-1.0", Consent.PUBLISHED)
        threads.append(Thread(str(number), f"A hard day, the {number}th.", tuple(comments), origin))
    return community_votes(threads, EVERY_PAIR)[0]


def test_votes_for_kind_words_can_be_learned() -> None:
    told = measure(pairs(kind_words_count=True))["all"]
    assert told["questions"] == told["pairs"] == 120
    assert told["difference"]["words, sum - longer is better"]["low"] > 0.3


def test_votes_for_nothing_cannot() -> None:
    accuracy = measure(pairs(kind_words_count=False, posts=800))["all"]["accuracy"]["words, sum"]
    assert accuracy["value"] == pytest.approx(0.5, abs=0.06)  # three standard errors


def test_a_handful_of_posts_is_refused() -> None:
    with pytest.raises(TooFewPosts, match="3 posts"):
        measure(pairs(kind_words_count=True, posts=3))
