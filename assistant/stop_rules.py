"""When a canary must end: rules with bounds, written before it starts, and what two arms of jobs show against them.

Plain Python. A rule that compares fires when even the low end of the 95 % interval of the difference (candidate less active
model) lies above its bound: one-sided, 97.5 %. It is asked after every job, so it speaks more often by chance than that says:
docs/canary.md has how often. A rule that counts fires at its number, however few jobs there were.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from assistant.intervals import Interval, difference, mean_of, share_in_groups

FORMAT = 1
LEAST_JOBS = 5  # of each arm; with fewer a comparing rule says nothing
DANGER = frozenset({"methods", "hazards"})  # phases whose hold is no matter of style


class Rule(StrEnum):
    HELD = "held"
    FAILED = "failed"
    REPORTED = "reported"
    FIRST_WORDS = "first_words"
    ERRORS = "errors"
    DANGEROUS = "dangerous"


COUNTING = (Rule.ERRORS, Rule.DANGEROUS)
COMPARING = (Rule.HELD, Rule.FAILED, Rule.REPORTED, Rule.FIRST_WORDS)
# What a bound may be. Shares above the active model's; seconds above it; how many.
BOUNDS: dict[Rule, tuple[float, float]] = {
    Rule.HELD: (0.0, 0.5),
    Rule.FAILED: (0.0, 0.5),
    Rule.REPORTED: (0.0, 0.5),
    Rule.FIRST_WORDS: (0.0, 60.0),
    Rule.ERRORS: (1, 100),
    Rule.DANGEROUS: (1, 100),
}
USUAL: dict[Rule, float] = {
    Rule.HELD: 0.05,
    Rule.FAILED: 0.05,
    Rule.REPORTED: 0.02,
    Rule.FIRST_WORDS: 2.0,
    Rule.ERRORS: 3,
    Rule.DANGEROUS: 1,
}
USUAL_LEAST_JOBS = 20


class BadRules(ValueError):
    """Rules that cannot be used: which one, its value, what it may be."""


@dataclass(frozen=True, slots=True)
class StopRules:
    bounds: Mapping[Rule, float]
    least_jobs: int  # of each arm, before a comparing rule may speak

    @classmethod
    def of(cls, bounds: Mapping[str, Any], *, least_jobs: Any) -> StopRules:
        """Every rule has a bound: none can be left out. Raises BadRules."""
        if unknown := sorted(set(bounds) - set(Rule)):
            raise BadRules(f"{unknown[0]}: no such stop rule. Use {', '.join(Rule)}.")
        read = {rule: _bound(rule, bounds.get(rule)) for rule in Rule}
        if type(least_jobs) is not int or least_jobs < LEAST_JOBS:
            raise BadRules(f"least_jobs is {least_jobs!r}; want a whole number, {LEAST_JOBS} or more.")
        return cls(read, least_jobs)

    @classmethod
    def from_json(cls, said: Any) -> StopRules:
        """As a row keeps them. Raises BadRules."""
        if not isinstance(said, dict) or said.get("format") != FORMAT or not isinstance(said.get("bounds"), dict):
            raise BadRules(f"Stop rules are kept as an object of format {FORMAT} with bounds.")
        return cls.of(said["bounds"], least_jobs=said.get("least_jobs"))

    def to_json(self) -> dict[str, Any]:
        bounds = {rule.value: self.bounds[rule] for rule in Rule}
        return {"format": FORMAT, "least_jobs": self.least_jobs, "bounds": bounds}


def hash_of(said: Any) -> str:
    """Of rules as a row keeps them: what the audit log remembers them by."""
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _bound(rule: Rule, said: Any) -> float:
    low, high = BOUNDS[rule]
    number = said if isinstance(said, int | float) and not isinstance(said, bool) and math.isfinite(said) else None
    if number is None or not low <= number <= high or (rule in COUNTING and number != int(number)):
        kind = "a whole number" if rule in COUNTING else "a number"
        raise BadRules(f"{rule} is {said!r}; want {kind} from {low:g} to {high:g}.")
    return int(number) if rule in COUNTING else float(number)


# What the arms show

Groups = Sequence[tuple[int, int]]  # hits, and of how many; one pair for each case


@dataclass(frozen=True, slots=True)
class Arm:
    """Jobs that ended, of one arm. Jobs of one case are not independent, hence by case."""

    jobs: int = 0
    held: Groups = ()
    failed: Groups = ()
    reported: Groups = ()
    unchanged: Groups = ()
    first_words: Sequence[float] = ()  # seconds until the engine had some
    seconds: Sequence[float] = ()
    tokens: Sequence[float] = ()  # of the answer: how long it is
    errors: int = 0
    dangerous: int = 0


@dataclass(frozen=True, slots=True)
class Fired:
    rule: Rule
    bound: float
    low: float  # how far it lies above the active model at least, or how many there were


def fired(rules: StopRules, *, candidate: Arm, active: Arm) -> Fired | None:
    """The first rule that fires, those that count before those that compare."""
    for rule in COUNTING:
        count = {Rule.ERRORS: candidate.errors, Rule.DANGEROUS: candidate.dangerous}[rule]
        if count >= rules.bounds[rule]:
            return Fired(rule, rules.bounds[rule], count)
    if min(candidate.jobs, active.jobs) < rules.least_jobs:
        return None
    for rule in COMPARING:
        between = compared(rule, candidate=candidate, active=active)
        if between is not None and between.low > rules.bounds[rule]:
            return Fired(rule, rules.bounds[rule], between.low)
    return None


def compared(rule: Rule, *, candidate: Arm, active: Arm) -> Interval | None:
    """Candidate less active model; None where one of them has nothing to compare."""
    first, second = MEASURES[rule](candidate), MEASURES[rule](active)
    return difference(first, second) if first is not None and second is not None else None


def _share(groups: Groups) -> Interval | None:
    return share_in_groups([hits for hits, _ in groups], [of for _, of in groups])


MEASURES: dict[str, Callable[[Arm], Interval | None]] = {
    Rule.HELD: lambda arm: _share(arm.held),
    Rule.FAILED: lambda arm: _share(arm.failed),
    Rule.REPORTED: lambda arm: _share(arm.reported),
    Rule.FIRST_WORDS: lambda arm: mean_of(arm.first_words),
    "unchanged": lambda arm: _share(arm.unchanged),
    "seconds": lambda arm: mean_of(arm.seconds),
    "tokens": lambda arm: mean_of(arm.tokens),
}


def to_json(candidate: Arm, active: Arm) -> dict[str, Any]:
    """What a row keeps of an ended canary: numbers with their intervals, nothing of a single job."""
    said: dict[str, Any] = {
        "jobs": [candidate.jobs, active.jobs],
        "errors": candidate.errors,
        "dangerous": [candidate.dangerous, active.dangerous],
        "measures": {},
    }
    for name, measure in MEASURES.items():
        first, second = measure(candidate), measure(active)
        both = difference(first, second) if first is not None and second is not None else None
        said["measures"][name] = [asdict(one) if one is not None else None for one in (first, second, both)]
    return said
