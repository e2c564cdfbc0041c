"""How many are before somebody who waits for the model, and about how long that takes. Never more exact than it is known."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils.translation import gettext, ngettext

from assistant.models import Suggestion, SuggestionJob, Worker

SEEN_WITHIN = timedelta(seconds=20)  # workers that were silent for longer answer nobody
LATEST = 20  # suggestions that tell how long the next will take
PACE_LIVES = 5.0  # seconds, because every page that waits looks once a second

QUEUED, RUNNING = SuggestionJob.Status.QUEUED, SuggestionJob.Status.RUNNING


@dataclass(frozen=True, slots=True)
class Pace:
    slots: int  # suggestions that are written at a time, by all workers together
    seconds: float | None  # that one takes; None while none was made

    def seconds_until(self, ahead: int) -> float | None:
        """Until there is room for somebody with so many before them."""
        if ahead < self.slots:
            return 0.0
        if not self.slots or self.seconds is None:
            return None
        return (ahead - self.slots + 1) * self.seconds / self.slots


@dataclass(frozen=True, slots=True)
class Place:
    """Of one who waits."""

    ahead: int
    seconds: int | None  # in tens, in minutes from one minute on; None: not known

    @property
    def words(self) -> str:
        """As `static/js/waiting.js` says it."""
        if not self.ahead or self.seconds == 0:
            return gettext("you are next")
        people = ngettext("%(count)s person before you", "%(count)s people before you", self.ahead) % {
            "count": self.ahead
        }
        if self.seconds is None:
            return people
        return gettext("%(people)s, %(time)s") % {"people": people, "time": about(self.seconds)}


def place_of(job: SuggestionJob) -> Place | None:
    """None when it is this job's turn, or was. One query, as a rule."""
    pace = recent_pace(job.mode)
    if job.status == QUEUED:
        ahead = before(job, Q(status=RUNNING) | Q(status=QUEUED, queued_at__lt=job.queued_at))
        return place_behind(ahead, pace)
    if job.status == RUNNING and job.last_seq == 0:  # a worker has it, where it may wait for the engine
        ahead = before(job, Q(status=RUNNING, started_at__lt=job.started_at))
        return place_behind(ahead, pace) if ahead and ahead >= pace.slots else None
    return None


def place_behind(ahead: int, pace: Pace) -> Place:
    seconds = pace.seconds_until(ahead)
    return Place(ahead, None if seconds is None else rounded(seconds))


def before(job: SuggestionJob, which: Q) -> int:
    return SuggestionJob.objects.filter(which, mode=job.mode).exclude(id=job.id).count()


def seconds_for_one_more(mode: str) -> float | None:
    """How long somebody would wait who asks now; None: not known."""
    return measure(mode).seconds_until(SuggestionJob.objects.live().filter(mode=mode).count())


_measured: dict[str, tuple[float, Pace]] = {}


def recent_pace(mode: str) -> Pace:
    at, pace = _measured.get(mode, (-math.inf, Pace(0, None)))
    if time.monotonic() - at > PACE_LIVES:
        pace = measure(mode)
        _measured[mode] = (time.monotonic(), pace)
    return pace


def forget_pace() -> None:
    _measured.clear()


def measure(mode: str) -> Pace:
    latest = (
        Suggestion.objects.filter(job__mode=mode).order_by("-created_at").values_list("seconds", flat=True)[:LATEST]
    )
    workers = Worker.recent(within=SEEN_WITHIN).exclude(model="")
    slots = sum(slots_of(worker) for worker in workers if gives(worker, mode))
    return Pace(slots, statistics.median(latest) if latest else None)


def gives(worker: Worker, mode: str) -> bool:
    modes = worker.state.get("modes")
    return mode in modes if isinstance(modes, list) else True


def slots_of(worker: Worker) -> int:
    """At least one, whatever it reports."""
    slots = worker.state.get("slots")
    return slots if isinstance(slots, int) and slots > 0 else 1


def rounded(seconds: float) -> int:
    """Up, in steps that promise no more than is known."""
    step = 10 if seconds <= 50 else 60
    return math.ceil(seconds / step) * step


def about(seconds: int) -> str:
    if seconds <= 10:
        return gettext("a few seconds")
    if seconds < 60:
        return gettext("about %(seconds)s seconds") % {"seconds": seconds}
    return (
        gettext("about a minute")
        if seconds == 60
        else gettext("about %(minutes)s minutes") % {"minutes": seconds // 60}
    )
