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
    "Just dial five five five one two.",
    "ring nine hundred twelve at once",
    "call one eight hundred, five five five, zero one nine nine",
    "call 4-7-7 whenever you like",
    "go to kindhelp [dot] org",
    "have a look at kindhelp . com",
    "Text HOME to 747474",
    "1-800-GET-SLEEP is free",
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
    "You can ring one one six, one two three.",
    "Breathe in for four, hold for seven, out for eight.",
    "One day, two days, three days: it adds up.",
    "I called four or five times before somebody picked up.",
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
    assert highest(found(PHASE, text, Kind.REPLY, country="IE")) is Severity.REVIEW


def test_no_line_passes_as_somebodys_own_while_their_country_is_unknown() -> None:
    assert codes(found(PHASE, "Please call 988.", Kind.REPLY)) == {"links.country_unknown"}
    assert highest(found(PHASE, "Please call 988.", Kind.REPLY)) is Severity.REVIEW
    assert highest(found(PHASE, "Please call 988.", Kind.SUGGESTION)) is Severity.HOLD


def test_it_knows_a_number_of_the_book_in_its_international_form() -> None:
    assert "3531800247247" in book_numbers()
    assert found(PHASE, "From abroad it is +353 1800 247 247.", Kind.REPLY, country="IE") == []


@pytest.mark.parametrize(
    "text", ["Text HOME to 741741.", "Call nine eight eight.", "call 9-8-8", "1-800-273-TALK is there all night"]
)
def test_a_line_of_the_book_is_only_its_own_countrys_however_it_is_written(text: str) -> None:
    assert found(PHASE, text, Kind.SUGGESTION, country="US") == []
    for country in ("IE", ""):
        assert highest(found(PHASE, text, Kind.SUGGESTION, country=country)) is Severity.HOLD
        assert highest(found(PHASE, text, Kind.REPLY, country=country)) is Severity.REVIEW


@pytest.mark.parametrize("text", ["Samaritans answer on 50808.", "Pieta is there: 116 123", "Text Childline on 50808"])
def test_it_points_at_a_number_that_stands_under_another_lines_name(text: str) -> None:
    assert codes(found(PHASE, text, Kind.REPLY, country="IE")) == {"links.wrong_name"}
    assert highest(found(PHASE, text, Kind.SUGGESTION, country="IE")) is Severity.HOLD


def test_lines_with_their_own_numbers_pass_side_by_side() -> None:
    text = "Samaritans are on 116 123, Pieta on 1800 247 247; in danger ring 112."
    assert found(PHASE, text, Kind.REPLY, country="IE") == []
