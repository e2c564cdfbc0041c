"""The public guidance behind each code, for people who ask why."""

from __future__ import annotations

from functools import cache

from assistant.safety.pipeline import default_pipeline


def source_of(code: str) -> str:
    """Empty where a rule rests on no guidance, and for codes that no rule of today has."""
    return _sources().get(code, "")


@cache
def _sources() -> dict[str, str]:
    rules = (rule for phase in default_pipeline().phases for rule in getattr(phase, "rules", ()))
    return {rule.code: rule.source for rule in rules}
