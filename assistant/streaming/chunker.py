"""Cuts a stream of text into pieces that mean something by themselves: sentences, or clauses when one runs long.

Pieces do not depend on how the text arrived: every cut is decided by the text up to it and one character after it.
"""

from __future__ import annotations

import re
import unicodedata

CLAUSE_AFTER = 120  # characters: from here a comma is a good enough place
CUT_AT = 400  # characters: nothing is held back longer

ENDS = frozenset(".!?…؟۔।॥։።។")
ENDS_WITHOUT_SPACE = frozenset("。！？｡．‼⁇⁈⁉")  # the scripts that use them put no space between sentences
CLAUSE_ENDS = frozenset(",;:—–،؛")
CLAUSE_ENDS_WITHOUT_SPACE = frozenset("、，；：—")
CLOSERS = frozenset("\"'”’»›)]}*_」』）】》〉")

# Lower case, without the last full stop.
ABBREVIATED = """
dr mr mrs ms mx prof rev st sr jr sgt capt lt col gen hon vs etc approx appt dept est cf al ca fig inc ltd tel mt ave
blvd jan feb mar apr jun jul aug sep sept oct nov dec bzw usw ph.d
"""
ABBREVIATIONS = frozenset(ABBREVIATED.split())
LAST_WORD = re.compile(r"[^\s\"'“”‘’«»()\[\]{}*_—–]*$")
LETTERS_WITH_STOPS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")  # an initial, or "e.g", "p.m"
JOINER = "\u200d"
SKIN_TONES = frozenset(chr(code) for code in range(0x1F3FB, 0x1F400))
LIST_NUMBER = re.compile(r"(?:^|\n)\s*\d{1,3}\.$")


class Chunker:
    def __init__(self) -> None:
        self._text = ""
        self._looked_at = 0  # no cut is possible before this index

    def feed(self, text: str) -> list[str]:
        self._text += text
        return self._cut(finished=False)

    def finish(self) -> list[str]:
        pieces = self._cut(finished=True)
        if self._text:
            pieces.append(self._text)
        self._text, self._looked_at = "", 0
        return pieces

    def _cut(self, *, finished: bool) -> list[str]:
        pieces = []
        while (end := self._next_cut(finished=finished)) is not None:
            pieces.append(self._text[:end])
            self._text = self._text[end:]
            self._looked_at = 0
        return pieces

    def _next_cut(self, *, finished: bool) -> int | None:
        # The last character has to wait: what follows it can decide.
        last = len(self._text) - (0 if finished else 1)
        for index in range(self._looked_at, last):
            self._looked_at = index + 1
            if is_cut(self._text, index):
                return index + 1
            if index + 1 >= CUT_AT:
                return forced_cut(self._text[: index + 1], self._text[index + 1 : index + 2])
        return None


def is_cut(text: str, index: int) -> bool:
    """Whether the piece `text[: index + 1]` ends well. Looks at no more than one character beyond it."""
    piece, following = text[: index + 1], text[index + 1 : index + 2]
    if following.isspace():
        return False
    words = piece.rstrip()
    if not words:
        return False
    if words == piece:
        return ends_without_space(piece, following)
    return "\n" in piece[len(words) :] or ends_before_space(words)


def ends_before_space(text: str) -> bool:
    if len(text) >= CLAUSE_AFTER and text[-1] in CLAUSE_ENDS:
        return True
    core = text.rstrip("".join(CLOSERS))
    if not core or core[-1] not in ENDS | ENDS_WITHOUT_SPACE:
        return False
    return core[-1] != "." or not stop_belongs_to_word(core)


def stop_belongs_to_word(text: str) -> bool:
    """Whether the full stop at the end marks an abbreviation, an initial or a list number, not a sentence."""
    found = LAST_WORD.search(text[:-1])
    word = found.group() if found else ""
    return (
        word.lower() in ABBREVIATIONS
        or LETTERS_WITH_STOPS.fullmatch(word) is not None
        or LIST_NUMBER.search(text) is not None
    )


def ends_without_space(text: str, following: str) -> bool:
    if following in ENDS_WITHOUT_SPACE or following in CLOSERS:
        return False
    if len(text) >= CLAUSE_AFTER and text[-1] in CLAUSE_ENDS_WITHOUT_SPACE:
        return True
    core = text.rstrip("".join(CLOSERS))
    return bool(core) and core[-1] in ENDS_WITHOUT_SPACE


def forced_cut(piece: str, following: str) -> int:
    """A long piece without an end: after its last space, else between two letters, never inside one."""
    for end in range(len(piece), 0, -1):
        if piece[end - 1].isspace() and not piece[:end].isspace():
            return end
    text = piece + following
    for end in range(len(piece), len(piece) // 2, -1):
        if not joins(text[end - 1], text[end : end + 1]):
            return end
    return len(piece)


def joins(before: str, after: str) -> bool:
    """Whether the two characters are drawn as one: a combining mark, a skin tone, a joined emoji."""
    if not after:
        return False
    return JOINER in (before, after) or after in SKIN_TONES or unicodedata.category(after) in ("Mn", "Me", "Mc")
