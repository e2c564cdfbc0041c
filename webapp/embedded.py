"""The embedded form: a Celery worker, the sweeper, the notifier and the engine inside the server process."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from datetime import timedelta
from typing import IO, Any

from django.conf import settings
from django.db import close_old_connections

from assistant import gate, sweeper
from assistant.worker_state import Heartbeat, holder
from moderation.notifier import Notifier

log = logging.getLogger("lantern.embedded")


class AlreadyRunning(Exception):
    """Another server process uses this data directory."""


class EmbeddedWorker:
    """One per process. `WorkController`, not `celery.Worker`: the latter takes over signals and standard output."""

    def __init__(self) -> None:
        self._lock: IO[str] | None = None
        self._controller: Any = None
        self._thread: threading.Thread | None = None
        self._sweeper = sweeper.Sweeper()
        self._notifier = Notifier()
        self._heartbeat = Heartbeat()

    def start(self) -> None:
        self._lock = only_server_here()
        gate.here.open()
        close_old_connections()
        # Under that lock this is the only process, so whatever still runs by its row died with an earlier one.
        sweeper.requeue_all_running()
        self._heartbeat.start()
        self._start_celery()
        # The broker's memory went with the process before, and every ring with it: ring at once for whatever waits.
        sweeper.sweep(ring_after=timedelta(0))
        self._sweeper.start()
        self._notifier.start()

    def stop(self) -> None:
        self._sweeper.stop()
        self._notifier.stop()
        self._heartbeat.stop()
        # Before Celery, which waits for its tasks: who stops the server should not have to wait for a suggestion. Its job
        # is put back and run again at the next start.
        gate.here.close()
        holder.close()
        if self._controller is not None:
            self._controller.stop(in_sighandler=False)
        if self._thread is not None:
            self._thread.join(timeout=10)
        holder.close()
        if self._lock is not None:
            self._lock.close()

    def _start_celery(self) -> None:
        from celery.worker import WorkController

        from webapp.celery import app

        app.loader.import_default_modules()
        ready = threading.Event()
        self._controller = WorkController(
            app=app,
            pool_cls="threads",
            concurrency=settings.CELERY_WORKER_CONCURRENCY,
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
            ready_callback=lambda _consumer: ready.set(),
        )
        self._thread = threading.Thread(target=self._controller.start, name="celery-worker", daemon=True)
        self._thread.start()
        if not ready.wait(timeout=20):
            log.warning("embedded_worker_slow_to_start")


def only_server_here() -> IO[str]:
    """Hold var/server.lock for the life of this process. Raises AlreadyRunning when another one holds it."""
    path = settings.DATA_DIR / "server.lock"
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    file = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise AlreadyRunning(
            f"Another Lantern server uses {settings.DATA_DIR}. Stop it, or set DATA_DIR and DATABASE_URL to other places. "
            "Several server processes need REDIS_URL."
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
