from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import phonenumbers
import pytest

from assistant.safety import helplines
from assistant.safety.helplines import (
    EMERGENCY,
    Helpline,
    HelplineError,
    State,
    all_helplines,
    for_country,
    not_current,
)
from assistant.safety.phases.links import Links
from assistant.safety.types import Kind
from assistant.tests.safety.screened import found

COUNTRIES = sorted({line.country for line in all_helplines()})


def test_the_book_covers_a_dozen_countries() -> None:
    assert {"IE", "GB", "US", "CA", "AU", "NZ", "DE", "FR", "NL", "ES", "IN", "ZA"} <= set(COUNTRIES)


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_has_emergency_services_first_and_at_least_one_line(country: str) -> None:
    lines = for_country(country)
    assert lines[0].audience == EMERGENCY
    assert any(line.audience != EMERGENCY for line in lines)
    assert all(line.country == country for line in lines)


@pytest.mark.parametrize("line", all_helplines(), ids=lambda line: f"{line.country} {line.name}")
def test_every_entry_is_whole(line: Helpline) -> None:
    assert line.country in phonenumbers.SUPPORTED_REGIONS
    assert line.url.startswith("https://")
    assert line.source.startswith("https://")
    assert line.hours
    assert line.channel in {"call", "text", "call or text", "chat"}
    assert line.number == line.numbers[0]
    for number in line.numbers:
        phonenumbers.parse(number, line.country)


@pytest.mark.parametrize("country", ["", "XX", "ZZ", "Ireland", "🇮🇪"])
def test_an_unknown_country_gets_no_line_and_never_another_countrys(country: str) -> None:
    assert for_country(country) == []


def test_it_takes_a_country_as_people_type_it() -> None:
    assert for_country(" ie ") == for_country("IE") != []


def test_lines_in_the_wanted_language_come_before_the_others() -> None:
    languages = [line.language for line in for_country("CH", language="de-CH")]
    assert languages == sorted(languages, key=lambda language: language != "de")


OWN = """
[[helpline]]
name = "Night Line of Harbour Town"
country = "IE"
channel = "call"
numbers = ["01 496 0133"]
url = "https://night.example.org/"
hours = "20:00-02:00"
verified_on = 2026-11-01
verified_by = "Rowan, lead"

[[helpline]]
name = "Samaritans Ireland"
country = "IE"
channel = "call"
numbers = ["116 123"]
url = "https://www.samaritans.org/ireland/"
hours = "24/7"
verified_on = 2026-11-01
verified_by = "Rowan, lead"
expires_on = 2026-12-01

[[helpline]]
name = "Pieta"
country = "IE"
remove = true
"""


@pytest.fixture
def own_book(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "helplines.toml"
    path.write_text(OWN, encoding="utf-8")
    helplines.use(path)
    yield path
    helplines.use(None)


def test_an_own_book_adds_replaces_and_removes(own_book: Path) -> None:
    lines = {line.name: line for line in for_country("IE")}
    assert "Night Line of Harbour Town" in lines
    assert "Pieta" not in lines
    assert lines["Samaritans Ireland"].verified_by == "Rowan, lead"
    assert "Childline by ISPCC" in lines
    assert found(Links(), "Ring 01 496 0133.", Kind.REPLY, country="IE") == []
    assert found(Links(), "Ring 1800 247 247.", Kind.REPLY, country="IE") != []


def test_a_check_of_an_entry_stands_for_ninety_days_or_until_the_day_given(own_book: Path) -> None:
    lines = {line.name: line for line in for_country("IE")}
    night, samaritans = lines["Night Line of Harbour Town"], lines["Samaritans Ireland"]
    assert night.state(date(2027, 1, 29)) is State.CURRENT
    assert night.state(date(2027, 1, 30)) is State.EXPIRED
    assert samaritans.state(date(2026, 11, 30)) is State.CURRENT
    assert samaritans.state(date(2026, 12, 1)) is State.EXPIRED
    assert lines["Childline by ISPCC"].state(date(2026, 11, 20)) is State.UNVERIFIED
    assert night not in not_current(date(2026, 11, 20))


def test_no_entry_of_the_shipped_book_claims_that_somebody_checked_it() -> None:
    assert {line.state(line.verified_on) for line in all_helplines()} == {State.UNVERIFIED}


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ('country = "IE"', 'country = "Eire"', "entry 1 ('Night Line of Harbour Town'), country='EIRE'"),
        ('channel = "call"', 'channel = "fax"', "channel='fax': write one of call"),
        ('numbers = ["01 496 0133"]', 'numbers = "01 496 0133"', "numbers='01 496 0133': write a list"),
        ('numbers = ["01 496 0133"]', 'numbers = ["none"]', "numbers='none': cannot be dialled in IE"),
        ('numbers = ["01 496 0133"]', "numbers = []", "numbers=[]: give at least one"),
        ("https://night.example.org/", "night.example.org", "url='night.example.org': write an address"),
        ("verified_on = 2026-11-01", 'verified_on = "1 Nov"', "verified_on='1 Nov': write a day"),
        ('hours = "20:00-02:00"', 'hour = "20:00"', "hour='20:00': there is no such field"),
        ('name = "Pieta"', 'name = "Pietà"', "no such entry"),
        ("[[helpline]]", "[[helpline", "Correct the line"),
    ],
)
def test_a_bad_entry_is_named_with_its_field_and_the_remedy(own_book: Path, line: str, instead: str, said: str) -> None:
    own_book.write_text(OWN.replace(line, instead, 1), encoding="utf-8")
    helplines.use(own_book)
    with pytest.raises(HelplineError) as told:
        all_helplines()
    assert said in str(told.value)


def test_a_missing_book_gives_no_lines_to_a_page_and_no_links_phase_to_the_pipeline(own_book: Path) -> None:
    own_book.unlink()
    helplines.use(own_book)
    assert for_country("IE") == []
    with pytest.raises(HelplineError, match="Restore the file"):
        Links()
