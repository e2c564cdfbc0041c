"""Rings the doorbell: tells Celery that a job or a reading waits, what may be prepared, and what is to be forgotten.

A message holds an id. A lost ring costs seconds, because the sweeper rings again; a lost preparation costs one person a
second; for a lost forgetting there is `preparing.forget_closed`.

Every worker hears a queue for each kind of help that it gives, and one of its own: what was prepared for a case lies in the
memory of one worker, which is therefore told first. In the embedded form there is one worker and one queue.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.entity import Exchange, Queue

from assistant.inference.types import Mode
from assistant.models import Draft, Post, SecondReading, SuggestionJob, Worker
from assistant.waiting import gives

log = logging.getLogger("lantern.dispatch")

RUN_JOB = "assistant.tasks.run_job"
READ_POST = "assistant.tasks.read_post"
RUN_SHADOWS = "assistant.tasks.run_shadows"
PREPARE = "assistant.tasks.prepare_context"
FORGET = "assistant.tasks.forget_case"
REPLAY = "moderation.tasks.go_on_with_replay"

SEEN_LATELY = timedelta(seconds=10)  # three beats: a worker that missed them is told nothing by name
PREPARE_WITHIN = 15.0  # seconds; an older message is dropped, because the draft went on or somebody asked meanwhile
FORGET_WITHIN = 600.0
SHADOW_WITHIN = 60.0  # by then the sweeper has rung again
# Seconds after its last message until Redis drops the queue of a worker that died. That loses nothing: no message to a
# worker by its name is the only one that counts.
OWN_QUEUE_LIVES = 600.0
LAST = 9  # a priority of Redis: taken when nothing else waits in any queue of this worker

# Rings from threads of its own: a broker that does not answer must not keep the person waiting who asked, nor may
# preparations, of which there are many, keep the ring for a job waiting.
_ringer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="doorbell")
_preparer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="preparation")
_unsent: set[uuid.UUID] = set()  # drafts whose preparation is still to be sent: one message each is enough
_unsent_lock = threading.Lock()


# Queues


def queue_of(mode: str) -> str:
    """Heard by every worker that gives this kind of help."""
    common: str = settings.CELERY_TASK_DEFAULT_QUEUE
    return common if settings.EMBEDDED else f"{common}.{mode}"


def own_queue(worker: str) -> Queue:
    """Heard by this worker alone."""
    name = f"worker.{worker}"
    exchange = Exchange(name)  # type: ignore[no-untyped-call]
    return Queue(name, exchange, routing_key=name, expires=OWN_QUEUE_LIVES)  # type: ignore[no-untyped-call]


def modes_here() -> list[str]:
    """Which help this process gives."""
    return [*Mode] if settings.EMBEDDED else settings.WORKER_MODES


def queues_of(worker: str, *, app: Any) -> list[str]:
    """What a worker of the outgrown form hears. The first is for second readings; earlier versions rang there for jobs."""
    own = own_queue(worker)
    app.amqp.queues.add(own)
    return [settings.CELERY_TASK_DEFAULT_QUEUE, *(queue_of(mode) for mode in modes_here()), own.name]


# Jobs and readings


def wake_after_commit(job: SuggestionJob) -> None:
    """Tell the worker that keeps what was prepared for the case, if it has a free slot; else whoever is free."""
    transaction.on_commit(lambda: _ring(RUN_JOB, job.id, queue=_queue_near(job)), robust=True)


def wake(job_id: uuid.UUID | str) -> None:
    """Tell whoever is free, without waiting for the broker."""
    mode = SuggestionJob.objects.filter(id=job_id).values_list("mode", flat=True).first()
    if mode is not None:
        _ring(RUN_JOB, job_id, queue=queue_of(mode))


def wake_reading(reading_id: uuid.UUID) -> None:
    """The same for a second reading."""
    _ring(READ_POST, reading_id)


def wake_shadow(mode: str) -> None:
    """Tell somebody who gives this help, when they have nothing else to do, that a candidate can be tried."""
    _ringer.submit(_send, RUN_SHADOWS, mode, queue=queue_of(mode), expires=SHADOW_WITHIN, priority=LAST)


def wake_replay(replay_id: uuid.UUID | str) -> None:
    """The same, to go on with a replay for a while."""
    _ringer.submit(_send, REPLAY, replay_id, priority=LAST)


def wake_reading_after_commit(post: Post) -> None:
    """For a post that was just stored, if the model is to read it."""
    reading = SecondReading.objects.filter(post=post, status=SecondReading.Status.QUEUED).first()
    if reading is not None:
        transaction.on_commit(lambda: wake_reading(reading.id))


def _queue_near(job: SuggestionJob) -> Queue | str:
    if settings.EMBEDDED or job.mode != Mode.IMPROVE:  # nothing is prepared for a draft from the post
        return queue_of(job.mode)
    worker = worker_of(job.case_id)
    return own_queue(worker.name) if worker is not None and has_free_slot(worker) else queue_of(job.mode)


# What is prepared


def prepare_after_commit(draft: Draft) -> None:
    """Have the worker of this case evaluate the beginning of the prompt. For the draft's author only."""
    if draft.is_open and not draft.post.human_only:
        transaction.on_commit(lambda: _prepare(draft), robust=True)


