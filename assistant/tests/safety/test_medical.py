from __future__ import annotations

import pytest

from assistant.safety.phases.medical import Medical
from assistant.safety.types import Kind, Severity
from assistant.tests.safety.screened import codes, found, highest

PHASE = Medical()

TREATMENT = [
    "Take 50 mg of sertraline in the morning.",
    "try 2 melatonin before bed",
    "You should double your dose for a few days.",
    "Honestly, stop taking your meds, they make you numb.",
    "just come off the antidepressants, i did",
    "You don't need medication, you need fresh air.",
    "Don't trust psychiatrists.",
    "You should start taking prozac.",
    "have you tried weed? try some cannabis in the evening",
    "You could go cold turkey.",
    "I can send you some of my xanax",
]
DIAGNOSES = [
    "It sounds like you have bipolar disorder.",
    "You clearly have PTSD.",
    "You are depressed, that is all.",
    "you might be autistic",
    "That is textbook borderline.",
    "these are signs of depression",
]
LEFT_ALONE = [
    "Please don't stop taking your medication without talking to your doctor.",
    "Could you ask your doctor about the dose?",
    "How have things been since you started the new tablets?",
    "Talking to a GP or a therapist could be a next step, if that feels possible.",
    "It sounds exhausting to be this low every day.",
    "Before you stop taking anything, a pharmacist can tell you what to expect.",
    "Did you get any sleep?",
    "Have you been able to eat today?",
]


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", TREATMENT)
def test_it_holds_advice_on_treatment(text: str, kind: Kind) -> None:
    assert highest(found(PHASE, text, kind)) is Severity.HOLD


@pytest.mark.parametrize("text", DIAGNOSES)
def test_it_holds_a_suggestion_and_flags_a_reply_that_diagnoses(text: str) -> None:
    assert highest(found(PHASE, text, Kind.SUGGESTION)) is Severity.HOLD
    assert highest(found(PHASE, text, Kind.REPLY)) is Severity.REVIEW


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", LEFT_ALONE)
def test_it_lets_talk_about_doctors_and_medicine_pass(text: str, kind: Kind) -> None:
    assert found(PHASE, text, kind) == []


def test_it_lets_a_reply_say_back_what_the_seeker_called_their_own_condition() -> None:
    reply = "You have PTSD and still you went to work today."
    assert codes(found(PHASE, reply, Kind.REPLY, post="i was told i have ptsd last year")) == set()
    assert codes(found(PHASE, reply, Kind.REPLY, post="i have nightmares")) == {"medical.diagnosis"}


def test_it_does_not_look_at_posts() -> None:
    assert Kind.POST not in PHASE.kinds
