"""Orders to a writing program inside what people wrote. They are people's words: in a post they are pointed out, no more."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import islice

from assistant.safety.english import load_english, not_english
from assistant.safety.machine import Span, find_encoded, find_hidden, find_markers, readable
from assistant.safety.reading import Reading, read
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Kind, Severity
from assistant.safety.worded import WordedPhase

_SOURCE = "OWASP LLM01"
_POINTED_OUT = severities(post=Severity.NOTE, suggestion=Severity.HOLD, reply=Severity.NOTE)
MARKERS = Rule(
    "injection.markers",
    "This holds marks by which programs tell the turns of a conversation apart.",
    _POINTED_OUT,
    source=_SOURCE,
)
ENCODED = Rule(
    "injection.encoded", "Part of this is encoded and cannot be read as it stands.", _POINTED_OUT, source=_SOURCE
)
HIDDEN = Rule("injection.hidden", "There are characters in this that nobody can see.", _POINTED_OUT, source=_SOURCE)

_A_FEW = 5  # of one rule; more tell nobody more
_MOST_MARKERS = 50


class Injection(WordedPhase):
    name = "injection"

    def __init__(self) -> None:
        super().__init__()
        load_english()  # a list that cannot be read must be known now: the phase is then missing
        self.rules = (*self.rules, MARKERS, ENCODED, HIDDEN)

    def check(self, text: str, context: Context) -> Iterator[Finding]:
        yield from super().check(text, context)
        reading = read(text)
        plain = reading.plain
        if any(self._orders_in_code(reading)):
            yield self.lexicon.rules["instructions"].rule.finding(context.kind)
        a_slip = 3 if context.kind is Kind.POST else 0
        searches: tuple[tuple[Rule, Callable[[], Iterator[Span]]], ...] = (
            (MARKERS, lambda: find_markers(plain)),
            (ENCODED, lambda: find_encoded(text, plain)),
            (HIDDEN, lambda: find_hidden(text, a_slip=a_slip)),
        )
        for rule, search in searches:
            for start, end in islice(search(), _A_FEW):
                yield rule.finding(context.kind, start, end)

    def orders(self, text: str) -> Iterator[tuple[Reading, int, int]]:
        """Where orders begin and end, as indexes of words; in the text, and in what it says once a code is undone."""
        reading = read(text)
        plain_ones = list(self._orders_in(reading))
        yield from ((reading, first, last) for first, last in plain_ones)
        yield from self._orders_in_code(reading, strange=bool(plain_ones))

    def _orders_in_code(self, reading: Reading, *, strange: bool = False) -> Iterator[tuple[Reading, int, int]]:
        strange = strange or bool(not_english(reading)) or any(find_hidden(reading.text))
        for decoded in readable(reading.text, strange=strange):
            other = read(decoded)
            yield from ((other, first, last) for first, last in self._orders_in(other))

    def _orders_in(self, reading: Reading) -> Iterator[Span]:
        """What follows an order mostly belongs to it."""
        for _entry, match in self.matches(reading, Kind.POST):
            yield match.first, match.last
        starts = [reading.plain.starts[word.start] for word in reading.words]
        for start, end in islice(find_markers(reading.plain) if starts else (), _MOST_MARKERS):
            first = min(bisect_left(starts, start), len(starts) - 1)
            yield first, max(bisect_left(starts, end), first + 1)
