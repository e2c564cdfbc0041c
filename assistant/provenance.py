"""Whose words a text is made of.

A revision carries `spans`: sorted, disjoint [start, end) ranges that the model wrote, and `pasted`: those that came in
whole from elsewhere. The rest was typed. They are carried from one saved revision to the next by comparing the two texts, so
for the model's words nothing depends on what the browser claims about each key press; that something was pasted is its word
alone. Doubt counts towards the model: the share that is stored with a sent reply is an upper bound of what was taken over word
for word, and says nothing about ideas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from typing import TypeVar

from rapidfuzz.distance import Indel

from assistant.changes import sentences_in, split_sentences

RUN_WORDS = 4  # shorter runs ("I am so") are anybody's
RUN_CHARACTERS = 20  # the same rule for scripts that put no spaces between words

TOKEN = re.compile(r"\w+(?:['’]\w+)*|\s+|[^\w\s]")
WORD = re.compile(r"\S+")
BLANK = re.compile(r"\s+")
WORD_SIGN = re.compile(r"\w")

Span = tuple[int, int]
Kind = TypeVar("Kind")


class Whose(StrEnum):
    """What the ledger says of a range of a text."""

    TYPED = "typed"
    PASTED = "pasted"
    SUGGESTED = "suggested"  # and kept as it was
    EDITED = "edited"  # suggested, in a sentence that the person worked on


class Origin(StrEnum):
    TYPED = "typed"
    ACCEPTED = "accepted"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with what the model wrote of it, and what was pasted."""

    text: str
    spans: list[Span] = field(default_factory=list)
    pasted: list[Span] = field(default_factory=list)


class _Author(StrEnum):
    PERSON = "p"
    MODEL = "m"
    PASTED = "c"
    UNKNOWN = "?"


WHOSE = {
    _Author.PERSON: Whose.TYPED,
    _Author.UNKNOWN: Whose.TYPED,
    _Author.PASTED: Whose.PASTED,
    _Author.MODEL: Whose.SUGGESTED,
}


def carry(
    previous: Marked,
    text: str,
    *,
    origin: Origin,
    model_texts: Sequence[str] = (),
    accepted: str = "",
    pasted: Sequence[str] = (),
    earlier: Sequence[Marked] = (),
) -> Marked:
    """`text`, which was saved after `previous`, with whose words it is made of.

    model_texts: every suggestion shown so far. accepted: the text that an accepted change put in; without it, all of
    `model_texts` counts. pasted: what came in whole since `previous`; what a suggestion holds is the model's all the same.
    earlier: older revisions, oldest first, so that a person who types an own sentence again keeps it, and an undo finds whose
    words it brings back.
    """
    if origin is Origin.UNDONE:
        for old in reversed(earlier):
            if old.text == text:
                return _marked(text, _authors_of(old))
    authors = _carried(previous, text)
    if origin is Origin.UNDONE:
        for old in reversed(earlier):
            _fill(authors, _carried(old, text))
    if origin is Origin.ACCEPTED:
        for source in [accepted] if accepted else model_texts:
            _mark_taken(authors, text, source)
    _mark_runs(authors, text, model_texts, own=[previous, *earlier])
    for source in pasted:
        _mark_taken(authors, text, source, as_=_Author.PASTED)
    return _marked(text, authors)


def ledger(marked: Marked, model_texts: Sequence[str] = ()) -> list[tuple[int, int, Whose]]:
    """Each range of the text and whose words it is, in order; together they are the text.

    A suggested range counts as edited when its sentence holds a word that was not suggested and no suggestion (`model_texts`)
    has the sentence as it stands.
    """
    text, authors = marked.text, _authors_of(marked)
    whose = [WHOSE[author] for author in authors]
    offered = {sentence for one in model_texts for sentence in sentences_in(one)}
    for sentence in split_sentences(text):
        inside = range(sentence.start, sentence.end)
        own = any(text[at].isalnum() and authors[at] is not _Author.MODEL for at in inside)
        if own and text[sentence.start : sentence.end] not in offered:
            for at in inside:
                if authors[at] is _Author.MODEL:
                    whose[at] = Whose.EDITED
    for blank in BLANK.finditer(text):  # between two words of a kind it is of that kind
        before, after = whose[blank.start() - 1 : blank.start()], whose[blank.end() : blank.end() + 1]
        if before and before == after:
            whose[blank.start() : blank.end()] = before * (blank.end() - blank.start())
    return [(start, end, one) for one, start, end in _stretches(whose)]


