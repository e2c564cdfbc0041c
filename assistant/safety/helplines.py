"""Who to contact, by country: the book in helplines.toml and a deployment's own. No network, and no default country.

Plain Python. Django says at start-up which own book counts (`use`); everybody else asks `for_country`.
"""

from __future__ import annotations

import logging
import threading
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import phonenumbers

logger = logging.getLogger(__name__)

SHIPPED = Path(__file__).with_name("helplines.toml")
EMERGENCY = "emergency"
CHANNELS = ("call", "text", "call or text", "chat")
STANDS_FOR = timedelta(days=90)  # how long a check of an entry counts, where the entry says nothing else

_lock = threading.Lock()
_own: Path | None = None
_books: dict[Path | None, tuple[Helpline, ...]] = {}


class HelplineError(ValueError):
    """A book is missing, or an entry of it cannot stand. Names the entry, the field and the remedy."""


class State(StrEnum):
    CURRENT = "current"
    UNVERIFIED = "unverified"  # nobody has checked it for this deployment
    EXPIRED = "expired"  # the check is too old


@dataclass(frozen=True, slots=True)
class Helpline:
    name: str
    country: str  # ISO 3166-1 alpha-2
    region: str  # empty: the whole country
    language: str
    audience: str  # "anyone", "emergency", or whom the line is for
    channel: str
    number: str  # as displayed: the first of `numbers`; empty for a chat
    url: str
    hours: str
    source: str  # where the entry can be checked
    verified_on: date
    verified_by: str  # empty: entered from public knowledge, checked by nobody
    expires_on: date
    numbers: tuple[str, ...]  # every number the line answers on

    def state(self, today: date) -> State:
        if not self.verified_by:
            return State.UNVERIFIED
        return State.EXPIRED if today >= self.expires_on else State.CURRENT


def use(own: Path | None) -> None:
    """Choose the deployment's own book, read when it is next asked for; None: the shipped one alone."""
    global _own
    with _lock:
        _own = own
        _books.clear()


def own_path() -> Path | None:
    return _own


def all_helplines() -> tuple[Helpline, ...]:
    """The shipped book with the own one laid over it. Raises HelplineError; the links phase is then missing, which holds."""
    with _lock:
        if _own not in _books:
            _books[_own] = read_books(SHIPPED, _own)
        return _books[_own]


def for_country(country: str, language: str = "en") -> list[Helpline]:
    """Emergency first, then lines in the wanted language. An unknown country gets none: a wrong number is worse."""
    try:
        book = all_helplines()
    except HelplineError:
        logger.error("the helpline book cannot be read")
        return []  # pages still open without the book; the links phase holds what it cannot check
    lines = [line for line in book if line.country == country.strip().upper()]
    wanted = language.partition("-")[0].lower()
    return sorted(lines, key=lambda line: (line.audience != EMERGENCY, line.language != wanted))


@cache
def country_names() -> dict[str, str]:
    """Names of the countries that the shipped book has lines for, by code; the code itself stands for every other."""
    try:
        names = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))["countries"]
    except (OSError, UnicodeError, tomllib.TOMLDecodeError, KeyError):
        names = {}
    return {code: str(names.get(code, code)) for code in sorted(phonenumbers.SUPPORTED_REGIONS)}


def not_current(today: date) -> list[Helpline]:
    """What somebody has to look at: entries that nobody checked, or not lately."""
    return [line for line in all_helplines() if line.state(today) is not State.CURRENT]


def read_books(shipped: Path, own: Path | None) -> tuple[Helpline, ...]:
    """An own entry of the same country and name takes a shipped one's place; `remove = true` takes it out."""
    book = {(line.country, line.name): line for line in _read(shipped) if isinstance(line, Helpline)}
    for line in _read(own) if own is not None else ():
        if isinstance(line, Helpline):
            book[line.country, line.name] = line
        elif book.pop(line, None) is None:
            raise HelplineError(
                f"{own}: entry {line[1]!r} ({line[0]}): remove = true, but there is no such entry. Copy its country and name."
            )
    return tuple(book.values())


