"""Which model answers: making a version active for a mode or for both, and going back. Each is a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from assistant.actions.refused import Refused
from assistant.inference.types import Mode
from assistant.models import Deployment, ModelVersion
from assistant.vault import audit

Versions = Mapping[Mode, ModelVersion]


def activate(version: ModelVersion, *, mode: Mode | None = None, by: Any = None) -> None:
    """From the next job on. `mode` None: both, or the one of an adapter. Raises Refused."""
    if version.kind == ModelVersion.Kind.ADAPTER:
        if mode is not None and mode != version.mode:
            raise Refused("other_mode", f"{version.name} was trained to {version.mode}; it cannot {mode}.")
        mode = Mode(version.mode)
    with transaction.atomic():
        _deploy(version, mode, by=by)
        _refuse_two_bases()


def activate_layout(version: ModelVersion, *, by: Any = None) -> None:
    """Another layout of what is in use: the adapters that were active on it stay active."""
    with transaction.atomic():
        before = {mode: Deployment.active_version(mode) for mode in Mode}
        _deploy(version, None, by=by)
        for mode, was in before.items():
            if was is not None and was.kind == ModelVersion.Kind.ADAPTER and was.root == version.root:
                _deploy(was, mode, by=by)
        _refuse_two_bases()


def roll_back(*, mode: Mode | None = None, by: Any = None) -> dict[Mode, ModelVersion]:
    """To what answered before, by mode. Raises Refused where nothing did."""
    with transaction.atomic():
        former = {one: _former(one) for one in ([mode] if mode else Mode)}
        found = {one: version for one, version in former.items() if version is not None}
        if not found:
            raise Refused("nothing_before", "No other version was active before this one.")
        for one, version in found.items():
            _deploy(version, one, by=by)
        _refuse_two_bases()
    return found


def _former(mode: Mode) -> ModelVersion | None:
    rows = list(Deployment.history(mode))
    return next((row.version for row in rows if row.version != rows[0].version), None)


def _deploy(version: ModelVersion, mode: Mode | None, *, by: Any) -> None:
    Deployment.objects.create(version=version, mode=mode or "", by=by)
    audit.record("model.activated", actor=by, object_type="model", object_id=version.id, code=str(mode or ""))


def _refuse_two_bases() -> None:
    """A worker that gives both kinds of help would have to load two models. Remote ones take no room here."""
    if not settings.EMBEDDED and set(settings.WORKER_MODES) != set(Mode):
        return
    bases = {}
    for mode in Mode:
        version = Deployment.active_version(mode)
        if version is not None and version.kind != ModelVersion.Kind.REMOTE:
            bases[mode] = Deployment.base_for(version) if version.kind == ModelVersion.Kind.ADAPTER else version
    if len(set(bases.values())) > 1:
        said = " and ".join(f"{mode} from {base.name}" for mode, base in bases.items())
        raise Refused(
            "two_bases",
            f"A worker would answer {said}, and hold two models. Activate one base for both modes, or give each worker"
            " one mode with WORKER_MODES.",
        )