def shares(marked: Marked, model_texts: Sequence[str] = ()) -> dict[Whose, float]:
    """The part of the visible characters that each kind has, 0..1; all 0 for an empty text."""
    counts = dict.fromkeys(Whose, 0)
    for start, end, whose in ledger(marked, model_texts):
        counts[whose] += sum(not character.isspace() for character in marked.text[start:end])
    visible = sum(counts.values())
    return {whose: count / visible if visible else 0.0 for whose, count in counts.items()}


def model_share(marked: Marked) -> float:
    """The model's part of the visible characters, 0..1; 0 for an empty text."""
    return by_model(shares(marked))


def by_model(told: dict[Whose, float]) -> float:
    """`told`: all shares of a text."""
    return told[Whose.SUGGESTED] + told[Whose.EDITED]


# Carrying marks through an edit


def _carried(old: Marked, text: str) -> list[_Author]:
    """The author of each character that stood in the old text already; UNKNOWN where it is new."""
    was = _authors_of(old)
    head = _shared_words(old.text, text)
    tail = _shared_words(old.text[head:][::-1], text[head:][::-1])
    authors = was[:head]
    for author_run, length in _middle(old.text, was, text, head, tail):
        authors += author_run if author_run else [_Author.UNKNOWN] * length
    return authors + was[len(was) - tail :]


def _middle(old: str, was: list[_Author], text: str, head: int, tail: int) -> Iterator[tuple[list[_Author], int]]:
    """The changed middle, word by word: the old authors of what is equal, or how many characters are new."""
    before = _Tokens(old[head : len(old) - tail])
    after = _Tokens(text[head : len(text) - tail])
    for step in Indel.opcodes(before.tokens, after.tokens):
        length = after.starts[step.dest_end] - after.starts[step.dest_start]
        if step.tag == "equal":
            start = head + before.starts[step.src_start]
            yield was[start : start + length], length
        elif step.tag == "insert":
            yield [], length


class _Tokens:
    """A text in words, white space and signs, and where each of them starts."""

    def __init__(self, text: str) -> None:
        self.tokens = TOKEN.findall(text)
        self.starts = [0]
        for token in self.tokens:
            self.starts.append(self.starts[-1] + len(token))


def _shared_words(one: str, other: str) -> int:
    """How many characters both begin with, up to the last border between words: a word that was changed is new."""
    length = _shared_length(one, other)
    while _inside_word(one, length) or _inside_word(other, length):
        length -= 1
    return length


def _inside_word(text: str, place: int) -> bool:
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()


