"""What has to be there before the server starts: tables, keys, a registered model, static files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from assistant.actions.deployments import activate_layout
from assistant.inference import tuning
from assistant.inference.engine import ModelUnavailable
from assistant.inference.gguf import read_header
from assistant.inference.modelfile import STARTER, ModelFile
from assistant.models import Deployment, ModelVersion
from assistant.optimizing import Wish, free_name, optimize
from assistant.vault import audit
from assistant.vault.keys import create_key_file
from assistant.worker_state import file_of, measured_file, starter_file, tuning_file

LARGEST_TO_TUNE = 2**30  # bytes: longer than a minute on few cores, more than a start may take by itself


def prepare_database() -> None:
    call_command("migrate", interactive=False, verbosity=0)
    if not settings.EMBEDDED:
        call_command("createcachetable", verbosity=0)
    create_key_file(settings.VAULT_KEYS_FILE)


def prepare_static_files() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)


def register_model() -> str:
    """Register and activate the configured model, else the starter model, while none is active; a line that says which."""
    wanted, name = _wanted_model()
    active = Deployment.active_version()
    if active is not None and _stays(active, wanted):
        return f"{active.name} (registered {active.registered_at:%Y-%m-%d})"
    version = ModelVersion.objects.filter(sha256=wanted.sha256, path=str(wanted.path)).first()
    with transaction.atomic():
        if version is None:
            version = ModelVersion.objects.create(
                name=free_name(name),
                path=str(wanted.path),
                sha256=wanted.sha256,
                size=wanted.size,
                layout=_layout_of(wanted.path),
            )
            audit.record("model.added", actor=None, object_type="model", object_id=version.id)
        Deployment.objects.create(version=version)
        audit.record("model.activated", actor=None, object_type="model", object_id=version.id)
    return f"{version.name} (registered now)"


def _stays(active: ModelVersion, wanted: ModelFile) -> bool:
    if active.kind == ModelVersion.Kind.REMOTE:
        return not settings.MODEL_PATH
    there = Path(active.path).exists() or not wanted.path.exists()
    return there and (not settings.MODEL_PATH or wanted.sha256 in (active.sha256, active.root.sha256))


def _layout_of(path: Path) -> str:
    """Empty where the file cannot be read now: it is checked whenever it is opened."""
    try:
        return read_header(path).layout
    except ModelUnavailable:
        return ""


def measure_layout(say: Callable[[str], None]) -> str:
    """Once for the starter model: derive the fastest layout for this machine and use it; a line that says what came of it."""
    active = Deployment.active_version()
    if active is None or active.sha256 != STARTER.sha256:
        return "as registered"
    wish = Wish(original=active, quick=True)
    if wish.key in active.figures.get("layouts", {}):
        return f"{active.layout}, as chosen before"  # by somebody, if it is not what was measured to be best
    found, version = optimize(wish, say=say)
    if version is not None:
        activate_layout(version)
    return found.reason


def measure_threads(say: Callable[[str], None]) -> str:
    """Once for each file and machine: how many threads, and how they wait."""
    active = Deployment.active_version()
    if active is None or active.kind == ModelVersion.Kind.REMOTE:
        return "the server that holds the model decides"
    file = file_of(Deployment.base_for(active) if active.kind == ModelVersion.Kind.ADAPTER else active)
    if named := tuning.set_by_operator(os.environ):
        return f"{', '.join(named)} set by the operator"
    kept = tuning.Tuning.read(tuning_file(), tuning.key_of(file))
    if kept is None and file.size > LARGEST_TO_TUNE:
        return "not measured for a file of this size: run `manage.py models tune`, which takes minutes"
    if kept is None:
        file.verify()
        kept = tuning.measure(file, threads=settings.MODEL_THREADS, say=say)
        kept.write(tuning_file())
    return kept.reason


def _wanted_model() -> tuple[ModelFile, str]:
    if not settings.MODEL_PATH:
        return starter_file(), STARTER.name
    path = Path(settings.MODEL_PATH)
    if not path.is_file():
        raise ModelUnavailable(f"MODEL_PATH={path}: no such file.")
    file = measured_file(path)
    if settings.MODEL_SHA256 and file.sha256 != settings.MODEL_SHA256:
        raise ModelUnavailable(
            f"MODEL_PATH={path}: hashes to {file.sha256}, not to MODEL_SHA256={settings.MODEL_SHA256}."
        )
    return file, path.stem
