"""Rings the doorbell: tells Celery that a job or a reading waits. A lost ring costs seconds, because the sweeper rings again."""

from __future__ import annotations

import logging
import uuid
from concurrent.futures import ThreadPoolExecutor

from celery import current_app
from django.db import transaction

from assistant.models import Post, SecondReading

log = logging.getLogger("lantern.dispatch")

RUN_JOB = "assistant.tasks.run_job"
READ_POST = "assistant.tasks.read_post"

# Rings from a thread of its own: a broker that does not answer must not keep the person waiting who asked.
_ringer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="doorbell")


def wake_after_commit(job_id: uuid.UUID) -> None:
    transaction.on_commit(lambda: wake(job_id))


def wake(job_id: uuid.UUID) -> None:
    """Never raises and never waits."""
    _ringer.submit(_ring, RUN_JOB, str(job_id))


def wake_reading(reading_id: uuid.UUID) -> None:
    """The same for a second reading."""
    _ringer.submit(_ring, READ_POST, str(reading_id))


def wake_reading_after_commit(post: Post) -> None:
    """For a post that was just stored, if the model is to read it."""
    reading = SecondReading.objects.filter(post=post, status=SecondReading.Status.QUEUED).first()
    if reading is not None:
        transaction.on_commit(lambda: wake_reading(reading.id))


def _ring(task: str, row_id: str) -> None:
    try:
        current_app.send_task(task, args=[row_id], retry=False)
    except Exception as error:
        log.warning("doorbell_failed", extra={"job": row_id, "error": type(error).__name__})
