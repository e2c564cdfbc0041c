"""What a person's sent replies tell them about their own writing: numbers without words, and no score.

Learning from help needs two things that help alone does not bring: feedback on what one writes unaided (Louie et al., 2025:
practice without it made empathy worse), and help that steps back where it is needed less. Both rules stand here, with
their constants; docs/writing.md says them in words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from assistant.language.manner import Manner
from assistant.meters import Mechanism

SAFETY, NO_REASON = "safety", "none"  # kinds beside those of assistant.reasons

# Standing alone
HOLDS = 2  # of the three mechanisms, in a draft as it was before help was asked for
FEW = 1  # changes used
# Stepping
DOWN_OF, DOWN = 6, 5  # of the last 6 replies, 5 stood alone
UP_OF, UP = 3, 1  # of the last 3, no more than 1 did
# Feedback
RECENT, LEAST = 10, 5  # drafts that feedback is about, and from how many on there is any
USUALLY, SELDOM = 2 / 3, 1 / 3


class HelpLevel(StrEnum):
    """How much of a suggestion is shown by itself."""

    FULL = "full"  # changes are written out
    HINTS = "hints"  # where and why; the wording when it is asked for
    REQUEST = "request"  # asking is folded away until it is opened


class Band(StrEnum):
    USUALLY = "usually"
    SOMETIMES = "sometimes"
    SELDOM = "seldom"


@dataclass(frozen=True, slots=True)
class Changes:
    """How many were suggested, and what became of them. The rest was left without a word."""

    offered: int = 0
    used: int = 0
    kept: int = 0  # the own words stayed
    unhelpful: int = 0  # they stayed, and it was said why
    rewritten: int = 0  # the sentence was put in other words of one's own

    def __add__(self, other: Changes) -> Changes:
        return Changes(
            self.offered + other.offered,
            self.used + other.used,
            self.kept + other.kept,
            self.unhelpful + other.unhelpful,
            self.rewritten + other.rewritten,
        )


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of one reply. `own`, `sent`: None where wording is not looked for, as in other languages than English."""

    own_share: int  # percent of the characters that the model did not write
    asked: bool
    own: frozenset[Mechanism] | None  # in the draft before help was asked for
    sent: frozenset[Mechanism] | None
    grade: float | None  # of what was sent
    kinds: Mapping[str, Changes]
    manner: Manner | None = None  # how it is written; None also of what was sent before it was counted

    @property
    def changes(self) -> Changes:
        return sum(self.kinds.values(), Changes())

    @property
    def stood_alone(self) -> bool:
        held = self.own is not None and len(self.own) >= HOLDS
        return held and self.changes.used <= FEW and SAFETY not in self.kinds

    def to_json(self) -> str:
        row = asdict(self)
        return json.dumps(row | {"own": _listed(self.own), "sent": _listed(self.sent)})

    @classmethod
    def from_json(cls, stored: str) -> Numbers:
        row = json.loads(stored)
        kinds = {kind: Changes(**counts) for kind, counts in row.pop("kinds").items()}
        manner = Manner(**row["manner"]) if row.get("manner") else None
        found = {"own": _found(row["own"]), "sent": _found(row["sent"])}
        return cls(**row | found | {"kinds": kinds, "manner": manner})


def step(numbers: Sequence[Numbers], *, level: HelpLevel) -> HelpLevel | None:
    """Where the rule would go from this level; None: nowhere. `numbers`: since the level last changed, the oldest first."""
    known = [one.stood_alone for one in numbers if one.own is not None]
    if level is HelpLevel.FULL and len(known) >= DOWN_OF and sum(known[-DOWN_OF:]) >= DOWN:
        return HelpLevel.HINTS
    if level is HelpLevel.HINTS and len(known) >= UP_OF and sum(known[-UP_OF:]) <= UP:
        return HelpLevel.FULL
    return None


@dataclass(frozen=True, slots=True)
class Habit:
    """How often the recent drafts, as they were before help was asked for, held a mechanism."""

    mechanism: Mechanism
    held: int
    of: int

    @property
    def band(self) -> Band:
        share = self.held / self.of
        return Band.USUALLY if share >= USUALLY else Band.SELDOM if share <= SELDOM else Band.SOMETIMES


def habits(numbers: Sequence[Numbers]) -> list[Habit]:
    """`numbers`: the oldest first. None while there are too few to speak of a habit."""
    known = [one.own for one in numbers if one.own is not None][-RECENT:]
    if len(known) < LEAST:
        return []
    return [Habit(one, sum(one in held for held in known), len(known)) for one in Mechanism]


def _listed(found: frozenset[Mechanism] | None) -> list[str] | None:
    return None if found is None else [one.value for one in Mechanism if one in found]


def _found(listed: list[str] | None) -> frozenset[Mechanism] | None:
    return None if listed is None else frozenset(map(Mechanism, listed))