def _shared_length(one: str, other: str) -> int:
    """How many characters both begin with, found by halving: character by character is slow for long drafts."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        half = (low + high + 1) // 2
        if one[:half] == other[:half]:
            low = half
        else:
            high = half - 1
    return low


def _fill(authors: list[_Author], known: list[_Author]) -> None:
    for index, author in enumerate(authors):
        if author is _Author.UNKNOWN:
            authors[index] = known[index]


# Finding the model's words in what is new


def _mark_taken(authors: list[_Author], text: str, source: str, *, as_: _Author = _Author.MODEL) -> None:
    """New words that stand, in this order, in what was accepted or pasted."""
    offered = TOKEN.findall(source)
    for start, end in _runs(authors, _Author.UNKNOWN):
        new = _Tokens(text[start:end])
        for step in Indel.opcodes(new.tokens, offered):
            if step.tag == "equal":
                _mark(authors, start + new.starts[step.src_start], start + new.starts[step.src_end], as_=as_)


def _mark_runs(authors: list[_Author], text: str, model_texts: Sequence[str], *, own: Sequence[Marked]) -> None:
    """New words inside a run that stands in a suggestion, however they got here, unless the person wrote it before."""
    if _Author.UNKNOWN not in authors or not model_texts:
        return
    own_texts = [part for marked in own for part in _own_parts(marked)]
    for grams in (_word_grams, _character_grams):
        offered = {gram for source in model_texts for gram, _, _ in grams(source)}
        known = {gram for part in own_texts for gram, _, _ in grams(part)}
        own_places = bytearray(len(text))
        taken = []
        for gram, start, end in grams(text):
            if gram in known:
                own_places[start:end] = b"\x01" * (end - start)
            elif gram in offered:
                taken.append((start, end))
        for start, end in _joined(taken):
            _mark(authors, start, end, unless=own_places)


def _word_grams(text: str) -> Iterator[tuple[object, int, int]]:
    """Every RUN_WORDS words in a row, without regard to case and punctuation, and where they stand."""
    words = [(_bare(word[0]), word.start(), word.end()) for word in WORD.finditer(text)]
    words = [word for word in words if word[0]]
    for index in range(len(words) - RUN_WORDS + 1):
        run = words[index : index + RUN_WORDS]
        yield tuple(word for word, _, _ in run), run[0][1], run[-1][2]


def _bare(word: str) -> str:
    return "".join(character for character in word.casefold() if character.isalnum())


def _character_grams(text: str) -> Iterator[tuple[object, int, int]]:
    letters = [(character.casefold(), index) for index, character in enumerate(text) if character.isalnum()]
    joined = [letter for letter, _ in letters]
    for index in range(len(letters) - RUN_CHARACTERS + 1):
        yield (
            "".join(joined[index : index + RUN_CHARACTERS]),
            letters[index][1],
            letters[index + RUN_CHARACTERS - 1][1] + 1,
        )


def _own_parts(marked: Marked) -> Iterator[str]:
    for author, start, end in _stretches(_authors_of(marked)):
        if author is not _Author.MODEL:
            yield marked.text[start:end]


# Authors and spans


def _authors_of(marked: Marked) -> list[_Author]:
    authors = [_Author.PERSON] * len(marked.text)
    for author, spans in ((_Author.MODEL, marked.spans), (_Author.PASTED, marked.pasted)):
        for start, end in _clean(spans, marked.text):
            _mark(authors, start, end, over=_Author.PERSON, as_=author)
    return authors


def _mark(
    authors: list[_Author],
    start: int,
    end: int,
    *,
    over: _Author = _Author.UNKNOWN,
    as_: _Author = _Author.MODEL,
    unless: bytearray | None = None,
) -> None:
    for index in range(start, end):
        if authors[index] is over and not (unless and unless[index]):
            authors[index] = as_


def _stretches(kinds: Sequence[Kind]) -> Iterator[tuple[Kind, int, int]]:
    """Runs of the same kind: (kind, start, end)."""
    end = 0
    for kind, run in groupby(kinds):
        start, end = end, end + sum(1 for _ in run)
        yield kind, start, end


def _runs(authors: Sequence[_Author], wanted: _Author) -> list[Span]:
    return [(start, end) for author, start, end in _stretches(authors) if author is wanted]


def _marked(text: str, authors: list[_Author]) -> Marked:
    pasted = [(start, end) for start, end in _runs(authors, _Author.PASTED) if WORD_SIGN.search(text, start, end)]
    return Marked(text, _runs(authors, _Author.MODEL), pasted)  # a lone space or full stop stands in every paste


def _clean(spans: Iterable[Sequence[int]], text: str) -> list[Span]:
    """Sorted, disjoint, inside the text: spans come from a stored row."""
    inside = sorted((max(0, span[0]), min(len(text), span[1])) for span in spans)
    return _joined([span for span in inside if span[0] < span[1]])


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
