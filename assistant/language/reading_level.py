"""How hard an English text is to read. Plain arithmetic on counts; each raises ZeroDivisionError where there is no word.

All but the reading ease are years of school in the United States. They differ among themselves by a year or two, and all they
know of a text is its long words and long sentences.
"""

from __future__ import annotations

from math import sqrt

SMOG_SENTENCES = 30  # that the formula was made for


def coleman_liau(*, letters: int, words: int, sentences: int) -> float:
    """0.0588 L - 0.296 S - 15.8, with L letters and S sentences to 100 words (Coleman and Liau, Journal of Applied Psychology,
    1975)."""
    return 0.0588 * 100 * letters / words - 0.296 * 100 * sentences / words - 15.8


def automated_readability(*, letters: int, words: int, sentences: int) -> float:
    """4.71 letters a word + 0.5 words a sentence - 21.43 (Smith and Senter, AMRL-TR-66-220, 1967)."""
    return 4.71 * letters / words + 0.5 * words / sentences - 21.43


def flesch_reading_ease(*, words: int, sentences: int, syllables: int) -> float:
    """206.835 - 1.015 words a sentence - 84.6 syllables a word: 100 is very easy, 0 very hard (Flesch, Journal of Applied
    Psychology, 1948)."""
    return 206.835 - 1.015 * words / sentences - 84.6 * syllables / words


def flesch_kincaid(*, words: int, sentences: int, syllables: int) -> float:
    """0.39 words a sentence + 11.8 syllables a word - 15.59 (Kincaid et al., Research Branch Report 8-75, 1975)."""
    return 0.39 * words / sentences + 11.8 * syllables / words - 15.59


def smog(*, long_words: int, sentences: int) -> float | None:
    """1.043 sqrt(30 long words / sentences) + 3.1291, with words of three syllables or more (McLaughlin, Journal of Reading,
    1969). None below the 30 sentences that it was made for, so of nearly every reply."""
    if sentences < SMOG_SENTENCES:
        return None
    return 1.043 * sqrt(SMOG_SENTENCES * long_words / sentences) + 3.1291
