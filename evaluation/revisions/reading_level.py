"""How hard a text is to read: Coleman-Liau's grade and the words a sentence has."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.changes import sentences_in
from assistant.language.reading_level import coleman_liau
from assistant.telling import words

LEAST_WORDS = 10  # below, one long word makes a grade


@dataclass(frozen=True, slots=True)
class Level:
    grade: float
    words_a_sentence: float


def level_of(text: str) -> Level | None:
    """None for a text too short for a grade."""
    said, parts = words(text), sum(bool(words(one)) for one in sentences_in(text))
    if len(said) < LEAST_WORDS:
        return None
    letters = sum(letter.isalnum() for word in said for letter in word)
    return Level(coleman_liau(letters=letters, words=len(said), sentences=parts), len(said) / parts)
