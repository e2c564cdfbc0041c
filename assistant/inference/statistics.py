"""What an engine has done since it was loaded, in numbers. Written by its thread, read by any other."""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter, deque
from typing import Protocol

from assistant.inference.types import EngineState

RECENT_REQUESTS = 200
RECENT_SECONDS = 60.0


class Ended(Protocol):
    @property
    def seconds_to_first(self) -> float | None: ...

    @property
    def output_tokens(self) -> int: ...


class Contexts(Protocol):
    limit: int
    bytes: int
    evictions: int

    def __len__(self) -> int: ...


class Paced(Protocol):
    threads: int


class Statistics:
    def __init__(self) -> None:
        self.inside_seconds = 0.0  # in llama.cpp's steps
        self.outside_seconds = 0.0  # of the turns that had a step, elsewhere
        self.decode_steps = 0
        self.decode_seconds = 0.0
        self._prompt = self._reused = self._output = 0
        self._hits = self._misses = 0
        self._proposed = self._accepted = 0
        self._ended: Counter[str] = Counter()
        self._first: deque[float] = deque(maxlen=RECENT_REQUESTS)
        self._spoken: deque[tuple[float, int]] = deque(maxlen=RECENT_REQUESTS)
        self._notes: tuple[str, ...] = ()

    def note(self, *sentences: str) -> None:
        self._notes += sentences

    def began(self, *, prompt: int, reused: int, from_case: bool, case: str) -> None:
        self._prompt += prompt
        self._reused += reused
        if case:
            self._hits += from_case
            self._misses += not from_case

    def step(self, *, seconds: float, decoding: bool) -> None:
        self.inside_seconds += seconds
        if decoding:
            self.decode_steps += 1
            self.decode_seconds += seconds

    def turn(self, *, seconds: float, inside: float) -> None:
        if inside:
            self.outside_seconds += seconds - inside

    def looked_up(self, *, proposed: int, accepted: int) -> None:
        self._proposed += proposed
        self._accepted += accepted

    def ended(self, stream: Ended, how: str) -> None:
        self._ended[how] += 1
        self._output += stream.output_tokens
        if stream.seconds_to_first is not None:
            self._first.append(stream.seconds_to_first)
        self._spoken.append((time.monotonic(), stream.output_tokens))

    def state(self, *, slots: int, running: int, waiting: int, contexts: Contexts, pace: Paced) -> EngineState:
        first = sorted(self._first)
        since = time.monotonic() - RECENT_SECONDS
        return EngineState(
            slots=slots,
            running=running,
            waiting=waiting,
            prepared=len(contexts),
            prepared_bytes=contexts.bytes,
            prepared_limit=contexts.limit,
            prepared_hits=self._hits,
            prepared_misses=self._misses,
            evictions=contexts.evictions,
            prompt_tokens=self._prompt,
            reused_tokens=self._reused,
            output_tokens=self._output,
            proposed_tokens=self._proposed,
            accepted_tokens=self._accepted,
            ended=dict(self._ended),
            seconds_to_first_p50=first[len(first) // 2] if first else None,
            seconds_to_first_p95=first[int(len(first) * 0.95)] if first else None,
            tokens_per_second=sum(tokens for at, tokens in list(self._spoken) if at >= since) / RECENT_SECONDS,
            threads=pace.threads,
            resident_bytes=resident_bytes(),
            notes=self._notes,
        )


def resident_bytes() -> int:
    """Of this process, now where the system says it (Linux), else at its most."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
