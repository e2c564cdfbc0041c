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


@dataclass(frozen=True, slots=True)
class Context:
    """What a phase may know beside the text itself."""

    kind: Kind
    language: str = "en"  # BCP 47
    country: str = ""  # ISO 3166-1 alpha-2; empty means unknown, never a default country
    post: str = ""  # the post that is answered; empty when the post itself is screened
    draft: str = ""  # the supporter's own words that a suggestion started from


@dataclass(frozen=True, slots=True)
class Finding:
    """What one phase reports. `reason` is fixed text per code and never quotes the screened text."""

    code: str  # "<phase>.<rule>", documented in docs/safety.md
    severity: Severity
    start: int  # character offsets into the screened text; 0, 0 means the text as a whole
    end: int
    reason: str
    phase: str


@dataclass(frozen=True, slots=True)
class Screening:
    """The result of all phases on one text."""

    findings: tuple[Finding, ...] = ()
    version: str = ""
    seconds: float = field(default=0.0, compare=False)

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


class Phase(Protocol):
    """One check. Stateless after construction; called from several threads at once."""

    name: str
    version: int
    kinds: frozenset[Kind]

    def check(self, text: str, context: Context) -> Iterable[Finding]: ...
