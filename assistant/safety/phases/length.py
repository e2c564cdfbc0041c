"""Empty text, endless text, and text that is one character over and over."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.safety.reading import read
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Kind, Severity

LONGEST = {Kind.POST: 40_000, Kind.SUGGESTION: 6_000, Kind.REPLY: 20_000}
_ONE_CHARACTER = re.compile(r"([^\s])\1{59}")  # fixed length: it cannot be made to search for long

EMPTY = Rule(
    "length.empty",
    "There is nothing to read here.",
    severities(post=Severity.REVIEW, suggestion=Severity.HOLD, reply=Severity.HOLD),
)
TOO_LONG = Rule(
    "length.too_long",
    "This is longer than can be checked or read with care.",
    severities(post=Severity.HOLD, suggestion=Severity.HOLD, reply=Severity.HOLD),
)
ONE_CHARACTER = Rule(
    "length.one_character",
    "One character is repeated many times.",
    severities(post=Severity.NOTE, suggestion=Severity.HOLD, reply=Severity.NOTE),
)


class Length:
    name = "length"
    version = 1
    kinds = frozenset(Kind)
    rules = (EMPTY, TOO_LONG, ONE_CHARACTER)

    def check(self, text: str, context: Context) -> Iterator[Finding]:
        plain = read(text).plain
        if not any(character.isalnum() for character in plain.text):
            yield EMPTY.finding(context.kind)
        if plain.cut or len(text) > LONGEST[context.kind]:
            yield TOO_LONG.finding(context.kind)
        match = _ONE_CHARACTER.search(plain.text)
        if match:
            yield ONE_CHARACTER.finding(context.kind, *plain.span(match.start(), match.end()))
