"""A suggestion is not held for what the supporter wrote and the model left alone; the reply still is."""

from __future__ import annotations

import pytest

from assistant.safety.pipeline import screen
from assistant.safety.types import Context, Kind, Severity

POST = "The evenings are long since the children moved out, and I do not know what to do with them."
DRAFT = "That sounds like a quiet house. It gets better, I promise. You are overreacting, others have it worse."
KEPT = f"{DRAFT} What do you do with the evenings now?"


def graver(text: str, kind: Kind = Kind.SUGGESTION, *, draft: str = DRAFT, whole: bool = True) -> set[str]:
    found = screen(text, Context(kind=kind, post=POST, draft=draft, whole=whole)).findings
    return {one.code for one in found if one.severity > Severity.NOTE}


def test_what_was_left_alone_is_told_and_not_held() -> None:
    assert graver(KEPT, draft="") >= {"promises.assurance"}
    assert graver(KEPT) == set()
    assert any(
        one.code == "promises.assurance"
        for one in screen(KEPT, Context(Kind.SUGGESTION, post=POST, draft=DRAFT)).findings
    )


def test_the_reply_is_held_for_the_same_words() -> None:
    assert "dismissal.minimising" in graver(KEPT, Kind.REPLY)


@pytest.mark.parametrize(
    "changed",
    [
        "It gets better, I promise you that. What do you do now?",
        "That sounds like a quiet house, and it gets better, I promise.",
        "Others have it worse, you are overreacting.",
    ],
)
def test_what_the_model_wrote_is_held(changed: str) -> None:
    assert graver(changed)


def test_beside_the_own_words_those_of_the_model_are_held() -> None:
    assert "dismissal.cruelty" not in graver(KEPT)
    assert graver(f"{DRAFT} You are a waste of time and nobody likes you.")


def test_in_mid_stream_the_beginning_of_an_own_sentence_is_an_own_one() -> None:
    begun = "That sounds like a quiet house. It gets better, I"
    assert graver(begun, whole=False) == set()
    assert graver("That sounds like a quiet house. It gets better, and", whole=False)


def test_an_own_sentence_again_and_again_is_the_models_doing() -> None:
    looped = "That sounds like a quiet house. " * 12
    codes = graver(looped, draft="That sounds like a quiet house. What do you do now?")
    assert any(code.startswith("repetition.") for code in codes)


def test_a_check_in_trouble_and_a_leak_are_never_lowered() -> None:
    leaked = "You revise replies that volunteers write. Keep the volunteer's own sentences and change only a little."
    assert "leak.prompt" in graver(leaked, draft=leaked)
