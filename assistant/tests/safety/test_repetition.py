from __future__ import annotations

import pytest

from assistant.safety.phases.repetition import Repetition
from assistant.safety.types import Kind, Severity
from assistant.tests.safety.screened import found, highest

PHASE = Repetition()

LOOPS = [
    "I am here I am here I am here I am here",
    "sorry sorry sorry sorry sorry sorry",
    "That must be hard for you. Please rest. That must be hard for you. And eat. That must be hard for you.",
    "It is hard to to lose a friend and it is hard to to lose a friend and it is hard to to lose a friend and",
    "You are \ufffd\ufffd strong",
]
FINE = [
    "No no no, please don't apologise.",
    "It is very, very, very hard.",
    "You wrote that you are tired. Being tired is not a failure. What makes you tired?",
    "You are not alone. I mean it: you are not alone.",
    "The user of that account was cruel to you.",
    "Thank you, thank you for writing.",
]


@pytest.mark.parametrize("text", LOOPS)
def test_it_holds_a_broken_suggestion_and_hints_at_a_broken_reply(text: str) -> None:
    assert highest(found(PHASE, text, Kind.SUGGESTION)) is Severity.HOLD
    assert highest(found(PHASE, text, Kind.REPLY)) is Severity.NOTE


@pytest.mark.parametrize("text", FINE)
def test_it_lets_people_say_things_twice(text: str) -> None:
    assert found(PHASE, text, Kind.SUGGESTION) == []


def test_it_does_not_look_at_posts() -> None:
    assert Kind.POST not in PHASE.kinds
