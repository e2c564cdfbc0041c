"""What a suggestion leaves as the supporter wrote it is not the model's doing: told to them, not held for a moderator.

The reply is checked as well, and there the same words weigh what they always weigh.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from assistant.safety.reading import Reading, read
from assistant.safety.types import Context, Finding, Kind, Severity
from assistant.safety.words import sentences

# Trouble of a check is no word of anybody; what a model gives away may stand in a draft that was pasted for it; and saying an
# own sentence again and again is the model's doing.
NEVER = frozenset({"pipeline", "leak", "injection", "repetition", "length"})


def lowered(findings: Sequence[Finding], text: str, context: Context) -> list[Finding]:
    """With NOTE for what lies wholly in sentences that the draft has, word for word."""
    if context.kind is not Kind.SUGGESTION or not context.draft or not any(map(_may_be_lowered, findings)):
        return list(findings)
    of_the_model = _sentences_of_the_model(text, context)
    return [
        replace(one, severity=Severity.NOTE) if _may_be_lowered(one) and not _meets(one, of_the_model) else one
        for one in findings
    ]


def _may_be_lowered(finding: Finding) -> bool:
    return finding.severity > Severity.NOTE and finding.end > finding.start and finding.phase not in NEVER


def _sentences_of_the_model(text: str, context: Context) -> list[tuple[int, int]]:
    reading, own = read(text), _worded(read(context.draft))
    return [
        reading.span(first, last)
        for first, last in sentences(reading.words)
        if not _is_own(_words(reading, first, last), own, is_cut=not context.whole and last == len(reading.words))
    ]


def _is_own(said: tuple[str, ...], own: frozenset[tuple[str, ...]], *, is_cut: bool) -> bool:
    """In mid-stream the last sentence may be the beginning of one."""
    return said in own or (is_cut and any(one[: len(said)] == said for one in own))


def _worded(reading: Reading) -> frozenset[tuple[str, ...]]:
    return frozenset(_words(reading, first, last) for first, last in sentences(reading.words))


def _words(reading: Reading, first: int, last: int) -> tuple[str, ...]:
    return tuple(word.text for word in reading.words[first:last])


def _meets(finding: Finding, spans: Sequence[tuple[int, int]]) -> bool:
    """`spans`: in order, none reaching into the next."""
    after = bisect_left(spans, (finding.end, 0))  # the first that begins where the finding is over
    return after > 0 and spans[after - 1][1] > finding.start
