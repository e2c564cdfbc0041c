"""Does the work grow with the text, or blow up? Speed itself is measured by the benchmarks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

MOST_SECONDS = 20.0  # the worst text takes about two; a blow-up takes minutes


@contextmanager
def bounded_effort() -> Iterator[None]:
    """Counts the thread's own CPU time, which a busy neighbour does not change.

    Raises AssertionError beyond MOST_SECONDS.
    """
    began = time.thread_time()
    yield
    spent = time.thread_time() - began
    assert spent < MOST_SECONDS, f"{spent:.1f} s of work, at most {MOST_SECONDS:g}: does it grow faster than the text?"
