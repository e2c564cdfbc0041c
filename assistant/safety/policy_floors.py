"""What no policy file may loosen. A deployment may be stricter than this, never less; each floor has its name."""

from __future__ import annotations

from typing import NoReturn

from assistant.safety.policy import Policy, PolicyError
from assistant.safety.types import Level

LONGEST_CLOCK = {Level.PASSIVE: 1440, Level.ACTIVE: 30, Level.METHOD: 15, Level.PLAN: 5}
LONGEST_REPAGE = {Level.PLAN: 2}
ALWAYS_TOLD = {Level.ACTIVE: {"moderator"}, Level.METHOD: {"moderator", "lead"}, Level.PLAN: {"moderator", "lead"}}
ALWAYS_IN_A_REPLY = {Level.ACTIVE: {"resource"}, Level.METHOD: {"resource"}, Level.PLAN: {"resource"}}
NO_DRAFT_FROM = Level.ACTIVE
HOLD_FROM = Level.METHOD
REVIEW_CEILING = 0.5
URGENT_CEILING = 0.95
LONGEST_TIMEOUT = 2.0
MOST_FAILURES = 5
LONGEST_CANARY = 60
SMALLEST_SAMPLE = 0.05


def refuse_looser(policy: Policy) -> None:
    """Raises PolicyError with the name of the first floor that the policy lies below."""
    _at_most("thresholds.review_at", policy.thresholds.review_at, REVIEW_CEILING, "review-ceiling")
    _at_most("thresholds.urgent_at", policy.thresholds.urgent_at, URGENT_CEILING, "urgent-ceiling")
    _at_most("checks.timeout_seconds", policy.checks.timeout_seconds, LONGEST_TIMEOUT, "longest-timeout")
    _at_most("checks.failures_to_open", policy.checks.failures_to_open, MOST_FAILURES, "most-failures")
    _at_most("checks.canary_seconds", policy.checks.canary_seconds, LONGEST_CANARY, "longest-canary")
    if policy.sampling.unflagged_share < SMALLEST_SAMPLE:
        share = policy.sampling.unflagged_share
        _refuse("sampling.unflagged_share", share, "smallest-sample", f"Write at least {SMALLEST_SAMPLE}.")
    for level in policy.levels:
        _judge_level(policy, level)


def _judge_level(policy: Policy, level: Level) -> None:
    rule, place = policy.levels[level], f"levels.{int(level)}"
    if rule.model_drafts and level >= NO_DRAFT_FROM:
        _refuse(f"{place}.model_drafts", "true", "no-model-draft", "Write false.")
    if not rule.hold_replies and level >= HOLD_FROM:
        _refuse(f"{place}.hold_replies", "false", "pre-send-hold", "Write true.")
    _needs_clock(f"{place}.clock_minutes", rule.clock_minutes, LONGEST_CLOCK.get(level), "longest-clock")
    _needs_clock(f"{place}.repage_minutes", rule.repage_minutes, LONGEST_REPAGE.get(level), "longest-repage")
    for name, said, floor, needed in (
        ("tell", set(rule.tell), "always-told", ALWAYS_TOLD.get(level, set())),
        ("mandatory", set(rule.mandatory), "always-in-a-reply", ALWAYS_IN_A_REPLY.get(level, set())),
    ):
        if missing := sorted(needed - {str(entry) for entry in said}):
            _refuse(f"{place}.{name}", sorted(said), floor, f"Add {', '.join(missing)}.")


def _at_most(place: str, value: float | None, most: float, floor: str) -> None:
    if value is not None and value > most:
        _refuse(place, value, floor, f"Write at most {most}.")


def _needs_clock(place: str, minutes: int, most: int | None, floor: str) -> None:
    if most is not None and not 1 <= minutes <= most:
        _refuse(place, minutes, floor, f"Write 1 to {most}.")


def _refuse(place: str, value: object, floor: str, remedy: str) -> NoReturn:
    raise PolicyError(f"{place}={value}: looser than the floor {floor}. {remedy}")
