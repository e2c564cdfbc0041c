"""A suggestion as a list of changes to the draft's sentences, each of which a person takes or leaves.

Laws, held by assistant/tests/test_changes.py for any two texts:
- with every change accepted, the draft becomes the suggestion, byte for byte between its first and last visible
  character (white space around the whole draft is the writer's and stays);
- with none accepted it is the draft; with some accepted, every other sentence of the draft is byte-identical.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Set
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from rapidfuzz.distance import Indel
from sentencex import segment

MERGE_SIMILARITY = 0.6  # below this, "two sentences became one" is more likely two unrelated sentences
MAX_PAIRS = 100_000  # pairs of sentences worth comparing; texts with more are aligned by position

TOKEN = re.compile(r"\w+(?:['’]\w+)*|\s+|[^\w\s]")
LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")


class Kind(StrEnum):
    KEEP = "keep"
    REPLACE = "replace"
    INSERT = "insert"
    REMOVE = "remove"


class Op(StrEnum):
    EQUAL = "equal"
    INSERT = "insert"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Where a sentence stands in its text, without the white space around it."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Word:
    op: Op
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """`before` is draft[start:end]; accepting puts `after` there.

    The white space that has to come or go with a sentence is inside `before` and `after`, so a change is one plain
    replacement. KEEP means the same words; only the white space in front of them may differ.
    """

    index: int
    kind: Kind
    start: int
    end: int
    before: str
    after: str
    words: tuple[Word, ...]
    why: str = ""  # the code of a reason, see assistant.reasons


# Sentences


def split_sentences(text: str) -> list[Sentence]:
    """Line breaks are always borders: drafts often have one thought per line and no full stop."""
    sentences = []
    for line in LINE.finditer(text):
        start = line.start()
        for piece in _pieces_of_line(line[0]):
            content = piece.strip()
            if content:
                begin = start + len(piece) - len(piece.lstrip())
                sentences.append(Sentence(begin, begin + len(content)))
            start += len(piece)
    return sentences


def sentences_in(text: str) -> list[str]:
    return [text[one.start : one.end] for one in split_sentences(text)]


def _pieces_of_line(line: str) -> Iterator[str]:
    """The line in pieces whose lengths add up to its own."""
    start = 0
    for length in _piece_lengths(_stand_in(line)):
        yield line[start : start + length]
        start += length
    yield line[start:]


def _stand_in(line: str) -> str:
    """The same number of characters, without those that sentencex 1.0.32 cannot take.

    It refuses lone surrogates, and panics on white space of more than one byte after an initial ("A\\u2028.").
    """
    return "".join(
        " " if character.isspace() else "\ufffd" if "\ud800" <= character <= "\udfff" else character
        for character in line
    )


def _piece_lengths(line: str) -> list[int]:
    try:
        return [len(piece) for piece in segment("en", line)]
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # a Rust panic is no Exception, and its class cannot be imported
            raise
        return [len(line)]


# Alignment


@dataclass(frozen=True, slots=True)
class _Block:
    """Sentences [draft_from, draft_to) of the draft became [new_from, new_to) of the suggestion."""

    draft_from: int
    draft_to: int
    new_from: int
    new_to: int


class _Split:
    """A text and its sentences."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sentences = split_sentences(text)

    def __len__(self) -> int:
        return len(self.sentences)

    def content(self, first: int, stop: int) -> str:
        return self.text[self.sentences[first].start : self.sentences[stop - 1].end]

    def gap_before(self, index: int) -> str:
        return self.text[self.sentences[index - 1].end : self.sentences[index].start]

    def gap_after(self, index: int) -> str:
        return self.gap_before(index + 1) if index + 1 < len(self) else ""


def _aligned(draft: _Split, new: _Split) -> list[_Block]:
    """Every sentence of both texts is in exactly one block, in order; a removal never stands beside an insertion."""
    head = _equal_sentences(draft, new)
    tail = _equal_sentences(draft, new, from_end=True, at_most=min(len(draft), len(new)) - head)
    rows, columns = len(draft) - head - tail, len(new) - head - tail
    middle = _best_path(draft, new, head, rows, columns) if rows * columns <= MAX_PAIRS else None
    steps = [(1, 1)] * head + (middle or _by_position(rows, columns)) + [(1, 1)] * tail
    blocks, i, j = [], 0, 0
    for taken, given in steps:
        blocks.append(_Block(i, i + taken, j, j + given))
        i, j = i + taken, j + given
    return blocks


def _equal_sentences(draft: _Split, new: _Split, *, from_end: bool = False, at_most: int | None = None) -> int:
    limit = min(len(draft), len(new)) if at_most is None else at_most
    count = 0
    while count < limit:
        i, j = (len(draft) - 1 - count, len(new) - 1 - count) if from_end else (count, count)
        if draft.content(i, i + 1) != new.content(j, j + 1):
            break
        count += 1
    return count


def _by_position(rows: int, columns: int) -> list[tuple[int, int]]:
    both = min(rows, columns)
    return [(1, 1)] * both + [(1, 0)] * (rows - both) + [(0, 1)] * (columns - both)


def _best_path(draft: _Split, new: _Split, head: int, rows: int, columns: int) -> list[tuple[int, int]]:
    """The order-preserving alignment with the highest sum of `_likeness`, as (taken from draft, given by new)."""
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    step = [[(0, 0)] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows + 1):
        for j in range(columns + 1):
            for taken, given in ((1, 1), (2, 1), (1, 2), (1, 0), (0, 1)):
                if taken > i or given > j:
                    continue
                score = best[i - taken][j - given]
                if taken and given:
                    score += _likeness(
                        draft.content(head + i - taken, head + i),
                        new.content(head + j - given, head + j),
                        merged=taken + given > 2,
                    )
                if step[i][j] == (0, 0) or score > best[i][j]:
                    best[i][j], step[i][j] = score, (taken, given)
    path, i, j = [], rows, columns
    while i or j:
        path.append(step[i][j])
        i, j = i - path[-1][0], j - path[-1][1]
    return path[::-1]