def forget_after_commit(case_id: uuid.UUID) -> None:
    """Have every worker drop what was prepared for this case."""

    def forget() -> None:
        for worker in workers_seen():
            _ring(FORGET, case_id, queue=_queue_at(worker), expires=FORGET_WITHIN)

    transaction.on_commit(forget, robust=True)


def _prepare(draft: Draft) -> None:
    worker = worker_of(draft.case_id)
    if worker is None:
        return
    with _unsent_lock:
        if draft.id in _unsent:
            return
        _unsent.add(draft.id)
    _preparer.submit(_send_preparation, draft.id, _queue_at(worker), time.monotonic() + PREPARE_WITHIN)


def _send_preparation(draft_id: uuid.UUID, queue: Queue | str, until: float) -> None:
    with _unsent_lock:
        _unsent.discard(draft_id)
    if time.monotonic() < until:  # else the broker was away
        _send(PREPARE, draft_id, queue=queue, expires=PREPARE_WITHIN, priority=LAST)


# Workers


def worker_of(case_id: uuid.UUID) -> Worker | None:
    """The worker that keeps what is prepared for this case: every process finds the same one, and when a worker comes or
    goes, only cases of its own move (rendezvous hashing)."""
    able = [worker for worker in workers_seen() if worker.model and gives(worker, Mode.IMPROVE)]
    return max(able, key=lambda worker: sha256(f"{case_id} {worker.name}".encode()).digest(), default=None)


def workers_seen() -> list[Worker]:
    return list(Worker.recent(within=SEEN_LATELY))


def has_free_slot(worker: Worker) -> bool:
    """By its last report, and by what was claimed since."""
    reported = {name: worker.state.get(name) for name in ("slots", "running", "waiting")}
    slots, running, waiting = (value if isinstance(value, int) else 0 for value in reported.values())
    claimed = SuggestionJob.objects.running().filter(worker=worker.name).count()
    return max(running + waiting, claimed) < slots


def _queue_at(worker: Worker) -> Queue | str:
    return queue_of(Mode.IMPROVE) if settings.EMBEDDED else own_queue(worker.name)


# Sending


def _ring(task: str, row_id: uuid.UUID | str, **options: Any) -> None:
    _ringer.submit(_send, task, row_id, **options)


def _send(task: str, row_id: uuid.UUID | str, **options: Any) -> None:
    try:
        current_app.send_task(task, args=[str(row_id)], retry=False, **options)
    except Exception as error:
        log.warning("doorbell_failed", extra={"job": str(row_id), "error": type(error).__name__})
