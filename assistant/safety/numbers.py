"""Numbers that reach or identify somebody: phones, cards, accounts, documents, network addresses.

Every pattern is bounded: it starts at a fixed kind of character and reads a limited stretch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.safety.found import Contact, Found

_EXTENSION = r"(?: ?(?:x|ext\.?|extension) ?\d{1,6})?"
_PHONE = re.compile(rf"(?<!\w)(?<!\d[.,/])(?:\+|00)?[(\d][\d ().\-/\u2022]{{5,28}}\d{_EXTENSION}(?!\w)")
# What hangs on to a number without a blank goes with it: half a number is still a number.
_REST = re.compile(r"(?:[.\-/]?\d){1,20000}")
# Six digits are a phone number only where something says so.
_SIX = r"(\d{2,3}[ .-]\d{2,3}[ .-]?\d{2,3})"
_SHORT_PHONE = re.compile(
    rf"\b(?:phone|tel|telephone|mobile|cell|fax|call|dial|ring|desk|office)\b[^\d\n]{{0,20}}{_SIX}(?![\d.,-]*\d)"
    rf"|(?<![\d.,-])(?<!\d ){_SIX}(?= ?-?(?:office|fax|mobile|desk|cell|phone)\b)"
)
_LETTER_PHONE = re.compile(r"(?<!\w)1?[ -]?8\d\d[ -]\d{0,3}[ -]?[a-z]{3,8}(?:[ -][a-z]{3,8}){0,2}\b")
_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
_DATE = re.compile(
    r"(?:(?:1[89]|20)\d\d([-/. ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])([-/. ])(?:0?[1-9]|[12]\d|3[01])\2(?:(?:1[89]|20)\d\d|\d\d))(?: \d{1,2})?"
)
_YEARS = re.compile(r"(?:1[89]|20)\d\d ?[-/ ] ?(?:1[89]|20)\d\d")
_THOUSANDS = re.compile(r"\d{1,3}(?:[ .]000){1,3}")
_IBAN = re.compile(r"\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){2,7}(?: ?[a-z0-9]{1,4})?\b")
_CARD = re.compile(r"(?<![\w.])\d(?:[ -]?\d){11,18}(?!\w)")
_LONG_DIGITS = re.compile(r"(?<!\d)\d{9,30}(?!\d)")
_SSN = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
_SPACED_SSN = re.compile(r"\b(?:ssn|social security)\b[^\d\n]{0,30}(\d{3} ?\d{2} ?\d{4})(?!\w)")
_NATIONAL_INSURANCE = re.compile(r"\b[a-z]{2} ?\d{2} ?\d{2} ?\d{2} ?[a-d]\b")
_MIXED = re.compile(r"(?<![\w@#/.-])(?=[a-z0-9]{6,20}(?!\w))[a-z]{1,3}\d{5,15}[a-z0-9]{0,4}(?!\w)")
_DOCUMENT_CUE = re.compile(
    r"\b(?:licen[cs]e|passport|permit|visa|id|identity|medicare|medicaid|nhs|insurance|policy|member|membership|patient"
    r"|account|acct|student|claim|reference|national|social security|ssn|tax|driver'?s?|routing|sort code|pin)\b"
    r"(?: (?:card|number|no|num|code|id|is|was|licen[cs]e)){0,3}[ .:#'is-]{0,6}((?=[a-z-]{0,8}\d)[a-z0-9][a-z0-9-]{3,24})(?!\w)"
)
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)")
_IPV6 = re.compile(r"(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7}(?![\w:])")
_MOST_OF_A_PHONE = 15  # digits, by ITU-T E.164
_FEWEST_OF_A_DOCUMENT = 5  # digits


def find_networks(plain: str) -> Iterator[Found]:
    for match in _IPV4.finditer(plain):
        if all(int(part) < 256 for part in match[0].split(".")):
            yield Found(Contact.IP, match.start(), match.end(), match[0])
    for match in _IPV6.finditer(plain):
        if sum(bool(part) for part in match[0].split(":")) >= 4 or "::" in match[0].strip(":"):
            yield Found(Contact.IP, match.start(), match.end(), match[0])


def find_accounts(plain: str) -> Iterator[Found]:
    for match in _IBAN.finditer(plain):
        value = _alphanumeric(match[0])
        if _digits(value) and sum(character.isdigit() for character in value) >= 10:
            yield Found(Contact.IBAN, match.start(), match.end(), value)
    for match in _CARD.finditer(plain):
        value = _digits(match[0])
        if len(value) >= 12 and passes_luhn(value):
            yield Found(Contact.CARD, match.start(), match.end(), value)


def find_documents(plain: str) -> Iterator[Found]:
    for match in _SSN.finditer(plain):
        yield Found(Contact.SSN, match.start(), match.end(), _digits(match[0]))
    for match in _SPACED_SSN.finditer(plain):
        yield Found(Contact.SSN, match.start(1), match.end(1), _digits(match[1]))
    for pattern in (_NATIONAL_INSURANCE, _MIXED):
        for match in pattern.finditer(plain):
            yield Found(Contact.DOCUMENT, match.start(), match.end(), _alphanumeric(match[0]))
    for match in _DOCUMENT_CUE.finditer(plain):
        if len(_digits(match[1])) >= _FEWEST_OF_A_DOCUMENT and not _DATE.fullmatch(match[1]):
            yield Found(Contact.DOCUMENT, match.start(1), match.end(1), _alphanumeric(match[1]))


def passes_luhn(digits: str) -> bool:
    if not digits.isascii() or not digits.isdigit():
        return False
    doubled = [int(digit) * (2 if index % 2 else 1) for index, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def find_phones(plain: str) -> Iterator[Found]:
    for match in _LETTER_PHONE.finditer(plain):
        yield Found(Contact.PHONE, match.start(), match.end(), _alphanumeric(match[0]).translate(_KEYPAD))
    reach = 0  # where the rest of the last one ends: a run of digits is read once
    for match in _PHONE.finditer(plain):
        main = re.split(r" ?(?:x|ext)", match[0])[0]
        digits = _digits(main)
        plus = "+" if main.lstrip().startswith("+") else ""
        if len(digits) >= 7 and not _is_amount_or_date(main):
            if match.end() > reach:
                rest = _REST.match(plain, match.end())
                reach = rest.end() if rest else match.end()
            kind = Contact.PHONE if len(digits) <= _MOST_OF_A_PHONE else Contact.LONG_NUMBER
            yield Found(kind, match.start(), reach, plus + digits)
    for match in _SHORT_PHONE.finditer(plain):
        group = 1 if match[1] else 2
        if len(_digits(match[group])) >= 6 and not _is_amount_or_date(match[group]):
            yield Found(Contact.PHONE, match.start(group), match.end(group), _digits(match[group]))
    for match in _LONG_DIGITS.finditer(plain):
        yield Found(Contact.LONG_NUMBER, match.start(), match.end(), match[0])


def _is_amount_or_date(written: str) -> bool:
    return any(pattern.fullmatch(written) for pattern in (_DATE, _YEARS, _THOUSANDS))


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _alphanumeric(text: str) -> str:
    return "".join(character for character in text if character.isalnum())
