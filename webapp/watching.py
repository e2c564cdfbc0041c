"""What the site knows about its workers, its queue and its flags: numbers, codes and names of models, never text.

Read by the page of the engine and by /metrics, in a fixed number of queries. What a worker reports about itself is JSON that
an older version wrote, or a broken one: whatever is missing or makes no sense counts as not said.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from assistant.inference.types import EngineState, Mode
from assistant.models import Deployment, ModelVersion, SecondReading, SuggestionJob, Worker
from assistant.safety.types import Tier
from assistant.worker_state import SILENT_AFTER
from moderation.models import Alert, Flag, LastCheck, NotifierBeat

HOUR = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(days=1)  # a worker that ended without a word leaves its row behind
MODES = (Mode.IMPROVE, Mode.GENERATE)  # most asked for first
SUBJECTS = ("post", "suggestion", "reply")


# Workers


@dataclass(frozen=True, slots=True)
class Loaded:
    """One engine of a worker. A worker has several where one mode is answered by a server elsewhere."""

    model: str
    sha256: str = ""
    size: int = 0
    adapters: dict[str, str] = field(default_factory=dict)  # hash by name
    engine: EngineState | None = None  # versions before did not report it


@dataclass(frozen=True, slots=True)
class Seen:
    """A worker as it last reported itself."""

    name: str
    seen_at: datetime
    silent: bool
    model: str  # empty while none is usable
    problem: str
    loading: bool
    checks_open: int  # safety checks that it does not trust now
    modes: tuple[str, ...] = ()
    since: datetime | None = None
    passed_at: datetime | None = None  # its test sentences
    loaded: tuple[Loaded, ...] = ()  # what improves drafts first

    @property
    def state(self) -> str:
        if self.silent:
            return "silent"
        return "ready" if self.model else "loading" if self.loading else "without_model"


def workers() -> list[Seen]:
    """Those that report, and those that fell silent within a day."""
    now = timezone.now()
    rows = Worker.objects.filter(seen_at__gte=now - FORGOTTEN_AFTER).order_by("name")
    return [seen(row, silent=row.seen_at < now - SILENT_AFTER) for row in rows]


def seen(row: Worker, *, silent: bool) -> Seen:
    said = row.state if isinstance(row.state, dict) else {}
    return Seen(
        name=row.name,
        seen_at=row.seen_at,
        silent=silent,
        model=row.model,
        problem=row.problem,
        loading=row.loading,
        checks_open=len(row.safety) if isinstance(row.safety, list) else 1,  # unreadable is not trusted
        modes=tuple(mode for mode in MODES if mode in words(said.get("modes"))) or MODES,
        since=moment(said.get("since")),
        passed_at=moment(said.get("safety_passed_at")),
        loaded=tuple(all_loaded(said, model=row.model)),
    )


def all_loaded(said: dict[str, Any], *, model: str) -> Iterator[Loaded]:
    first = loaded(said, model=model)
    if model or first.engine is not None:
        yield first
    others = said.get("others")
    for other in others if isinstance(others, list) else ():
        if isinstance(other, dict) and whole(other.get("slots")):
            yield loaded(other, model=printable(other.get("model", "")))


def loaded(said: dict[str, Any], *, model: str) -> Loaded:
    return Loaded(
        model=model,
        sha256=digest(said.get("sha256")),
        size=whole(said.get("size")),
        adapters=adapters_of(said.get("adapters")),
        engine=engine_state(said),
    )


def engine_state(said: dict[str, Any]) -> EngineState | None:
    """None while nothing is loaded, and from versions that did not report it."""
    if not whole(said.get("slots")):
        return None
    known = {one.name: READERS[str(one.type)](said[one.name]) for one in fields(EngineState) if one.name in said}
    return EngineState(**known)


def whole(said: object) -> int:
    return said if type(said) is int and 0 <= said < 2**63 else 0


def number(said: object) -> float:
    return said if isinstance(said, float) and math.isfinite(said) and said >= 0 else float(whole(said))


def number_if_any(said: object) -> float | None:
    return None if said is None else number(said)


def counts(said: object) -> dict[str, int]:
    found: Counter[str] = Counter()
    for name, count in said.items() if isinstance(said, dict) else ():
        found[code(name)] += whole(count)
    return dict(found)


def words(said: object) -> tuple[str, ...]:
    return tuple(map(printable, said)) if isinstance(said, list) else ()


READERS: dict[str, Callable[[object], Any]] = {  # by the type that `EngineState` gives a field
    "int": whole,
    "float": number,
    "float | None": number_if_any,
    "dict[str, int]": counts,
    "tuple[str, ...]": words,
}


def moment(said: object) -> datetime | None:
    try:
        found = parse_datetime(said) if isinstance(said, str) else None
    except ValueError:  # well formed, and no day of any calendar
        return None
    return found if found is not None and timezone.is_aware(found) else None


def digest(said: object) -> str:
    return said if isinstance(said, str) and re.fullmatch(r"[0-9a-f]{64}", said) else ""


def adapters_of(said: object) -> dict[str, str]:
    return {printable(name): digest(sha256) for name, sha256 in said.items()} if isinstance(said, dict) else {}


def printable(said: object) -> str:
    """What JSON can hold and UTF-8 cannot would break the page."""
    return str(said)[:300].encode("utf-8", "replace").decode("utf-8")


def code(said: object) -> str:
    """A reason as our code writes it. Anything else could be text, which belongs on no page of this kind."""
    return said if isinstance(said, str) and re.fullmatch(r"[a-z][a-z0-9_]{0,59}", said) else "other"


# What is active


@dataclass(frozen=True, slots=True)
class Active:
    """What answers in one mode, from the next job on."""

    mode: Mode
    version: ModelVersion | None = None
    at: datetime | None = None


def active() -> list[Active]:
    found = {mode: Deployment.history(mode).first() for mode in MODES}
    return [Active(mode, row.version, row.at) if row else Active(mode) for mode, row in found.items()]


# Jobs and readings


@dataclass(frozen=True, slots=True)
class Line:
    """Of one mode."""

    mode: Mode
    queued: int = 0
    running: int = 0
    oldest_seconds: float = 0.0  # how long the first of the queue waits


def lines() -> list[Line]:
    queued = Q(status=SuggestionJob.Status.QUEUED)
    rows = (
        SuggestionJob.objects.live()
        .order_by()
        .values("mode")
        .annotate(
            queued=Count("id", filter=queued),
            running=Count("id", filter=~queued),
            first=Min("queued_at", filter=queued),
        )
    )
    found = {row["mode"]: row for row in rows}
    return [
        Line(mode, row["queued"], row["running"], seconds_since(row["first"]))
        if (row := found.get(mode))
        else Line(mode)
        for mode in MODES
    ]


def ended_in_the_last_hour() -> Counter[tuple[str, str, str]]:
    """How many by mode, status and reason, which is a code, and empty for what is done."""
    rows = (
        SuggestionJob.objects.filter(ended_at__gte=timezone.now() - HOUR)
        .order_by()
        .values_list("mode", "status", "reason")
        .annotate(n=Count("id"))
    )
    found: Counter[tuple[str, str, str]] = Counter()
    for mode, status, reason, count in rows:
        found[mode, status, reason and code(reason)] += count
    return found


def readings_waiting() -> int:
    return SecondReading.objects.live().count()


# Flags


@dataclass(frozen=True, slots=True)
class Open:
    """Flags about one kind of text, in cases whose post has this tier."""

    subject: str
    tier: str
    count: int = 0
    oldest_seconds: float = 0.0


def open_flags() -> list[Open]:
    rows: Any = Flag.objects.open().order_by().values("case__post__tier")
    for subject in SUBJECTS:
        first = Min("opened_at", filter=Q(**{f"{subject}__isnull": False}))
        rows = rows.annotate(**{f"{subject}s": Count(subject), f"first_{subject}": first})
    found = {row["case__post__tier"]: row for row in rows}
    return [
        Open(subject, tier.value, row[f"{subject}s"], seconds_since(row[f"first_{subject}"]))
        if (row := found.get(tier.value))
        else Open(subject, tier.value)
        for subject in SUBJECTS
        for tier in Tier
    ]


# Alerts


def open_alerts() -> Counter[tuple[str, str]]:
    """By kind, and by whether somebody has it."""
    rows = Alert.objects.live().order_by().values_list("kind", "holder")
    return Counter((str(kind), "no" if holder is None else "yes") for kind, holder in rows)


def notifiers() -> list[NotifierBeat]:
    return list(NotifierBeat.objects.filter(seen_at__gte=timezone.now() - FORGOTTEN_AFTER).order_by("name"))


def last_check() -> LastCheck | None:
    return LastCheck.objects.filter(id=1).first()


def seconds_since(at: datetime | None) -> float:
    """Zero for what there is not, and never below: the database and this machine may disagree about the hour."""
    return max(0.0, (timezone.now() - at).total_seconds()) if at else 0.0
