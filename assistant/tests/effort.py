"""How much a test may work, and how often it tries. Speed itself is measured by the benchmarks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def bounded_effort(seconds: float) -> Iterator[None]:
    """Counts the thread's own CPU time, which a busy neighbour does not change.

    Raises AssertionError beyond `seconds`.
    """
    began = time.thread_time()
    yield
    spent = time.thread_time() - began
    assert spent < seconds, f"{spent:.1f} s of work, at most {seconds:g}: does it grow faster than the text?"


def runs(few: int) -> int:
    """How many random cases: `few`, or as many as `make random-runs` asks for."""
    return int(os.environ.get("RANDOM_RUNS", few))
