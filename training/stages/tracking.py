"""What happened in a run, in its own folder: a line per step, plots, and whether it was discarded. No service is told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

METRICS, SUMMARY, DISCARDED, PLOT = "metrics.jsonl", "summary.json", "discarded.json", "curves.png"

Line = dict[str, Any]


def write_whole(path: Path, told: Mapping[str, Any]) -> None:
    """Under its name only once it is whole."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


def read_metrics(run: Path) -> list[Line]:
    """A kill may cut the last line off; it is left out."""
    path = run / METRICS
    lines: list[Line] = []
    if path.is_file():
        for text in path.read_text(encoding="utf-8").splitlines():
            try:
                lines.append(json.loads(text))
            except ValueError:
                break
    return lines


def forget_after(run: Path, step: int) -> None:
    """Lines of steps that will be done again, because the kill came after the last checkpoint."""
    kept = [line for line in read_metrics(run) if line["step"] <= step]
    part = run / (METRICS + ".part")
    part.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
    part.replace(run / METRICS)


def note(run: Path, line: Line) -> None:
    with (run / METRICS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def column(lines: Iterable[Line], name: str) -> tuple[list[int], list[float]]:
    found = [(line["step"], line[name]) for line in lines if name in line]
    return [step for step, _ in found], [value for _, value in found]
