"""What the random sample of unflagged posts says about the rest: how many were missed at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from math import exp, lgamma, log, log1p

from django.db.models import Count, Q
from django.utils import timezone

from moderation.models import Decision, Flag

CONFIDENCE = 0.95
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Sampled posts that people decided about, and in how many of them something had been missed."""

    read: int
    missed: int

    @property
    def at_most(self) -> float:
        return upper_bound(self.missed, self.read)


def estimates() -> tuple[Estimate, Estimate]:
    """Of the last week, and since the start."""
    missed, lately = Q(missed=True), Q(at__gte=timezone.now() - WEEK)
    counted = (
        Decision.objects.standing()
        .filter(missed__isnull=False)
        .aggregate(
            read_lately=Count("id", filter=lately),
            missed_lately=Count("id", filter=lately & missed),
            read=Count("id"),
            missed=Count("id", filter=missed),
        )
    )
    return Estimate(counted["read_lately"], counted["missed_lately"]), Estimate(counted["read"], counted["missed"])


def waiting() -> int:
    return Flag.objects.open().samples().count()


def upper_bound(missed: int, read: int, *, confidence: float = CONFIDENCE) -> float:
    """The one-sided Clopper-Pearson bound: with this confidence the true share of misses is no higher."""
    if not 0 <= missed <= read:
        raise ValueError(f"missed={missed} of read={read}: want 0 to {read}.")
    alpha = 1 - confidence
    if missed == read:
        return 1.0
    if missed == 0:
        return 1 - exp(log(alpha) / read)
    return _falls_to(alpha, lambda share: _at_most_so_many(missed, read, share))


def _at_most_so_many(count: int, of: int, share: float) -> float:
    """Probability of `count` or fewer among `of`, each with probability `share`."""
    return sum(
        exp(
            lgamma(of + 1)
            - lgamma(number + 1)
            - lgamma(of - number + 1)
            + number * log(share)
            + (of - number) * log1p(-share)
        )
        for number in range(count + 1)
    )


def _falls_to(value: float, of: Callable[[float], float]) -> float:
    """Where between 0 and 1 a falling function passes the value, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if of(middle) > value:
            low = middle
        else:
            high = middle
    return high
