"""Orders to a writing program inside what people wrote. They are people's words: in a post they are pointed out, no more."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import islice

from assistant.safety.machine import Span, find_encoded, find_hidden, find_markers
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
        self.rules = (*self.rules, MARKERS, ENCODED, HIDDEN)

    def check(self, text: str, context: Context) -> Iterator[Finding]:
        yield from super().check(text, context)
        plain = read(text).plain
        a_slip = 3 if context.kind is Kind.POST else 0
        searches: tuple[tuple[Rule, Callable[[], Iterator[Span]]], ...] = (
            (MARKERS, lambda: find_markers(plain)),
            (ENCODED, lambda: find_encoded(text, plain)),
            (HIDDEN, lambda: find_hidden(text, a_slip=a_slip)),
        )
        for rule, search in searches:
            for start, end in islice(search(), _A_FEW):
                yield rule.finding(context.kind, start, end)

    def orders_in(self, reading: Reading) -> Iterator[Span]:
        """Where orders begin and end, as indexes of words. What follows one mostly belongs to it."""
        for _entry, match in self.matches(reading, Kind.POST):
            yield match.first, match.last
        starts = [reading.plain.starts[word.start] for word in reading.words]
        for start, end in islice(find_markers(reading.plain), _MOST_MARKERS):
            first = min(bisect_left(starts, start), len(starts) - 1)
            yield first, max(bisect_left(starts, end), first + 1)