def _likeness(old: str, new: str, *, merged: bool) -> float:
    """How much text the two share.

    Squared, so that one exact match with something left over beats a vague match of everything. Never zero for a pair:
    a sentence that went and one that came in the same place are one decision, not two.
    """
    similarity = Indel.normalized_similarity(old, new)
    if merged and similarity < MERGE_SIMILARITY:
        return -1.0
    return similarity**2 * (len(old) + len(new)) + 0.01


# Changes


def changes_between(draft: str, suggestion: str, *, whole: bool = True) -> list[Change]:
    """`whole`: the suggestion was written to its end. Of one that was cut, what stands in the draft after its last words was
    not left out but never reached, and stays."""
    old, new = _Split(draft), _Split(suggestion)
    blocks = _aligned(old, new)
    changes = [_change(index, block, old, new) for index, block in enumerate(blocks)]
    return changes if whole else _with_unreached_kept(changes)


def _with_unreached_kept(changes: list[Change]) -> list[Change]:
    reached = len(changes)
    while reached and changes[reached - 1].kind is Kind.REMOVE:
        reached -= 1
    return changes[:reached] + [
        replace(one, kind=Kind.KEEP, after=one.before, words=word_changes(one.before, one.before))
        for one in changes[reached:]
    ]


def _change(index: int, block: _Block, old: _Split, new: _Split) -> Change:
    if block.draft_from == block.draft_to:
        kind, start, end, after = _insertion(block, old, new)
    elif block.new_from == block.new_to:
        kind, start, end, after = _removal(block, old)
    else:
        kind, start, end, after = _replacement(block, old, new)
    before = old.text[start:end]
    return Change(index, kind, start, end, before, after, word_changes(before, after))


def _insertion(block: _Block, old: _Split, new: _Split) -> tuple[Kind, int, int, str]:
    """Behind a sentence the white space comes in front; before the first sentence it comes behind."""
    content = new.content(block.new_from, block.new_to)
    if block.draft_from == 0:
        place = old.sentences[0].start if old.sentences else len(old.text)
        return Kind.INSERT, place, place, content + new.gap_after(block.new_to - 1)
    place = old.sentences[block.draft_from - 1].end
    return Kind.INSERT, place, place, new.gap_before(block.new_from) + content


def _removal(block: _Block, old: _Split) -> tuple[Kind, int, int, str]:
    """The white space goes with the sentence: in front of it, or behind it where nothing of the draft stays before."""
    first, last = old.sentences[block.draft_from], old.sentences[block.draft_to - 1]
    if block.new_from == 0:
        following = old.sentences[block.draft_to].start if block.draft_to < len(old) else last.end
        return Kind.REMOVE, first.start, following, ""
    return Kind.REMOVE, old.sentences[block.draft_from - 1].end, last.end, ""


def _replacement(block: _Block, old: _Split, new: _Split) -> tuple[Kind, int, int, str]:
    before = old.content(block.draft_from, block.draft_to)
    after = new.content(block.new_from, block.new_to)
    kind = Kind.KEEP if before == after else Kind.REPLACE
    start, end = old.sentences[block.draft_from].start, old.sentences[block.draft_to - 1].end
    if block.draft_from and block.new_from and old.gap_before(block.draft_from) != new.gap_before(block.new_from):
        return kind, old.sentences[block.draft_from - 1].end, end, new.gap_before(block.new_from) + after
    return kind, start, end, after


def apply_changes(draft: str, changes: list[Change], accepted: Set[int]) -> str:
    """The draft with the accepted changes made. `changes` are those of this very draft, in order."""
    parts, done = [], 0
    for change in changes:
        if change.index in accepted:
            parts += [draft[done : change.start], change.after]
            done = change.end
    return "".join([*parts, draft[done:]])


# Words


def word_changes(before: str, after: str) -> tuple[Word, ...]:
    """Equal and deleted words joined are `before`; equal and inserted ones are `after`."""
    old, new = TOKEN.findall(before), TOKEN.findall(after)
    words: list[Word] = []
    removed, added = "", ""
    for operation in Indel.opcodes(old, new):
        gone = "".join(old[operation.src_start : operation.src_end])
        came = "".join(new[operation.dest_start : operation.dest_end])
        if operation.tag != "equal":
            removed, added = removed + gone, added + came
        elif gone.isspace() and removed and added:
            # A lone space between two changed words stays inside the change: one long mark reads better than many.
            removed, added = removed + gone, added + came
        else:
            words += _marks(removed, added)
            removed = added = ""
            words.append(Word(Op.EQUAL, gone))
    return (*words, *_marks(removed, added))


def _marks(removed: str, added: str) -> list[Word]:
    marks = [Word(Op.DELETE, removed), Word(Op.INSERT, added)]
    return [mark for mark in marks if mark.text]


# Storing


def to_json(changes: list[Change]) -> str:
    return json.dumps([asdict(change) for change in changes])


def from_json(stored: str) -> list[Change]:
    return [
        Change(
            index=row["index"],
            kind=Kind(row["kind"]),
            start=row["start"],
            end=row["end"],
            before=row["before"],
            after=row["after"],
            words=tuple(Word(Op(word["op"]), word["text"]) for word in row["words"]),
            why=row.get("why", ""),
        )
        for row in json.loads(stored)
    ]
