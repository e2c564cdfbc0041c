"""What has to be there before the server starts: tables, keys, a registered model, static files."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from assistant.inference.engine import ModelUnavailable
from assistant.inference.modelfile import STARTER, ModelFile
from assistant.models import Deployment, ModelVersion
from assistant.vault import audit
from assistant.vault.keys import create_key_file
from assistant.worker_state import measured_file, starter_file


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
    in_use = active is not None and (Path(active.path).exists() or not wanted.path.exists())
    if active is not None and in_use and (not settings.MODEL_PATH or active.sha256 == wanted.sha256):
        return f"{active.name} (registered {active.registered_at:%Y-%m-%d})"
    version = ModelVersion.objects.filter(sha256=wanted.sha256, path=str(wanted.path)).first()
    with transaction.atomic():
        if version is None:
            version = ModelVersion.objects.create(
                name=_free_name(name), path=str(wanted.path), sha256=wanted.sha256, size=wanted.size
            )
            audit.record("model.added", actor=None, object_type="model", object_id=version.id)
        Deployment.objects.create(version=version)
        audit.record("model.activated", actor=None, object_type="model", object_id=version.id)
    return f"{version.name} (registered now)"


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


def _free_name(name: str) -> str:
    taken = set(ModelVersion.objects.values_list("name", flat=True))
    return next(
        candidate
        for number in range(1, 10_000)
        if (candidate := name if number == 1 else f"{name}-{number}") not in taken
    )
