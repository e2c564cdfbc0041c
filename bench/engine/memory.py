"""Resident memory of one process that serves both kinds of help, beside one that serves one: the same load on each."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from bench.engine.arms import ChildArm
from bench.engine.cases import make_cases
from bench.engine.figures import Bound, paired_ratio
from bench.engine.files import write_random_adapter
from bench.engine.plan import Step
from bench.engine.report import row
from bench.engine.run import Setup

PEOPLE = 8
MODES = ("gm", "im")


def measure_memory(setup: Setup) -> list[dict[str, Any]]:
    """One base with two adapters over the base alone, in fresh processes every round."""
    with tempfile.TemporaryDirectory() as folder:
        adapters = {
            name: str(write_random_adapter(setup.model, Path(folder) / f"{name}.gguf", seed=number))
            for number, name in enumerate(MODES)
        }
        both, one = [], []
        for round_ in range(setup.rounds):
            one.append(_resident(setup, round_, {}))
            both.append(_resident(setup, round_, adapters))
            print(f"round {round_ + 1} memory: one model {one[-1]:.0f} MiB, both modes {both[-1]:.0f} MiB", flush=True)
    found = row("resident memory, both modes served together", paired_ratio(both, one), Bound(1.3))
    return [{**found, "mib": {"one": one, "both": both}}]


def _resident(setup: Setup, round_: int, adapters: dict[str, str]) -> float:
    options = {"model": str(setup.model), "context_tokens": setup.context, **setup.lantern_more, "adapters": adapters}
    arm = ChildArm.lantern("memory", options)
    try:
        cases = make_cases(PEOPLE, "memory", round_)
        steps = [
            Step(
                "ask",
                case.id,
                prompt=case.whole,
                max_tokens=setup.size.output_tokens,
                adapter=MODES[number % 2] if adapters else "",
            )
            for number, case in enumerate(cases)
        ]
        answers = arm.run(steps)
        if broken := [answer.error for answer in answers if answer.error]:
            raise RuntimeError(f"The memory round failed: {broken[0]}.")
        resident: float = arm.counters()["resident_mib"]
        return resident
    finally:
        arm.close()
