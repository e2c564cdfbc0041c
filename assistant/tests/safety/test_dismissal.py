from __future__ import annotations

import pytest

from assistant.safety.phases.dismissal import Dismissal
from assistant.safety.types import Kind, Severity
from assistant.tests.safety.screened import found, highest

PHASE = Dismissal()

HURTING = [
    "Honestly it's your own fault for staying with him.",
    "You brought this on yourself.",
    "You should have left him years ago.",
    "suicide is selfish, think of your family for once",
    "Other people have it so much worse than you.",
    "Kids in other countries are starving, you know.",
    "You're overreacting, it was only a message.",
    "It's not that bad.",
    "Get over it already.",
    "man up",
    "Stop feeling sorry for yourself.",
    "You just want attention.",
    "It's all in your head.",
    "this is just a phase",
    "I don't believe you.",
    "I'm sure your dad didn't mean it.",
    "Are you sure that happened?",
    "You're pathetic.",
    "nobody cares",
    "kys",
    "The world would be better off without you",
    "You have no reason to be sad.",
    "snap out of it",
]
CLUMSY = [
    "Just cheer up, tomorrow is a new day.",
    "Look on the bright side!",
    "Everything happens for a reason.",
    "At least you still have your job.",
    "Try to stay positive.",
    "I know exactly how you feel.",
    "You have so much to live for.",
]
KIND_WORDS = [
    "It's not your fault.",
    "None of this is your fault, and I'm glad you wrote.",
    "You're not overreacting. That sounds frightening.",
    "I believe you.",
    "It makes sense that you feel worn out after weeks of this.",
    "You deserve to be listened to.",
    "You don't have to get over it quickly.",
    "Feeling like a burden is so heavy, and I'm glad you told me.",
    "It's hard when people say others have it worse.",
    "What would help you get through tonight?",
    "That sounds like a lot for one person to carry.",
    "You're not being dramatic.",
    "Thank you for trusting us with this.",
    "You might blame yourself, but what he did was his choice.",
]


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", HURTING)
def test_it_holds_what_hurts(text: str, kind: Kind) -> None:
    assert highest(found(PHASE, text, kind)) is Severity.HOLD


@pytest.mark.parametrize("text", CLUMSY)
def test_it_holds_a_clumsy_suggestion_and_only_hints_at_a_clumsy_reply(text: str) -> None:
    assert highest(found(PHASE, text, Kind.SUGGESTION)) is Severity.HOLD
    assert highest(found(PHASE, text, Kind.REPLY)) is Severity.NOTE


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", KIND_WORDS)
def test_it_lets_kind_words_pass(text: str, kind: Kind) -> None:
    assert found(PHASE, text, kind) == []
