"""Rows for the tests of the preparation. All invented."""

from __future__ import annotations

from typing import Any

from assistant.inference.trained_prompts import Task
from training.preparation.corpus import Corpus
from training.schemas import Comment, Example, Objective, Origin, Pair, PairSource, Thread

ORIGIN = Origin("garden", "1", "cc0-1.0")


def thread(id: str, post: str, *replies: str | Comment, author: str = "", source: str = "garden") -> Thread:
    comments = tuple(
        one if isinstance(one, Comment) else Comment(f"c{number}", one) for number, one in enumerate(replies, start=1)
    )
    return Thread(id, post, comments, Origin(source, id, "cc0-1.0"), author=author)


def corpus(*threads: Thread) -> Corpus:
    return Corpus(threads=threads)


def example(id: str, **given: Any) -> Example:
    told: dict[str, Any] = {
        "task": Task.IMPROVE,
        "answer": "You waited a long time for the bus. What did you do?",
        "origin": ORIGIN,
        "group": id,
        "post": "I waited two hours for the bus in the rain.",
        "draft": "Buses are late.",
    }
    return Example(id, **{**told, **given})


def pair(id: str, **given: Any) -> Pair:
    told: dict[str, Any] = {
        "task": Task.GENERATE,
        "chosen": "You waited a long time for the bus. What did you do?",
        "rejected": "Buses are late.",
        "source": PairSource.COMMUNITY_VOTE,
        "objective": Objective.EMPATHY,
        "origin": ORIGIN,
        "group": id,
        "post": "I waited two hours for the bus in the rain.",
    }
    return Pair(id, **{**told, **given})
