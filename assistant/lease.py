"""Keeps a claimed row while the model works on it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

from assistant.inference.engine import Stream
from assistant.models.leased import LeasedQuerySet

log = logging.getLogger("lantern.lease")

LOOK_SECONDS = 0.5  # how soon a cancel is noticed while no piece is written


class Lease:
    """Renews the lease while prefill and decoding run; cancels the stream when the fence is lost, or when `should_yield`
    says that something else comes first."""

    def __init__(
        self, mine: LeasedQuerySet[Any], stream: Stream, *, should_yield: Callable[[], bool] = lambda: False
    ) -> None:
        self.mine = mine
        self.stream = stream
        self.should_yield = should_yield
        self.lost = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lease", daemon=True)

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            while not self._over.wait(LOOK_SECONDS):
                if not self._may_go_on():
                    self.stream.cancel()
                    return
        finally:
            connections.close_all()

    def _may_go_on(self) -> bool:
        try:
            self.lost = not self.mine.renew()
            return not self.lost and not self.should_yield()
        except Exception as error:  # the database is away: the next write tells, or the lease runs out
            log.warning("lease_not_renewed", extra={"error": type(error).__name__})
            connections.close_all()
            return True
