"""One plain form of a text that all phases read, with the way back to the characters the person typed."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Longer than any text the site accepts. What lies beyond is not read, and the length phase holds such a text.
READ_LIMIT = 60_000
# Some single characters unfold into eighteen; the plain form is bounded as well.
PLAIN_LIMIT = 2 * READ_LIMIT

_QUOTES = {"‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'", "´": "'", "ʼ": "'", "ʹ": "'"} | dict.fromkeys(
    "“”„‟″«»", '"'
)
# Letters that look like Latin ones and are used to slip past word lists. Texts that are really Cyrillic or
# Greek lose nothing by this: the word lists are English.
_LOOKALIKES = dict(zip("аеорсухіјѕԁһӏкмтвнαοερτυινκ", "aeopcyxijsdhlkmtbhaoeptuivk", strict=True))
_DROPPED = {"Mn", "Me", "Cf", "Cs", "Cc"}


@dataclass(frozen=True, slots=True)
class Plain:
    """Case-folded text without marks and invisible characters. `starts` and `ends` lead back, one entry a character."""

    text: str
    starts: list[int]
    ends: list[int]
    cut: bool  # the end of the original was not read

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the plain text lies in the original."""
        if start >= end:
            return (0, 0)
        return self.starts[start], self.ends[end - 1]


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    """Fold one character; empty when it is invisible, one space or line end when it is blank."""
    if character in "\n\r\u2028\u2029\x0b\x0c\x85":
        return "\n"
    if character.isspace():
        return " "
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(_fold_part(part) for part in folded)


def _fold_part(part: str) -> str:
    if part in _QUOTES:
        return _QUOTES[part]
    if part in _LOOKALIKES:
        return _LOOKALIKES[part]
    if part.isspace():  # a spacing accent unfolds into a blank and its mark
        return " "
    category = unicodedata.category(part)
    if category in _DROPPED:
        return ""
    return "-" if category == "Pd" else part


def make_plain(text: str) -> Plain:
    """Fold, drop what cannot be seen, and let a run of blanks be one blank (a line end if it held one)."""
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for index, character in enumerate(text[:READ_LIMIT]):
        for letter in _fold(character):
            if letter in " \n" and letters and letters[-1] in " \n":
                ends[-1] = index + 1
                if letter == "\n":
                    letters[-1] = "\n"
                continue
            letters.append(letter)
            starts.append(index)
            ends.append(index + 1)
        if len(letters) > PLAIN_LIMIT:
            break
    return Plain("".join(letters), starts, ends, cut=len(text) > READ_LIMIT or len(letters) > PLAIN_LIMIT)
