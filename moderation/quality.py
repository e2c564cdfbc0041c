"""How far people agree with each other and with golden items, and how far checks and people do. Numbers only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from assistant.intervals import Interval, wilson
from moderation import agreement, drift, policy_areas
from moderation.drift import Share
from moderation.models import Decision, Review

YEAR = timedelta(days=365)
FEWEST_LOOKS = 10  # below that a share is not said


@dataclass(frozen=True, slots=True)
class Looks:
    """Texts that two people looked at without knowing of each other, or that one held against a golden item."""

    n: int
    same: int
    alpha: Interval | None = None  # of enough texts, unless everybody said the same
    all_alike: bool = False

    @property
    def share(self) -> Interval | None:
        return wilson(self.same / self.n, self.n) if self.n >= FEWEST_LOOKS else None

    @property
    def is_enough(self) -> bool:
        return self.n >= agreement.FEWEST


@dataclass(frozen=True, slots=True)
class Second:
    """A decision, and what somebody else would have decided."""

    review: Review
    area: str
    first: Decision

    @property
    def outcomes(self) -> tuple[str, str]:
        return self.first.outcome, self.review.outcome

    def is_by(self, user: Any) -> bool:
        return user.pk in (self.first.by_id, self.review.by_id)


def second_looks() -> list[Second]:
    rows = Review.objects.decided().filter(kind=Review.Kind.SECOND, decided_at__gte=timezone.now() - YEAR)
    rows = rows.select_related("decision__flag", "decision__by", "by").order_by("-decided_at")
    return [
        Second(row, policy_areas.area_of(row.decision.flag.codes), row.decision)
        for row in rows
        if row.decision is not None
    ]


def looks_of(seconds: Sequence[Second]) -> Looks:
    pairs = [second.outcomes for second in seconds]
    same = sum(first == again for first, again in pairs)
    if len(pairs) < agreement.FEWEST:
        return Looks(len(pairs), same)
    alpha = agreement.alpha(pairs)
    return Looks(len(pairs), same, alpha, all_alike=alpha is None)


def by_area(seconds: Iterable[Second]) -> dict[str, Looks]:
    """In the order of the areas; those that nobody looked at twice are left out."""
    grouped: dict[str, list[Second]] = defaultdict(list)
    for second in seconds:
        grouped[second.area].append(second)
    return {area: looks_of(grouped[area]) for area in policy_areas.AREAS if area in grouped}


def golden_looks(user: Any | None = None) -> list[Review]:
    rows = Review.objects.decided().filter(kind=Review.Kind.GOLDEN, decided_at__gte=timezone.now() - YEAR)
    if user is not None:
        rows = rows.filter(by=user)
    return list(rows.select_related("by", "item__case", "case").order_by("-decided_at"))


def held_against(golden: Iterable[Review]) -> Looks:
    """`same`: as the golden item says."""
    counted = Counter(bool(review.same) for review in golden)
    return Looks(counted.total(), counted[True])


# Checks


@dataclass(frozen=True, slots=True)
class Detector:
    """A family of findings: how often people upheld what it flagged."""

    name: str
    decided: int
    upheld: int
    untold: int  # decided in a way that does not tell
    changed: float | None = None  # the p value of an alarm

    @property
    def precision(self) -> Interval | None:
        return wilson(self.upheld / self.decided, self.decided) if self.decided >= FEWEST_LOOKS else None


def detectors(today: date | None = None) -> list[Detector]:
    """Of the last year. A text that several checks flagged counts for each of them."""
    windows = drift.windows(today or timezone.localdate())
    border, end, begin = (_midnight(day) for day in (windows.border, windows.end, windows.begin))
    told: Counter[tuple[str, bool | None]] = Counter()
    early: Counter[tuple[str, bool]] = Counter()
    late: Counter[tuple[str, bool]] = Counter()
    rows = Decision.objects.filter(at__gte=timezone.now() - YEAR).select_related("flag__reply")
    for decision in rows.defer("reason", "edited_text", "flag__reply__text", "flag__reply__note").iterator():
        verdict = policy_areas.upheld(decision)
        for name in policy_areas.detectors_of(decision.flag):
            told[name, verdict] += 1
            if verdict is not None and begin <= decision.at < end:
                (early if decision.at < border else late)[name, verdict] += 1
    names = sorted({name for name, _ in told})
    alarms = drift.alarms(_shares(early, names), _shares(late, names))
    return [
        Detector(
            name,
            decided=told[name, True] + told[name, False],
            upheld=told[name, True],
            untold=told[name, None],
            changed=alarms.get(name),
        )
        for name in names
    ]


def _shares(counted: Counter[tuple[str, bool]], names: Iterable[str]) -> dict[str, Share]:
    return {name: Share(counted[name, True], counted[name, True] + counted[name, False]) for name in names}


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
