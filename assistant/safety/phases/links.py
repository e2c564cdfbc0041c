"""Numbers, links and addresses that are not in the helpline book. An invented helpline is worse than none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers

from assistant.safety.contacts import contacts_in
from assistant.safety.found import Contact, Found
from assistant.safety.helplines import EMERGENCY, Helpline, all_helplines
from assistant.safety.reading import read
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Kind, Severity
from assistant.safety.wordlist import fold

_HELD = severities(suggestion=Severity.HOLD, reply=Severity.HOLD)
_LOOKED_AT = severities(suggestion=Severity.HOLD, reply=Severity.REVIEW)
PHONE = Rule("links.phone", "This phone number is not in the helpline book.", _HELD)
SHORT_CODE = Rule("links.short_code", "This short number is not in the helpline book.", _HELD)
URL = Rule("links.url", "This web address does not belong to a line in the helpline book.", _HELD)
EMAIL = Rule("links.email", "This is an e-mail address. Help is not given by private mail.", _HELD)
WRONG_NAME = Rule("links.wrong_name", "The helpline book has this number under another name.", _LOOKED_AT)
OTHER_COUNTRY = Rule("links.other_country", "This line is for another country than the person's.", _LOOKED_AT)
COUNTRY_UNKNOWN = Rule(
    "links.country_unknown",
    "The person's country is not known, so nobody can say that this line is theirs.",
    _LOOKED_AT,
)
_UNKNOWN = {Contact.PHONE: PHONE, Contact.LONG_NUMBER: PHONE, Contact.SHORT_CODE: SHORT_CODE}
_NAME_REACH = 60  # characters before a number in which the name of its line is looked for
_SAYS_LITTLE = frozenset(
    """the a an of and for to need talk line lifeline helpline hotline crisis suicide national service services mental health
    option australia ireland italia south africa osterreich india de la call back numero prevention du text about it project
    emergency""".split()  # noqa: SIM905
)
_WORD = re.compile(r"[^\W_]+")

Book = tuple[Helpline, ...]


class Links:
    name = "links"
    version = 2
    kinds = frozenset({Kind.SUGGESTION, Kind.REPLY})
    rules = (PHONE, SHORT_CODE, URL, EMAIL, WRONG_NAME, OTHER_COUNTRY, COUNTRY_UNKNOWN)

    def __init__(self) -> None:
        book_numbers()  # a book that cannot be read must be known now: the phase is then missing

    def check(self, text: str, context: Context) -> Iterator[Finding]:
        reading = read(text)
        plain = reading.plain
        before = 0
        for found in contacts_in(reading):
            lines = _lines_of(found)
            rule = _judge(found, lines, context)
            if rule is None and lines and found.contact is not Contact.URL:
                rule = _judge_name(plain.text[max(before, found.start - _NAME_REACH) : found.start], lines)
            if rule is not None:
                yield rule.finding(context.kind, *plain.span(found.start, found.end))
            before = found.end


def lines_named_in(text: str) -> list[Helpline]:
    """The lines of the book whose numbers or websites stand in this text, in order, each once."""
    return list(dict.fromkeys(line for found in contacts_in(read(text)) for line in _lines_of(found)))


def _lines_of(found: Found) -> Book:
    if found.contact is Contact.URL:
        return lines_of_host(found.value)
    if found.contact in _UNKNOWN:
        return book_numbers().get(found.value.removeprefix("+"), ())
    return ()


def _judge(found: Found, lines: Book, context: Context) -> Rule | None:
    if found.contact is Contact.EMAIL:
        return EMAIL
    if found.contact is Contact.URL:
        return _judge_country(lines, context) if lines else URL
    if found.contact in _UNKNOWN:
        return _judge_country(lines, context) if lines else _UNKNOWN[found.contact]
    return None


def _judge_country(lines: Book, context: Context) -> Rule | None:
    if not context.country:
        return COUNTRY_UNKNOWN
    return None if any(line.country == context.country.upper() for line in lines) else OTHER_COUNTRY


def _judge_name(before: str, lines: Book) -> Rule | None:
    """Whether the line named last before a number is another than the number's."""
    named = list(_WORD.finditer(re.split(r"[.!?;\n]", before)[-1]))
    known = {word for line in lines for word in _names(line)}
    for match in reversed(named):
        word = fold(match[0])
        if word in known:
            return None
        if word in _name_words(all_helplines()):
            return WRONG_NAME
    return None


@lru_cache(maxsize=8)
def _name_words(book: Book) -> frozenset[str]:
    """Words that say which line is meant."""
    return frozenset(word for line in book if line.audience != EMERGENCY for word in _names(line))


def _names(line: Helpline) -> list[str]:
    words = [fold(match[0]) for match in _WORD.finditer(line.name)]
    return [word for word in words if word not in _SAYS_LITTLE and len(word) > 3 and not word.isdigit()]


def book_numbers() -> dict[str, Book]:
    """Every way to write a number of the book, digits only, to the lines that answer there."""
    return _numbers_of(all_helplines())


@lru_cache(maxsize=8)
def _numbers_of(book: Book) -> dict[str, Book]:
    numbers: dict[str, list[Helpline]] = {}
    for line in book:
        for number in line.numbers:
            for digits in _ways_to_write(number, line.country):
                numbers.setdefault(digits, []).append(line)
    return {digits: tuple(lines) for digits, lines in numbers.items()}


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


def lines_of_host(host: str) -> Book:
    """The lines whose site this is. A look-alike that only ends in the same letters is not."""
    return tuple(line for line in all_helplines() if host == _host(line) or host.endswith(f".{_host(line)}"))


def _host(line: Helpline) -> str:
    return line.url.split("/")[2].removeprefix("www.")
