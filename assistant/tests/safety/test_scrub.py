from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.safety.found import Contact
from assistant.safety.scrub import PLACEHOLDERS, find, scrub
from assistant.tests.effort import bounded_effort


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Mail me: kim.example@example.com!", "Mail me: [email]!"),
        ("kim (at) example (dot) com", "[email]"),
        ("Write to me at kit.moore@example.com", "Write to me at [email]"),
        ("I am at home, kit.moore at example dot com", "I am at home, [email]"),
        ("Ring 087 123 4567 after six", "Ring [phone] after six"),
        ("+353 87 123 4567", "[phone]"),
        ("see https://example.org/a?b=c now", "see [link] now"),
        ("see example.org/kim now", "see [link] now"),
        ("I am @kim_in_the_rain there", "I am [handle] there"),
        ("my insta is kimintherain", "my insta is [handle]"),
        ("card 4111 1111 1111 1111.", "card [card]."),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [iban]"),
        ("member 1234567890123456789", "member [number]"),
        ("I live at 14 Willow Tree Road, alone", "I live at [address], alone"),
        ("K\u0301im: kim@\u200bexample.com", "[name]: [email]"),
        ("My ssn is 219-09-9999, and I am scared.", "My ssn is [number], and I am scared."),
        ("driving licence no BYRNE712054", "driving licence no [number]"),
        ("passport: XK4402917", "passport: [number]"),
        ("it came from 203.0.113.77 twice", "it came from [ip] twice"),
        ("call 617-555-0143 x204 at work", "call [phone] at work"),
        ("dial nine one one, she said", "dial [phone], she said"),
        ("1-800-GET-SLEEP", "[phone]"),
        ("we moved to Lindenstraat 48, 2311 Leiden.", "we moved to [address]."),
        ("send it to 7 Rue des Lilas, Apt. 12, Nantes", "send it to [address]"),
        ("i told niamh kavanagh that i was done", "i told [name] that i was done"),
        ("Ring 01 234 5678.01 234 5679", "Ring [number]"),
    ],
)
def test_it_puts_a_placeholder_where_personal_data_stood(text: str, scrubbed: str) -> None:
    assert scrub(text) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "I took 3 Xanax at 10 and slept 12 hours.",
        "In the top 20 of 2016, page 12, class 4.",
        "Breathe in four, hold seven, out eight.",
        "I am 17.",
        "On 12.05.2024 at 10:30 it rained.",
        "I owe 12 000 euros.",
        "We talked.It helped.",
        "",
        "🖤\n\n🖤",
    ],
)
def test_it_leaves_the_story_alone(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.deep
def test_it_finds_data_at_the_end_of_a_very_long_text() -> None:
    text = "It was a long day. " * 20_000 + "kim@example.com"
    assert scrub(text).endswith("[email]")
    assert scrub(text).startswith("It was a long day. It was")


@given(st.text(max_size=300))
def test_it_never_raises_and_scrubbing_twice_changes_nothing_more(text: str) -> None:
    once = scrub(text)
    assert scrub(once) == once


_PIECES = "Ann |1|1.|-|call |nine |@|a.b |12 Oak Street|\n|[name]|my name is |Dr. |+1|and ".split("|")  # noqa: SIM905


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
def test_scrubbing_twice_changes_nothing_more_where_much_is_found(text: str) -> None:
    once = scrub(text)
    assert scrub(once) == once


@given(st.text(max_size=200), st.lists(st.sampled_from(_PIECES), max_size=8).map("".join))
def test_what_it_finds_lies_in_order_without_overlaps(first: str, second: str) -> None:
    text = first + second
    found = find(text)
    assert all(before.end <= after.start for before, after in pairwise(found))
    assert all(0 <= item.start < item.end <= len(text) for item in found)


def test_every_kind_has_a_placeholder() -> None:
    assert set(PLACEHOLDERS) == set(Contact)


@pytest.mark.parametrize(
    "piece",
    [
        "1.",
        "1 ",
        "12-",
        "(1",
        "Aaa, ",
        "Ann and ",
        "one ",
        "license number ",
        "a dot ",
        "12 Aa street ",
        "f:",
        "Dr. ",
        "a'",
    ],
)
def test_forty_thousand_hostile_characters_take_bounded_effort(piece: str) -> None:
    text = piece * (40_000 // len(piece))
    with bounded_effort(5):
        scrub(text)
