"""Numbers, links and addresses that are not in the helpline book. An invented helpline is worse than none."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import phonenumbers

from assistant.safety.contacts import find_contacts
from assistant.safety.found import Contact, Found
from assistant.safety.helplines import Helpline, all_helplines
from assistant.safety.reading import read
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Kind, Severity

_HELD = severities(suggestion=Severity.HOLD, reply=Severity.HOLD)
PHONE = Rule("links.phone", "This phone number is not in the helpline book.", _HELD)
SHORT_CODE = Rule("links.short_code", "This short number is not in the helpline book.", _HELD)
URL = Rule("links.url", "This web address does not belong to a line in the helpline book.", _HELD)
EMAIL = Rule("links.email", "This is an e-mail address. Help is not given by private mail.", _HELD)
OTHER_COUNTRY = Rule(
    "links.other_country",
    "This line is for another country than the person's.",
    severities(suggestion=Severity.HOLD, reply=Severity.NOTE),
)
COUNTRY_UNKNOWN = Rule(
    "links.country_unknown",
    "The person's country is not known. Say for which country this line is.",
    severities(suggestion=Severity.NOTE, reply=Severity.NOTE),
)
_UNKNOWN = {Contact.PHONE: PHONE, Contact.LONG_NUMBER: PHONE, Contact.SHORT_CODE: SHORT_CODE}


class Links:
    name = "links"
    version = 1
    kinds = frozenset({Kind.SUGGESTION, Kind.REPLY})
    rules = (PHONE, SHORT_CODE, URL, EMAIL, OTHER_COUNTRY, COUNTRY_UNKNOWN)

    def __init__(self) -> None:
        book_numbers()  # a book that cannot be read must be known now: the phase is then missing

    def check(self, text: str, context: Context) -> Iterator[Finding]:
        plain = read(text).plain
        for found in find_contacts(plain.text):
            rule = self._rule_for(found, context)
            if rule is not None:
                yield rule.finding(context.kind, *plain.span(found.start, found.end))

    def _rule_for(self, found: Found, context: Context) -> Rule | None:
        if found.contact is Contact.EMAIL:
            return EMAIL
        if found.contact is Contact.URL:
            lines = lines_of_host(found.value)
            return _judge_country(lines, context) if lines else URL
        if found.contact in _UNKNOWN:
            lines = book_numbers().get(found.value.removeprefix("+"), ())
            return _judge_country(lines, context) if lines else _UNKNOWN[found.contact]
        return None


def _judge_country(lines: tuple[Helpline, ...], context: Context) -> Rule | None:
    if not context.country:
        return COUNTRY_UNKNOWN
    return None if any(line.country == context.country.upper() for line in lines) else OTHER_COUNTRY


@cache
def book_numbers() -> dict[str, tuple[Helpline, ...]]:
    """Every way to write a number of the book, digits only, to the lines that answer there."""
    book: dict[str, list[Helpline]] = {}
    for line in all_helplines():
        for number in line.numbers:
            for digits in _ways_to_write(number, line.country):
                book.setdefault(digits, []).append(line)
    return {digits: tuple(lines) for digits, lines in book.items()}


def _ways_to_write(number: str, country: str) -> set[str]:
    digits = "".join(character for character in number if character.isdigit())
    ways = {digits}
    parsed = phonenumbers.parse(number, country)
    if len(digits) > 6:
        international = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
        ways |= {international, f"00{international}"}
        if country in {"US", "CA"}:
            ways.add(digits.removeprefix("1"))
    return ways


def lines_of_host(host: str) -> tuple[Helpline, ...]:
    """The lines whose site this is. A look-alike that only ends in the same letters is not."""
    return tuple(line for line in all_helplines() if host == _host(line) or host.endswith(f".{_host(line)}"))


def _host(line: Helpline) -> str:
    return line.url.split("/")[2].removeprefix("www.")
