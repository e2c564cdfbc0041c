"""What each code says, and the public guidance behind it, for people who ask why."""

from __future__ import annotations

from functools import cache

from assistant.safety.pipeline import default_pipeline
from assistant.safety.rules import Rule


def source_of(code: str) -> str:
    """Empty where a rule rests on no guidance, and for codes that no rule of today has."""
    rule = _rules().get(code)
    return rule.source if rule else ""


def reason_of(code: str) -> str:
    """Empty for codes that no rule of today has."""
    rule = _rules().get(code)
    return rule.reason if rule else ""


@cache
def _rules() -> dict[str, Rule]:
    return {rule.code: rule for phase in default_pipeline().phases for rule in getattr(phase, "rules", ())}
