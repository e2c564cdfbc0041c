"""Evaluated beginnings of prompts, kept in memory so that the click pays for a few tokens only.

What was evaluated for a case is found by that case and by nobody else. What is shared by all is the first scaffold segment
of a prompt, in which no person's word stands.
"""

from __future__ import annotations

import ctypes
import mmap
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SHARED_KEPT = 8  # beginnings of prompt versions; a deployment uses two or three


class KeptState:
    """The keys and values of one sequence, as llama.cpp writes them. Private: they can be turned back into text.

    Each has pages of its own, which go back to the system with it. Blocks of so many sizes leave holes in the heap: for
    64 MiB of contexts that came and went the process held 50 to 80 MiB more.
    """

    def __init__(self, size: int) -> None:
        self.size = size  # bytes
        pages = mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # none of length 0
        self.buffer = (ctypes.c_uint8 * size).from_buffer(pages)

    def wipe(self) -> None:
        ctypes.memset(self.buffer, 0, self.size)


@dataclass(slots=True)
class KeptContext:
    tokens: list[int]
    state: KeptState
    used_at: float

    def common(self, tokens: Sequence[int]) -> int:
        return common_beginning(self.tokens, tokens)


def common_beginning(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two sequences begin with alike."""
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return index
    return min(len(one), len(other))


class KeptContexts:
    """For the engine's thread only. One context a case and adapter, the longest-unused dropped first."""

    def __init__(
        self, *, limit: int, unused_seconds: float = 1800.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`limit`: bytes of the cases' contexts together. `unused_seconds`: after so long without use one is dropped."""
        self.limit = limit
        self.bytes = 0
        self.evictions = 0
        self._unused_seconds = unused_seconds
        self._now = now
        self._cases: OrderedDict[tuple[str, str], KeptContext] = OrderedDict()  # (case, adapter), longest unused first
        self._shared: OrderedDict[tuple[str, tuple[int, ...]], KeptContext] = OrderedDict()  # (adapter, tokens)

    def __len__(self) -> int:
        return len(self._cases)

    def of_case(self, case: str, adapter: str) -> KeptContext | None:
        found = self._cases.get((case, adapter)) if case else None
        if found is not None:
            found.used_at = self._now()
            self._cases.move_to_end((case, adapter))
        return found

    def shared(self, tokens: Sequence[int], adapter: str) -> KeptContext | None:
        return self._shared.get((adapter, tuple(tokens)))

    def keep(self, case: str, adapter: str, tokens: list[int], state: KeptState) -> bool:
        """False when it is larger than all the room there is."""
        self._drop((case, adapter))
        if state.size > self.limit:
            state.wipe()
            return False
        while self._cases and self.bytes + state.size > self.limit:
            self._drop(next(iter(self._cases)))
            self.evictions += 1
        self._cases[case, adapter] = KeptContext(tokens, state, self._now())
        self.bytes += state.size
        return True

    def keep_shared(self, adapter: str, tokens: list[int], state: KeptState) -> None:
        self._shared[adapter, tuple(tokens)] = KeptContext(tokens, state, self._now())
        while len(self._shared) > SHARED_KEPT:
            self._shared.popitem(last=False)

    def forget(self, case: str) -> None:
        for key in [key for key in self._cases if key[0] == case]:
            self._drop(key)

    def drop_unused(self) -> None:
        oldest = self._now() - self._unused_seconds
        for key in [key for key, context in self._cases.items() if context.used_at < oldest]:
            self._drop(key)

    def clear(self) -> None:
        for key in list(self._cases):
            self._drop(key)
        self._shared.clear()

    def _drop(self, key: tuple[str, str]) -> None:
        context = self._cases.pop(key, None)
        if context is not None:
            self.bytes -= context.state.size
            context.state.wipe()
