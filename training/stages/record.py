"""Under what conditions something was made: code, packages, machine, and the licences of what it learned from."""

from __future__ import annotations

import os
import platform
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from assistant.inference import trained_prompts
from assistant.inference.trained_prompts import Task
from training.licences import LICENCES
from training.schemas import Example, Pair

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("torch", "transformers", "peft", "trl", "accelerate", "gguf", "numpy")
PROMPT_VERSIONS = {
    Task.IMPROVE: trained_prompts.IMPROVE_VERSION,
    Task.GENERATE: trained_prompts.GENERATE_VERSION,
    Task.SEEKER: trained_prompts.SEEKER_VERSION,
    Task.FEEDBACK: trained_prompts.FEEDBACK_VERSION,
}


def licences_of(rows: Iterable[Example | Pair]) -> list[dict[str, Any]]:
    """Of each licence: what it asks of a publisher, and how many rows of which source are under it."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        counts[row.origin.licence][row.origin.source] += 1
    told = []
    for key, sources in sorted(counts.items()):
        licence = LICENCES[key]
        told.append(
            {
                "key": key,
                "title": licence.title,
                "publish": licence.publish,
                "condition": licence.condition,
                "rows": dict(sorted(sources.items())),
            }
        )
    return told


def commit() -> dict[str, Any]:
    """Which code; `dirty` where it was changed since, and then the hash says little."""
    found = _git("rev-parse", "HEAD")
    if found is None:
        return {"hash": "", "dirty": True}
    changed = _git(
        "status", "--porcelain", "--untracked-files=no", "--", "training", "assistant/inference", "assistant/safety"
    )
    return {"hash": found, "dirty": changed != ""}


def _git(*words: str) -> str | None:
    try:
        said = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607
    except OSError:
        return None
    return said.stdout.strip() if said.returncode == 0 else None


def versions() -> dict[str, str]:
    told = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            told[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            told[name] = ""
    return told


def processor() -> str:
    """In words, without the machine's name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{cores} cores of {_model()}"


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
