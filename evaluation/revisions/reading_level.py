"""How hard a text is to read: Coleman-Liau's grade and the words a sentence has."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.revisions.words import sentences, words

LEAST_WORDS = 10  # below, one long word makes a grade


@dataclass(frozen=True, slots=True)
class Level:
    grade: float  # 0.0588 L - 0.296 S - 15.8, with L letters and S sentences on 100 words
    words_a_sentence: float


def level_of(text: str) -> Level | None:
    """None for a text too short for a grade."""
    said, parts = words(text), sum(bool(words(one)) for one in sentences(text))
    if len(said) < LEAST_WORDS:
        return None
    letters = sum(letter.isalnum() for word in said for letter in word)
    grade = 0.0588 * 100 * letters / len(said) - 0.296 * 100 * parts / len(said) - 15.8
    return Level(grade, len(said) / parts)
