"""Circuit breaker: a check that fails again and again is not asked any more, and that is visible.

Closed: asked as always. Open: its texts get the trouble finding at once. Half-open: the test sentences ask it again, the
texts of people do not. Only a round of test sentences without a failure closes it. State is per process.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from assistant.safety.types import Kind

logger = logging.getLogger(__name__)


class Status(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class CheckState:
    """Of one phase, or of one kind of text as its test sentences judge it."""

    status: Status
    since: datetime
    failures: int = 0  # in a row
    last_error: str = ""  # a type or a code; messages may hold text


def canary_of(kind: Kind) -> str:
    """The name under which a kind of text stands here beside the phases."""
    return f"canary.{kind}"


class Breaker:
    def __init__(self, phases: Iterable[str], *, failures_to_open: int) -> None:
        self.failures_to_open = failures_to_open
        self.passed_at: datetime | None = None  # when all test sentences were last judged rightly
        self._lock = threading.Lock()
        now = datetime.now(UTC)
        names = [*phases, *(canary_of(kind) for kind in Kind)]
        self._states = {name: CheckState(Status.CLOSED, now) for name in names}

    def state(self) -> dict[str, CheckState]:
        with self._lock:
            return dict(self._states)

    def is_closed(self, name: str) -> bool:
        with self._lock:
            return self._states[name].status is Status.CLOSED

    def lets_through(self, name: str, *, probe: bool) -> bool:
        """Whether the phase may be asked: in a probe also while it is half-open."""
        with self._lock:
            status = self._states[name].status
            return status is Status.CLOSED or (probe and status is Status.HALF_OPEN)

    def succeeded(self, name: str) -> None:
        with self._lock:
            known = self._states[name]
            if known.failures and known.status is Status.CLOSED:
                self._states[name] = replace(known, failures=0)

    def failed(self, name: str, error: str) -> None:
        with self._lock:
            known = self._states[name]
            failures = known.failures + 1
            self._states[name] = replace(known, failures=failures, last_error=error)
            if known.status is Status.HALF_OPEN or failures >= self.failures_to_open:
                self._open(name, error)

    def open(self, name: str, error: str) -> None:
        """At once, whatever happened before: a phase that is missing, test sentences that were judged wrongly."""
        with self._lock:
            self._states.setdefault(name, CheckState(Status.CLOSED, datetime.now(UTC)))
            self._open(name, error)

    def close(self, name: str) -> None:
        with self._lock:
            if self._states[name].status is not Status.CLOSED:
                self._states[name] = CheckState(Status.CLOSED, datetime.now(UTC))
                logger.warning("safety check %s is closed again", name)

    def begin_probe(self, names: Iterable[str]) -> None:
        with self._lock:
            for name in names:
                if self._states[name].status is Status.OPEN:
                    self._states[name] = replace(self._states[name], status=Status.HALF_OPEN)

    def end_probe(self, names: Iterable[str]) -> None:
        """Those that came through every test sentence are asked again from now on."""
        for name in names:
            with self._lock:
                came_through = self._states[name].status is Status.HALF_OPEN
            if came_through:
                self.close(name)

    def _open(self, name: str, error: str) -> None:
        known = self._states[name]
        # Since when: a probe that failed does not begin the time anew.
        since = datetime.now(UTC) if known.status is Status.CLOSED else known.since
        if known.status is Status.CLOSED:
            logger.error("safety check %s is open: %s", name, error)
        self._states[name] = CheckState(Status.OPEN, since, known.failures, error)
