"""How hard a text is to read, by Coleman and Liau (Journal of Applied Psychology, 1975). Plain Python."""

from __future__ import annotations


def coleman_liau(*, letters: int, words: int, sentences: int) -> float:
    """Years of school: 0.0588 L - 0.296 S - 15.8, with L letters and S sentences to 100 words. Raises ZeroDivisionError."""
    return 0.0588 * 100 * letters / words - 0.296 * 100 * sentences / words - 15.8
