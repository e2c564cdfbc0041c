"""Derives the fastest layout of a registered model for this machine, and keeps it only if its quality stays within the bound.

What was measured is kept with the original, by machine, so that it is measured once. Killed at any point it leaves a file
with a temporary name, which the next run removes.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from assistant.inference import layouts, openmp, tuning
from assistant.inference.engine import EngineError, ModelUnavailable
from assistant.inference.measuring import CORES, Measuring, TooSlow, speeds_of
from assistant.inference.merging import merge_in_place
from assistant.inference.modelfile import ModelFile, measured_file
from assistant.inference.quality import Comparison, Scores, Texts, compare
from assistant.models import ModelVersion
from assistant.vault import audit
from assistant.worker_state import file_of

PART = ".layout-"
UNQUANTISED = "F16"

Say = Callable[[str], None]


class NotOptimized(EngineError):
    """Nothing could be derived; the original stays in use."""

    code = "not_optimized"


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured of one model on one machine; kept as JSON in the figures of the original."""

    chosen: str  # a layout; empty: the original stays
    reason: str
    machine: str
    texts: str
    quick: bool
    at: str
    speed: dict[str, Any] = field(default_factory=dict)  # by layout
    quality: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""  # of the chosen file


@dataclass(frozen=True, slots=True)
class Wish:
    original: ModelVersion
    adapter: ModelVersion | None = None  # to be merged
    quick: bool = False
    again: bool = False
    texts: Texts = field(default_factory=Texts.read)
    texts_name: str = "heldout.toml"

    @property
    def key(self) -> str:
        merged = f"+{self.adapter.sha256}" if self.adapter else ""
        return tuning.key_of(file_of(self.original)) + merged

    @property
    def name(self) -> str:
        return self.original.name + (f"+{self.adapter.name}" if self.adapter else "")


def optimize(wish: Wish, *, say: Say) -> tuple[Found, ModelVersion | None]:
    """What was found, and the version to use; None: the original. Raises EngineError."""
    if wish.original.kind != ModelVersion.Kind.BASE:
        raise NotOptimized(
            f"{wish.original.name} is no base model: only the layout of a file on this machine can be changed."
        )
    if wish.adapter is not None and (wish.adapter.root != wish.original.root):
        raise NotOptimized(f"{wish.adapter.name} does not belong to {wish.original.name}. Merge it into its own base.")
    with only_one_here():
        if not wish.again and (known := _known(wish)) is not None:
            say("Measured before on this machine; --again measures once more.")
            return known
        return _measure(wish, say=say)


