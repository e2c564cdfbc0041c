"""Every few seconds: rings again for jobs that wait, gives jobs of dead runners another attempt, ends those that had three. Lets
others answer where a reply came back to somebody who left it.

Any number of copies may run: each step is a conditional update, and a doubled ring dies at the claim.
"""

from __future__ import annotations

import logging
import threading
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import close_old_connections
from django.db.models.functions import Now

from assistant import actions, preparing, second_reader, shadowing
from assistant.dispatch import wake
from assistant.models import SecondReading, ShadowRun, SuggestionJob
from assistant.models.clock import from_now
from assistant.streaming import poke
from assistant.transactions import one_transaction
from assistant.vault import audit

log = logging.getLogger("lantern.sweeper")


@dataclass(frozen=True, slots=True)
class Swept:
    rung: int
    requeued: int
    failed: int


def sweep(*, ring_after: timedelta | None = None) -> Swept:
    """One round. `ring_after`: how long a queued job may wait for a claim before the doorbell rings again."""
    ring_after = timedelta(seconds=settings.SWEEP_SECONDS) if ring_after is None else ring_after
    failed = _fail_exhausted()
    requeued = _requeue_expired()
    rung = 0
    waiting = SuggestionJob.objects.queued().filter(rung_at__lt=from_now(-ring_after))
    for job_id in list(waiting.order_by("queued_at").values_list("id", flat=True)[:200]):
        rung += SuggestionJob.objects.queued().filter(id=job_id).update(rung_at=Now())
        wake(job_id)
    actions.let_go_rested()
    actions.judge_all()
    second_reader.sweep(ring_after=ring_after)
    shadowing.sweep(ring_after=ring_after)
    preparing.forget_closed()
    return Swept(rung=rung, requeued=requeued, failed=failed)


def requeue_all_running() -> int:
    """For the embedded form at start: this is the only process, so whatever runs by its rows runs no more."""
    past = from_now(-timedelta(seconds=1))
    SecondReading.objects.running().update(lease_until=past)
    ShadowRun.objects.running().update(lease_until=past)
    return SuggestionJob.objects.running().update(lease_until=past)


def _fail_exhausted() -> int:
    exhausted = list(SuggestionJob.objects.exhausted().values_list("id", flat=True)[:200])
    return sum(_fail(job_id) for job_id in exhausted)


@one_transaction
def _fail(job_id: uuid.UUID) -> bool:
    exhausted = SuggestionJob.objects.exhausted().filter(id=job_id)
    if not exhausted.end(SuggestionJob.Status.FAILED, reason="attempts_exhausted"):
        return False
    audit.record("suggestion.failed", actor=None, object_type="job", object_id=job_id, code="attempts_exhausted")
    poke.job_changed(job_id, seq=0)
    return True


def _requeue_expired() -> int:
    requeued = 0
    for job_id in list(SuggestionJob.objects.expired().free().values_list("id", flat=True)[:200]):
        if SuggestionJob.objects.expired().free().filter(id=job_id).requeue(rung_at=Now()):
            log.info("job_requeued", extra={"job": str(job_id)})
            poke.job_changed(job_id, seq=0)
            wake(job_id)
            requeued += 1
    return requeued


class Sweeper(threading.Thread):
    """Runs `sweep` until stopped."""

    def __init__(self) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._stop_asked = threading.Event()

    def run(self) -> None:
        while not self._stop_asked.is_set():
            try:
                close_old_connections()
                sweep()
            except Exception as error:  # the database is away; the next round tries again
                log.warning("sweep_failed", extra={"error": type(error).__name__})
            self._stop_asked.wait(settings.SWEEP_SECONDS)
        close_old_connections()

    def stop(self) -> None:
        self._stop_asked.set()
        self.join(timeout=5)
