from __future__ import annotations

import pytest

from assistant.safety.phases.promises import Promises
from assistant.safety.types import Kind, Severity
from assistant.tests.safety.screened import codes, found, highest

PHASE = Promises()

HELD = [
    "I won't tell anyone, this stays between us.",
    "your secret is safe with me",
    "Don't tell your parents about this.",
    "I promise it will get better.",
    "I guarantee you'll be fine.",
    "Promise me you won't do anything tonight.",
    "you have to promise me you will call",
    "As a therapist I see this often.",
    "I'm a trained counsellor, so listen.",
    "In my clinical experience this passes.",
]
ASSURED = [
    "It gets better.",
    "Everything will be okay.",
    "I will always be there for you.",
    "You'll get through this.",
    "Things are going to get easier.",
]
ABOUT_ITSELF = [
    "As an AI language model I cannot help with that.",
    "I'm a real person just like you.",
    "I am an AI assistant.",
    "Here is a revised version of your draft:",
    "I've been through the same thing.",
    "When I was at school I felt like this too.",
]
HONEST = [
    "I can't promise that it will get better, but I can listen.",
    "I'm not a therapist, only somebody who has time to listen.",
    "I hope it gets a little easier.",
    "Would you like to tell someone close to you?",
    "You don't have to tell anyone more than you want to.",
    "I can't keep this secret if your life is in danger.",
    "Talking to a doctor might help.",
    "What would make tonight a bit easier?",
]


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", HELD)
def test_it_holds_what_nobody_can_promise_or_may_claim(text: str, kind: Kind) -> None:
    assert highest(found(PHASE, text, kind)) is Severity.HOLD


@pytest.mark.parametrize("text", ASSURED)
def test_it_holds_a_suggestion_and_hints_at_a_reply_that_is_too_sure(text: str) -> None:
    assert highest(found(PHASE, text, Kind.SUGGESTION)) is Severity.HOLD
    assert highest(found(PHASE, text, Kind.REPLY)) is Severity.NOTE


@pytest.mark.parametrize("text", ABOUT_ITSELF)
def test_it_holds_a_suggestion_that_speaks_of_itself(text: str) -> None:
    assert highest(found(PHASE, text, Kind.SUGGESTION)) is Severity.HOLD


def test_it_lets_the_supporter_speak_of_their_own_life() -> None:
    text = "I've been through the same thing."
    assert found(PHASE, text, Kind.REPLY) == []
    assert found(PHASE, text, Kind.SUGGESTION, draft="i have been through the same, it was awful") == []
    assert codes(found(PHASE, text, Kind.SUGGESTION, draft="that is awful")) == {"promises.experience"}


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", HONEST)
def test_it_lets_honest_words_pass(text: str, kind: Kind) -> None:
    assert found(PHASE, text, kind) == []
