"""Twice a second: steps that are due are taken, what waits is sent, and once a minute the site checks itself.

Any number of copies may run, in workers and beside them: each step is a conditional update, each sending has a lease. A web
process stands in while all of those are silent.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timedelta

from django.db import close_old_connections
from django.db.models import Q
from django.db.models.functions import Now

from assistant.models.clock import from_now
from assistant.worker_state import NAME
from moderation import delivering, invariants
from moderation.actions import alerts
from moderation.models import LastCheck, NotifierBeat

log = logging.getLogger("lantern.alerts")

ROUND_SECONDS = 0.5
BEAT_SECONDS = 3.0
SILENT_AFTER = timedelta(seconds=20)
FORGOTTEN_AFTER = timedelta(days=1)
CHECK_EVERY = timedelta(minutes=1)


class Notifier(threading.Thread):
    """`stands_in`: only while nobody else does it."""

    def __init__(self, *, stands_in: bool = False) -> None:
        super().__init__(name="notifier-standing-in" if stands_in else "notifier", daemon=True)
        self.stands_in = stands_in
        self.beat_name = f"{NAME}:web" if stands_in else NAME
        self._beat_at = 0.0
        self._climbed_at = 0.0
        self._stop_asked = threading.Event()

    def run(self) -> None:
        while not self._stop_asked.is_set():
            try:
                close_old_connections()
                if self.is_wanted():
                    self.round()
            except Exception as error:  # the database is away; the next round goes on
                log.warning("notifier_failed", extra={"error": type(error).__name__})
            self._stop_asked.wait(BEAT_SECONDS if self.stands_in else ROUND_SECONDS)
        self.leave()

    def stop(self) -> None:
        self._stop_asked.set()
        self.join(timeout=5)

    def is_wanted(self) -> bool:
        return not self.stands_in or not seen_lately(standing_in=False)

    def round(self) -> None:
        self.beat()
        self.climb()
        delivering.deliver(between=self.go_on)
        self.check()

    def climb(self) -> None:
        self._climbed_at = time.monotonic()
        alerts.close_finished()
        alerts.advance()

    def check(self) -> None:
        """What goes wrong in a check must not keep what is to be sent."""
        try:
            if LastCheck.claim(every=CHECK_EVERY):
                invariants.check_and_tell()
        except Exception as error:
            log.exception("check_failed", extra={"error": type(error).__name__})

    def go_on(self) -> None:
        """Between two sendings, of which there may be many, over a slow line: nothing else waits for them."""
        self.beat()
        if time.monotonic() >= self._climbed_at + ROUND_SECONDS:
            self.climb()
            self.check()

    def beat(self) -> None:
        if time.monotonic() < self._beat_at:
            return
        self._beat_at = time.monotonic() + BEAT_SECONDS
        NotifierBeat.objects.update_or_create(
            name=self.beat_name, defaults={"seen_at": Now(), "standing_in": self.stands_in}
        )

    def leave(self) -> None:
        try:
            NotifierBeat.objects.filter(name=self.beat_name).delete()
            NotifierBeat.objects.filter(seen_at__lt=from_now(-FORGOTTEN_AFTER)).delete()
        except Exception as error:
            log.warning("notifier_failed", extra={"error": type(error).__name__})
        close_old_connections()


def seen_lately(*, standing_in: bool | None = None) -> bool:
    beats = NotifierBeat.objects.filter(seen_at__gte=from_now(-SILENT_AFTER))
    return (beats if standing_in is None else beats.filter(standing_in=standing_in)).exists()


def silent_since() -> tuple[bool, datetime | None]:
    """Whether nothing delivers alerts now, and when something last did; by the database's clock, in one question."""
    beats = NotifierBeat.objects.annotate(lately=Q(seen_at__gte=from_now(-SILENT_AFTER)))
    seen_at, lately = beats.order_by("-seen_at").values_list("seen_at", "lately").first() or (None, False)
    return not lately, seen_at


def state() -> str:
    """For /healthz: whether alerts are delivered now."""
    if seen_lately(standing_in=False):
        return "ok"
    return "standing in" if seen_lately() else "silent"
