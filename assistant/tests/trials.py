"""For tests of canaries and shadows: two small adapters on one base, and an engine that says what each of them was told to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from assistant import actions, runner, worker_state
from assistant.inference.engine import EngineError
from assistant.inference.types import Mode, Request
from assistant.models import Canary, Deployment, GateVerdict, ModelVersion, SuggestionJob
from assistant.stop_rules import USUAL, StopRules
from assistant.tests import gguf_files
from webapp import test as build
from webapp.test import Cast, FakeEngine, FakeStream

WARM, WARMER = "Moving somewhere new is hard. What did you cook last?", build.KIND_REVISION


class ByAdapter(FakeEngine):
    """Answers by the adapter that it is asked for."""

    def __init__(self, says: dict[str, str | EngineError]) -> None:
        super().__init__()
        self.says = says

    def submit(self, request: Request) -> FakeStream:
        self._answers = [self.says[request.adapter]]
        return super().submit(request)

    @property
    def adapters_asked(self) -> list[str]:
        return [request.adapter for request in self.asked]


class Trial:
    """`warm` answers; `warmer` is what is tried. `loaded`: which adapters were loaded each time."""

    def __init__(self, folder: Path, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cast, self.monkeypatch, self.folder = cast, monkeypatch, folder
        self.base = gguf_files.base(folder / "tiny.gguf", width=256)
        call_command("models", "add", str(self.base))
        self.active = self.add("warm", seed=7)
        self.candidate = self.add("warmer", seed=8)
        call_command("models", "activate", "warm")
        self.engine = ByAdapter({"warm": WARM, "warmer": WARMER})
        self.loaded: list[list[str]] = []
        monkeypatch.setattr(worker_state, "load", self._load)
        self.use_new_worker()

    def use_new_worker(self) -> worker_state.Holder:
        holder = worker_state.Holder()
        for module in (worker_state, runner):
            self.monkeypatch.setattr(module, "holder", holder)
        return holder

    def _load(self, _base: ModelVersion, adapters: Any) -> ByAdapter:
        self.loaded.append(sorted(one.name for one in adapters))
        return self.engine

    def add(
        self, name: str, *, seed: int, rank: int = 1, mode: str = "improve", base: Path | None = None
    ) -> ModelVersion:
        of = base or self.base
        lora = gguf_files.adapter(self.folder / f"{name}.gguf", of=of, seed=seed, rank=rank)
        call_command("models", "add", str(gguf_files.papers(lora, base=of, mode=mode)))
        return ModelVersion.objects.get(name=name)

    def start(self, kind: Canary.Kind = Canary.Kind.CANARY, *, gated: bool = True, **changed: Any) -> Canary:
        """`gated`: the gate was passed before."""
        said: dict[str, Any] = {"share": 50, "most_jobs": 100, "most_days": 7, "by": self.cast.willow}
        said |= {"rules": rules()} | changed
        candidate = said.pop("candidate", self.candidate)
        if gated:
            self.pass_gate(candidate)
        return actions.start_canary(candidate, kind=kind, **said)

    def pass_gate(self, candidate: ModelVersion) -> None:
        active = Deployment.active_version(Mode(candidate.mode)) if candidate.mode else None
        if active is not None:
            GateVerdict.objects.get_or_create(
                version=candidate, sha256="f" * 64, defaults={"over": active, "passed": True, "said": {}}
            )

    def job_of(self, arm: str) -> SuggestionJob:
        """A job that fell into this arm; on the way, others may be made."""
        while True:
            job = build.job(build.draft(self.cast.wren))
            if job.arm == arm:
                return job

    def run_one(self, arm: str) -> SuggestionJob:
        job = self.job_of(arm)
        runner.run_job(job.id)
        return SuggestionJob.objects.get(id=job.id)


def rules(*, least_jobs: int = 5, **bounds: float) -> StopRules:
    return StopRules.of({rule.value: bound for rule, bound in USUAL.items()} | bounds, least_jobs=least_jobs)


def trial_in(folder: Path, cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Trial:
    settings.SUGGESTIONS_PER_TEN_MINUTES = 1000
    settings.JOB_DEADLINE_SECONDS = 600
    return Trial(folder, cast, monkeypatch)
