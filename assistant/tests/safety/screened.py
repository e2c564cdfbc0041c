"""How the phase tests ask: through the phase itself, with the words of the site."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.safety.types import Context, Finding, Kind, Phase, Severity


def found(phase: Phase, text: str, kind: Kind, *, post: str = "", draft: str = "", country: str = "") -> list[Finding]:
    said = phase.check(text, Context(kind=kind, post=post, draft=draft, country=country))
    return [finding for finding in said if isinstance(finding, Finding)]


def codes(findings: Iterable[Finding]) -> set[str]:
    return {finding.code for finding in findings}


def highest(findings: Iterable[Finding]) -> Severity | None:
    return max((finding.severity for finding in findings), default=None)
