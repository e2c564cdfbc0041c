"""Puts placeholders where personal data stood. This is not anonymisation: names, places and the story itself stay."""

from __future__ import annotations

from assistant.safety.contacts import Contact, find_contacts
from assistant.safety.normal import READ_LIMIT, make_plain

PLACEHOLDERS = {
    Contact.EMAIL: "[email]",
    Contact.PHONE: "[phone]",
    Contact.SHORT_CODE: "[phone]",
    Contact.URL: "[link]",
    Contact.HANDLE: "[handle]",
    Contact.ADDRESS: "[address]",
    Contact.LONG_NUMBER: "[number]",
}


def scrub(text: str) -> str:
    """The text with typed placeholders. Works through long texts in stretches, so that nothing is left unread."""
    return "".join(_scrub_stretch(stretch) for stretch in _stretches(text))


def _stretches(text: str) -> list[str]:
    """Cut at a blank, so that no number or address is cut in two."""
    stretches: list[str] = []
    begin = 0
    while begin < len(text):
        end = min(begin + READ_LIMIT // 4, len(text))
        if end < len(text):
            end = text.rfind("\n", begin + 1, end) + 1 or text.rfind(" ", begin + 1, end) + 1 or end
        stretches.append(text[begin:end])
        begin = end
    return stretches


def _scrub_stretch(text: str) -> str:
    plain = make_plain(text)
    pieces: list[str] = []
    copied = 0
    for found in find_contacts(plain.text):
        start, end = plain.span(found.start, found.end)
        if start < copied:
            continue
        pieces += [text[copied:start], PLACEHOLDERS[found.contact]]
        copied = end
    return "".join([*pieces, text[copied:]])
