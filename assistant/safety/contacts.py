"""Finds what can be dialled, opened or written to, and numbers that identify somebody, in plain text.

Every pattern here is bounded: it starts at a fixed kind of character and reads a limited stretch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.safety.found import Contact, Found
from assistant.safety.numbers import find_accounts, find_documents, find_networks, find_phones
from assistant.safety.reading import Reading
from assistant.safety.spoken import find_spoken

_TOP_LEVELS = frozenset(
    """com org net info io co uk ie us ca au nz de fr nl es in za at ch it eu gov edu app me tv gg ly chat health help
    support online site xyz link be dev ai pt pl se no dk fi br mx jp cn ru gal int mil biz tk life page live world care
    example""".split()  # noqa: SIM905  one ending a line would fill a page
)
# Endings that are also words: "Go on.It helps" is a missing blank, not an address in Italy.
_ALSO_WORDS = frozenset(
    {"it", "me", "in", "at", "no", "us", "be", "life", "help", "care", "live", "world", "page", "support"}
)
_AT = r"(?: ?@ ?| ?[\[(]at[\])] ?| at )"
_DOT = r"(?:\.| ?[\[(](?:dot|\.)[\])] ?| dot )"
_EMAIL = re.compile(
    rf"(?<![a-z0-9._%+-])[a-z0-9._%+-]{{1,64}}{_AT}"
    rf"[a-z0-9-]{{1,63}}(?:{_DOT}[a-z0-9-]{{1,63}}){{0,3}}{_DOT}[a-z]{{2,18}}(?![a-z0-9])"
)
_SCHEME = re.compile(r"(?:https?|hxxps?|ftp)://([^\s/?#]{1,253})[^\s]{0,2000}|\bwww\.([^\s/?#]{1,253})[^\s]{0,2000}")
_DOTTED = re.compile(r"(?<![a-z0-9.@-])[a-z0-9][a-z0-9.-]{2,252}(?:/[^\s]{0,2000})?")
_SPELT_HOST = re.compile(
    r"\b([a-z0-9-]{2,63}) ?(?:[\[({](?:dot|\.)[\])}]|\b(?:dot|d0t)\b) ?"
    r"(com|org|net|info|io|co|uk|ie|ca|au|nz|de|fr|app|me|gg|ly|us|eu|gov|edu|chat|health|help|support|online|site|xyz)\b"
)
_TORN_HOST = re.compile(r"\b([a-z0-9-]{3,63})(?: \. ?| ?, ?(?=com\b))(com|org|net|info|io)\b")
# Most texts have none, and need no search for what stands around it.
_SPELT_DOT = re.compile(r"d[o0]t|[\[({]\.")
_TORN_DOT = re.compile(r" \.|,")
_DIAL_CUE = (
    r"calls?|calling|dial|dialing|dialling|ring|ringing|phone|phoning|text|texting|sms|message|whatsapp|reach|contact|numbers?"
    r"|lines?|hotlines?|helplines?|lifeline|code|answers? (?:on|at)|samaritans|childline|pieta|shout|papyrus"
)
_UNIT = (
    r"%|am\b|pm\b|days?|times?|euros?|dollars?|pounds?|minutes?|mins?|hours?|hrs?|years?|weeks?|months?|people|words|"
    r"miles?|km|characters|o'clock|percent|mg|others|of\b"
)
_DIAL = re.compile(rf"\b(?:{_DIAL_CUE})\b[^.\n\d]{{0,30}}(?<![\d.,])(\d{{3,6}})(?![\d.,]?\d)(?! ?(?:{_UNIT}))")
_SPACED_SHORT = re.compile(r"(?<![\w.,])\d{1,3}[ -]\d{1,3}(?:[ -]\d{1,3})?(?![\w.,]?\d)")
_HANDLE = re.compile(r"(?<![\w@.])@[a-z0-9_][a-z0-9_.]{2,29}\b|\b[a-z0-9_.]{2,32}#\d{4}\b|\bu/[a-z0-9_-]{3,20}\b")
SITES = (
    r"(?:insta|instagram|ig|snap|snapchat|discord|telegram|tiktok|kik|whatsapp|signal|skype|twitter|facebook|fb|reddit|"
    r"messenger|facetime|zoom)"
)
_HANDLE_CUE = re.compile(
    rf"\b(?:{SITES}|username|user name)(?: (?:name|handle|id|account|is|me|at|user|username|tag)){{0,3}}"
    r" ?(?:[:=]|\bis\b|\bat\b) ?@?([a-z0-9_.]{3,30})"
)
_STREET = r"street|road|rd|avenue|ave|lane|crescent|terrace|boulevard|blvd|grove|mews|quay|highway|hwy|strasse"
# Also everyday words: only taken for a street after one word, as in "12 chapel hill".
_MAYBE_STREET = r"st|drive|dr|close|court|ct|place|way|square|gardens|park|hill|row|walk|parade"
_NO_HOUSE = (
    r"(?!(?:hours?|hrs?|mins?|minutes?|seconds?|days?|nights?|weeks?|months?|years?|yrs?|of|times?|people|more|or|and|"
    r"other|km|miles?|blocks?|am|pm|in|to|the|my|a)\b)"
)
_ADDRESS = re.compile(
    rf"\b\d{{1,5}}[a-z]?,? {_NO_HOUSE}(?:[a-z'-]{{2,20}} ){{1,3}}(?:{_STREET})\b(?! (?:rage|trip))"
    rf"|\b\d{{1,5}}[a-z]?,? {_NO_HOUSE}[a-z'-]{{3,20}} (?:{_MAYBE_STREET})\b(?! (?:to|of|that|for|from|with|by|i|my|the|in))"
    rf"|\b(?:flat|apartment|apt|unit|room) ?#?\d{{1,5}}[a-z]?,? \d{{0,5}} ?[a-z'-]{{2,20}} (?:{_STREET}|{_MAYBE_STREET})\b"
)
_POSTCODE = re.compile(
    r"\b[a-z]{1,2}\d[a-z\d]? \d[a-z]{2}\b"  # United Kingdom
    r"|\b[acdefhknprtvwxy]\d[\dw] [acdefhknprtvwxy\d]{4}\b(?<!\d{4})(?<![a-z]{4})"  # Ireland
    r"|\b(?:p\.?o\.? box|eircode|zip code|zip|postcode) ?(?:is|:)? ?(?=[a-z]{0,4}\d)[a-z0-9]{2,5} ?[a-z0-9]{2,4}\b"
)
_HOME = re.compile(
    r"\b(?:i live|i am living|we live|my address is|address is|i'm) (?:at|on) (?:number )?\d{1,5}[a-z]? [a-z'-]{2,20}"
)


def contacts_in(reading: Reading) -> list[Found]:
    """Of its plain text; three phases ask."""
    return reading.once("contacts", lambda: find_contacts(reading.plain.text))


def find_contacts(plain: str) -> list[Found]:
    """From left to right; a stretch is reported once, as the first kind in the order tried here."""
    found: list[Found] = []
    taken = bytearray(len(plain))
    for finder in (
        _emails,
        _urls,
        find_networks,
        find_accounts,
        find_documents,
        find_phones,
        _short_codes,
        find_spoken,
        _handles,
        _addresses,
    ):
        for item in finder(plain):
            if not any(taken[item.start : item.end]):
                taken[item.start : item.end] = b"\1" * (item.end - item.start)
                found.append(item)
    return sorted(found, key=lambda item: item.start)


def _emails(plain: str) -> Iterator[Found]:
    if "@" not in plain and "at" not in plain:
        return
    place = 0
    while match := _EMAIL.search(plain, place):
        last = re.split(r"[^a-z]+", match[0])[-1]
        # "I was at home dot" is no address: spelt-out ones need a known ending.
        if "@" in match[0] or (last in _TOP_LEVELS and _has_spelt_dot(match[0])):
            yield Found(Contact.EMAIL, match.start(), match.end(), match[0].replace(" ", ""))
            place = match.end()
        else:
            place = match.start() + 1  # an address may begin inside of it: "write to me at kit.moore@…"


def _has_spelt_dot(address: str) -> bool:
    return "dot" in address or ("." in address.split("at", 1)[-1].strip() and " at " not in address)


def _urls(plain: str) -> Iterator[Found]:
    for match in _SCHEME.finditer(plain):
        host = (match[1] or match[2]).rpartition("@")[2].partition(":")[0]
        yield Found(Contact.URL, match.start(), match.end(), host.rstrip(".,)!?\"'").removeprefix("www."))
    for pattern, needed in ((_SPELT_HOST, _SPELT_DOT), (_TORN_HOST, _TORN_DOT)):
        for match in pattern.finditer(plain) if needed.search(plain) else ():
            yield Found(Contact.URL, match.start(), match.end(), f"{match[1]}.{match[2]}")
    for match in _DOTTED.finditer(plain):
        host = match[0].partition("/")[0].rstrip(".-")
        labels = host.split(".")
        if len(labels) > 1 and all(labels) and labels[-1] in _TOP_LEVELS and _is_meant_as_host(labels, match[0]):
            yield Found(
                Contact.URL, match.start(), match.start() + len(match[0].rstrip(".-")), host.removeprefix("www.")
            )


def _is_meant_as_host(labels: list[str], whole: str) -> bool:
    if labels[-1] not in _ALSO_WORDS or "/" in whole or len(labels) > 2:
        return True
    return any(character.isdigit() or character == "-" for character in labels[0])


def _short_codes(plain: str) -> Iterator[Found]:
    for match in _SPACED_SHORT.finditer(plain):
        digits = "".join(character for character in match[0] if character.isdigit())
        before = plain[max(0, match.start() - 40) : match.start()]
        if 3 <= len(digits) <= 6 and re.search(rf"\b(?:{_DIAL_CUE}|on)\b", before):
            yield Found(Contact.SHORT_CODE, match.start(), match.end(), digits)
    for match in _DIAL.finditer(plain):
        yield Found(Contact.SHORT_CODE, match.start(1), match.end(1), match[1])


def _handles(plain: str) -> Iterator[Found]:
    for match in _HANDLE.finditer(plain):
        yield Found(Contact.HANDLE, match.start(), match.end(), match[0])
    for match in _HANDLE_CUE.finditer(plain):
        yield Found(Contact.HANDLE, match.start(1), match.end(1), match[1])


def _addresses(plain: str) -> Iterator[Found]:
    for pattern in (_ADDRESS, _POSTCODE, _HOME):
        for match in pattern.finditer(plain):
            yield Found(Contact.ADDRESS, match.start(), match.end(), match[0])
