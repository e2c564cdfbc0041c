"""The engine of this process, and what the web may know about workers elsewhere.

A worker process loads the model once, in the thread that decodes, and reports itself as a row every few seconds. Pages read
those rows: help is available when a worker was seen lately and has a usable model.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from assistant import dispatch
from assistant.actions.suggestions import SAFETY_IN_TROUBLE
from assistant.inference import modelfile
from assistant.inference.engine import Engine, ModelUnavailable
from assistant.inference.opening import open_here
from assistant.inference.remote import RemoteEngine
from assistant.inference.types import Mode, Params
from assistant.models import Canary, Deployment, ModelVersion, Worker
from assistant.safety import pipeline
from assistant.safety.types import Kind
from assistant.waiting import gives

log = logging.getLogger("lantern.worker")

BEAT = timedelta(seconds=3)
SILENT_AFTER = timedelta(seconds=20)

NAME = f"{socket.gethostname()[:40]}:{os.getpid()}"
SINCE = datetime.now(UTC).isoformat()


@dataclass(frozen=True, slots=True)
class Help:
    """Whether the model can help right now; if not, why, for the person who asks. The page adds that writing goes on."""

    available: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Serving:
    """What answers in one mode: an engine, the version that is stored with what it writes, and what to ask the engine for."""

    engine: Engine
    version: ModelVersion | None = None
    adapter: str = ""

    def prompt_for(self, mode: Mode) -> str:
        """The words to ask it in, by version; empty where it has to be shown what to do."""
        return self.version.prompt_for(mode) if self.version is not None else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """One engine to load: a base with the adapters of all modes it serves, or a server elsewhere."""

    version: ModelVersion  # base or remote
    adapters: tuple[ModelVersion, ...] = ()

    def serves(self, other: Plan) -> bool:
        """Whether what this one loads is all that the other needs. An adapter more harms nobody: so the end of a canary, or
        its candidate's activation, cuts no stream off."""
        return self.version == other.version and set(self.adapters) >= set(other.adapters)


class CandidateUnavailable(ModelUnavailable):
    """The candidate of a canary cannot be asked in this process; the active model can."""


