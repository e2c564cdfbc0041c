"""Loops and broken generations: the same words again and again, or bytes that became no letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from assistant.safety.reading import Reading, read
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Kind, Severity
from assistant.safety.words import sentences

_WRITTEN_HERE = severities(suggestion=Severity.HOLD, reply=Severity.NOTE)
LOOP = Rule("repetition.loop", "The same words come again and again.", _WRITTEN_HERE)
SENTENCE = Rule("repetition.sentence", "The same sentence stands here three times or more.", _WRITTEN_HERE)
BROKEN = Rule("repetition.broken", "This looks like a broken or unfinished machine text.", _WRITTEN_HERE)

_LONGEST_LOOP = 12  # words
_SHORTEST_SENTENCE = 4
_SENTENCE_TIMES = 3
_BROKEN = "\ufffd"  # stands where bytes were no character; marks of a chat template are the injection phase's


class Repetition:
    name = "repetition"
    version = 2
    kinds = frozenset({Kind.SUGGESTION, Kind.REPLY})
    rules = (LOOP, SENTENCE, BROKEN)

    def check(self, text: str, context: Context) -> Iterator[Finding]:
        reading = read(text)
        loop = _find_loop([word.text for word in reading.words])
        if loop:
            yield LOOP.finding(context.kind, *reading.span(*loop))
        sentence = _find_repeated_sentence(reading)
        if sentence:
            yield SENTENCE.finding(context.kind, *reading.span(*sentence))
        broken = text.find(_BROKEN)
        if broken >= 0:
            yield BROKEN.finding(context.kind, broken, broken + 1)


def _times(length: int) -> int:
    """How often a run of words must come in a row to be a loop: people do write "no no no no"."""
    return {1: 6, 2: 4}.get(length, 3)


def _find_loop(words: Sequence[str]) -> tuple[int, int] | None:
    for length in range(1, _LONGEST_LOOP + 1):
        enough = length * (_times(length) - 1)
        same = 0
        for index in range(length, len(words)):
            same = same + 1 if words[index] == words[index - length] else 0
            if same >= enough:
                return index + 1 - enough - length, index + 1
    return None


def _find_repeated_sentence(reading: Reading) -> tuple[int, int] | None:
    seen: Counter[tuple[str, ...]] = Counter()
    for first, last in sentences(reading.words):
        if last - first < _SHORTEST_SENTENCE:
            continue
        sentence = tuple(word.text for word in reading.words[first:last])
        seen[sentence] += 1
        if seen[sentence] == _SENTENCE_TIMES:
            return first, last
    return None
