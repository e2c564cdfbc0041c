"""A reply beside the post it answers, as numbers that a linear model weighs. Training and the site compute the very same.

Each feature is hashed to a bucket (Weinberger 2009), so the model's file holds numbers and no words. Whoever changes anything
here raises `VERSION` and trains anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from zlib import crc32

from assistant.safety.identities import blinded
from assistant.safety.reading import Reading
from assistant.safety.words import sentences

VERSION = 2
BUCKETS = 1 << 16
# The model learnt from answers of one or two sentences; a longer reply is read piece by piece, and its worst piece counts.
WINDOW = 40  # words
MOST_WINDOWS = 60
_POST_WORDS = 400  # different ones

_TOPICS: dict[str, frozenset[str]] = {
    "risk": frozenset(
        """die dead death dying kill suicide suicidal cut cutting hurt hurting pain alone hopeless worthless anymore life end
        depressed depression anxiety help overdose harm starve drunk drinking bleeding""".split()  # noqa: SIM905
    ),
    "body": frozenset(
        """doctor medication meds medicine pills drug drugs sick symptoms fever blood pressure cancer diagnosed diagnosis
        treatment disease infection pain stomach headache skin mg dose surgery test swelling rash cough""".split()  # noqa: SIM905
    ),
    # No word for a group of people: who writes or is written about must not decide, see the model card.
    "contempt": frozenset(
        "hate stupid idiot idiots dumb ugly trash disgusting fuck fucking shit bitch kill".split()  # noqa: SIM905
    ),
    "self": frozenset({"i", "me", "my", "myself"}),
}
_AGREES = frozenset(
    """yes yeah yep true right agree agreed exactly same definitely lol haha absolutely sure ok okay good great cool
    nice""".split()  # noqa: SIM905
)
_DENIES = frozenset({"not", "no", "never", "cannot"})
# How long each group is made: the same for a short and a long text, so that a long post does not drown a short reply.
_REPLY, _POST, _BOTH = 4.0, 2.0, 4.0
_SHORT = 5  # words
_LONG_WORD = 4  # letters; shorter ones that both texts use say nothing

Features = dict[int, float]


@dataclass(frozen=True, slots=True)
class Window:
    first: int  # words of the reply: first, and after the last
    last: int


def windows_of(reading: Reading) -> list[Window]:
    """Whole sentences together, up to `WINDOW` words; a longer sentence is divided. At most `MOST_WINDOWS`."""
    windows: list[Window] = []
    for first, last in sentences(reading.words):
        if windows and last - windows[-1].first <= WINDOW:
            windows[-1] = Window(windows[-1].first, last)
        else:
            windows += [Window(at, min(at + WINDOW, last)) for at in range(first, last, WINDOW)]
        if len(windows) > MOST_WINDOWS:
            break
    return windows[:MOST_WINDOWS]


def features_of(post: Reading, reply: Reading, window: Window) -> Features:
    """What the reply says, what the post speaks of, and what the one says of the other."""
    said = blinded(word.text for word in reply.words[window.first : window.last])
    start, end = reply.words[window.first].start, reply.words[window.last - 1].end + 3
    marks = {mark for mark in "?!" if mark in reply.plain.text[start:end]}
    heard = words_of(post)
    return {
        **_scaled(_of_reply(said, marks), _REPLY),
        **_scaled(_of_post(heard), _POST),
        **_scaled(_of_both(said, marks, heard), _BOTH),
    }


def words_of(post: Reading) -> list[str]:
    """Its different words, in order; worked out once for all windows of a reply."""
    return post.once(
        "reply_features.words", lambda: list(dict.fromkeys(blinded(word.text for word in post.words)))[:_POST_WORDS]
    )


def _of_reply(said: Sequence[str], marks: set[str]) -> Iterator[tuple[int, float]]:
    words = set(said)
    for word in words:
        yield _bucket("r", word), 1.0
    for left, right in pairwise(["<", *said, ">"]):
        yield _bucket("r2", left, right), 1.0
    yield _bucket("length"), min(len(said), WINDOW) / WINDOW
    yield _bucket("short"), float(len(said) < _SHORT)
    for mark in marks:
        yield _bucket("mark", mark), 1.0


def _of_post(heard: Sequence[str]) -> Iterator[tuple[int, float]]:
    for word in heard:
        yield _bucket("c", word), 1.0


def _of_both(said: Sequence[str], marks: set[str], heard: Sequence[str]) -> Iterator[tuple[int, float]]:
    words, of_post = set(said), set(heard)
    agrees = bool(words & _AGREES) and not words & _DENIES
    for topic, about in _TOPICS.items():
        if not of_post & about:
            continue
        yield _bucket("t", topic), 1.0
        yield _bucket("t1", topic, *said[:1]), 1.0
        yield _bucket("t2", topic, *said[:2]), 1.0
        yield _bucket("agrees", topic), float(agrees)
        yield _bucket("asks", topic), float("?" in marks)
        for word in words:
            yield _bucket("x", topic, word), 1.0
    long = {word for word in words if len(word) >= _LONG_WORD}
    shared = long & of_post
    yield _bucket("overlap"), len(shared) / max(1, len(long))
    for word in shared:
        yield _bucket("both", word), 1.0


def _scaled(features: Iterable[tuple[int, float]], length: float) -> Features:
    """Buckets that two features share keep the larger; order does not matter."""
    kept: Features = {}
    for bucket, value in features:
        if value > kept.get(bucket, 0.0):
            kept[bucket] = value
    norm = math.sqrt(sum(value * value for value in kept.values()))
    return {bucket: value * length / norm for bucket, value in kept.items()} if norm else {}


def _bucket(*parts: str) -> int:
    return crc32(" ".join(parts).encode()) % BUCKETS
