"""Sentences that their writer locked: they come back byte for byte, whatever the model made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rapidfuzz.distance import Indel, LCSseq

from assistant.changes import Change, Kind, apply_changes, changes_between, sentences_in, split_sentences

MOST, NEARLY_ALL, A_FEW = 0.7, 0.8, 4  # of a sentence that was typed in; too much kept harms nobody
A_COPY = 0.8  # an insertion so like a locked sentence is that sentence in another place

Span = tuple[int, int]


def keep_locked(draft: str, suggestion: str, locked: Iterable[str]) -> str:
    """The suggestion without the changes that touch a locked sentence, so that each stands there as in the draft, in its order.

    `locked`: sentences of the draft; what does not stand in the draft is nobody's to keep.
    """
    kept = [text for text in dict.fromkeys(locked) if text.strip() and text in draft]
    spans = [span for text in kept for span in _spans(draft, text)]
    in_order = [draft[start:end] for start, end in sorted(spans)]
    if not spans or _stand_whole(suggestion, in_order):
        return suggestion
    changes = changes_between(draft, suggestion)
    accepted = {change.index for change in changes if not _touches(change, spans) and not _brings_again(change, kept)}
    return apply_changes(draft, changes, accepted)


def locked_now(text: str, locked: Collection[str]) -> list[str]:
    """Which sentences of the text are locked: one that was typed in since it was locked stays so, as it is now."""
    own = list(dict.fromkeys(sentences_in(text)))
    kept = {sentence for sentence in own if sentence in locked}
    for gone in dict.fromkeys(locked):
        if gone not in kept and gone.strip():
            heirs = [sentence for sentence in own if sentence not in kept and _is_it_changed(gone, sentence)]
            kept.update(sorted(heirs, key=lambda one: Indel.normalized_similarity(gone, one))[-1:])
    return [sentence for sentence in own if sentence in kept]


def _is_it_changed(before: str, now: str) -> bool:
    """Most of its letters, or nearly all of its words in their order."""
    words = before.split()
    has_its_words = len(words) >= A_FEW and LCSseq.similarity(words, now.split()) >= NEARLY_ALL * len(words)
    return has_its_words or Indel.normalized_similarity(before, now) >= MOST


def holds(text: str, locked: Sequence[str]) -> bool:
    """Whether each stands in the text byte for byte, one after the other."""
    place = 0
    for sentence in locked:
        found = text.find(sentence, place)
        if found < 0:
            return False
        place = found + len(sentence)
    return True


def _spans(text: str, sentence: str) -> list[Span]:
    """Where it stands as a sentence; where it does not, anywhere: borders are guessed, and too much kept harms nobody."""
    own = split_sentences(text)
    starts, ends = {one.start for one in own}, {one.end for one in own}
    found, place = [], text.find(sentence)
    while place >= 0:
        found.append((place, place + len(sentence)))
        place = text.find(sentence, place + len(sentence))
    return [span for span in found if span[0] in starts and span[1] in ends] or found


def _stand_whole(text: str, locked: Sequence[str]) -> bool:
    """Nothing has to be enforced: they are sentences of the suggestion, in order, and as often as in the draft."""
    return [sentence for sentence in sentences_in(text) if sentence in locked] == list(locked)


def _touches(change: Change, spans: Sequence[Span]) -> bool:
    start, end = change.start, change.end
    if change.kind is Kind.KEEP:
        end = start + len(change.before) - len(change.before.lstrip())  # of a kept sentence the space in front alone
    if change.kind is Kind.INSERT:
        return any(first < start < last for first, last in spans)
    return any(start < last and first < end for first, last in spans)


def _brings_again(change: Change, locked: Sequence[str]) -> bool:
    """A locked sentence that the model moved would stand there twice."""
    if change.kind not in (Kind.INSERT, Kind.REPLACE):
        return False
    return any(text in change.after and text not in change.before for text in locked) or (
        change.kind is Kind.INSERT
        and any(Indel.normalized_similarity(change.after.strip(), text) >= A_COPY for text in locked)
    )
