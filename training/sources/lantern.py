"""Lantern's own export, `manage.py export_preferences`: what became of suggestions, drafts and replies.

JSON lines, one for each finished draft, scrubbed, and only of people who agreed:

    {"version": 1,
     "case": "c-17", "author": "s-4",          codes, never names or ids of the database
     "post": "...",                            what the seeker wrote
     "draft": "...",                           the revision that the suggestion was asked for; without a suggestion the
                                               first own one; empty when the supporter began from a generated draft
     "suggestion": "...",                      what the model offered; empty when it was not asked
     "sent": "...",                            what the supporter sent, or what a moderator held
     "changes": [{"kind": "replace",           keep, replace, insert or remove, see assistant/changes.py
                  "before": "...", "after": "...",
                  "verdict": "accepted",       accepted, rejected, edited or undone
                  "reason": ""}],              a key of REASONS, where the supporter gave one
     "moderator": null,                        or {"outcome": "approved|edited|withheld", "edited_text": "..."}
     "ratings": {"empathy": 4},                1 to 5, by a key of DIMENSIONS; {} where nobody rated
     "felt_heard": null,                       "yes", "partly" or "no": the seeker's own answer
     "prompt_version": "improve-2", "model": "starter-im-1",
     "consent": {"supporter": true, "seeker": true}}

A line is refused unless supporter and seeker both agreed. The texts are the house's own: a model that learned from them
stays in the house (licence `own`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from assistant.changes import Kind
from training.schemas import Comment, Consent, Objective, Origin, Row, Thread, required
from training.sources.labelled import LabelledText
from training.sources.reading import Reading, Refusal, Source, Told, needed, optional, whole

VERSION = 1
DIMENSIONS = ("readability", "empathy", "connection", "actionability", "safety")
FELT_HEARD = {"yes": 5.0, "partly": 3.0, "no": 1.0}  # on the scale of the ratings
REASONS = {
    "unsafe": Objective.SAFETY,
    "wrong_facts": Objective.KEEP_MEANING,
    "not_what_i_mean": Objective.KEEP_MEANING,
    "not_my_voice": Objective.STYLE,
    "too_long": Objective.STYLE,
    "cold": Objective.EMPATHY,
}


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EDITED = "edited"  # taken, then written over
    UNDONE = "undone"


class Outcome(StrEnum):
    APPROVED = "approved"
    EDITED = "edited"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class JudgedChange:
    kind: Kind
    before: str
    after: str
    verdict: Verdict
    reason: str = ""

    @classmethod
    def of(cls, told: Any) -> JudgedChange:
        if isinstance(told, JudgedChange):
            return told
        return cls(Kind(told["kind"]), told["before"], told["after"], Verdict(told["verdict"]), told["reason"])


@dataclass(frozen=True, slots=True)
class Moderation:
    outcome: Outcome
    edited_text: str = ""

    @classmethod
    def of(cls, told: Any) -> Moderation | None:
        if told is None or isinstance(told, Moderation):
            return told
        return cls(Outcome(told["outcome"]), told["edited_text"])


@dataclass(frozen=True, slots=True)
class FinishedDraft(Row):
    id: str
    case: str
    author: str
    post: str
    sent: str
    origin: Origin
    draft: str = ""
    suggestion: str = ""
    changes: tuple[JudgedChange, ...] = ()
    moderator: Moderation | None = None
    ratings: dict[str, float] = field(default_factory=dict)
    felt_heard: str = ""
    prompt_version: str = ""
    model: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", Origin.of(self.origin))
        object.__setattr__(self, "changes", tuple(JudgedChange.of(one) for one in self.changes))
        object.__setattr__(self, "moderator", Moderation.of(self.moderator))
        required(self, "id", "case", "post", "sent")

    @property
    def group(self) -> str:
        return f"lantern-{self.case}"

    @property
    def shown(self) -> str:
        """What reached the seeker; empty when nothing did."""
        if self.moderator is None or self.moderator.outcome is Outcome.APPROVED:
            return self.sent
        return self.moderator.edited_text if self.moderator.outcome is Outcome.EDITED else ""


def read(reading: Reading) -> Iterator[FinishedDraft]:
    """Exports overlap: a line that is there already is refused as a repeat."""
    seen: set[str] = set()

    def make(_number: int, told: Told) -> FinishedDraft:
        if told.get("version") != VERSION:
            raise Refusal("another version of the export")
        row = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]
        if row in seen:
            raise Refusal("repeat")
        made = _finished(row, told, _origin(reading, row, told.get("consent")))
        seen.add(row)
        return made

    for path in reading.files(".jsonl"):
        yield from reading.made(reading.json_lines(path), make)


def _origin(reading: Reading, row: str, consent: Any) -> Origin:
    agreed = isinstance(consent, dict) and consent.get("supporter") is True and consent.get("seeker") is True
    return reading.origin(row, consent=Consent.GIVEN if agreed else Consent.NONE)


def _finished(row: str, told: Told, origin: Origin) -> FinishedDraft:
    heard = told.get("felt_heard")
    if heard is not None and heard not in FELT_HEARD:
        raise Refusal("an unknown answer in felt_heard")
    changes = told.get("changes") or []
    if not isinstance(changes, list):
        raise Refusal("changes that are no list")
    return FinishedDraft(
        id=f"lantern-{row}",
        case=needed(told, "case"),
        author=optional(told, "author"),
        post=needed(told, "post"),
        sent=_words(told, "sent") or _missing("sent"),
        origin=origin,
        draft=_words(told, "draft"),
        suggestion=_words(told, "suggestion"),
        changes=tuple(_change(one) for one in changes),
        moderator=_moderation(told.get("moderator")),
        ratings=_ratings(told.get("ratings")),
        felt_heard=heard or "",
        prompt_version=optional(told, "prompt_version"),
        model=optional(told, "model"),
    )


def _words(told: Told, name: str) -> str:
    """As it stands: the changes fit the draft to the byte."""
    value = told.get(name)
    return value if isinstance(value, str) and value.strip() else ""


def _missing(name: str) -> str:
    raise Refusal(f"no {name}")


def _change(told: Any) -> JudgedChange:
    try:
        kind, verdict = Kind(told["kind"]), Verdict(told["verdict"])
        before, after, reason = told["before"], told["after"], told.get("reason") or ""
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise Refusal("a change that is none") from error
    if not all(isinstance(one, str) for one in (before, after, reason)):
        raise Refusal("a change that is none")
    return JudgedChange(kind, before, after, verdict, reason)


def _moderation(told: Any) -> Moderation | None:
    if told is None:
        return None
    try:
        outcome = Outcome(told["outcome"])
    except (TypeError, KeyError, ValueError) as error:
        raise Refusal("an unknown outcome of moderation") from error
    edited = _words(told, "edited_text")
    if outcome is Outcome.EDITED and not edited:
        raise Refusal("an edit without its text")
    return Moderation(outcome, edited)


def _ratings(told: Any) -> dict[str, float]:
    if not isinstance(told or {}, dict):
        raise Refusal("ratings that are none")
    given = {name: whole(value) for name, value in (told or {}).items()}
    if not all(name in DIMENSIONS and value is not None and 1 <= value <= 5 for name, value in given.items()):
        raise Refusal("ratings that are none")
    return {name: float(value) for name, value in given.items() if value is not None}


def as_threads(drafts: Iterable[FinishedDraft]) -> Iterator[Thread]:
    """The replies that reached their seekers, by post."""
    cases: dict[str, list[FinishedDraft]] = {}
    for one in drafts:
        if one.shown:
            cases.setdefault(one.case, []).append(one)
    for found in cases.values():
        comments = tuple(Comment(one.id, one.shown, author=one.author) for one in found)
        yield Thread(found[0].group, found[0].post, comments, found[0].origin)


def as_rated(drafts: Iterable[FinishedDraft]) -> Iterator[LabelledText]:
    """The replies that somebody rated; the seeker's own answer counts as one more dimension."""
    for one in drafts:
        heard = {"felt_heard": FELT_HEARD[one.felt_heard]} if one.felt_heard else {}
        if one.shown and (labels := one.ratings | heard):
            yield LabelledText(one.id, one.shown, one.origin, one.group, labels, context=one.post, author=one.author)


SOURCE = Source("lantern", "lantern", FinishedDraft, read, licence="own")
