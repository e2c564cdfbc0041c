"""Asks a process of its own to measure: what may crash, pin or slow down a process does it to that one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from assistant.inference.engine import EngineError
from assistant.inference.layouts import Speed
from assistant.inference.modelfile import ModelFile
from assistant.inference.quality import Scores, Texts
from assistant.inference.types import Prompt

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "assistant.inference.llamacpp.measure"

# Before OpenMP can have pinned a thread of this process.
CORES = (
    tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else tuple(range(os.cpu_count() or 1))
)


class MeasuringFailed(EngineError):
    """The measuring process ended, or could not do what was asked."""

    code = "measuring_failed"


class TooSlow(MeasuringFailed):
    """It was given up after the time that it may take."""

    code = "too_slow"


class Measuring:
    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        without: Iterable[str] = (),
        most_seconds: float | None = None,
    ) -> None:
        """`environment`: settings of OpenMP to be measured. `without`: what this process's has of them is left out."""
        kept = {name: value for name, value in os.environ.items() if name not in set(without)}
        self._process = subprocess.Popen(  # noqa: S603 our own program
            [sys.executable, "-m", PROGRAM, ",".join(map(str, CORES))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={**kept, **(environment or {})},
            text=True,
        )

        self._late = threading.Event()
        self._watch = threading.Timer(most_seconds, self._give_up) if most_seconds else None
        if self._watch is not None:
            self._watch.daemon = True
            self._watch.start()

    def _give_up(self) -> None:
        self._late.set()
        self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._process.kill()  # it holds nothing that must be kept
        self._process.communicate()

    def speed(
        self, file: ModelFile, *, threads: int, steps: int = 24, most_seconds: float = 3.0, prompt: int = 512
    ) -> dict[str, float]:
        """Tokens a second: of a prompt of so many tokens, of one row, and of eight rows together."""
        return self._ask("speed", file, threads=threads, steps=steps, most_seconds=most_seconds, prompt=prompt)

    def scores(self, file: ModelFile, texts: Texts, *, threads: int) -> Scores:
        """Those of the first file asked about are what the agreement of later ones is measured against."""
        quadruples = [asdict(row) for row in texts.quadruples]
        answer = self._ask("scores", file, threads=threads, passages=texts.passages, quadruples=quadruples)
        return Scores.from_json(answer)

    def likelihoods(
        self,
        file: ModelFile,
        adapter: ModelFile | None,
        asked: Sequence[tuple[Prompt, Sequence[str]]],
        *,
        threads: int = 0,
    ) -> list[list[tuple[float, int]] | None]:
        """Of each answer to each prompt the sum of log-likelihoods and the tokens, its end included. None: too long."""
        rows = [
            {"segments": [asdict(segment) for segment in prompt.segments], "answers": answers}
            for prompt, answers in asked
        ]
        told = self._ask("likelihoods", file, threads=threads, adapter=_named(adapter) if adapter else None, rows=rows)
        return [row and [(value, tokens) for value, tokens in row] for row in told["rows"]]

    def lay_out(self, source: Path, target: Path, layout: str, *, threads: int) -> None:
        self._ask("lay_out", None, source=str(source), target=str(target), layout=layout, threads=threads)

    def _ask(self, task: str, file: ModelFile | None, **more: Any) -> dict[str, Any]:
        named = _named(file) if file else {}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"task": task, **named, **more}) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        except (OSError, ValueError):
            code = self._process.wait()
            if self._late.is_set():
                raise TooSlow("Measuring took too long here, or the machine is busy.") from None
            raise MeasuringFailed(f"The process that measures ended with code {code} at {task}.") from None
        if "error" in answer:
            raise MeasuringFailed(str(answer["error"]))
        return answer


def _named(file: ModelFile) -> dict[str, Any]:
    return {"path": str(file.path), "sha256": file.sha256, "size": file.size}


NEIGHBOUR = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, map(int, sys.argv[1].split(",")))
while True:
    pass
"""


@contextmanager
def busy_neighbour() -> Iterator[None]:
    """Another process that takes whatever it gets of one core, with ordinary priority."""
    command = [sys.executable, "-S", "-c", NEIGHBOUR, ",".join(map(str, CORES))]
    neighbour = subprocess.Popen(command)  # noqa: S603 our own program
    try:
        yield
    finally:
        neighbour.kill()
        neighbour.wait()


def speeds_of(
    measuring: Measuring, files: Mapping[str, ModelFile], *, rounds: int, threads: int, **options: Any
) -> dict[str, Speed]:
    """Interleaved: a slow minute of the machine hits every file."""
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in files}
    for _ in range(rounds):
        for name, file in files.items():
            taken[name].append(measuring.speed(file, threads=threads, **options))
    return {name: Speed.of_rounds(rows) for name, rows in taken.items()}
