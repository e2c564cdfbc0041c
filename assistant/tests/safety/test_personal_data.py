from __future__ import annotations

import pytest

from assistant.safety.phases.personal_data import PersonalData
from assistant.safety.types import Kind, Severity
from assistant.tests.safety.screened import codes, found, highest

PHASE = PersonalData()

GIVEN_AWAY = [
    ("mail me, kim.example@example.com", "personal_data.email"),
    ("my number is 087 123 4567 if anybody cares", "personal_data.phone"),
    ("im @kim_in_the_rain there", "personal_data.handle"),
    ("my insta is kimintherain", "personal_data.handle"),
    ("i live at 14 Willow Tree Road and they know it", "personal_data.address"),
    ("flat 3, 20 Harbour Street", "personal_data.address"),
    ("SW1A 1AA is where he sits", "personal_data.address"),
    ("card 4111 1111 1111 1111 got stolen", "personal_data.long_number"),
]
NOTHING_GIVEN = [
    "I am 17 and I live with my dad.",
    "It happened on 12/05/2024 around 10:30.",
    "We moved to another town, 200 km away.",
    "I have 3 exams and 2 jobs.",
    "Class 4 road rage, that is my father.",
    "I owe 12 000 euros.",
]
CONTACT = [
    "Add me on snapchat, I'm there all night.",
    "dm me",
    "my number is on my profile",
    "Give me your phone number and we talk.",
    "where do you live?",
    "Let's meet up for a coffee.",
    "I'm @listening_lee over there",
    "come to 14 Willow Tree Road",
]
NO_CONTACT = [
    "Thank you for writing to us.",
    "Is there somebody near you that you could call?",
    "Would you like to write more about it here?",
    "It can help to meet a friend for a walk.",
    "You can answer here whenever you like.",
    "Where do you feel most at ease?",
]


@pytest.mark.parametrize(("text", "code"), GIVEN_AWAY)
def test_it_hints_at_what_a_post_gives_away(text: str, code: str) -> None:
    findings = found(PHASE, text, Kind.POST)
    assert code in codes(findings)
    assert highest(findings) is Severity.NOTE


@pytest.mark.parametrize("text", NOTHING_GIVEN)
def test_it_lets_ages_dates_and_amounts_pass(text: str) -> None:
    assert found(PHASE, text, Kind.POST) == []


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", CONTACT)
def test_it_holds_private_contact(text: str, kind: Kind) -> None:
    assert highest(found(PHASE, text, kind)) is Severity.HOLD


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", NO_CONTACT)
def test_it_lets_a_reply_without_private_contact_pass(text: str, kind: Kind) -> None:
    assert found(PHASE, text, kind) == []


def test_it_only_hints_at_details_that_stand_in_the_post() -> None:
    post = "they know i live at 14 Willow Tree Road"
    findings = found(PHASE, "They know 14 Willow Tree Road, you said.", Kind.REPLY, post=post)
    assert codes(findings) == {"personal_data.repeated"}
    assert highest(findings) is Severity.NOTE
