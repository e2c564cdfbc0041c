from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import bench.engine
from assistant.inference.modelfile import measured_file
from bench import llama_server
from bench.engine.files import ensure_tuned, model_in_use
from bench.engine.machine import describe
from bench.engine.memory import measure_memory
from bench.engine.report import Report, as_text
from bench.engine.run import Run, Setup
from bench.engine.scenarios import QUICK, SCENARIOS, Size


def main(arguments: Sequence[str] | None = None) -> int:
    given = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the arms end with this process
    setup = Setup(
        model=given.model or model_in_use(),
        rounds=1 if given.quick else given.rounds,
        threads=given.threads,
        size=QUICK if given.quick else Size(),
        only=tuple(given.only),
        allow_busy=given.allow_busy or given.quick,
        server_more=tuple(given.server_option),
        lantern_more=json.loads(given.lantern_options),
    )
    llama_server.ensure()
    ensure_tuned(setup.model, say=lambda line: print(line, flush=True))
    with Run(setup) as run:
        run.measure()
    memory = measure_memory(setup) if not setup.only or "memory" in setup.only else []
    result = collect(setup, run, memory)
    print(as_text(result), flush=True)
    if given.json is not None:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
        print(f"\nEverything measured is in {given.json}.")
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.engine",
        description=bench.engine.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [*(scenario.name for scenario in SCENARIOS), "memory"]
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", type=Path, help="a GGUF file; without it the one in use, else the starter model")
    parser.add_argument("--threads", type=int, default=2, help="of llama-server and plain; the site's engine chooses")
    parser.add_argument("--only", action="append", default=[], choices=names, help="again for each scenario")
    parser.add_argument("--quick", action="store_true", help="one small round, to see that everything runs")
    parser.add_argument("--allow-busy", action="store_true", help="count what a neighbour disturbed, too")
    parser.add_argument("--server-option", action="append", default=[], help="one more word for llama-server's command")
    parser.add_argument("--lantern-options", default="{}", help="JSON: more arguments for the site's engine")
    parser.add_argument(
        "--json",
        type=Path,
        nargs="?",
        const=Path("var/bench/engine.json"),
        help="write everything (var/bench/engine.json)",
    )
    return parser.parse_args(arguments)


def collect(setup: Setup, run: Run, memory: list[dict[str, Any]]) -> dict[str, Any]:
    report = Report(run.cells, allow_busy=setup.allow_busy)
    neighbours = [cell.neighbours for cell in run.cells] or [0.0]
    file = measured_file(setup.model)
    return {
        "machine": describe(),
        "llama_cpp": {"commit": llama_server.commit(), "binding": version("llama-cpp-python")},
        "model": {"file": file.path.name, "sha256": file.sha256, "bytes": file.size},
        "rounds": setup.rounds,
        "setup": {**asdict(setup), "model": file.path.name},
        "commands": run.commands(),
        "neighbours": {"median": median(neighbours), "most": max(neighbours), "left_out": report.left_out},
        "targets": [*report.rows(), *memory],
        "seen": report.seen(),
        "cells": [asdict(cell) for cell in run.cells],
    }


if __name__ == "__main__":
    sys.exit(main())
