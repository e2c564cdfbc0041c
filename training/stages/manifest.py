"""What made an adapter, beside the adapter. Written last: a folder with a manifest is whole.

`manifest.json`: `format`, `name`, `tasks`, `mode` (improve, generate, or empty), `prompts` (version by task), `base` (name,
sha256), `adapter` (file, sha256, size, outtype), `parent` (sha256 of the weights it went on from, and their record),
`stage`, `recipe`, `recipe_sha256`, `data` (hashes of rows, report and the files of its sources), `licences` (with
conditions, of this stage and its parents), `publishable`, `commit`, `seed`, `training` (steps, tokens, seconds),
`versions`, `hardware`, `loader_check`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.inference.types import Mode
from training.stages.tracking import SUMMARY, write_whole
from training.sums import sha256_of

FORMAT = 1
MANIFEST, ADAPTER_FILE, CHECK = "manifest.json", "adapter.gguf", "loader_check.json"
TOLD = (
    "format", "name", "tasks", "mode", "prompts", "base", "adapter", "parent", "stage", "recipe", "recipe_sha256", "data",
    "licences", "publishable", "commit", "seed", "training", "versions", "hardware", "loader_check",
)  # fmt: skip


class BadManifest(ValueError):
    """The folder is not what its manifest says, or is not whole."""


def write(run: Path) -> dict[str, Any]:
    """Raises BadManifest where the run is not finished, or its GGUF was not compared with PEFT."""
    summary, check = _read(run / SUMMARY, "Finish the run"), _read(run / CHECK, "Run to-gguf")
    adapter = run / ADAPTER_FILE
    if not adapter.is_file():
        raise BadManifest(f"{adapter}: missing. Run to-gguf.")
    found = sha256_of(adapter)
    if check.get("adapter_sha256") != found or not check.get("passed"):
        raise BadManifest(f"{run / CHECK}: of another adapter, or not passed. Run to-gguf again.")
    record = summary["record"]
    told = {
        "format": FORMAT,
        **record,
        "mode": mode_of(record["tasks"]),
        "adapter": {"file": ADAPTER_FILE, "sha256": found, "size": adapter.stat().st_size, "outtype": check["outtype"]},
        "licences": list(all_licences(record)),
        "publishable": all(licence["publish"] for licence in all_licences(record)),
        "training": {name: value for name, value in summary.items() if name != "record"},
        "loader_check": check,
    }
    write_whole(run / MANIFEST, told)
    return told


def mode_of(tasks: list[str]) -> str:
    """Which help of the site it answers: that of its first task."""
    return next((task for task in tasks if task in set(Mode)), "")


def all_licences(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of this stage and of those before it: what a parent learned is in the child."""
    yield from record["licences"]
    before = (record.get("parent") or {}).get("record")
    if before:
        yield from all_licences(before)


def verify(folder: Path) -> dict[str, Any]:
    """The manifest. Raises BadManifest."""
    told = _read(folder / MANIFEST, "Run the manifest command")
    if told.get("format") != FORMAT:
        raise BadManifest(
            f"{folder / MANIFEST}: format={told.get('format')}: not known here. This code reads {FORMAT}."
        )
    if missing := [name for name in TOLD if name not in told]:
        raise BadManifest(f"{folder / MANIFEST}: {missing[0]} is missing. Write it again.")
    adapter = folder / str(told["adapter"]["file"])
    if adapter.parent != folder or not adapter.is_file():
        raise BadManifest(f"{adapter}: missing. Copy the whole folder.")
    if adapter.stat().st_size != told["adapter"]["size"] or sha256_of(adapter) != told["adapter"]["sha256"]:
        raise BadManifest(f"{adapter}: is not the file that the manifest names. Copy it again, or convert it again.")
    return told


def _read(path: Path, remedy: str) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadManifest(f"{path}: missing. {remedy} first.") from None
    except ValueError as error:
        raise BadManifest(f"{path}: not JSON ({error}). {remedy} again.") from error
    if not isinstance(told, dict):
        raise BadManifest(f"{path}: not an object. {remedy} again.")
    return told
