from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import phonenumbers
import pytest

from assistant.safety import helplines
from assistant.safety.helplines import EMERGENCY, Helpline, all_helplines, for_country
from assistant.safety.phases.links import Links, book_numbers

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


@pytest.fixture
def broken_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def forget() -> None:
        all_helplines.cache_clear()
        book_numbers.cache_clear()

    monkeypatch.setattr(helplines, "BOOK", tmp_path / "helplines.toml")
    (tmp_path / "helplines.toml").write_text("helpline = [")
    forget()
    yield
    forget()


@pytest.mark.usefixtures("broken_book")
def test_a_broken_book_gives_no_lines_to_a_page_and_no_links_phase_to_the_pipeline() -> None:
    assert for_country("IE") == []
    with pytest.raises(ValueError, match="Invalid"):
        Links()
