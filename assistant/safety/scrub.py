"""Finds personal data and puts placeholders in its place. This is not anonymisation: the story itself stays.

Placeholders carry no numbers: to tell one person of a story from the other is to keep a part of who they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.safety.addresses import find_addresses
from assistant.safety.contacts import find_contacts
from assistant.safety.found import Contact, Found
from assistant.safety.names import find_names
from assistant.safety.normal import READ_LIMIT, make_plain

PLACEHOLDERS = {
    Contact.NAME: "[name]",
    Contact.EMAIL: "[email]",
    Contact.PHONE: "[phone]",
    Contact.SHORT_CODE: "[phone]",
    Contact.URL: "[link]",
    Contact.HANDLE: "[handle]",
    Contact.ADDRESS: "[address]",
    Contact.CARD: "[card]",
    Contact.IBAN: "[iban]",
    Contact.SSN: "[number]",
    Contact.DOCUMENT: "[number]",
    Contact.LONG_NUMBER: "[number]",
    Contact.IP: "[ip]",
}
_PLACEHOLDER = re.compile("|".join(re.escape(placeholder) for placeholder in sorted(set(PLACEHOLDERS.values()))))
_STANDS_FOR_ONE = "\N{OBJECT REPLACEMENT CHARACTER}"  # no finder reads it
_STRETCH = READ_LIMIT // 4
_MOST_ROUNDS = 4


def find(text: str) -> list[Found]:
    """Contacts, numbers, addresses and names, from left to right and without overlaps. Offsets are the text's own."""
    found: list[Found] = []
    begin = 0
    for stretch in _stretches(text):
        found += (Found(item.contact, begin + item.start, begin + item.end, item.value) for item in _find(stretch))
        begin += len(stretch)
    return found


def scrub(text: str) -> str:
    """The text with typed placeholders. Repeated until nothing is found: scrubbing again changes nothing."""
    for _round in range(_MOST_ROUNDS):
        scrubbed = _replace(text, find(text))
        if scrubbed == text:
            break
        text = scrubbed
    return text


def _replace(text: str, found: list[Found]) -> str:
    pieces: list[str] = []
    copied = 0
    for item in found:
        pieces += [text[copied : item.start], PLACEHOLDERS[item.contact]]
        copied = item.end
    return "".join([*pieces, text[copied:]])


def _stretches(text: str) -> Iterator[str]:
    """Cut at a blank, so that no number or address is cut in two."""
    begin = 0
    while begin < len(text):
        end = min(begin + _STRETCH, len(text))
        if end < len(text):
            end = text.rfind("\n", begin + 1, end) + 1 or text.rfind(" ", begin + 1, end) + 1 or end
        yield text[begin:end]
        begin = end


def _find(text: str) -> list[Found]:
    text = _PLACEHOLDER.sub(lambda match: _STANDS_FOR_ONE * len(match[0]), text)
    taken = bytearray(len(text))
    found = [item for candidate in _candidates(text) for item in _free_parts(candidate, text, taken)]
    return sorted(found, key=lambda item: item.start)


def _candidates(text: str) -> Iterator[Found]:
    """What is surest comes first and keeps what it found."""
    plain = make_plain(text)
    contacts = [
        Found(item.contact, *plain.span(item.start, item.end), item.value) for item in find_contacts(plain.text)
    ]
    addresses = [Found(Contact.ADDRESS, start, end, text[start:end]) for start, end in find_addresses(text)]
    unsure = {Contact.ADDRESS, Contact.SHORT_CODE, Contact.DOCUMENT, Contact.HANDLE}
    yield from (item for item in contacts if item.contact not in unsure)
    yield from addresses
    yield from (item for item in contacts if item.contact in unsure)
    yield from (Found(Contact.NAME, name.start, name.end, text[name.start : name.end]) for name in find_names(text))


def _free_parts(item: Found, text: str, taken: bytearray) -> Iterator[Found]:
    """The parts that nothing surer has taken; scraps without a letter or digit are left."""
    at = item.start
    while at < item.end:
        if taken[at]:
            at += 1
            continue
        stop = at
        while stop < item.end and not taken[stop]:
            stop += 1
        start, end = _without_edges(text, at, stop)
        scrap = item.contact is Contact.ADDRESS and end - start < item.end - item.start and text[start:end].isalpha()
        if start < end and not scrap:
            whole = (start, end) == (item.start, item.end)
            taken[start:end] = b"\1" * (end - start)
            yield item if whole else Found(item.contact, start, end, text[start:end])
        at = stop


def _without_edges(text: str, start: int, end: int) -> tuple[int, int]:
    stretch = text[start:end]
    inner = stretch.strip(f" \t\r\n,;-\\{_STANDS_FOR_ONE}")
    if not any(character.isalnum() for character in inner):
        return start, start
    start += stretch.index(inner)
    return start, start + len(inner)
