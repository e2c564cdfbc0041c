from __future__ import annotations

import pytest

from assistant.safety.phases.links import Links, book_numbers
from assistant.safety.types import Kind, Severity
from assistant.tests.safety.screened import codes, found, highest

PHASE = Links()

NOT_IN_THE_BOOK = [
    "Call the national line on 1-800-555-0199.",
    "you can ring me on 087 123 4567",
    "Visit www.get-help-now.example.org today",
    "see https://samaritans.org.evil.example/help",
    "text HELLO to 55512",
    "Call 477 for help.",
    "write to kind.listener@example.com",
    "my mail is kind.listener (at) example (dot) com",
    "there is a site, sadhelp dot com",
    "Call 1-800-FEELBAD any time",
    "notsamaritans.org has people to talk to",
    "+44 20 7946 0958 is open all night",
]
FINE = [
    "You could call Samaritans on 116 123.",
    "If you are in danger, please call 112 or 999.",
    "Text 50808 any time, it is free.",
    "More at https://www.samaritans.org/ireland/ if you like.",
    "pieta.ie has more, or ring 1800 247 247.",
    "I waited 45 minutes for the bus on 12.05.2024 at 10:30.",
    "You wrote 2,000 words at 3 in the morning. That says a lot.",
    "We talked.It helped me to write it down.",
    "I read your message 3 times.",
]


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", NOT_IN_THE_BOOK)
def test_it_holds_numbers_and_addresses_that_are_not_in_the_helpline_book(text: str, kind: Kind) -> None:
    assert highest(found(PHASE, text, kind, country="IE")) is Severity.HOLD


@pytest.mark.parametrize("kind", [Kind.SUGGESTION, Kind.REPLY])
@pytest.mark.parametrize("text", FINE)
def test_it_lets_lines_of_the_book_and_ordinary_numbers_pass(text: str, kind: Kind) -> None:
    assert found(PHASE, text, kind, country="IE") == []


def test_it_does_not_send_somebody_to_another_countrys_line() -> None:
    text = "Please call 988."
    assert found(PHASE, text, Kind.SUGGESTION, country="US") == []
    assert codes(found(PHASE, text, Kind.SUGGESTION, country="IE")) == {"links.other_country"}
    assert highest(found(PHASE, text, Kind.SUGGESTION, country="IE")) is Severity.HOLD
    assert highest(found(PHASE, text, Kind.REPLY, country="IE")) is Severity.NOTE


def test_it_asks_to_name_the_country_when_it_does_not_know_it() -> None:
    assert codes(found(PHASE, "Please call 988.", Kind.REPLY)) == {"links.country_unknown"}


def test_it_knows_a_number_of_the_book_in_its_international_form() -> None:
    assert "3531800247247" in book_numbers()
    assert found(PHASE, "From abroad it is +353 1800 247 247.", Kind.REPLY, country="IE") == []
