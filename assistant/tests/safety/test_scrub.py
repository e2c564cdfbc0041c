from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.safety.scrub import scrub


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Mail me: kim.example@example.com!", "Mail me: [email]!"),
        ("kim (at) example (dot) com", "[email]"),
        ("Ring 087 123 4567 after six", "Ring [phone] after six"),
        ("+353 87 123 4567", "[phone]"),
        ("see https://example.org/a?b=c now", "see [link] now"),
        ("see example.org/kim now", "see [link] now"),
        ("I am @kim_in_the_rain there", "I am [handle] there"),
        ("my insta is kimintherain", "my insta is [handle]"),
        ("card 4111 1111 1111 1111.", "card [number]."),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [number]"),
        ("member 1234567890123456789", "member [number]"),
        ("I live at 14 Willow Tree Road, alone", "I live at [address], alone"),
        ("K\u0301im: kim@\u200bexample.com", "K\u0301im: [email]"),
    ],
)
def test_it_puts_a_placeholder_where_personal_data_stood(text: str, scrubbed: str) -> None:
    assert scrub(text) == scrubbed


@pytest.mark.parametrize(
    "text",
    ["I am 17.", "On 12.05.2024 at 10:30 it rained.", "I owe 12 000 euros.", "We talked.It helped.", "", "🖤\n\n🖤"],
)
def test_it_leaves_the_story_alone(text: str) -> None:
    assert scrub(text) == text


def test_it_finds_data_at_the_end_of_a_very_long_text() -> None:
    text = "It was a long day. " * 20_000 + "kim@example.com"
    assert scrub(text).endswith("[email]")
    assert scrub(text).startswith("It was a long day. It was")


@given(st.text(max_size=300))
def test_it_never_raises_and_scrubbing_twice_changes_nothing_more(text: str) -> None:
    once = scrub(text)
    assert scrub(once) == once
