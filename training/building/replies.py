"""Short good replies out of long ones: a supporter writes a few sentences, a counsellor writes a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.changes import sentences_in
from training.building.cues import YOU, Cue, cues, ungrounded
from training.building.text import content, words

UNUSABLE = re.compile(
    r"https?:|www\.|@|\d{3,}|\[|\]|\.com\b|\b(therapist here|my (practice|clients?|office|website|book|blog)|licensed|"
    r"counsell?ors? like|as a (therapist|counsell?or|psychologist|clinician)|i am a|i'm a|phd|lmft|lcsw|lpc|"
    r"(good|best of) luck|best wishes|take care|sincerely|warmly|kind regards|hope this helps|happy to help|"
    r"feel free to|contact me|session|read (the|this) (book|article)|video|google|youtube)\b",
    re.I,
)
GREETING = re.compile(r"^(hi|hello|hey|dear|good (morning|evening|day))\b[^.!?]{0,25}[,.!:-]*\s*", re.I)


@dataclass(frozen=True, slots=True)
class Window:
    """Some sentences of a reply that stand by themselves."""

    sentences: tuple[str, ...]
    cues: tuple[frozenset[Cue], ...]
    start: int  # index of its first sentence in the reply
    score: float

    @property
    def text(self) -> str:
        return " ".join(self.sentences)


def windows(
    reply: str, post: str, *, most: int = 2, shortest: int = 2, longest: int = 6, limit: int = 110
) -> list[Window]:
    """The best stretches that do not overlap, best first. `limit`: words."""
    about = content(post)
    usable = [clean(sentence) for sentence in sentences_in(reply)]
    chosen: list[Window] = []
    for window in sorted(_candidates(usable, about, shortest, longest, limit), key=lambda one: (-one.score, one.start)):
        if len(chosen) == most:
            break
        if all(apart(window, other) for other in chosen):
            chosen.append(window)
    return chosen


def clean(sentence: str) -> str:
    """Empty where it cannot be used."""
    sentence = GREETING.sub("", re.sub(r"\s+", " ", sentence)).strip()
    count = len(words(sentence))
    if not 3 <= count <= 28 or UNUSABLE.search(sentence) or not sentence[0].isalpha() or sentence[-1] not in ".!?":
        return ""
    return sentence if sentence[0].isupper() else ""


def _candidates(usable: list[str], about: frozenset[str], shortest: int, longest: int, limit: int) -> Iterator[Window]:
    for start in range(len(usable)):
        for end in range(start + shortest, min(start + longest, len(usable)) + 1):
            part = usable[start:end]
            if not all(part) or sum(len(words(one)) for one in part) > limit:
                break
            if YOU.search(" ".join(part)):
                found = tuple(cues(one, about) for one in part)
                yield Window(tuple(part), found, start, _score(found, part, about, start))


def _score(found: tuple[frozenset[Cue], ...], part: list[str], about: frozenset[str], start: int) -> float:
    """Heard in the post's own words, a question, something to do, near the beginning; not about the writer, not stock."""
    have = frozenset().union(*found)
    score = 2.0 * (Cue.REFLECTION in have) + 1.0 * (Cue.QUESTION in have) + 0.7 * (Cue.ADVICE in have)
    score -= 0.8 * sum(Cue.STOCK in one for one in found) + 0.3 * sum(Cue.OWN in one for one in found)
    invented = sum(ungrounded(one, about) for one in part) / len(part)
    return score + 0.1 * len(part) - 0.1 * invented - 0.05 * start


def apart(one: Window, other: Window) -> bool:
    return one.start >= other.start + len(other.sentences) or other.start >= one.start + len(one.sentences)
