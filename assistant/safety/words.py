"""Plain text to words: contractions opened, common typing, spacing and masking tricks undone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from assistant.safety.spelling import Spelling, load_spelling

_WORD = re.compile(r"(?:[^\W_]|['*@$!])+")
_EDGES = "'*@$!"
_AMOUNT = re.compile(r"(\d+)(mg|mcg|ug|ml|g|grams?|milligrams?|x|pills?|tabs?|tablets?|am|pm)")
_LEET = str.maketrans("013457@$!", "oieastasi")
_DRAWN_OUT = re.compile(r"(.)\1\1+")
_LONGEST_WORD = 40  # longer runs are no words; they are kept but not mended


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start: int  # offsets into the plain text
    end: int
    sentence: int
    clause: int


def split_words(plain: str) -> list[Word]:
    spelling = load_spelling()
    words: list[Word] = []
    sentence = clause = 0
    before = 0
    for raw, start, end in _join_spaced_letters(_raw_words(plain)):
        between = plain[before:start] if words else ""
        if _ends_sentence(between, plain, before, start):
            sentence += 1
            clause += 1
        elif "\n" in between or "," in between or ";" in between or " - " in between or "(" in between or ")" in between:
            clause += 1
        words.extend(Word(text, start, end, sentence, clause) for text in _mend(raw, spelling))
        before = end
    return words


def _ends_sentence(between: str, plain: str, before: int, start: int) -> bool:
    if "?" in between or "!" in between:
        return True
    if "." not in between or ".." in between:  # people pause in mid-sentence with dots
        return False
    # "2.5" is one number
    return not (between == "." and plain[before - 1].isdigit() and plain[start].isdigit())


def _raw_words(plain: str) -> list[tuple[str, int, int]]:
    found = []
    for match in _WORD.finditer(plain):
        stripped = match[0].strip(_EDGES)
        if stripped:
            start = match.start() + match[0].index(stripped[0])
            found.append((stripped, start, start + len(stripped)))
    return found


def _join_spaced_letters(raw: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Write "k i l l" and "k.i.l.l" as one word. Two single letters are left alone: "I a" is a slip, not a trick."""
    joined: list[tuple[str, int, int]] = []
    index = 0
    while index < len(raw):
        stop = index
        while (
            stop < len(raw)
            and stop - index < _LONGEST_WORD
            and len(raw[stop][0]) == 1
            and raw[stop][0].isalpha()
            and (stop == index or raw[stop][1] - raw[stop - 1][2] <= 2)
        ):
            stop += 1
        if stop - index >= 3:
            letters = "".join(item[0] for item in raw[index:stop])
            joined.append((letters, raw[index][1], raw[stop - 1][2]))
            index = stop
        else:
            joined.append(raw[index])
            index += 1
    return joined


def _mend(raw: str, spelling: Spelling) -> tuple[str, ...]:
    """The word or words meant. The raw word itself where nothing is known about it."""
    if len(raw) > _LONGEST_WORD:
        return (raw,)
    return _mend_word(raw, spelling)


# Single words, not texts: what stays here says nothing about who wrote what.
@lru_cache(maxsize=8192)
def _mend_word(raw: str, spelling: Spelling) -> tuple[str, ...]:
    if raw in spelling.meant:
        return spelling.meant[raw]
    if "'" in raw:
        opened = _open_contraction(raw)
        if opened:
            return tuple(part for word in opened for part in _mend_word(word, spelling))
    word = raw.replace("'", "")
    amount = _AMOUNT.fullmatch(word)
    if amount:
        return (amount[1], amount[2])
    for candidate in _candidates(word, spelling):
        if candidate in spelling.meant:
            return spelling.meant[candidate]
        if candidate in spelling.watched:
            return (candidate,)
    glued = _split_glued(word, spelling)
    return glued or (_shorten(word),)


def _open_contraction(raw: str) -> tuple[str, ...] | None:
    if raw.endswith("n't") and len(raw) > 3:
        stem = {"ca": "can", "wo": "will", "sha": "shall"}.get(raw[:-3], raw[:-3])
        return (stem, "not")
    stem, _, ending = raw.rpartition("'")
    opened = {"m": "am", "re": "are", "ve": "have", "ll": "will", "d": "would"}.get(ending)
    if stem and opened:
        return (stem, opened)
    if ending == "s" and stem in {"it", "that", "he", "she", "there", "what", "here", "who", "everything", "nothing"}:
        return (stem, "is")
    return None


def _candidates(word: str, spelling: Spelling) -> list[str]:
    candidates = [word]
    if not word.isalpha() and any(character.isalpha() for character in word):
        candidates.append(word.translate(_LEET))
        if "*" in word:
            candidates.extend(known for known in spelling.masked if _fits_mask(word, known))
    if _DRAWN_OUT.search(word):
        candidates.extend((_DRAWN_OUT.sub(r"\1\1", word), _DRAWN_OUT.sub(r"\1", word)))
    return candidates


def _fits_mask(masked: str, known: str) -> bool:
    return (
        len(masked) == len(known)
        and masked[0] == known[0]
        and all(mark in ("*", letter) for mark, letter in zip(masked, known, strict=True))
    )


def _shorten(word: str) -> str:
    return _DRAWN_OUT.sub(r"\1", word) if word.isalpha() else word


def _split_glued(word: str, spelling: Spelling) -> tuple[str, ...] | None:
    """ "wanttodie" to its words, when it consists of watched words from end to end. Short words are never split."""
    if len(word) < 8 or not word.isalpha():
        return None
    ways: list[tuple[str, ...] | None] = [()] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 10), end):
            so_far = ways[start]
            if so_far is not None and word[start:end] in spelling.glued:
                ways[end] = (*so_far, word[start:end])
                break
    return ways[len(word)]
