"""The numbers of the safety page, counted when somebody looks. No text is opened, and nobody is named."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil

from django.db.models import Count, DateTimeField, F, Min, Q, Value
from django.utils import timezone

from assistant.models import AuditEvent, Post, Reply, Suggestion, SuggestionJob
from assistant.safety.types import Level
from moderation.areas import area_of
from moderation.models import Decision, Escalation, Flag
from moderation.upheld import detectors, upheld_by

DAYS = 14
AGREEMENT_DAYS = 90
MOST_LOOKS = 3_000  # flags whose waits are compared: enough for the 95th percentile, and the page stays quick
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # borders of the model's share in a reply
LOOKS = ("flag.viewed", "flag.claimed", "handover.viewed")  # who takes a hand-over has its page before them


@dataclass(frozen=True, slots=True)
class Waiting:
    count: int = 0
    oldest: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Looks:
    """Of the flags of one level: how long each waited for the first person, and how many wait still."""

    waits: Sequence[timedelta]  # in order, shortest first
    unseen: Sequence[timedelta]  # how long those wait that nobody has opened

    @property
    def count(self) -> int:
        return len(self.waits) + len(self.unseen)

    def percentile(self, part: float) -> timedelta | None:
        """None where so many wait still that nobody knows it."""
        place = ceil(part * self.count)
        return self.waits[place - 1] if 0 < place <= len(self.waits) else None

    def within(self, limit: timedelta) -> tuple[int, int]:
        """How many were looked at in time, of those for which the time is over or that were looked at."""
        late = sum(wait > limit for wait in (*self.waits, *self.unseen))
        in_time = sum(wait <= limit for wait in self.waits)
        return in_time, in_time + late


@dataclass(frozen=True, slots=True)
class Judged:
    """Flags of texts of ours that a layer asked for and people decided about."""

    decided: int = 0
    upheld: int = 0


def since(days: int = DAYS) -> datetime:
    return timezone.now() - timedelta(days=days)


# What waits


def ends_of_days() -> list[datetime]:
    """The midnights of the last days, and now."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return [*(today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)), timezone.now()]


def queue_by_level(moments: Sequence[datetime]) -> dict[Level, list[Waiting]]:
    """What waited at each of these moments: how many flags of each level, and how long the first of them.

    Erasing a case closes its flags; until then they waited like others.
    """
    waiting = Q(status=Flag.Status.OPEN) & ~Q(reply__status=Reply.Status.TAKEN_BACK)
    asked = [
        Flag.objects.filter(waiting | Q(closed_at__gt=at), opened_at__lte=at)
        .order_by()
        .values("level")
        .annotate(at=Value(at, DateTimeField()), count=Count("id"), oldest=Min("opened_at"))
        .values_list("level", "at", "count", "oldest")
        for at in moments
    ]
    found = {
        (level, at): Waiting(count, at - oldest) for level, at, count, oldest in asked[0].union(*asked[1:], all=True)
    }
    return {level: [found.get((level, at), Waiting()) for at in moments] for level in Level}


def unacknowledged() -> dict[Level, Waiting]:
    """Hand-overs that no lead has taken yet."""
    rows = (
        Escalation.objects.filter(acknowledged_at=None, flag__status=Flag.Status.OPEN, case__destroyed_at=None)
        .exclude(flag__reply__status=Reply.Status.TAKEN_BACK)
        .values_list("flag__level")
        .annotate(Count("id"), Min("at"))
    )
    now = timezone.now()
    return {Level(level): Waiting(count, now - first) for level, count, first in rows}


def held() -> dict[str, Waiting]:
    """What is kept back until a person decides, by kind."""
    now = timezone.now()
    found = {}
    for kind, rows, came in (
        ("post", Post.objects.filter(status=Post.Status.HELD), "received_at"),
        ("suggestion", Suggestion.objects.filter(status=Suggestion.Status.HELD), "created_at"),
        ("reply", Reply.objects.filter(status=Reply.Status.HELD), "created_at"),
    ):
        counted = rows.filter(case__destroyed_at=None).aggregate(count=Count("id"), first=Min(came))
        found[kind] = Waiting(counted["count"], now - counted["first"] if counted["count"] else None)
    return found


# When somebody looked


