"""How fast this machine is right now, and how much may be done in one step so that nobody's stream stalls."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

GAP_SECONDS = 0.2  # between two tokens of a running stream, while as many others' prompts are read as there are streams
ALONE_SECONDS = 0.5  # of one step when nobody is speaking: how long a cancel or a newcomer may have to wait
PREPARING_SECONDS = 0.06  # of one step that nobody asked for, beside others who are speaking
PREPARING_ALONE_SECONDS = 0.12  # the same when nobody is; a request ends it at once, and its work is lost
LONGEST_GAP_SECONDS = 0.5  # where shorter steps read far slower (`ReadingSpeed.tokens_in`), or many wait for few
LONGEST_PREPARING_SECONDS = 0.3  # the same for a step that nobody asked for
PREPARING_SHARE = 1.0  # seconds for each one of speaking: nobody reads as fast as one stream alone would come
BUSY_SHARE = 0.75  # of the slots: from here on nothing is prepared
LEAST_TOKENS = 16
TILE = 64  # rows that llama.cpp attends at a time on a processor; a shorter step it attends row by row
SIZES = (LEAST_TOKENS, 32, TILE, 128, 256, 512)  # tokens of a step; its speed counts for all sizes up to the next
NEARLY = 0.9  # of the best speed: shorter steps that are as fast as that are as good
FIRST_GUESS = 100.0  # tokens a second, until something was measured
MEMORY = 0.25  # weight of the newest measure
FORGOTTEN_AFTER = 200  # steps of other sizes: then a size is tried again, for it may have been measured in a bad moment


class Governor(Protocol):
    """Chooses the number of threads while the engine runs."""

    @property
    def threads(self) -> int: ...

    def threads_for(self, rows: int) -> int: ...

    def after_step(self, *, rows: int, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Measured:
    rate: float  # tokens a second
    step: int  # the newest one that it was learned from


class ReadingSpeed:
    """Prompt tokens a second, learned for each size of step.

    A processor reads 64 tokens in hardly more time than 40 (`TILE`). Steps that are only kept short would stay where reading is
    slowest, and never learn better.
    """

    def __init__(self) -> None:
        self._measured: dict[int, Measured] = {}
        self._steps = 0

    def of(self, tokens: int) -> float:
        """That of the size itself, else of the next smaller one that was measured, else of the next larger one."""
        size = size_of(tokens)
        known = sorted(self._measured, key=lambda one: (one > size, abs(one - size)))
        return self._measured[known[0]].rate if known else FIRST_GUESS

    def learn(self, *, tokens: int, seconds: float) -> None:
        # A step of a few tokens costs as much as one of sixteen and says nothing about long ones.
        if tokens >= LEAST_TOKENS and seconds > 0:
            size, rate = size_of(tokens), tokens / seconds
            before = self._measured[size].rate if size in self._measured else rate
            self._steps += 1
            self._measured[size] = Measured(before + MEMORY * (rate - before), self._steps)
            oldest = self._steps - FORGOTTEN_AFTER
            self._measured = {each: one for each, one in self._measured.items() if one.step >= oldest}

    def tokens_in(self, seconds: float, *, longest: float, most: int) -> int:
        """The tokens of a step of so many seconds; more, up to `longest` seconds, where those are read far faster.

        A size that was never measured is tried.
        """
        asked, limit = (min(most, self._fitting(each)) for each in (seconds, max(seconds, longest)))
        sizes = [asked, *(size for size in SIZES if asked < size < limit), limit]
        untried = [size for size in sizes if size_of(size) not in self._measured]
        best = max(self.of(size) for size in sizes)
        return (untried or [size for size in sizes if self.of(size) >= NEARLY * best])[0]

    def _fitting(self, seconds: float) -> int:
        for size in reversed(SIZES):
            tokens = int(self.of(size) * seconds) // LEAST_TOKENS * LEAST_TOKENS
            if tokens >= size:
                return min(tokens, 2 * size - LEAST_TOKENS)
        return LEAST_TOKENS


def size_of(tokens: int) -> int:
    return max((size for size in SIZES if size <= tokens), default=SIZES[0])


def piece(left: int, *, room: int) -> int:
    """How many of the tokens left a step of so much room takes. Equal pieces: the few that full ones leave over would cost
    as much as many. None of them is shorter than a tile if `room` is not; then one may be up to twice as long as `room`."""
    pieces = math.ceil(left / room)
    if pieces > 1 and left < pieces * TILE <= pieces * room:
        pieces -= 1
    return math.ceil(left / pieces)


class Pace:
    def __init__(self, *, threads: int = 0, governor: Governor | None = None) -> None:
        self.threads = threads
        self.one_row_seconds = 0.0  # of a decode step with one row; 0 while unknown
        self._governor = governor
        self._reading = ReadingSpeed()
        self._owed = 0.0  # seconds of preparing that speaking has earned

    def seconds_for(self, tokens: int) -> float:
        """Rounded, so that those who came together and have about as much to read go in their order."""
        return round(tokens / self._reading.of(tokens), 1)

    def prefill_tokens(self, *, waiting: int, speaking: int, most: int) -> int:
        """Of a step for some of `waiting`. The more wait for each one who speaks, the longer these may stand still."""
        if not speaking:
            return self._reading.tokens_in(ALONE_SECONDS, longest=ALONE_SECONDS, most=most)
        gap = min(LONGEST_GAP_SECONDS, GAP_SECONDS * max(1.0, waiting / speaking))
        return self._reading.tokens_in(gap, longest=LONGEST_GAP_SECONDS, most=most)

    def preparing_tokens(self, *, speaking: int, slots: int, most: int) -> int:
        """0: not now."""
        if not speaking:
            return self._reading.tokens_in(PREPARING_ALONE_SECONDS, longest=ALONE_SECONDS, most=most)
        if speaking >= BUSY_SHARE * slots:
            return 0
        tokens = self._reading.tokens_in(PREPARING_SECONDS, longest=LONGEST_PREPARING_SECONDS, most=most)
        if self._owed < min(LONGEST_PREPARING_SECONDS, tokens / self._reading.of(tokens)):
            return 0
        self._owed = 0.0
        return tokens

    def prefilled(self, *, tokens: int, seconds: float) -> None:
        self._reading.learn(tokens=tokens, seconds=seconds)

    def threads_for(self, rows: int) -> int:
        """How many threads the next step of so many tokens should have."""
        return self._governor.threads_for(rows) if self._governor is not None else self.threads

    def decoded(self, *, rows: int, seconds: float) -> None:
        self._owed = min(self._owed + PREPARING_SHARE * seconds, LONGEST_PREPARING_SECONDS)
        if rows == 1:
            before = self.one_row_seconds
            self.one_row_seconds = before + MEMORY * (seconds - before) if before else seconds
        if self._governor is not None:
            self._governor.after_step(rows=rows, seconds=seconds)
            self.threads = self._governor.threads
