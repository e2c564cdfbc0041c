"""A text that people judged: what scorers are measured against, and what ratings are made into pairs from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from training.schemas import Comment, Origin, Row, Thread, required


@dataclass(frozen=True, slots=True)
class LabelledText(Row):
    id: str
    text: str
    origin: Origin
    group: str  # texts of one post, or one prompt, share it
    labels: dict[str, float]  # in the set's own names
    context: str = ""  # the post it answers, where known
    author: str = ""
    spans: dict[str, tuple[str, ...]] = field(default_factory=dict)  # the words that a label rests on
    draft: str = ""  # what it was made from, where a model revised
    ratings: dict[str, dict[str, float]] = field(
        default_factory=dict
    )  # by rater, where known; the labels are their means

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", Origin.of(self.origin))
        object.__setattr__(self, "spans", {name: tuple(found) for name, found in self.spans.items()})
        required(self, "id", "text", "group")


def as_threads(rows: Iterable[LabelledText]) -> Iterator[Thread]:
    """The same texts as posts with replies, in the order of the posts. No votes; texts without a post are left out."""
    groups: dict[str, list[LabelledText]] = {}
    for row in rows:
        if row.context:
            groups.setdefault(row.group, []).append(row)
    for group, replies in groups.items():
        comments = tuple(Comment(row.id, row.text, author=row.author) for row in replies)
        yield Thread(group, replies[0].context, comments, replies[0].origin)