def first_looks() -> dict[Level, Looks]:
    """Of the flags of the last days, the latest MOST_LOOKS. One that was dropped before anybody opened it waited for nobody; one
    that was decided unopened, together with others, waited until then."""
    now = timezone.now()
    rows = Flag.objects.filter(opened_at__gte=since()).order_by("-opened_at")
    flags = list(rows.values_list("id", "level", "opened_at", "closed_at", "status", "reply__status")[:MOST_LOOKS])
    first = flags[-1][2] if flags else now
    looked = _first_look_at(first)
    waits: defaultdict[int, list[timedelta]] = defaultdict(list)
    unseen: defaultdict[int, list[timedelta]] = defaultdict(list)
    for flag_id, level, opened_at, closed_at, status, reply_status in flags:
        at = looked.get(str(flag_id)) or (closed_at if status == Flag.Status.DECIDED else None)
        if at is not None:
            waits[level].append(max(at - opened_at, timedelta(0)))
        elif status == Flag.Status.OPEN and reply_status != Reply.Status.TAKEN_BACK:
            unseen[level].append(now - opened_at)
    return {level: Looks(sorted(waits[level]), unseen[level]) for level in Level}


def _first_look_at(first: datetime) -> dict[str, datetime]:
    """By the id of the flag; a look at the page of a hand-over is one at its flag."""
    looks = AuditEvent.objects.filter(action__in=LOOKS, at__gte=first).order_by()
    looked = dict(looks.values_list("object_id").annotate(Min("at")))
    for hand_over, flag in Escalation.objects.filter(at__gte=first).values_list("id", "flag_id"):
        at = looked.get(str(hand_over))
        if at is not None:
            looked[str(flag)] = min(at, looked.get(str(flag), at))
    return looked


# What was flagged, and what people thought of it


def flags_by_code() -> Counter[str]:
    """Of the last days. A flag with several codes counts for each."""
    found: Counter[str] = Counter()
    rows = Flag.objects.filter(opened_at__gte=since()).order_by().values_list("codes").annotate(Count("id"))
    for codes, count in rows:
        for code in codes:
            found[code] += count
    return found


def by_layer(codes: Mapping[str, int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for code, count in codes.items():
        found[area_of(code)] += count
    return found


def agreement() -> dict[str, Judged]:
    """By layer: of texts that were flagged and decided, in how many people saw it as the checks did.

    Suggestions and replies that they did not let pass as they were, and held posts in which the signs were real. Other posts
    are left out: that one was let through says nothing about the signs in it.
    """
    told = Q(flag__post=None) | Q(danger__isnull=False)
    rows = (
        Decision.objects.standing()
        .filter(told, at__gte=since(AGREEMENT_DAYS), flag__raised_by=None)
        .order_by()
        .values_list("flag__codes", "outcome", "closed_as", "danger")
        .annotate(Count("id"))
    )
    decided: Counter[str] = Counter()
    upheld: Counter[str] = Counter()
    for codes, outcome, closed_as, danger, count in rows:
        right = upheld_by(outcome, closed_as) if danger is None else danger
        for layer in detectors(codes):
            decided[layer] += count
            upheld[layer] += count if right else 0
    return {layer: Judged(count, upheld[layer]) for layer, count in decided.items()}


# The model


def ended_jobs() -> tuple[int, Counter[str]]:
    """How many requests for help ended in the last days, and those that failed by their reason."""
    rows = (
        SuggestionJob.objects.filter(ended_at__gte=since())
        .order_by()
        .values_list("status", "reason")
        .annotate(Count("id"))
    )
    failed: Counter[str] = Counter()
    ended = 0
    for status, reason, count in rows:
        ended += count
        if status == SuggestionJob.Status.FAILED:
            failed[reason] += count
    return ended, failed


def shares_in_replies() -> list[int]:
    """How many replies of the last days hold no word of the model, and then by fifths of it."""
    share = F("model_share")
    bounds = [Q(model_share=0)]
    bounds += [Q(model_share__gt=low, model_share__lte=high) for low, high in pairwise(SHARES)]
    counted = Reply.objects.filter(status=Reply.Status.SENT, sent_at__gte=since()).aggregate(
        **{f"n_{place}": Count(share, filter=bound) for place, bound in enumerate(bounds)}
    )
    return [counted[f"n_{place}"] for place in range(len(bounds))]


def total(waiting: Iterable[Waiting]) -> int:
    return sum(one.count for one in waiting)
