"""The rows that the steps of training exchange, one JSON object on a line. Each carries where it is from and under what terms."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, TypeVar

from assistant.inference.trained_prompts import Task

AnyRow = TypeVar("AnyRow", bound="Row")


class BadRow(ValueError):
    """A line that is no row of this kind; names the file, the line and the field, never the text."""


class Consent(StrEnum):
    """On what ground the text may be learned from."""

    PUBLISHED = "published"  # the author of the set published it; its licence says for what
    GIVEN = "given"  # the person agreed, here, to be learned from
    NONE = "none"


class Objective(StrEnum):
    """What makes the chosen answer of a pair the better one. Each is weighted, and measured, by itself."""

    SAFETY = "safety"
    EMPATHY = "empathy"
    KEEP_MEANING = "keep_meaning"
    STYLE = "style"


class PairSource(StrEnum):
    COMMUNITY_VOTE = "community_vote"
    SUPPORTER_FEEDBACK = "supporter_feedback"
    MODERATOR_DECISION = "moderator_decision"
    HUMAN_RATING = "human_rating"
    OWN_SAMPLE = "own_sample"  # two answers of the model itself, told apart by what can be measured


class Split(StrEnum):
    TRAIN = "train"
    VALIDATION = "validation"  # early stop and choice of settings
    HELD_OUT = "held_out"  # looked at once


class Row:
    """What all rows can do."""

    @classmethod
    def parse(cls, line: str, *, where: str) -> Self:
        """Raises BadRow."""
        try:
            told = json.loads(line)
        except ValueError as error:
            raise BadRow(f"{where}: not JSON.") from error
        if not isinstance(told, dict):
            raise BadRow(f"{where}: a row is an object.")
        known = {one.name for one in fields(cls)}  # type: ignore[arg-type]
        if unknown := sorted(set(told) - known):
            raise BadRow(f"{where}: unknown field {unknown[0]}. Known: {', '.join(sorted(known))}.")
        try:
            return cls(**told)
        except (TypeError, ValueError, KeyError) as error:
            raise BadRow(f"{where}: {error}") from error

    def line(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, default=dict)  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text is from."""

    source: str  # the reader's name, for example "counsel-chat"
    row: str  # the row's own id there
    licence: str  # a key of training/licences.py
    consent: Consent = Consent.PUBLISHED

    @classmethod
    def of(cls, told: Any) -> Origin:
        if isinstance(told, Origin):
            return told
        return cls(str(told["source"]), str(told["row"]), str(told["licence"]), Consent(told["consent"]))


@dataclass(frozen=True, slots=True)
class Comment:
    """One reply under a post."""

    id: str
    text: str
    author: str = ""  # a code, never a name
    votes: int | None = None  # None: not known
    created: int | None = None  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Thread(Row):
    """A post and what people answered."""

    id: str
    post: str
    comments: tuple[Comment, ...]
    origin: Origin
    title: str = ""
    author: str = ""
    topic: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", Origin.of(self.origin))
        told = (one if isinstance(one, Comment) else Comment(**one) for one in self.comments)
        object.__setattr__(self, "comments", tuple(told))
        required(self, "id", "post")


@dataclass(frozen=True, slots=True)
class Rewrite(Row):
    """Somebody's text and how a person rewrote it."""

    id: str
    before: str
    after: str
    origin: Origin
    context: str = ""  # what it answers or stands in, where known
    kind: str = ""  # what the rewriter was asked for, in the set's own words

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", Origin.of(self.origin))
        required(self, "id", "before", "after")


@dataclass(frozen=True, slots=True)
class Turn:
    by: str  # "seeker" or "supporter"
    text: str
    strategy: str = ""


@dataclass(frozen=True, slots=True)
class Dialogue(Row):
    id: str
    turns: tuple[Turn, ...]
    origin: Origin
    situation: str = ""
    topic: str = ""
    score: float | None = None  # the seeker's own rating, where there is one

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", Origin.of(self.origin))
        object.__setattr__(self, "turns", tuple(one if isinstance(one, Turn) else Turn(**one) for one in self.turns))
        required(self, "id", "turns")


@dataclass(frozen=True, slots=True)
class Example(Row):
    """One thing to learn by heart (SFT): a task, what it is given, and the answer."""

    id: str
    task: Task
    answer: str
    origin: Origin
    group: str  # rows of one post share it; no group stands on both sides of a split
    post: str = ""
    draft: str = ""
    topic: str = ""
    goals: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()  # sentences of the draft that stand in the answer byte for byte
    author: str = ""  # of the answer
    built: str = ""  # how the draft was made from the answer; empty: as people wrote them
    split: Split = Split.TRAIN
    codes: tuple[str, ...] = ()  # what the safety checks found in the answer
    scores: dict[str, float] = field(default_factory=dict)  # quality, by scorer

    def __post_init__(self) -> None:
        frozen(self, "goals", "keep", "codes")
        object.__setattr__(self, "task", Task(self.task))
        object.__setattr__(self, "split", Split(self.split))
        object.__setattr__(self, "origin", Origin.of(self.origin))
        required(self, "id", "answer", "group")
        if missing := [sentence for sentence in self.keep if sentence not in self.answer]:
            raise ValueError(f"{self.id}: {len(missing)} of the sentences to keep are not in the answer.")


@dataclass(frozen=True, slots=True)
class Pair(Row):
    """Two answers to the same prompt, one better (DPO)."""

    id: str
    task: Task
    chosen: str
    rejected: str
    source: PairSource
    objective: Objective
    origin: Origin
    group: str
    post: str = ""
    draft: str = ""
    goals: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    score_chosen: float = 0.0  # votes, rating or reward
    score_rejected: float = 0.0
    author_chosen: str = ""
    author_rejected: str = ""
    split: Split = Split.TRAIN

    def __post_init__(self) -> None:
        frozen(self, "goals", "keep")
        object.__setattr__(self, "task", Task(self.task))
        object.__setattr__(self, "source", PairSource(self.source))
        object.__setattr__(self, "objective", Objective(self.objective))
        object.__setattr__(self, "split", Split(self.split))
        object.__setattr__(self, "origin", Origin.of(self.origin))
        required(self, "id", "chosen", "rejected", "group")
        if self.chosen == self.rejected:
            raise ValueError(f"{self.id}: chosen and rejected are the same.")


def required(row: Any, *names: str) -> None:
    for name in names:
        value = getattr(row, name)
        if not value or (isinstance(value, str) and not value.strip()):
            raise ValueError(f"{name} is empty.")


def frozen(row: Any, *names: str) -> None:
    for name in names:
        object.__setattr__(row, name, tuple(getattr(row, name)))


def read_rows(kind: type[AnyRow], path: Path) -> Iterator[AnyRow]:
    """Raises BadRow, with file and line."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield kind.parse(line, where=f"{path.name}:{number}")


def write_rows(rows: Iterable[Row], path: Path) -> int:
    """Under its name only once it is whole. How many rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    count = 0
    with part.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(row.line() + "\n")
            count += 1
    part.replace(path)
    return count
