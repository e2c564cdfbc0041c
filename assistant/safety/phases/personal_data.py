"""What tells who or where somebody is. In a post a hint for the writer; in what is written here a private contact."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.safety.contacts import Contact, Found, find_contacts
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
    Contact.LONG_NUMBER: LONG_NUMBER,
}
_SITES = r"(?:insta|instagram|ig|snap|snapchat|discord|telegram|tiktok|kik|whatsapp|signal|skype|twitter|facebook|fb|reddit|messenger|facetime|zoom)"
_INVITATION = re.compile(
    rf"\b(?:add|dm|pm|find|follow|message|text|call|write|reach|contact|hit) me (?:up )?(?:on|at|over|in|via|through) (?:my )?(?:{_SITES}|private|phone|number|email|e-mail)\b"
    rf"|\b(?:my|here is my|here's my) (?:private |personal |own )?(?:{_SITES}|phone number|mobile|cell|email|e-mail|address) (?:is|address is|number is|name is|:)"
    r"|\bmy (?:phone )?number (?:is|:)|\b(?:dm|pm) me\b|\bi(?:'ll| will) (?:give|send) you my (?:number|email|address|insta|phone)\b"
    r"|\b(?:give|send|tell) me your (?:phone |home |email |e-mail )?(?:number|address|email|e-mail|insta|instagram|snap|snapchat|discord|full name|last name|surname)\b"
    r"|\b(?:let's|lets|we (?:can|could|should)|shall we|can we|want to) (?:meet|meet up|meet in person|talk privately|chat privately|talk outside|move this)(?: (?:up|in person|somewhere|for coffee|for a coffee|at|outside|to))"
    r"|\bwhere (?:do|exactly do) you live\b|\bwhat(?:'s| is) your (?:address|number|phone number|full name|real name|last name)\b|\bi live (?:at|on) \d"
)


class PersonalData:
    """E-mail addresses and phone numbers in suggestions and replies are the links phase's: one finding, not two."""

    name = "personal_data"
    version = 1
    kinds = frozenset(Kind)
    rules = (EMAIL, PHONE, HANDLE, ADDRESS, LONG_NUMBER, INVITATION, REPEATED)

    def check(self, text: str, context: Context) -> Iterator[Finding]:
        plain = read(text).plain
        known = _known_values(context) if context.kind is not Kind.POST else frozenset()
        for found in find_contacts(plain.text):
            rule = _RULES.get(found.contact)
            if rule is None or not rule.applies_to(context.kind):
                continue
            if found.value in known:
                rule = REPEATED
            yield rule.finding(context.kind, *plain.span(found.start, found.end))
        if context.kind is not Kind.POST:
            for match in _INVITATION.finditer(plain.text):
                yield INVITATION.finding(context.kind, *plain.span(match.start(), match.end()))


def _known_values(context: Context) -> frozenset[str]:
    found: list[Found] = find_contacts(read(context.post).plain.text) if context.post else []
    return frozenset(item.value for item in found)
