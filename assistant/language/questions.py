"""Which sentences ask."""

from __future__ import annotations

from assistant.changes import sentences_in
from assistant.telling import words

_ENDS = ("?", "？", "؟")


def questions_in(text: str) -> list[str]:
    """The sentences that end in a question mark; a lone "Really?" is none."""
    return [one for one in sentences_in(text) if one.rstrip(" \"'”’)").endswith(_ENDS) and len(one.split()) > 1]


def question_share(text: str) -> float | None:
    """Of the sentences with a word in them; None where there is none."""
    sentences = sum(bool(words(one)) for one in sentences_in(text))
    return sum(bool(words(one)) for one in questions_in(text)) / sentences if sentences else None
