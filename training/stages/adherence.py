"""Whether a model does what the mode token says. Plain rules on the answers; no torch."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.inference.trained_prompts import Task
from training.schemas import Example, Pair

WORD = re.compile(r"[a-z]+(?:['’][a-z]+)*")
FIRST = frozenset(["i", "i'm", "i've", "i'd", "i'll", "me", "my", "mine", "myself"])
SECOND = frozenset(["you", "you're", "you've", "you'd", "you'll", "your", "yours", "yourself"])
# Words that say what a text is about: not the ones that every text has.
EMPTY = (
    frozenset(
        WORD.findall("""
        a an and are as at be been but by can did do does for from had has have he her him his how if in into is it its
        just like more no not of on one or our out she so some than that the their them then there these they this to too
        up us was we were what when where which who will with would
        """)
    )
    | FIRST
    | SECOND
)
KEPT = 0.4  # of the draft's content words, for an answer to be a revision of it


@dataclass(frozen=True, slots=True)
class Share:
    right: int
    of: int

    @property
    def value(self) -> float:
        return self.right / self.of if self.of else 0.0


def words_of(text: str) -> list[str]:
    return WORD.findall(text.lower().replace("’", "'"))


def content(text: str) -> set[str]:
    return {word for word in words_of(text) if word not in EMPTY and len(word) > 2}


def adheres(answer: str, row: Example | Pair, feedback_lines: Collection[str] = ()) -> bool:
    """Whether `answer` is of the kind that the row's task asks for."""
    words = words_of(answer)
    if not words:
        return False
    first, second = sum(word in FIRST for word in words), sum(word in SECOND for word in words)
    match row.task:
        case Task.IMPROVE:
            known = content(row.draft)
            return not known or len(known & content(answer)) >= KEPT * len(known)
        case Task.GENERATE:
            return second > 0 and second >= first and not _repeats(answer, row.post)
        case Task.SEEKER:
            return first > 0 and first > second
        case Task.FEEDBACK:
            lines = [line.strip() for line in answer.splitlines() if line.strip()]
            return bool(lines) and all(line in feedback_lines for line in lines)


def _repeats(answer: str, post: str) -> bool:
    """Whether most of it is the post once more."""
    said = words_of(answer)
    pairs = set(pairwise(said))
    theirs = words_of(post)
    return bool(pairs) and len(pairs & set(pairwise(theirs))) > len(pairs) / 2


def shares(
    answers: Sequence[str], rows: Sequence[Example | Pair], feedback_lines: Collection[str] = ()
) -> dict[str, Share]:
    """Of each task that the rows have."""
    right: dict[str, list[bool]] = defaultdict(list)
    for answer, row in zip(answers, rows, strict=True):
        right[str(row.task)].append(adheres(answer, row, feedback_lines))
    return {task: Share(sum(each), len(each)) for task, each in sorted(right.items())}
