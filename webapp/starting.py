"""What has to be there before the server starts: tables, keys, a registered model with its adapters, static files."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from assistant.actions.deployments import activate, activate_layout
from assistant.actions.refused import Refused
from assistant.actions.registrations import add_adapter
from assistant.inference import openmp, tuning
from assistant.inference.engine import EngineError, ModelUnavailable
from assistant.inference.gguf import read_header
from assistant.inference.modelfile import STARTER, ModelFile, measured_file
from assistant.inference.types import Mode
from assistant.lineage import BadPaper, Manifest, Paper, beside
from assistant.models import Deployment, ModelVersion
from assistant.optimizing import Wish, free_name, optimize
from assistant.vault import audit
from assistant.vault.keys import create_key_file
from assistant.worker_state import active_versions, file_of, starter_file, tuning_file

# One folder for each adapter of the release: adapter.gguf, manifest.json, report.json.
STARTER_ADAPTERS = Path(settings.BASE_DIR) / "assistant" / "starter"
LARGEST_TO_TUNE = 2**30  # bytes: longer than a minute on few cores, more than a start may take by itself


def prepare_database() -> None:
    call_command("migrate", interactive=False, verbosity=0)
    if not settings.EMBEDDED:
        call_command("createcachetable", verbosity=0)
    create_key_file(settings.VAULT_KEYS_FILE)


def prepare_static_files() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)


def register_model() -> str:
    """Register and activate the configured model, else the starter model, while none is active; the starter model gets the
    adapters of the release. A line that says what answers."""
    wanted, name = _wanted_model()
    answering = Deployment.active_version()
    active = Deployment.loaded_for(answering) if answering else None
    anew = active is None or not _stays(active, wanted)
    if active is None or anew:
        active = _activate_file(wanted, name)
    left_out = _use_starter_adapters(active, anew=anew) if active.root.sha256 == STARTER.sha256 else []
    when = "now" if anew else f"{active.registered_at:%Y-%m-%d}"
    return "; ".join([f"{active.name}{_with_adapters()} (registered {when})", *left_out])


def _activate_file(wanted: ModelFile, name: str) -> ModelVersion:
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
    return version


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


# The adapters of the release


def _use_starter_adapters(base: ModelVersion, *, anew: bool) -> list[str]:
    """Register what is new of them, and activate it where nobody chose otherwise. What could not be used, and why."""
    left_out = []
    for path in sorted(STARTER_ADAPTERS.glob("*/adapter.gguf")):
        try:
            _use_starter_adapter(path, base=base.root, anew=anew)
        except (BadPaper, EngineError, OSError, Refused) as error:
            left_out.append(f"the adapter in {path.parent.name}/ was left out: {error}")
    return left_out


def _use_starter_adapter(path: Path, *, base: ModelVersion, anew: bool) -> None:
    """`anew`: the base was activated by this start, and with it nobody's choice is left."""
    file = measured_file(path)
    known = ModelVersion.objects.filter(kind=ModelVersion.Kind.ADAPTER, base=base, sha256=file.sha256).first()
    if known is not None:
        if known.shipped and settings.EMBEDDED and not Path(known.path).exists():
            _copy_with_papers(path, Path(known.path))
        if anew:
            activate(known, release=settings.VERSION)
        return
    made = Manifest.of(Paper.read(beside(path, "manifest"), what="manifest"))
    chosen = not anew and _somebody_chose(made.mode, base)
    with transaction.atomic():
        version = add_adapter(file, base=base, name=free_name(made.name), shipped=True)
        if settings.EMBEDDED:
            _keep_copy(version)
        if not chosen:
            activate(version, release=settings.VERSION)


def _keep_copy(version: ModelVersion) -> None:
    """The next release has other files at the same place, and one may want to go back. Several machines share the place
    of the program only, so that this is for one."""
    name = re.sub(r"[^\w.-]", "-", version.name)
    target = Path(settings.DATA_DIR) / "adapters" / f"{name}.{version.sha256[:8]}.gguf"
    _copy_with_papers(Path(version.path), target)
    version.path = str(target)
    version.manifest_path, version.report_path = str(beside(target, "manifest")), str(beside(target, "report"))
    version.save(update_fields=["path", "manifest_path", "report_path"])


def _copy_with_papers(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    for what in ("manifest", "report"):
        _copy(beside(source, what), target.with_name(f"{target.stem}.{what}.json"))
    _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, part)
    part.replace(target)


def _somebody_chose(mode: Mode, base: ModelVersion) -> bool:
    """Whether what answers in this mode is other than what a release brought, or the base before one brought anything."""
    row = Deployment.history(mode).first()
    if row is None or row.passed.get("release"):
        return False
    active = row.version
    had_ours = Deployment.objects.filter(version__shipped=True, version__base=base, version__mode=mode).exists()
    plain_base = active.kind == ModelVersion.Kind.BASE and not active.mode and active.root == base
    return had_ours or not plain_base


def _with_adapters() -> str:
    active = [Deployment.active_version(mode) for mode in (Mode.IMPROVE, Mode.GENERATE)]
    names = [version.name for version in active if version is not None and version.kind == ModelVersion.Kind.ADAPTER]
    return f" with {'adapters' if len(names) > 1 else 'adapter'} {', '.join(names)}" if names else ""


# What is measured once


def try_to_measure(act: Callable[[Callable[[str], None]], str], say: Callable[[str], None]) -> str:
    """A process starts without what could not be measured: only slower."""
    try:
        return act(say)
    except Exception as error:
        said = str(error) if isinstance(error, EngineError) else type(error).__name__
        return f"not measured: {said.rstrip('.')}. It runs with what it has."


def measure_layout(say: Callable[[str], None]) -> str:
    """Once for the starter model: derive the fastest layout for this machine and use it; a line that says what came of it."""
    answering = Deployment.active_version()
    active = Deployment.loaded_for(answering) if answering else None
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
    here = [version for version in active_versions().values() if version.kind != ModelVersion.Kind.REMOTE]
    if not here:
        return "no model is computed here"
    file = file_of(Deployment.loaded_for(here[0]))
    if named := openmp.set_by_operator():
        return f"{', '.join(named)} set by the operator"
    kept = tuning.Tuning.read(tuning_file(), tuning.key_of(file))
    if kept is None and file.size > LARGEST_TO_TUNE:
        return "not measured for a file of this size: run `manage.py models tune`, which takes minutes"
    if kept is None:
        if not os.access(tuning_file().parent, os.W_OK):  # minutes without help at each start, for nothing
            return f"not measured: THREADS_FILE={tuning_file()} cannot be written; name a file that can, or set MODEL_THREADS"
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
