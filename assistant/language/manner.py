"""How one reply is written, in five numbers for its writer alone, and the bands in which they are told.

The borders are ours and rest on no study; none of the bands is the good one.
"""

from __future__ import annotations

from dataclasses import dataclass

from assistant.language.counts import counts_of
from assistant.language.function_words import style_accommodation
from assistant.language.lexicon import category_rates
from assistant.language.likeness import similarity
from assistant.language.questions import question_share
from assistant.safety.english import is_english

BORDERS = {  # below the first: the lowest of three bands
    "words_a_sentence": (12.0, 20.0),
    "asking": (1e-9, 1 / 3 + 1e-9),
    "about_them": (1 / 3, 2 / 3),
    "taken_up": (0.1, 0.25),
    "small_words": (0.5, 0.7),
}


@dataclass(frozen=True, slots=True)
class Manner:
    """None: too short for it, or nothing to divide by."""

    words_a_sentence: float | None
    asking: float | None  # of the sentences
    about_them: float | None  # words like "you", of those and words like "I"
    taken_up: float | None  # the cosine with the post, by content words
    small_words: float | None  # style accommodation

    def band(self, name: str) -> int | None:
        """0, 1 or 2."""
        value: float | None = getattr(self, name)
        return None if value is None else sum(value >= border for border in BORDERS[name])


def manner_of(text: str, *, post: str, language: str) -> Manner | None:
    """None of a reply without a word, and in other languages than English."""
    counts = counts_of(text)
    if not counts.words or not is_english(language):
        return None
    return Manner(
        words_a_sentence=_rounded(counts.words_a_sentence, 1),
        asking=_rounded(question_share(text)),
        about_them=_rounded(_about_them(text)),
        taken_up=_rounded(similarity(post, text)),
        small_words=_rounded(style_accommodation(post, text)),
    )


def _about_them(text: str) -> float | None:
    rates = category_rates(text) or {}
    own, theirs = rates.get("first_singular", 0.0), rates.get("second_person", 0.0)
    return theirs / (own + theirs) if own or theirs else None


def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)