class Holder:
    """Holds this process's engines, which `serving()` loads on first use: one for all modes, unless one is remote.

    The candidate of a running canary lies beside what is active: at most one adapter more for each mode.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engines: dict[Plan, Engine] = {}
        self._ready: dict[Mode, Serving] = {}
        self._tried: dict[Mode, Canary] = {}  # of which the candidate is loaded
        self._left_out: dict[uuid.UUID, str] = {}  # canaries whose candidate this process cannot load, and why
        self.problem = ""
        self.loading = False

    def serving(self, mode: Mode) -> Serving:
        """What answers in this mode now. Raises ModelUnavailable with a sentence for people."""
        with self._lock:
            return self._serving(mode)

    def candidate(self, mode: Mode, canary: Canary) -> Serving:
        """What the candidate of this canary is asked with. Raises CandidateUnavailable, and what `serving` raises."""
        with self._lock:
            active = self._serving(mode)
            if self._tried.get(mode) != canary:
                raise CandidateUnavailable(self._left_out.get(canary.id, "Its canary is over."))
            return Serving(active.engine, canary.candidate, canary.candidate.name)

    def _serving(self, mode: Mode) -> Serving:
        try:
            versions = active_versions()
            engine = self._load_with_candidates(mode, versions)
        except ModelUnavailable as error:
            self.problem = str(error)
            raise
        version = versions[mode]
        self.problem = ""
        self._ready[mode] = Serving(engine, version, version.name if is_adapter(version) else "")
        return self._ready[mode]

    def _load_with_candidates(self, mode: Mode, versions: Mapping[Mode, ModelVersion]) -> Engine:
        """A candidate with which nothing can be loaded is left out: the active model answers all the same."""
        tried = self._candidates_that_open(versions)
        plans = plans_for(versions, [one.candidate for one in tried.values()])
        tried = {of: one for of, one in tried.items() if one.candidate in plans[of].adapters}
        try:
            engine = self._engine_for(mode, plans)
        except Exception as error:
            if not tried:
                raise
            log.warning("candidate_not_loaded", extra={"error": type(error).__name__})
            engine = self._engine_for(mode, plans_for(versions))
            self._left_out |= {canary.id: type(error).__name__ for canary in tried.values()}
            tried = {}
        self._tried = tried
        return engine

    def _candidates_that_open(self, versions: Mapping[Mode, ModelVersion]) -> dict[Mode, Canary]:
        """Looked at before what is loaded is closed for them."""
        found = {}
        for canary in Canary.objects.running().filter(mode__in=versions).select_related("candidate__base"):
            if canary.id in self._left_out:
                continue
            try:
                file_of(canary.candidate).verify()
            except ModelUnavailable as error:
                log.warning("candidate_not_loaded", extra={"canary": str(canary.id), "code": error.code})
                self._left_out[canary.id] = str(error)
            else:
                found[Mode(canary.mode)] = canary
        return found

    def _engine_for(self, mode: Mode, plans: Mapping[Mode, Plan]) -> Engine:
        self._close_others(set(plans.values()))
        if mode not in plans:
            raise ModelUnavailable(NOTHING_ACTIVE)
        return self._engine_of(plans[mode])

    def engine(self) -> Engine:
        """For questions that belong to no mode: the base of the first mode that this process serves."""
        return self.serving(Mode(dispatch.modes_here()[0])).engine

    def _engine_of(self, plan: Plan) -> Engine:
        loaded = next((one for one in self._engines if one.serves(plan)), None)
        if loaded is not None and self._engines[loaded].usable:
            return self._engines[loaded]
        if loaded is not None:
            self._engines.pop(loaded).close()
        self.loading = True
        try:
            engine = self._engines[plan] = load(plan.version, plan.adapters)
        finally:
            self.loading = False
        return engine

    def _close_others(self, wanted: set[Plan]) -> None:
        for plan in [one for one in self._engines if not any(one.serves(other) for other in wanted)]:
            self._engines.pop(plan).close()
        self._ready = {mode: one for mode, one in self._ready.items() if one.engine in self._engines.values()}

    def ready(self) -> Engine | None:
        """The engine that improves drafts, if it can be asked now. Loads nothing and waits for nothing."""
        one = self._ready.get(Mode.IMPROVE)
        return one.engine if one is not None and one.engine.usable else None

    def expected(self, mode: Mode, case_id: uuid.UUID) -> tuple[str, str]:
        """Which adapter the engine will be asked for in this case and in which words, as far as it is loaded."""
        canary, one = self._tried.get(mode), self._ready.get(mode)
        if one is not None and canary is not None and canary.kind == Canary.Kind.CANARY and canary.takes(case_id):
            one = Serving(one.engine, canary.candidate, canary.candidate.name)
        return (one.adapter, one.prompt_for(mode)) if one is not None else ("", "")

    def loaded(self) -> list[Engine]:
        """The one that improves drafts first."""
        improving = self.ready()
        return sorted(self._engines.values(), key=lambda engine: engine is not improving)

    @property
    def model_name(self) -> str:
        return next((one.engine.model.name for one in list(self._ready.values()) if one.engine.usable), "")

    def close(self) -> None:
        with self._lock:
            self._close_others(set())


NOTHING_ACTIVE = gettext_noop(
    "No model is registered. Run `python manage.py models add PATH`, or `make setup` for the starter model."
)

holder = Holder()


def active_versions() -> dict[Mode, ModelVersion]:
    """Of the modes that this process serves. Empty when nothing is active."""
    found = {Mode(mode): Deployment.active_version(Mode(mode)) for mode in dispatch.modes_here()}
    return {mode: version for mode, version in found.items() if version is not None}


def plans_for(versions: Mapping[Mode, ModelVersion], candidates: Sequence[ModelVersion] = ()) -> dict[Mode, Plan]:
    """One engine for all modes whose base is the same file, with the candidates for that base."""
    bases = {mode: Deployment.loaded_for(one) for mode, one in versions.items()}
    beside = [(one, Deployment.base_for(one)) for one in candidates]
    return {
        mode: Plan(
            base,
            (
                *(versions[other] for other in bases if bases[other] == base and is_adapter(versions[other])),
                *(one for one, its_base in beside if its_base == base),
            ),
        )
        for mode, base in bases.items()
    }


def is_adapter(version: ModelVersion) -> bool:
    return version.kind == ModelVersion.Kind.ADAPTER


def load_registered(mode: Mode = Mode.IMPROVE) -> Serving:
    """What is active for this mode, loaded apart from the holder. Raises ModelUnavailable."""
    version = Deployment.active_version(mode)
    if version is None:
        raise ModelUnavailable(NOTHING_ACTIVE)
    return Serving(load(version), version, version.name if is_adapter(version) else "")


def load(version: ModelVersion, adapters: Sequence[ModelVersion] = ()) -> Engine:
    """Check the registered files and load them, or reach the server. Raises ModelUnavailable."""
    if version.kind == ModelVersion.Kind.REMOTE:
        return RemoteEngine(
            version.url,
            name=version.name,
            model=version.served_model,
            api_key=settings.REMOTE_API_KEY,
            sha256=version.sha256,
            context_tokens=settings.MODEL_CONTEXT_TOKENS,
            slots=settings.MODEL_SLOTS,
        )
    if is_adapter(version):
        return load(Deployment.base_for(version), [version, *adapters])
    return open_engine(
        file_of(version), name=version.name, adapters={adapter.name: file_of(adapter) for adapter in adapters}
    )


def file_of(version: ModelVersion) -> modelfile.ModelFile:
    return modelfile.ModelFile(path=Path(version.path), sha256=version.sha256, size=version.size)


def load_file(path: Path | None) -> Engine:
    """A file named by the person at the terminal, or the starter model; without the registry."""
    if path is None:
        return open_engine(starter_file(), name=modelfile.STARTER.name)
    if not path.is_file():
        raise ModelUnavailable(f"{path}: no such file.")
    return open_engine(modelfile.measured_file(path), name=path.stem)


def starter_file() -> modelfile.ModelFile:
    return modelfile.STARTER.in_folder(settings.DATA_DIR / "models")


def open_engine(
    file: modelfile.ModelFile, *, name: str, adapters: Mapping[str, modelfile.ModelFile] | None = None
) -> Engine:
    return open_here(
        file,
        name=name,
        measured=tuning_file(),
        threads=settings.MODEL_THREADS,
        context_tokens=settings.MODEL_CONTEXT_TOKENS,
        slots=settings.MODEL_SLOTS,
        prepared_bytes=settings.PREPARED_MEGABYTES * 2**20,
        lookup=settings.DRAFT_LOOKUP,
        gpu_layers=settings.MODEL_GPU_LAYERS,
        adapters=adapters,
    )


def tuning_file() -> Path:
    """What was measured about threads, for each machine that shares this file."""
    return Path(settings.THREADS_FILE)


def default_params() -> Params:
    """Sampling and limits of this deployment."""
    return Params(
        max_tokens=settings.JOB_MAX_TOKENS,
        temperature=settings.MODEL_TEMPERATURE,
        deadline_seconds=settings.JOB_DEADLINE_SECONDS,
    )


def help_state(mode: Mode = Mode.IMPROVE) -> Help:
    """What the writing page says about the model."""
    if pipeline.in_trouble(Kind.SUGGESTION):
        return Help(False, gettext(SAFETY_IN_TROUBLE))
    workers = [worker for worker in Worker.recent(within=SILENT_AFTER) if gives(worker, mode)]
    if any(worker.model for worker in workers):
        return Help(True)
    if any(worker.loading for worker in workers):
        return Help(False, gettext("The model is being loaded."))
    if workers:
        return Help(False, gettext(workers[0].problem) or gettext("The model is being loaded."))
    return Help(False, gettext("No worker is running, so nothing can be suggested right now."))


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
            "state": state() | {"since": SINCE, "safety_passed_at": pipeline.passed_at()},
        },
    )


def state() -> dict[str, Any]:
    """What the engines of this process are doing, and what they have loaded; numbers, names and hashes only."""
    first, *others = [state_of(engine) for engine in holder.loaded() if engine.usable] or [{}]
    return {**first, **({"others": others} if others else {}), "modes": dispatch.modes_here()}


def state_of(engine: Engine) -> dict[str, Any]:
    model = engine.model
    return {
        **asdict(engine.state()),
        "model": model.name,
        "sha256": model.sha256,
        "size": model.size,
        "adapters": adapters_loaded(model.adapters),
    }


def adapters_loaded(names: Sequence[str]) -> dict[str, str]:
    """Their hashes, by name."""
    return dict(ModelVersion.objects.filter(name__in=names).values_list("name", "sha256")) if names else {}


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
                for mode in dispatch.modes_here():
                    holder.serving(Mode(mode))
            except ModelUnavailable as error:
                log.warning("model_unavailable", extra={"code": error.code})
            except Exception as error:
                log.warning("model_load_failed", extra={"error": type(error).__name__})
            self._stop_asked.wait(self.RETRY_LOAD.total_seconds())
        close_old_connections()
