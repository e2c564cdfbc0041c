"""Plain text to words: contractions opened, common typing, spacing and masking tricks undone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from assistant.safety.slips import Slips, load_slips
from assistant.safety.spelling import Spelling, load_spelling

_WORD = re.compile(r"(?:[^\W_]|['*@$!])+")
_EDGES = "'*@$!"
_AMOUNT = re.compile(r"(\d+)(mg|mcg|ug|ml|g|grams?|milligrams?|x|pills?|tabs?|tablets?|am|pm)")
_LEET = str.maketrans("013457@$!", "oieastasi")
_DRAWN_OUT = re.compile(r"(.)\1\1+")
_LONGEST_WORD = 40  # longer runs are no words; they are kept but not mended
# With so many unknown words, more than the known ones, and few that are slips, a text is in another language: to mend it
# would make English of it.
_MANY_UNKNOWN = 6

Raw = tuple[str, int, int]  # a word as typed, and where it begins and ends


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start: int  # offsets into the plain text
    end: int
    sentence: int
    clause: int


def sentences(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Of each sentence the index of its first word and the one after its last."""
    first = 0
    for index in range(1, len(words) + 1):
        if index == len(words) or words[index].sentence != words[first].sentence:
            yield first, index
            first = index


def split_words(plain: str) -> list[Word]:
    spelling, slips = load_spelling(), load_slips()
    raw_words = _move_blanks(_join_spaced_letters(_raw_words(plain)), plain, slips)
    slipped = _is_english(raw_words, slips)
    words: list[Word] = []
    sentence = clause = 0
    before = 0
    for raw, start, end in raw_words:
        between = plain[before:start] if words else ""
        if _ends_sentence(between, plain, before, start):
            sentence += 1
            clause += 1
        elif (
            "\n" in between or "," in between or ";" in between or " - " in between or "(" in between or ")" in between
        ):
            clause += 1
        words.extend(
            Word(text, start, end, sentence, clause) for text in _mend(raw, spelling, slips if slipped else None)
        )
        before = end
    return _mend_beside(words, slips) if slipped else words


def _mend_beside(words: list[Word], slips: Slips) -> list[Word]:
    """A short slip is known by the words around it."""
    mended: list[Word] = []
    for index, word in enumerate(words):
        if not slips.is_beside(word.text):
            mended.append(word)
            continue
        before = tuple(other.text for other in mended[-2:] if other.sentence == word.sentence)
        after = tuple(other.text for other in words[index + 1 : index + 3] if other.sentence == word.sentence)
        text = slips.beside(before, word.text, after)
        mended.append(word if text == word.text else replace(word, text=text))
    return mended


def _ends_sentence(between: str, plain: str, before: int, start: int) -> bool:
    if "?" in between or "!" in between:
        return True
    if "." not in between or ".." in between:  # people pause in mid-sentence with dots
        return False
    # "2.5" is one number
    return not (between == "." and plain[before - 1].isdigit() and plain[start].isdigit())


def _raw_words(plain: str) -> list[Raw]:
    found = []
    for match in _WORD.finditer(plain):
        stripped = match[0].strip(_EDGES)
        if stripped:
            start = match.start() + match[0].index(stripped[0])
            found.append((stripped, start, start + len(stripped)))
    return found


def _join_spaced_letters(raw: list[Raw]) -> list[Raw]:
    """Write "k i l l" and "k.i.l.l" as one word. Two single letters are left alone: "I a" is a slip, not a trick."""
    joined: list[Raw] = []
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


def _is_english(raw_words: list[Raw], slips: Slips) -> bool:
    unknown = [raw for raw, _, _ in raw_words if not _is_known(raw, slips)]
    if len(unknown) < _MANY_UNKNOWN or 2 * len(unknown) <= len(raw_words):
        return True
    spelling = load_spelling()
    no_slips = (raw for raw in unknown if _mend(raw, spelling, slips) == _mend(raw, spelling, None))
    half = (len(unknown) + 1) // 2
    return next(islice(no_slips, half - 1, None), None) is None  # fewer than half


@lru_cache(maxsize=8192)
def _is_known(raw: str, slips: Slips) -> bool:
    word = _shorten(raw.replace("'", ""))
    return len(word) > _LONGEST_WORD or not word.isalpha() or slips.is_word(word)


def _move_blanks(raw_words: list[Raw], plain: str, slips: Slips) -> list[Raw]:
    """ "sui cide", "kil lmyself": a blank that came too early, too late, or for nothing."""
    moved: list[Raw] = []
    index = 0
    while index < len(raw_words):
        pair = raw_words[index : index + 2]
        if (
            len(pair) == 2
            and plain[pair[0][2] : pair[1][1]] == " "
            and not all(_is_known(raw, slips) for raw, _, _ in pair)
        ):
            (left, start, _), (right, _, end) = pair
            parts = slips.join(left, right)
            if parts:
                cut = start + len(parts[0]) + (len(parts[0]) > len(left))
                moved += [(parts[0], start, end)] if len(parts) == 1 else [(parts[0], start, cut), (parts[1], cut, end)]
                index += 2
                continue
        moved.append(raw_words[index])
        index += 1
    return moved


def _mend(raw: str, spelling: Spelling, slips: Slips | None) -> tuple[str, ...]:
    """The word or words meant. The raw word itself where nothing is known about it."""
    if len(raw) > _LONGEST_WORD:
        return (raw,)
    return _mend_word(raw, spelling, slips)


# Single words, not texts: what stays here says nothing about who wrote what.
@lru_cache(maxsize=8192)
def _mend_word(raw: str, spelling: Spelling, slips: Slips | None) -> tuple[str, ...]:
    if raw in spelling.meant:
        return spelling.meant[raw]
    if "'" in raw:
        opened = open_contraction(raw)
        if (
            slips
            and raw[-1] in "try"  # the key of the t, or one beside it
            and (opened is None or (opened[-1] == "not" and not _is_known(opened[0], slips)))
        ):
            opened = slips.with_not(raw.replace("'", "")) or opened
        if opened:
            return tuple(part for word in opened for part in _mend_word(word, spelling, slips))
    word = raw.replace("'", "")
    amount = _AMOUNT.fullmatch(word)
    if amount:
        return (amount[1], amount[2])
    for candidate in _candidates(word, spelling):
        if candidate in spelling.meant:
            return spelling.meant[candidate]
        if candidate in spelling.watched:
            return (candidate,)
    if slips and _is_known(word, slips):
        return (_shorten(word),)
    glued = _split_glued(word, spelling)
    if glued:
        return glued
    word = _shorten(word)
    return (slips and slips.meant_by(word)) or (word,)


def open_contraction(raw: str) -> tuple[str, ...] | None:
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
