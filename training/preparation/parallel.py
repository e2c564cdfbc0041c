"""Work that each row needs alone, over several processes, with a bar that shows how far it is."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from tqdm import tqdm

A = TypeVar("A")
B = TypeVar("B")

_AT_A_TIME = 64
_NOT_WORTH_IT = 200  # rows; a process of its own takes seconds to start


def mapped(work: Callable[[A], B], rows: Sequence[A], *, processes: int, title: str, quiet: bool = False) -> list[B]:
    """In the order of the rows. `work` is a function of a module, so that another process finds it."""
    bar = {
        "total": len(rows),
        "desc": title,
        "unit": " texts",
        "disable": (quiet or not rows) or None,
    }  # None: no bar where nobody watches
    if processes <= 1 or len(rows) < _NOT_WORTH_IT:
        return [work(row) for row in tqdm(rows, **bar)]
    context = multiprocessing.get_context("spawn")  # forked, a process would take over locks of threads it has not
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        return list(tqdm(pool.map(work, rows, chunksize=_AT_A_TIME), **bar))
