from __future__ import annotations

import pytest

from assistant.safety.phases.wording import Wording
from assistant.safety.types import Kind, Severity
from assistant.tests.safety.screened import codes, found, highest

PHASE = Wording()

CRIME_WORDS = [
    "My uncle committed suicide too.",
    "Have you thought about committing suicide?",
    "I'm glad it was a failed attempt.",
    "people who commit suicide",
    "He had an unsuccessful suicide attempt.",
]
SLOTS = [
    "Dear [name], thank you for writing.",
    "You can call [your local helpline] at any time.",
    "I am {first_name} and I read your post.",
    "Write to <insert link> today.",
    "Dear user, we read your message.",
    "Ring [crisis line number].",
]
PASTED = [
    "I'm so sorry to hear that. You are not alone. Please reach out to a mental health professional.",
    "Thank you for sharing. Your feelings are valid. You matter. One day at a time!",
    "You got this! Stay strong. Be kind to yourself.",
    "I hear you. There is help. Do not hesitate to seek professional help.",
    "Sending hugs. It's okay to not be okay. You are loved.",
]
POST = "My sister has not spoken to me since the funeral in May. I keep her letters in a drawer and never open them."
SAID_BACK = [
    "My sister has not spoken to me since the funeral in May. That is hard.",
    "I keep her letters in a drawer and never open them.",
    "my sister has not spoken to me since the funeral in may",
    "Thanks. My sister hasn't spoken to me since the funeral in May!",
    "I KEEP HER LETTERS IN A DRAWER, and never open them. Why?",
]
OWN_WORDS = [
    "You're not alone with those letters in the drawer. What would it be like to open one?",
    'You wrote: "I keep her letters in a drawer and never open them." What holds you back?',
    "Your sister has been silent since May, and you keep what she wrote.",
    "My uncle died by suicide, so I know that silence a little.",
    "I'm glad you survived the attempt. [I'm writing this on a train, sorry for slips]",
    "Thank you for sharing this. Since the funeral the two of you have not spoken, and the letters lie there unread; "
    "that sounds like missing her and fearing her at the same time. What would you want her to know?",
]


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", CRIME_WORDS)
def test_it_hints_at_words_of_crime_and_success(text: str, kind: Kind) -> None:
    assert codes(found(PHASE, text, kind)) == {"wording.crime_words"}
    assert highest(found(PHASE, text, kind)) is Severity.NOTE


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", SLOTS)
def test_it_holds_a_slot_left_open(text: str, kind: Kind) -> None:
    assert codes(found(PHASE, text, kind)) == {"wording.placeholder"}
    assert highest(found(PHASE, text, kind)) is Severity.HOLD


@pytest.mark.parametrize("text", PASTED)
def test_it_hints_at_set_phrases_in_a_row(text: str) -> None:
    assert codes(found(PHASE, text, Kind.REPLY)) == {"wording.stock"}


@pytest.mark.parametrize("text", SAID_BACK)
def test_it_finds_a_sentence_of_the_post(text: str) -> None:
    assert codes(found(PHASE, text, Kind.REPLY, post=POST)) == {"wording.echo"}
    assert highest(found(PHASE, text, Kind.SUGGESTION, post=POST)) is Severity.HOLD


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", OWN_WORDS)
def test_it_lets_a_reply_in_its_own_words_pass(text: str, kind: Kind) -> None:
    assert found(PHASE, text, kind, post=POST) == []
