from __future__ import annotations

import pytest

from assistant.safety.phases.methods import Methods
from assistant.safety.types import Kind, Severity
from assistant.tests.safety.screened import found, highest

PHASE = Methods()

ASKED = [
    "how many pills would it take to die",
    "what is the most painless way to die",
    "does anyone know how to tie a noose",
    "whats a lethal dose of paracetamol",
    "quickest way to end it please",
    "how do i kill myself without anyone noticing",
]
NAMED = [
    "I keep picturing hanging myself",
    "I think about jumping off a bridge on the way home",
    "i overdosed two years ago",
    "I used to cut my wrists",
    "how do i hide my scars at the beach",
]
GIVEN = [
    "The least painful way to go would be pills.",
    "You could jump off the bridge near the station.",
    "Twenty tablets are enough to kill, so be careful.",
    "Just hang yourself then.",
    "If you cut, do it where nobody will see.",
    "Mixing sleeping pills with vodka is how people do it.",
]
SAFE = [
    "Could someone you trust look after your medication for now?",
    "If you have taken an overdose, please call 112 right away.",
    "That sounds so hard. What helped you get through last night?",
    "Is there a way to get some rest this weekend?",
    "You don't have to go through this on your own.",
    "I jumped when you wrote that he shouted at you. How are you now?",
    "How do you get through the evenings?",
]


@pytest.mark.parametrize("text", ASKED)
def test_it_holds_a_post_that_asks_for_a_method(text: str) -> None:
    assert highest(found(PHASE, text, Kind.POST)) is Severity.HOLD


@pytest.mark.parametrize("text", NAMED)
def test_it_flags_a_post_that_names_a_method(text: str) -> None:
    assert highest(found(PHASE, text, Kind.POST)) in (Severity.REVIEW, Severity.HOLD)


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", GIVEN)
def test_it_holds_a_reply_that_gives_a_method(text: str, kind: Kind) -> None:
    assert highest(found(PHASE, text, kind)) is Severity.HOLD


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("text", SAFE)
def test_it_lets_safety_talk_and_ordinary_words_pass(text: str, kind: Kind) -> None:
    assert found(PHASE, text, kind) == []
