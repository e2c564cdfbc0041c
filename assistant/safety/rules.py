"""A rule is one thing a phase can report: its code, its fixed reason, and how serious it is for which kind of text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assistant.safety.types import Finding, Kind, Level, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    code: str  # "<phase>.<rule>"
    reason: str
    severities: Mapping[Kind, Severity] = field(hash=False)
    level: Level = Level.NONE  # of a post in which it is found
    source: str = ""  # the public guidance it rests on, by its short name; docs/safety.md lists them

    @property
    def phase(self) -> str:
        return self.code.partition(".")[0]

    def applies_to(self, kind: Kind) -> bool:
        return kind in self.severities

    def finding(self, kind: Kind, start: int = 0, end: int = 0) -> Finding:
        """Raises KeyError for a kind the rule does not look at: a phase that asks is broken, and the pipeline holds."""
        level = self.level if kind is Kind.POST else Level.NONE
        return Finding(self.code, self.severities[kind], start, end, self.reason, self.phase, level)


def severities(
    *, post: Severity | None = None, suggestion: Severity | None = None, reply: Severity | None = None
) -> dict[Kind, Severity]:
    given = {Kind.POST: post, Kind.SUGGESTION: suggestion, Kind.REPLY: reply}
    return {kind: severity for kind, severity in given.items() if severity is not None}
