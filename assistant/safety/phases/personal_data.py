"""What tells who or where somebody is. In a post a hint for the writer; in what is written here a private contact."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.safety.contacts import SITES, contacts_in
from assistant.safety.found import Contact, Found
from assistant.safety.helplines import all_helplines
from assistant.safety.names import find_names, load_names
from assistant.safety.normal import READ_LIMIT
from assistant.safety.reading import read
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Kind, Severity

_POST = severities(post=Severity.NOTE)
_EVERYWHERE = severities(post=Severity.NOTE, suggestion=Severity.HOLD, reply=Severity.HOLD)
EMAIL = Rule("personal_data.email", "This looks like an e-mail address.", _POST)
PHONE = Rule("personal_data.phone", "This looks like a phone number.", _POST)
HANDLE = Rule("personal_data.handle", "This looks like a name on another site.", _EVERYWHERE)
ADDRESS = Rule("personal_data.address", "This looks like a postal address.", _EVERYWHERE)
LONG_NUMBER = Rule("personal_data.long_number", "This looks like a card, account or document number.", _EVERYWHERE)
NETWORK = Rule("personal_data.network", "This looks like the address of a device on the internet.", _EVERYWHERE)
NAME = Rule(
    "personal_data.name",
    "This looks like somebody's full name.",
    severities(post=Severity.NOTE, suggestion=Severity.NOTE, reply=Severity.NOTE),
)
INVITATION = Rule(
    "personal_data.invitation",
    "This invites to a private contact outside this site.",
    severities(suggestion=Severity.HOLD, reply=Severity.HOLD),
)
REPEATED = Rule(
    "personal_data.repeated",
    "This repeats personal details from the post.",
    severities(suggestion=Severity.NOTE, reply=Severity.NOTE),
)
_RULES = {
    Contact.EMAIL: EMAIL,
    Contact.PHONE: PHONE,
    Contact.HANDLE: HANDLE,
    Contact.ADDRESS: ADDRESS,
    Contact.CARD: LONG_NUMBER,
    Contact.IBAN: LONG_NUMBER,
    Contact.SSN: LONG_NUMBER,
    Contact.DOCUMENT: LONG_NUMBER,
    Contact.LONG_NUMBER: LONG_NUMBER,
    Contact.IP: NETWORK,
}
_OWN = r"(?:phone |home |private |personal |own |e-?mail )?"
_CHANNEL = rf"(?:{SITES}|private|phone|number|e-?mail|mobile|cell|address|real name|full name|last name|surname)"
_INVITATIONS = (
    rf"(?:add|dm|find|follow|message|text|call|write|reach|contact|hit) me (?:up )?(?:on|at|over|in|via) (?:my )?{_CHANNEL}\b",
    r"(?:dm|pm) me\b",
    rf"my {_OWN}{_CHANNEL} (?:address |number |name )?(?:is\b|:)",
    rf"i(?:'ll| will| can) (?:give|send) you my {_OWN}{_CHANNEL}\b",
    rf"(?:give|send|tell) me your {_OWN}{_CHANNEL}\b",
    rf"what(?:'s| is) your {_OWN}{_CHANNEL}\b",
    r"(?:let's|lets|we (?:can|could|should)|shall we|can we) meet (?:up|in person|somewhere|for|at|outside)\b",
    r"(?:let's|lets|we (?:can|could|should)|shall we|can we) (?:talk|chat|move this) (?:privately|outside|somewhere else)\b",
    r"where (?:exactly )?do you live\b",
)
_INVITATION = re.compile("|".join(rf"\b{invitation}" for invitation in _INVITATIONS))


class PersonalData:
    """E-mail addresses and phone numbers in suggestions and replies are the links phase's: one finding, not two.

    A first name alone is no finding: people sign with one, and are answered by it.
    """

    name = "personal_data"
    version = 2
    kinds = frozenset(Kind)
    rules = (EMAIL, PHONE, HANDLE, ADDRESS, LONG_NUMBER, NETWORK, NAME, INVITATION, REPEATED)

    def __init__(self) -> None:
        load_names()  # lists that cannot be read must be known now: the phase is then missing

    def check(self, text: str, context: Context) -> Iterator[Finding]:
        reading = read(text)
        plain = reading.plain
        known = _known_values(context) if context.kind is not Kind.POST else frozenset()
        for found in contacts_in(reading):
            rule = _RULES.get(found.contact)
            if rule is None or not rule.applies_to(context.kind):
                continue
            if found.value in known:
                rule = REPEATED
            yield rule.finding(context.kind, *plain.span(found.start, found.end))
        for name in find_names(text[:READ_LIMIT]):
            if name.words > 1 and not _is_of_a_helpline(text[name.start : name.end]):
                yield NAME.finding(context.kind, name.start, name.end)
        if context.kind is not Kind.POST:
            for match in _INVITATION.finditer(plain.text):
                yield INVITATION.finding(context.kind, *plain.span(match.start(), match.end()))


def _is_of_a_helpline(name: str) -> bool:
    return any(name.casefold() in line.name.casefold() for line in all_helplines())


def _known_values(context: Context) -> frozenset[str]:
    found: list[Found] = contacts_in(read(context.post)) if context.post else []
    return frozenset(item.value for item in found)