def _read(path: Path) -> list[Helpline | tuple[str, str]]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError) as error:
        raise HelplineError(f"{path}: cannot be read ({type(error).__name__}). Restore the file.") from error
    except tomllib.TOMLDecodeError as error:
        raise HelplineError(f"{path}: {error}. Correct the line.") from error
    entries = table.get("helpline")
    if not isinstance(entries, list) or not entries:
        raise HelplineError(f"{path}: no entries. Write each as a table under [[helpline]].")
    return [_Entry(path, number, entry, table).read() for number, entry in enumerate(entries, start=1)]


_FIELDS = frozenset(
    "name country region language audience channel numbers url hours source verified_on verified_by expires_on remove".split()  # noqa: SIM905
)


class _Entry:
    def __init__(self, path: Path, number: int, values: Any, defaults: dict[str, Any]) -> None:
        self.path = path
        self.number = number
        self.values: dict[str, Any] = values if isinstance(values, dict) else {}
        self.defaults = defaults

    def read(self) -> Helpline | tuple[str, str]:
        unknown = sorted(self.values.keys() - _FIELDS)
        if unknown:
            raise self.wrong(unknown[0], self.values[unknown[0]], "there is no such field")
        name, country = self.text("name"), self.text("country").upper()
        if country not in phonenumbers.SUPPORTED_REGIONS:
            raise self.wrong("country", country, "write the two letters of ISO 3166-1, such as IE")
        if self.values.get("remove") is True:
            return country, name
        numbers = self.numbers(country)
        url = self.web("url")
        verified_on = self.day("verified_on", None)
        channel = self.text("channel")
        if channel not in CHANNELS:
            raise self.wrong("channel", channel, f"write one of {', '.join(CHANNELS)}")
        if not numbers and channel != "chat":
            raise self.wrong("numbers", [], "give at least one, as people dial it; only a chat has none")
        return Helpline(
            name=name,
            country=country,
            region=self.text("region", ""),
            language=self.text("language", "en"),
            audience=self.text("audience", "anyone"),
            channel=channel,
            number=numbers[0] if numbers else "",
            url=url,
            hours=self.text("hours"),
            source=self.web("source", url),
            verified_on=verified_on,
            verified_by=self.text("verified_by", ""),
            expires_on=self.day("expires_on", verified_on + STANDS_FOR),
            numbers=numbers,
        )

    def wrong(self, field: str, value: object, remedy: str) -> HelplineError:
        name = self.values.get("name", "")
        return HelplineError(f"{self.path}: entry {self.number} ({name!r}), {field}={value!r}: {remedy}.")

    def text(self, field: str, default: str | None = None) -> str:
        value = self.values.get(field, self.defaults.get(field, default) if default is not None else None)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.wrong(field, value, "write some text")
        return value.strip()

    def web(self, field: str, default: str | None = None) -> str:
        value = self.text(field, default)
        if not value.startswith("https://") or len(value.split("/")[2]) < 4:
            raise self.wrong(field, value, "write an address that begins with https://")
        return value

    def day(self, field: str, default: date | None) -> date:
        value = self.values.get(field, self.defaults.get(field, default))
        if type(value) is not date:
            raise self.wrong(field, value, "write a day, such as 2026-11-20, without quotes")
        return value

    def numbers(self, country: str) -> tuple[str, ...]:
        value = self.values.get("numbers", [])
        if not isinstance(value, list) or not all(isinstance(number, str) for number in value):
            raise self.wrong("numbers", value, 'write a list of texts, such as ["116 123"]')
        for number in value:
            try:
                phonenumbers.parse(number, country)
            except phonenumbers.NumberParseException as error:
                raise self.wrong(
                    "numbers", number, f"cannot be dialled in {country}; write it as people dial it"
                ) from error
        return tuple(value)
