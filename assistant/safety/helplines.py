"""Who to contact, by country: the book in helplines.toml. No network, and no default country."""

from __future__ import annotations

import logging
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

BOOK = Path(__file__).with_name("helplines.toml")
EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Helpline:
    name: str
    country: str  # ISO 3166-1 alpha-2
    region: str  # empty: the whole country
    language: str
    audience: str  # "anyone", "emergency", or whom the line is for
    channel: str
    number: str  # the first of `numbers`
    url: str
    hours: str
    source: str  # where the entry can be checked
    verified_on: date
    numbers: tuple[str, ...]  # every number the line answers on


def for_country(country: str, language: str = "en") -> list[Helpline]:
    """Emergency first, then lines in the wanted language. An unknown country gets none: a wrong number is worse."""
    try:
        book = all_helplines()
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.error("helplines.toml cannot be read: %s", type(error).__name__)
        return []  # pages still open without the book; the links phase holds what it cannot check
    lines = [line for line in book if line.country == country.strip().upper()]
    wanted = language.partition("-")[0].lower()
    return sorted(lines, key=lambda line: (line.audience != EMERGENCY, line.language != wanted))


@cache
def all_helplines() -> tuple[Helpline, ...]:
    """Raises when the book is missing or broken; the links phase is then missing, which holds."""
    table = tomllib.loads(BOOK.read_text(encoding="utf-8"))
    return tuple(_entry(entry, table["verified_on"]) for entry in table["helpline"])


def _entry(entry: dict[str, Any], verified_on: date) -> Helpline:
    return Helpline(
        name=entry["name"],
        country=entry["country"],
        region=entry.get("region", ""),
        language=entry.get("language", "en"),
        audience=entry.get("audience", "anyone"),
        channel=entry["channel"],
        number=entry["numbers"][0],
        url=entry["url"],
        hours=entry["hours"],
        source=entry.get("source", entry["url"]),
        verified_on=entry.get("verified_on", verified_on),
        numbers=tuple(entry["numbers"]),
    )
