"""How a model is asked that was trained for its tasks: one word says the task, and nothing has to be shown.

The words below are what `training/` trains on, token for token. The task's word stands in the system turn, the post and
the draft come next, and what differs between two requests for the same draft (goals, sentences to keep) comes last, so
that the engine can prepare post and draft before it is known. Change a word and the version rises.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from assistant.inference.scaffold import DRAFT, POST, REPLY, TURN_END, scaffold, system, written
from assistant.inference.types import Mode, Prompt, Segment

IMPROVE_VERSION = "improve-2"
GENERATE_VERSION = "generate-2"
SEEKER_VERSION = "seeker-1"
FEEDBACK_VERSION = "feedback-1"

GOALS = "<|im_start|>user\nGoals:\n"
KEEP = "<|im_start|>user\nKeep:\n"
TOPIC = "<|im_start|>user\nTopic:\n"


class Task(StrEnum):
    """What a trained model was trained to do: the mode token of its prompts."""

    IMPROVE = "improve"  # revise the supporter's draft
    GENERATE = "generate"  # draft a reply
    SEEKER = "seeker"  # write as somebody with a hard time would, for practice
    FEEDBACK = "feedback"  # say what a draft lacks


class Goal(StrEnum):
    """What a supporter may ask of a revision."""

    WARMER = "warmer"
    CLEARER = "clearer"
    SHORTER = "shorter"
    PLAINER = "plainer words"
    NEXT_STEP = "one concrete next step"
    QUESTION = "ask an open question"
    SAFER = "safer wording"


def build_improve(*, post: str, draft: str, goals: Sequence[Goal] = (), keep: Sequence[str] = ()) -> Prompt:
    """`keep`: sentences of the draft that must come back as they are."""
    last: tuple[Segment, ...] = ()
    if goals:
        last += (scaffold(TURN_END + GOALS + "\n".join(goals)),)
    if keep:
        last += (scaffold(TURN_END + KEEP), written("\n".join(keep)))
    return Prompt(
        segments=(
            scaffold(system(Task.IMPROVE) + POST),
            written(post),
            scaffold(TURN_END + DRAFT),
            written(draft),
            *last,
            scaffold(TURN_END + REPLY),
        ),
        mode=Mode.IMPROVE,
        version=IMPROVE_VERSION,
        draft=written(draft).text,
        post=written(post).text,
    )


def build_generate(*, post: str) -> Prompt:
    return Prompt(
        segments=(scaffold(system(Task.GENERATE) + POST), written(post), scaffold(TURN_END + REPLY)),
        mode=Mode.GENERATE,
        version=GENERATE_VERSION,
        post=written(post).text,
    )


def build_seeker(*, topic: str) -> Prompt:
    """A post to practise on. Shown as an exercise, never as somebody's words."""
    return Prompt(
        segments=(scaffold(system(Task.SEEKER) + TOPIC), written(topic), scaffold(TURN_END + REPLY)),
        mode=None,
        version=SEEKER_VERSION,
    )


def build_feedback(*, post: str, draft: str) -> Prompt:
    """Asks for the areas in which the draft falls short, one on a line; see training/building/feedback.py."""
    return Prompt(
        segments=(
            scaffold(system(Task.FEEDBACK) + POST),
            written(post),
            scaffold(TURN_END + DRAFT),
            written(draft),
            scaffold(TURN_END + REPLY),
        ),
        mode=None,
        version=FEEDBACK_VERSION,
    )
