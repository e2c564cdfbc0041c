"""What is counted in a text: words, sentences, letters, syllables. Everything else divides these.

A word is a run of letters, with what an apostrophe joins to it, or a number; a sentence without a word is none.
"""

from __future__ import annotations

from dataclasses import dataclass

from assistant.changes import sentences_in
from assistant.language.syllables import syllables_of
from assistant.telling import words

LEAST_WORDS = 10  # below, one word makes a rate or a reading level


@dataclass(frozen=True, slots=True)
class Counts:
    words: int
    different: int  # words, whatever their case
    sentences: int
    letters: int  # and digits, without apostrophes
    syllables: int
    long_words: int  # of three syllables or more

    @property
    def is_long_enough(self) -> bool:
        return self.words >= LEAST_WORDS

    @property
    def letters_a_word(self) -> float | None:
        return self.letters / self.words if self.words else None

    @property
    def words_a_sentence(self) -> float | None:
        return self.words / self.sentences if self.sentences else None

    @property
    def repeatability(self) -> float | None:
        """1 - different words / all words, from 0 to 1. It grows with length, so it compares texts of like length only."""
        return 1 - self.different / self.words if self.words else None


def counts_of(text: str) -> Counts:
    said = words(text)
    syllables = [syllables_of(word) for word in said]
    return Counts(
        words=len(said),
        different=len(set(said)),
        sentences=sum(bool(words(one)) for one in sentences_in(text)),
        letters=sum(letter.isalnum() for word in said for letter in word),
        syllables=sum(syllables),
        long_words=sum(number >= 3 for number in syllables),
    )
