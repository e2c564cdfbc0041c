"""How fast this machine is right now, and how much may be done in one step so that nobody's stream stalls."""

from __future__ import annotations

from typing import Protocol

GAP_SECONDS = 0.2  # between two tokens of a running stream, while others' prompts are read
ALONE_SECONDS = 0.5  # of one step when nobody is speaking: how long a cancel or a newcomer may have to wait
PREPARING_SECONDS = 0.06  # of one step that nobody asked for, beside others who are speaking
PREPARING_ALONE_SECONDS = 0.12  # the same when nobody is; a request ends it at once, and its work is lost
PREPARING_SHARE = 1.0  # seconds for each one of speaking: nobody reads as fast as one stream alone would come
BUSY_SHARE = 0.75  # of the slots: from here on nothing is prepared
LEAST_TOKENS = 16
FIRST_GUESS = 100.0  # tokens a second, until something was measured
MEMORY = 0.25  # weight of the newest measure


class Governor(Protocol):
    """Chooses the number of threads while the engine runs."""

    @property
    def threads(self) -> int: ...

    def threads_for(self, rows: int) -> int: ...

    def after_step(self, *, rows: int, seconds: float) -> None: ...


class Pace:
    def __init__(self, *, threads: int = 0, governor: Governor | None = None) -> None:
        self.threads = threads
        self.one_row_seconds = 0.0  # of a decode step with one row; 0 while unknown
        self._governor = governor
        self._rate = FIRST_GUESS  # prompt tokens a second
        self._owed = 0.0  # seconds of preparing that speaking has earned

    def seconds_for(self, tokens: int) -> float:
        """Rounded, so that those who came together and have about as much to read go in their order."""
        return round(tokens / self._rate, 1)

    def prefill_tokens(self, *, beside_speaking: bool, most: int) -> int:
        return self._tokens_in(GAP_SECONDS if beside_speaking else ALONE_SECONDS, most=most)

    def preparing_tokens(self, *, speaking: int, slots: int, most: int) -> int:
        """0: not now."""
        if not speaking:
            return self._tokens_in(PREPARING_ALONE_SECONDS, most=most)
        if speaking >= BUSY_SHARE * slots or self._owed < PREPARING_SECONDS:
            return 0
        self._owed = 0.0
        return self._tokens_in(PREPARING_SECONDS, most=most)

    def prefilled(self, *, tokens: int, seconds: float) -> None:
        # A step of a few tokens costs as much as one of sixteen and says nothing about long ones.
        if tokens >= LEAST_TOKENS and seconds > 0:
            self._rate += MEMORY * (tokens / seconds - self._rate)

    def threads_for(self, rows: int) -> int:
        """How many threads the next step of so many tokens should have."""
        return self._governor.threads_for(rows) if self._governor is not None else self.threads

    def decoded(self, *, rows: int, seconds: float) -> None:
        self._owed = min(self._owed + PREPARING_SHARE * seconds, PREPARING_SECONDS)
        if rows == 1:
            before = self.one_row_seconds
            self.one_row_seconds = before + MEMORY * (seconds - before) if before else seconds
        if self._governor is not None:
            self._governor.after_step(rows=rows, seconds=seconds)
            self.threads = self._governor.threads

    def _tokens_in(self, seconds: float, *, most: int) -> int:
        return min(most, max(LEAST_TOKENS, int(self._rate * seconds) // LEAST_TOKENS * LEAST_TOKENS))
