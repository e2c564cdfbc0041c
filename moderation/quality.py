"""How far people agree with each other and with golden items, and how far checks and people do. Numbers only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from assistant.intervals import Interval, wilson
from assistant.models import AuditEvent
from moderation import agreement, drift, policies
from moderation.drift import Share
from moderation.models import Decision, Review
from moderation.upheld import detectors_of, upheld

YEAR = timedelta(days=365)
LOOKED = "quality.viewed"  # of the audit log
KEPT_FOR = 3600  # seconds
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
    first: Decision

    @property
    def outcomes(self) -> tuple[str, str]:
        return self.review.expected, self.review.judged

    def is_by(self, user: Any) -> bool:
        return self.first.is_by(user) or user.pk == self.review.by_id


def second_looks() -> list[Second]:
    rows = Review.objects.decided().filter(kind=Review.Kind.SECOND, decided_at__gte=timezone.now() - YEAR)
    rows = rows.filter(decision__undo=None)
    rows = rows.select_related("decision__flag", "decision__by", "by").order_by("-decided_at")
    return [Second(row, row.decision) for row in rows if row.decision is not None]


def looks_of(seconds: Sequence[Second]) -> Looks:
    pairs = [second.outcomes for second in seconds]
    same = sum(first == again for first, again in pairs)
    if len(pairs) < agreement.FEWEST:
        return Looks(len(pairs), same)
    alpha = agreement.alpha(pairs)
    return Looks(len(pairs), same, alpha, all_alike=alpha is None)


def by_policy(seconds: Iterable[Second]) -> dict[str, Looks]:
    """By that of the first decision, in the order of the policies; those that nobody looked at twice are left out."""
    grouped: dict[str, list[Second]] = defaultdict(list)
    for second in seconds:
        grouped[second.first.policy].append(second)
    return {code: looks_of(grouped[code]) for code in policies.BY_CODE if code in grouped}


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


def detectors(today: date | None = None, *, windows_alone: bool = False) -> list[Detector]:
    """Of the last year, or of the weeks alone that tell what changed. A text that several checks flagged counts for each."""
    windows = drift.windows(today or timezone.localdate())
    border, end, begin = (_midnight(day) for day in (windows.border, windows.end, windows.begin))
    told: Counter[tuple[str, bool | None]] = Counter()
    early: Counter[tuple[str, bool]] = Counter()
    late: Counter[tuple[str, bool]] = Counter()
    first = begin if windows_alone else timezone.now() - YEAR
    rows = Decision.objects.standing().filter(at__gte=first).select_related("flag__reply")
    for decision in rows.defer("reason", "edited_text", "flag__reply__text", "flag__reply__note").iterator():
        verdict = upheld(decision)
        for name in detectors_of(decision.flag):
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


def changed_this_week() -> list[str]:
    """Names of the checks that a look at them would name as changed. Decisions of whole weeks: it is worked out once an hour at
    most, and kept."""
    today = timezone.localdate()
    return cache.get_or_set(f"changed_checks:{drift.windows(today).end}", lambda: _changed(today), KEPT_FOR) or []


def _changed(today: date) -> list[str]:
    return [one.name for one in detectors(today, windows_alone=True) if one.changed is not None]


def was_looked_at_this_week() -> bool:
    monday = _midnight(drift.windows(timezone.localdate()).end)
    return AuditEvent.objects.filter(action=LOOKED, at__gte=monday).exists()


def _shares(counted: Counter[tuple[str, bool]], names: Iterable[str]) -> dict[str, Share]:
    return {name: Share(counted[name, True], counted[name, True] + counted[name, False]) for name in names}


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
