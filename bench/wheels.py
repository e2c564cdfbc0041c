"""Two builds of llama-cpp-python side by side: how long a prompt of 512 tokens, one row and eight rows take in each.

python -m bench.wheels --a OTHER/bin/python --b .venv/bin/python --model var/models/NAME.gguf

Each build runs in a process of its own and both stay up; they take turns, each round in the other order. A busy neighbour
makes single times longer, never shorter, so the least of many rounds is compared, and the median is printed beside it.
With --threads 1 processor time is measured instead, which is of use on a machine that others work on.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.inference.modelfile import STARTER

ROOT = Path(__file__).resolve().parents[1]
MEASURES: dict[str, dict[str, Any]] = {
    "prompt of 512": {"what": "prefill", "times": 2},
    "1 row at 512": {"what": "steps", "rows": 1, "times": 30},
    "8 rows at 128": {"what": "steps", "rows": 8, "times": 15},
}


class Build:
    def __init__(self, python: str, model: Path, threads: int) -> None:
        env = {**os.environ, "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "3000", "PYTHONPATH": str(ROOT)}
        command = [python, "-m", "bench.raw_decode", str(model), str(threads)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, text=True)
        self.library: str = self.ask({"what": "library"})

    def ask(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args!r} ended with exit code {self._process.wait()}.")
        return json.loads(line)

    def close(self) -> None:
        self._process.communicate()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.wheels", description=__doc__)
    parser.add_argument("--a", required=True, help="Python with the build to compare with, for example a native one")
    parser.add_argument(
        "--b", default=sys.executable, help="Python with the build that is judged; this one if not given"
    )
    parser.add_argument("--model", type=Path, default=STARTER.in_folder(ROOT / "var" / "models").path)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--most", type=float, default=1.05, help="exit with 1 when a ratio of the least times is above")
    given = parser.parse_args(arguments)
    builds = [Build(python, given.model.resolve(), given.threads) for python in (given.a, given.b)]
    times: dict[str, list[list[float]]] = {name: [[], []] for name in MEASURES}
    for turn in range(given.rounds + 1):
        for name, question in MEASURES.items():
            for side in (0, 1) if turn % 2 else (1, 0):
                took = builds[side].ask(question)
                if turn:  # the first round warms up
                    times[name][side] += took
    for build in builds:
        build.close()
    print(f"a: {builds[0].library}\nb: {builds[1].library}\n{given.model.name}, {given.threads} threads\n", flush=True)
    print("| what | a: least, median ms | b: least, median ms | b / a: least | b / a: median |")
    print("| --- | --: | --: | --: | --: |")
    worst = 0.0
    for name, (a, b) in times.items():
        least, middle = min(b) / min(a), statistics.median(b) / statistics.median(a)
        print(f"| {name} | {shown(a)} | {shown(b)} | {least:.3f} | {middle:.3f} |")
        worst = max(worst, least)
    return 0 if worst <= given.most else 1


def shown(seconds: list[float]) -> str:
    return f"{1000 * min(seconds):.2f}, {1000 * statistics.median(seconds):.2f}"


if __name__ == "__main__":
    sys.exit(main())
