"""How a reply is worded: words of crime, slots left open, set phrases in a row, and the post said back word for word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.safety.phrases import Match
from assistant.safety.reading import Reading, read
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Severity
from assistant.safety.worded import WordedPhase
from assistant.safety.words import Word

PLACEHOLDER = Rule(
    "wording.placeholder",
    "A slot of a template was left open here.",
    severities(suggestion=Severity.HOLD, reply=Severity.HOLD),
    source="VERA-MH rubric",
)
ECHO = Rule(
    "wording.echo",
    "A sentence of the post stands here word for word. Say in your own words what you understood.",
    severities(suggestion=Severity.HOLD, reply=Severity.NOTE),
    source="VERA-MH rubric",
)
# A slot: what people and templates put between brackets for somebody to fill in. Bounded, starts at a bracket.
_SLOT_WORDS = (
    r"(?:your|their|the|first|last|user|seeker|peer|friend|insert|add|enter|fill|recipient|op|person|client|helpline|hotline"
    r"|crisis|phone|telephone|local|country|city|date|link|website|url|organi[sz]ation|company|signature)"
)
_SLOT_NAMES = (
    r"(?:name|username|nickname|pronouns?|number|helpline|hotline|link|url|date|time|city|country|place|topic)"
)
_SLOT = re.compile(
    rf"[\[{{<]{{1,2}} ?(?:{_SLOT_WORDS}[ _'/][ _'a-z/]{{0,40}}|{_SLOT_NAMES}) ?[\]}}>]{{1,2}}"
    r"|\bx{3,}-x{3,}|\blorem ipsum\b|\bdear (?:user|sir or madam|customer|name)\b"
)
_ECHO_WORDS = 8
_MANY_SET_PHRASES = 3
_SET_PHRASES_SHARE = 0.35  # of the words; a long reply may hold three of them and still be its writer's own
_QUOTE_MARKS = "\"'>"


class Wording(WordedPhase):
    name = "wording"

    def __init__(self) -> None:
        super().__init__()
        self.rules = (*self.rules, PLACEHOLDER, ECHO)

    def check(self, text: str, context: Context) -> Iterator[Finding]:
        reading = read(text)
        found = list(self.matches(reading, context.kind))
        set_phrases = [match for entry, match in found if entry.rule.code == "wording.stock"]
        for entry, match in found:
            if entry.rule.code != "wording.stock":
                yield entry.rule.finding(context.kind, *reading.span(match.first, match.last))
        if _are_many(set_phrases, len(reading.words)):
            span = reading.span(set_phrases[0].first, set_phrases[-1].last)
            yield self.lexicon.rules["stock"].rule.finding(context.kind, *span)
        for slot in _SLOT.finditer(reading.plain.text):
            yield PLACEHOLDER.finding(context.kind, *reading.plain.span(slot.start(), slot.end()))
        for first, last in _said_back(reading, context):
            yield ECHO.finding(context.kind, *reading.span(first, last))


def _are_many(set_phrases: list[Match], words: int) -> bool:
    covered = sum(match.last - match.first for match in set_phrases)
    return len(set_phrases) >= _MANY_SET_PHRASES and covered >= _SET_PHRASES_SHARE * words


def _said_back(reading: Reading, context: Context) -> Iterator[tuple[int, int]]:
    """Whole sentences of the post, unless they stand in quotation marks: a quotation shows that it is one."""
    theirs = {_said(words) for words in _sentences(read(context.post).words)}
    for words in _sentences(reading.words):
        if len(words) >= _ECHO_WORDS and _said(words) in theirs and not _is_quoted(reading, words[0]):
            first = reading.words.index(words[0])
            yield first, first + len(words)


def _sentences(words: list[Word]) -> list[list[Word]]:
    sentences: dict[int, list[Word]] = {}
    for word in words:
        sentences.setdefault(word.sentence, []).append(word)
    return list(sentences.values())


def _said(words: list[Word]) -> tuple[str, ...]:
    return tuple(word.text for word in words)


def _is_quoted(reading: Reading, first: Word) -> bool:
    before = reading.plain.text[: first.start].rstrip()
    return before[-1:] in _QUOTE_MARKS and bool(before)
