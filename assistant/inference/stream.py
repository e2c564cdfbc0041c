"""One request on its way through an engine: written by the engine's thread, read by one other."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator

from assistant.inference.engine import EngineError
from assistant.inference.types import Outcome, Request, StopReason


class QueuedStream:
    def __init__(self, request: Request, *, prompt_tokens: int, interrupt: Callable[[], None]) -> None:
        """`interrupt` is called when the reader wants an end, so that the engine looks at `reason_to_stop`."""
        self.request = request
        self.outcome: Outcome | None = None
        self.output_tokens = 0
        self.reused_tokens = 0
        self._prompt_tokens = prompt_tokens
        self._interrupt = interrupt
        self._submitted = time.monotonic()
        self._deadline = self._submitted + request.params.deadline_seconds
        self.seconds_to_first: float | None = None
        self._pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._failure: EngineError | None = None
        self._lock = threading.Lock()
        self._begun = False
        self._ended = False
        self._read = False
        self._wish: StopReason | None = None

    def __iter__(self) -> Iterator[str]:
        try:
            while not self._read:
                piece = self._next_piece()
                if piece is None:
                    self._read = True
                else:
                    yield piece
        finally:
            # A reader that walks away must not leave the model working for nobody.
            self.cancel()
        if self._failure is not None:
            raise self._failure

    def cancel(self) -> None:
        self._stop(StopReason.CANCELLED)

    # For the engine's thread.

    def begin(self) -> bool:
        """False when it ended while it waited; then nothing is to be done."""
        with self._lock:
            if self._ended:
                return False
            self._begun = True
            return True

    def waited(self, now: float) -> float:
        return now - self._submitted

    def reason_to_stop(self) -> StopReason | None:
        if self._wish is None and time.monotonic() >= self._deadline:
            return StopReason.DEADLINE
        return self._wish

    def put(self, text: str) -> None:
        if not text:
            return
        if self.seconds_to_first is None:
            self.seconds_to_first = time.monotonic() - self._submitted
        self._pieces.put(text)

    def end(self, reason: StopReason) -> None:
        with self._lock:
            self._end(reason)

    def fail(self, error: EngineError) -> None:
        with self._lock:
            if self._ended:
                return
            self._failure = error
            self._ended = True
            self._pieces.put(None)

    # For the reader's side.

    def _next_piece(self) -> str | None:
        """Wait for the engine, but keep the deadline even while the engine works on something long."""
        try:
            return self._pieces.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except queue.Empty:
            self._stop(StopReason.DEADLINE)
            return self._pieces.get()

    def _stop(self, reason: StopReason) -> None:
        with self._lock:
            if self._ended or self._wish is not None:
                return
            self._wish = reason
            if not self._begun:
                self._end(reason)
                return
        self._interrupt()

    def _end(self, reason: StopReason) -> None:
        if self._ended:
            return
        self._ended = True
        self.outcome = Outcome(
            stop=reason,
            prompt_tokens=self._prompt_tokens,
            output_tokens=self.output_tokens,
            seconds_to_first=self.seconds_to_first,
            seconds=time.monotonic() - self._submitted,
            reused_tokens=self.reused_tokens,
        )
        self._pieces.put(None)
