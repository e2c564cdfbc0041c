"""Rings the doorbell: tells Celery that a job waits. A lost ring costs seconds, because the sweeper rings again."""

from __future__ import annotations

import logging
import uuid
from concurrent.futures import ThreadPoolExecutor

from celery import current_app
from django.db import transaction

log = logging.getLogger("lantern.dispatch")

RUN_JOB = "assistant.tasks.run_job"

# Rings from a thread of its own: a broker that does not answer must not keep the person waiting who asked.
_ringer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="doorbell")


def wake_after_commit(job_id: uuid.UUID) -> None:
    transaction.on_commit(lambda: wake(job_id))


def wake(job_id: uuid.UUID) -> None:
    """Never raises and never waits."""
    _ringer.submit(_ring, str(job_id))


def _ring(job_id: str) -> None:
    try:
        current_app.send_task(RUN_JOB, args=[job_id], retry=False)
    except Exception as error:
        log.warning("doorbell_failed", extra={"job": job_id, "error": type(error).__name__})
