"""The values that safety phases exchange. Plain Python: evaluation and training import this too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What the screened text is; a phase says which kinds it looks at."""

    POST = "post"
    SUGGESTION = "suggestion"
    REPLY = "reply"


class Severity(IntEnum):
    """What a finding asks for. Ordered: the highest of a screening decides."""

    NOTE = 1  # shown to the writer as a hint; stops nothing
    REVIEW = 2  # a person should look: a flag is opened, nothing is held back
    HOLD = 3  # kept back until a person decided


class Level(IntEnum):
    """What a post says of danger to its writer, from 0 to 4. Triage support, not a diagnosis; see docs/safety.md."""

    NONE = 0  # distress, perhaps, without a sign of danger
    PASSIVE = 1  # wishes to be gone, sees no way on; or such signs told as over
    ACTIVE = 2  # thinks of killing or of hurting themselves
    METHOD = 3  # with a method, or after an attempt
    PLAN = 4  # with a plan, a time, a goodbye, or an attempt under way


class Tier(StrEnum):
    """How people hear of a text."""

    NONE = "none"
    REVIEW = "review"  # somebody looks when they come to it
    URGENT = "urgent"  # somebody is interrupted


@dataclass(frozen=True, slots=True)
class Context:
    """What a phase may know beside the text itself."""

    kind: Kind
    language: str = "en"  # BCP 47
    country: str = ""  # ISO 3166-1 alpha-2; empty means unknown, never a default country
    post: str = ""  # the post that is answered; empty when the post itself is screened
    draft: str = ""  # the supporter's own words that a suggestion started from
    level: Level = Level.NONE  # of the post, where its screening is at hand; NONE is worked out from the post
    whole: bool = True  # False in mid-stream: what is not there yet may still come


@dataclass(frozen=True, slots=True)
class Finding:
    """What one phase reports. `reason` is fixed text per code and never quotes the screened text."""

    code: str  # "<phase>.<rule>", documented in docs/safety.md
    severity: Severity
    start: int  # character offsets into the screened text; 0, 0 means the text as a whole
    end: int
    reason: str
    phase: str
    level: Level = Level.NONE  # of a finding in a post: the least level that it stands for


@dataclass(frozen=True, slots=True)
class Score:
    """How sure a phase is, from 0 to 1. Ranks texts; what is done about one is decided by findings alone."""

    value: float
    phase: str


@dataclass(frozen=True, slots=True)
class Screening:
    """The result of all phases on one text."""

    findings: tuple[Finding, ...] = ()
    version: str = ""
    seconds: float = field(default=0.0, compare=False)
    score: float = 0.0  # the highest that a phase gave

    @property
    def severity(self) -> Severity | None:
        return max((finding.severity for finding in self.findings), default=None)

    @property
    def held(self) -> bool:
        return any(finding.severity >= Severity.HOLD for finding in self.findings)

    @property
    def flagged(self) -> bool:
        """Whether a person has to look, at once (held) or soon (review)."""
        return any(finding.severity >= Severity.REVIEW for finding in self.findings)

    @property
    def unscreened(self) -> bool:
        """Whether a check was in trouble, so that finding nothing more says less than usual."""
        return any(finding.phase == "pipeline" for finding in self.findings)

    @property
    def level(self) -> Level:
        return max((finding.level for finding in self.findings), default=Level.NONE)

    @property
    def tier(self) -> Tier:
        if self.held:
            return Tier.URGENT
        return Tier.REVIEW if self.flagged else Tier.NONE


class Phase(Protocol):
    """One check. Stateless after construction; called from several threads at once."""

    name: str
    version: int
    kinds: frozenset[Kind]

    def check(self, text: str, context: Context) -> Iterable[Finding | Score]: ...