@contextmanager
def only_one_here() -> Iterator[None]:
    folder = models_folder()
    with (folder / ".layouts.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotOptimized(f"Another process derives layouts in {folder}. Wait for it.") from None
        for left in folder.glob(f"{PART}*"):
            left.unlink()
        try:
            yield
        finally:
            for left in folder.glob(f"{PART}*"):
                left.unlink()


def models_folder() -> Path:
    folder = Path(settings.DATA_DIR) / "models"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _known(wish: Wish) -> tuple[Found, ModelVersion | None] | None:
    kept = wish.original.figures.get("layouts", {}).get(wish.key)
    if kept is None:
        return None
    found = Found(**kept)
    if found.texts != wish.texts_name or (found.quick and not wish.quick):
        return None
    if not found.chosen:
        return found, None
    version = ModelVersion.objects.filter(sha256=found.sha256, derived_from=wish.original).first()
    if version is None:
        return None
    try:
        file_of(version).verify()
    except ModelUnavailable:
        return None
    return found, version


def _measure(wish: Wish, *, say: Say) -> tuple[Found, ModelVersion | None]:
    source, layout = _source(wish, say=say)
    candidates = layouts.candidates(layout, size=source.size, quick=wish.quick)
    if wish.adapter is not None and wish.original.layout not in (*candidates, layout):
        candidates = (wish.original.layout, *candidates)
    files = {layout: source}
    with Measuring(without=openmp.VARIABLES) as process:
        for name in candidates:
            target = models_folder() / f"{PART}{name}.gguf"
            process.lay_out(source.path, target, name, threads=len(CORES))
            files[name] = measured_file(target)
            say(f"{name}: {files[name].size:,} bytes")
    try:
        chosen, reason, speeds, comparisons = choose(files, layout, wish, say=say)
    except TooSlow as error:
        # Kept like an answer: a start must not try again each time.
        chosen, speeds, comparisons = "", {}, {}
        reason = (
            f"{error} {layout} stays. Run `manage.py models optimize {wish.original.name} --again` when it is quiet."
        )
    if not chosen and wish.adapter is not None:
        chosen, reason = layout, f"{reason} The merged file stays as {layout}."
    version = None
    if chosen:
        version = _register(wish, files[chosen], chosen, speeds[chosen], comparisons.get(chosen))
    found = Found(
        chosen=chosen,
        reason=reason,
        machine=tuning.machine(),
        texts=wish.texts_name,
        quick=wish.quick,
        at=timezone.now().isoformat(timespec="seconds"),
        speed={name: layouts.figures_of(speed) for name, speed in speeds.items()},
        quality={name: figures_of(comparison) for name, comparison in comparisons.items()},
        sha256=version.sha256 if version else "",
    )
    _keep(wish, found)
    return found, version


def _source(wish: Wish, *, say: Say) -> tuple[ModelFile, str]:
    """What the layouts are made from and compared with: the registered file, or the same in F16 with the adapter merged."""
    original = file_of(wish.original)
    original.verify()
    if wish.adapter is None:
        return original, wish.original.layout or "original"
    file_of(wish.adapter).verify()
    merged = models_folder() / f"{PART}{UNQUANTISED}.gguf"
    with Measuring(without=openmp.VARIABLES) as process:
        process.lay_out(original.path, merged, UNQUANTISED, threads=len(CORES))
    changed = merge_in_place(Path(wish.adapter.path), merged)
    say(f"{wish.adapter.name} merged into {changed} matrices of {wish.original.name}")
    return measured_file(merged), UNQUANTISED


def choose(
    files: dict[str, ModelFile], original: str, wish: Wish, *, say: Say
) -> tuple[str, str, dict[str, layouts.Speed], dict[str, Comparison]]:
    """The fastest layout within the bound, or none; why; and the figures. Quality is measured fastest first, until one is in."""
    texts = wish.texts.first(layouts.QUICK_PASSAGES, layouts.QUICK_QUADRUPLES) if wish.quick else wish.texts
    limit = layouts.QUICK_SECONDS if wish.quick else None
    with Measuring(openmp.SETTINGS["bound"], without=openmp.VARIABLES, most_seconds=limit) as process:
        speeds = speeds_of(process, files, rounds=layouts.ROUNDS, threads=len(CORES), steps=12 if wish.quick else 32)
        for name, speed in speeds.items():
            say(
                f"{name}: prompt {speed.prefill:.0f}, answer {speed.decode:.0f}, eight answers {speed.decode_eight:.0f} tokens a"
                f" second; the standard request {speed.request_seconds:.2f} s"
            )
        comparisons: dict[str, Comparison] = {}
        refused: list[str] = []
        before: Scores | None = None
        for name in layouts.by_speed(speeds, original):
            before = before or process.scores(files[original], texts, threads=len(CORES))
            found = comparisons[name] = compare(process.scores(files[name], texts, threads=len(CORES)), before)
            say(
                f"{name}: perplexity {found.perplexity} times {original}'s, good revisions {found.reference or 'not measured'}"
            )
            if reason := layouts.out_of_bound(found):
                refused.append(f"{name} is out of the bound ({reason})")
                continue
            gain = layouts.gain(speeds[name], speeds[original])
            reason = (
                f"{name} does the standard request {gain:.2f} times as fast as {original} and stays within the bound."
            )
            return name, " ".join([reason, *(f"{one}." for one in refused)]), speeds, comparisons
    said = "; ".join(refused) or f"nothing is {layouts.LEAST_GAIN} times as fast"
    return "", f"{original} stays: {said}.", speeds, comparisons


def _register(
    wish: Wish, file: ModelFile, layout: str, speed: layouts.Speed, comparison: Comparison | None
) -> ModelVersion:
    """Give the file its name and its row."""
    stem = wish.name.removesuffix(f".{wish.original.layout}").removesuffix(f"-{wish.original.layout}")
    target = models_folder() / f"{stem}.{layout}.gguf"
    if ModelVersion.objects.filter(path=str(target.resolve())).exclude(sha256=file.sha256).exists():
        target = models_folder() / f"{stem}.{layout}.{file.sha256[:8]}.gguf"  # the other one may be in use
    _publish(file.path, target)
    figures = {
        "machine": tuning.machine(),
        "speed": layouts.figures_of(speed),
        "quality": figures_of(comparison) if comparison else {},
        "adapter": wish.adapter.name if wish.adapter else "",
    }
    with transaction.atomic():
        version, made = ModelVersion.objects.update_or_create(
            path=str(target.resolve()),
            sha256=file.sha256,
            defaults={"figures": figures},
            create_defaults={
                "name": free_name(f"{stem}-{layout.lower()}"),
                "size": file.size,
                "layout": layout,
                "mode": wish.adapter.mode if wish.adapter else "",
                "prompt": (wish.adapter or wish.original).prompt,
                "derived_from": wish.original,
                "figures": figures,
            },
        )
        if made:
            audit.record("model.derived", actor=None, object_type="model", object_id=version.id)
    return version


def _publish(part: Path, target: Path) -> None:
    """Whole on the disk before it has its name."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _keep(wish: Wish, found: Found) -> None:
    with transaction.atomic():
        original = ModelVersion.objects.select_for_update().get(id=wish.original.id)
        original.figures = {
            **original.figures,
            "layouts": {**original.figures.get("layouts", {}), wish.key: asdict(found)},
        }
        original.save(update_fields=["figures"])


def figures_of(comparison: Comparison) -> dict[str, Any]:
    return {**asdict(comparison), "within_bound": not layouts.out_of_bound(comparison)}


def free_name(name: str) -> str:
    taken = set(ModelVersion.objects.values_list("name", flat=True))
    return next(one for number in range(1, 10_000) if (one := name if number == 1 else f"{name}-{number}") not in taken)
