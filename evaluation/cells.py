"""What a plan makes: a cell for each suite and arm, measured once and kept by what it depends on.

A cell is one run of `python -m evaluation.run` in a process of its own, as a person would start it: OpenMP's settings belong
to a process, and memory is that of one model. Its folder bears a hash of all that its figures depend on, and gets its name
only when it is whole; so a run that was killed goes on, and a plan that grew measures only what is new.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tqdm import tqdm

from assistant.inference.tuning import machine
from assistant.safety.pipeline import default_pipeline
from evaluation.plan import LAYER, Arm, Plan, Wanted
from evaluation.revisions.asking import VERSIONS_FOR
from evaluation.rows import fingerprint
from evaluation.run import SUITES, parser_for, suite_named
from evaluation.suite import BadData, Suite

ROOT = Path(__file__).resolve().parent.parent
# What the plan itself says, or what would make two runs of one cell different.
OF_THE_PLAN = ("suite", "out", "model", "adapter", "prompt", "people", "outputs", "write", "kept", "sheet", "read")
PART = ".part-"


@dataclass(frozen=True, slots=True)
class Cell:
    title: str
    arm: Arm
    arguments: tuple[str, ...]  # of python -m evaluation.run
    keeps_answers: bool
    key: str

    def folder(self, cells: Path) -> Path:
        return cells / self.key


@dataclass(frozen=True, slots=True)
class Failed:
    cell: Cell
    reason: str


def cells_of(plan: Plan) -> list[Cell]:
    """In the plan's order. Raises BadData, before anything is measured; what argparse refuses ends the program."""
    return [cell for wanted in plan.suites for cell in _cells_of(plan, wanted)]


def _cells_of(plan: Plan, wanted: Wanted) -> Iterator[Cell]:
    if wanted.name not in SUITES:
        raise BadData(plan.path, "", f"{wanted.name}: no such suite. Known: {', '.join(SUITES)}.")
    suite = suite_named(wanted.name)
    if wanted.data is None and suite.default_data is None:
        raise BadData(plan.path, "", f"{wanted.title}: want data, a file.")
    common = _common(plan, wanted)
    takes = frozenset(vars(_parsed(plan, wanted, suite, common)))
    for arm in _arms(plan, wanted, suite, common, takes):
        arguments = [*common, *_of_arm(arm, takes)]
        asked = _parsed(plan, wanted, suite, arguments)
        yield Cell(wanted.title, arm, tuple(arguments), "kept" in asked, _key(suite, asked))


def _arms(plan: Plan, wanted: Wanted, suite: Suite[Any], common: Sequence[str], takes: frozenset[str]) -> Sequence[Arm]:
    """`takes`: the options of the suite's command. They say whether it can ask with an adapter, and measure people."""
    task = wanted.ask or suite.asks_for(_parsed(plan, wanted, suite, common))
    if task is None:
        return (Arm(LAYER),)
    if "model" not in takes:
        raise BadData(plan.path, "", f"{wanted.title}: asks no model. Take ask = {str(task)!r} out.")
    if wanted.prompts and "prompt" not in takes:
        raise BadData(plan.path, "", f"{wanted.title}: can be asked in one way only. Take prompts out.")
    arms = list(
        plan.arms(task, VERSIONS_FOR[task], wanted.prompts, adapters="adapter" in takes, people="people" in takes)
    )
    if not arms:
        raise BadData(plan.path, "", f"{wanted.title}: asks a model, and there is none. Name one under [engines].")
    return arms


def _common(plan: Plan, wanted: Wanted) -> list[str]:
    arguments = ["--suite", wanted.name]
    options = {"seed": plan.seed, "limit": plan.limit, **wanted.options}
    if taken := sorted(set(options) & set(OF_THE_PLAN)):
        raise BadData(plan.path, "", f"{wanted.title}: {taken[0]} is no option of a suite in a plan.")
    if wanted.data is not None:
        options["data"] = wanted.data
    asked = parser_for(suite_named(wanted.name), prog=_prog(plan, wanted)).parse_args(arguments + _words(options))
    for name, value in vars(asked).items():
        if name in options and isinstance(value, Path):
            options[name] = plan.path.parent.resolve() / value
    return arguments + _words(options)


def _words(options: Mapping[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in options.items():
        if value is not None and value is not False:
            words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return words


def _prog(plan: Plan, wanted: Wanted) -> str:
    """Before what argparse complains of."""
    return f"{plan.path}: {wanted.title}"


def _of_arm(arm: Arm, takes: frozenset[str]) -> list[str]:
    told = {"model": arm.model, "adapter": arm.adapter, "prompt": arm.prompt, "people": arm.people}
    return _words({name: value for name, value in told.items() if value and name in takes})


def _parsed(plan: Plan, wanted: Wanted, suite: Suite[Any], arguments: Sequence[str]) -> Namespace:
    asked = parser_for(suite, prog=_prog(plan, wanted)).parse_args(arguments)
    for name, value in vars(asked).items():
        if isinstance(value, Path) and not value.is_file():
            raise BadData(plan.path, "", f"{wanted.title}: {name} = {value}: no such file.")
    return asked


def _key(suite: Suite[Any], asked: Namespace) -> str:
    told = {name: _told(value) for name, value in vars(asked).items() if name not in ("out", "kept")}
    told["data"] = _told(asked.data or suite.default_data)
    told |= {"suite version": suite.version, "safety layer": default_pipeline().version}
    if suite.of_machine:
        told["machine"] = machine()
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]


def _told(value: Any) -> Any:
    return _sum_of(value) if isinstance(value, Path) else value


@cache
def _sum_of(path: Path) -> str:
    return fingerprint(path)


def measure(cells: Sequence[Cell], folder: Path) -> list[Failed]:
    """What is not there yet. One that fails leaves the others alone."""
    kept = folder / "cells"
    kept.mkdir(parents=True, exist_ok=True)
    for left_over in kept.glob(f"{PART}*"):
        shutil.rmtree(left_over)
    left = [cell for cell in cells if not cell.folder(kept).exists()]
    if len(left) < len(cells):
        print(f"{len(cells) - len(left)} of {len(cells)} cells are there from before.", file=sys.stderr)
    failed = []
    with tqdm(total=len(left), unit="cell", file=sys.stderr) as bar:
        for cell in left:
            bar.set_postfix_str(f"{cell.title}, {cell.arm.name}")
            # Two arms of a plan may be the same, so one may be there by now.
            if not cell.folder(kept).exists() and (reason := _measure(cell, kept, answers=folder / "answers")):
                failed.append(Failed(cell, reason))
            bar.update()
    return failed


def _measure(cell: Cell, kept: Path, *, answers: Path) -> str:
    """Why it failed; empty when it did not."""
    part = Path(tempfile.mkdtemp(prefix=PART, dir=kept.resolve()))
    more = ["--kept", str(answers.resolve())] if cell.keeps_answers else []
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-m", "evaluation.run", *cell.arguments, *more, "--out", str(part)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(part)
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return lines[-1] if lines else f"ended with code {done.returncode}."
    part.rename(cell.folder(kept))
    return ""
