"""The engine of this process, and what the web may know about workers elsewhere.

A worker process loads the model once, in the thread that decodes, and reports itself as a row every few seconds. Pages read
those rows: help is available when a worker was seen lately and has a usable model.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from assistant.actions.suggestions import SAFETY_OPEN
from assistant.inference import modelfile
from assistant.inference.engine import Engine, ModelUnavailable
from assistant.inference.types import Params
from assistant.models import Deployment, ModelVersion, Worker
from assistant.safety import pipeline
from assistant.safety.types import Kind

log = logging.getLogger("lantern.worker")

BEAT = timedelta(seconds=3)
SILENT_AFTER = timedelta(seconds=20)

NAME = f"{socket.gethostname()[:40]}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Help:
    """Whether the model can help right now; if not, why, as a sentence for the person who asks."""

    available: bool
    reason: str = ""


class Holder:
    """Holds this process's engine, which `engine()` loads on first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._version_id: object = None
        self.problem = ""
        self.loading = False

    def engine(self) -> Engine:
        """The engine for the active model version. Raises ModelUnavailable with a sentence for people."""
        with self._lock:
            version = active_version()
            if self._engine is not None and self._engine.usable and self._version_id == version.id:
                return self._engine
            self._close()
            self.loading = True
            try:
                self._engine, self._version_id, self.problem = load(version), version.id, ""
            except ModelUnavailable as error:
                self.problem = str(error)
                raise
            finally:
                self.loading = False
            return self._engine

    def ready(self) -> Engine | None:
        """The engine if it can be asked now. Loads nothing and waits for nothing."""
        engine = self._engine
        return engine if engine is not None and engine.usable else None

    def loaded(self) -> list[Engine]:
        engine = self._engine
        return [engine] if engine is not None else []

    @property
    def model_name(self) -> str:
        engine = self._engine
        return engine.model.name if engine is not None and engine.usable else ""

    def close(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.close()
        self._engine = self._version_id = None


holder = Holder()


def active_version() -> ModelVersion:
    version = Deployment.active_version()
    if version is None:
        raise ModelUnavailable(
            "No model is registered. Run `python manage.py models add PATH`, or `make setup` for the starter model."
        )
    return version


def load_registered() -> Engine:
    return load(active_version())


def load(version: ModelVersion) -> Engine:
    """Check the registered file and load it. Raises ModelUnavailable."""
    return open_engine(
        modelfile.ModelFile(path=Path(version.path), sha256=version.sha256, size=version.size), name=version.name
    )


def load_file(path: Path | None) -> Engine:
    """A file named by the person at the terminal, or the starter model; without the registry."""
    if path is None:
        return open_engine(starter_file(), name=modelfile.STARTER.name)
    if not path.is_file():
        raise ModelUnavailable(f"{path}: no such file.")
    return open_engine(measured_file(path), name=path.stem)


def starter_file() -> modelfile.ModelFile:
    return modelfile.STARTER.in_folder(settings.DATA_DIR / "models")


def measured_file(path: Path) -> modelfile.ModelFile:
    """A file taken as it is now; what is registered from it is what it must stay."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return modelfile.ModelFile(path=path.resolve(), sha256=digest, size=path.stat().st_size)


def open_engine(file: modelfile.ModelFile, *, name: str) -> Engine:
    try:
        from assistant.inference.llamacpp.engine import LlamaCppEngine
    except (ImportError, OSError) as error:
        raise ModelUnavailable("llama-cpp-python is not installed here. Run `make setup` to build it.") from error
    return LlamaCppEngine(
        file, name=name, context_tokens=settings.MODEL_CONTEXT_TOKENS, threads=settings.MODEL_THREADS or None
    )


def default_params() -> Params:
    """Sampling and limits of this deployment."""
    return Params(
        max_tokens=settings.JOB_MAX_TOKENS,
        temperature=settings.MODEL_TEMPERATURE,
        deadline_seconds=settings.JOB_DEADLINE_SECONDS,
    )


def help_state() -> Help:
    """What the writing page says about the model."""
    if pipeline.in_trouble(Kind.SUGGESTION):
        return Help(False, SAFETY_OPEN)
    workers = list(Worker.recent(within=SILENT_AFTER))
    if any(worker.model for worker in workers):
        return Help(True)
    if any(worker.loading for worker in workers):
        return Help(False, "The model is being loaded. You can write and send meanwhile.")
    if workers:
        return Help(False, workers[0].problem or "The model is being loaded. You can write and send meanwhile.")
    return Help(False, "No worker is running, so nothing can be suggested right now. You can write and send as always.")


def beat() -> None:
    """Say that this process is here and what it has loaded."""
    Worker.objects.update_or_create(
        name=NAME,
        defaults={
            "seen_at": timezone.now(),
            "model": holder.model_name,
            "problem": holder.problem[:300],
            "loading": holder.loading,
            "safety": pipeline.troubles(),
        },
    )


class Heartbeat(threading.Thread):
    """Loads the model once, then reports this worker until stopped. A failed load is tried again every minute."""

    RETRY_LOAD = timedelta(minutes=1)

    def __init__(self) -> None:
        super().__init__(name="worker-heartbeat", daemon=True)
        self._stop_asked = threading.Event()

    def run(self) -> None:
        threading.Thread(target=self._keep_model_loaded, name="model-loader", daemon=True).start()
        while not self._stop_asked.is_set():
            self._beat_once()
            self._stop_asked.wait(BEAT.total_seconds())
        Worker.objects.filter(name=NAME).delete()
        close_old_connections()

    def stop(self) -> None:
        self._stop_asked.set()
        self.join(timeout=5)

    def _beat_once(self) -> None:
        try:
            close_old_connections()
            beat()
        except Exception as error:  # the database is away; the next beat tries again
            log.warning("heartbeat_failed", extra={"error": type(error).__name__})

    def _keep_model_loaded(self) -> None:
        while not self._stop_asked.is_set():
            try:
                close_old_connections()
                holder.engine()
            except ModelUnavailable as error:
                log.warning("model_unavailable", extra={"code": error.code})
            except Exception as error:
                log.warning("model_load_failed", extra={"error": type(error).__name__})
            self._stop_asked.wait(self.RETRY_LOAD.total_seconds())
        close_old_connections()
