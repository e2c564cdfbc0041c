"""Every minute: the test sentences, in each process that screens; and what the site may know about other processes' checks.

Openings and closings of the breaker become audit events here, those by ordinary texts too: `screen` itself knows no database.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import close_old_connections, transaction
from django.utils.translation import gettext, gettext_noop

from assistant.models import Worker
from assistant.safety import canaries, pipeline, policy
from assistant.safety.breaker import CheckState, Status, canary_of
from assistant.safety.types import Kind
from assistant.vault import audit
from assistant.worker_state import NAME, SILENT_AFTER

log = logging.getLogger("lantern.safety")

TEST_SENTENCES_OF = {
    Kind.POST: gettext_noop("the test sentences for a post"),
    Kind.SUGGESTION: gettext_noop("the test sentences for a suggestion"),
    Kind.REPLY: gettext_noop("the test sentences for a reply"),
}
TEST_SENTENCES = {canary_of(kind): TEST_SENTENCES_OF[kind] for kind in Kind}
ROUND = timedelta(minutes=1)  # while no policy can be read


@dataclass(frozen=True, slots=True)
class Trouble:
    """A check that is not trusted now, for a page."""

    check: str
    status: str
    since: datetime
    error: str
    where: str  # empty: this process

    @property
    def label(self) -> str:
        if self.check in TEST_SENTENCES:
            return gettext(TEST_SENTENCES[self.check])
        return gettext("the %(check)s check") % {"check": self.check}


def troubles_of_site() -> list[Trouble]:
    """Of this process and of every worker that was seen lately."""
    found = [_trouble(entry, where="") for entry in pipeline.troubles()]
    for worker in Worker.recent(within=SILENT_AFTER).exclude(name=NAME):
        found += [_trouble(entry, where=worker.name) for entry in worker.safety]
    return found


def _trouble(entry: dict[str, str], *, where: str) -> Trouble:
    return Trouble(
        check=entry["check"],
        status=entry["status"],
        since=datetime.fromisoformat(entry["since"]),
        error=entry["error"],
        where=where,
    )


class SafetyWatch(threading.Thread):
    """Judges the test sentences until stopped."""

    def __init__(self) -> None:
        super().__init__(name="safety-watch", daemon=True)
        self._stop_asked = threading.Event()
        self._known: dict[str, Status] = {}

    def run(self) -> None:
        while not self._stop_asked.is_set():
            try:
                close_old_connections()
                self.look()
            except Exception as error:  # the database is away; the next round tells what this one could not
                log.warning("safety_watch_failed", extra={"error": type(error).__name__})
            self._stop_asked.wait(_seconds_between())
        close_old_connections()

    def stop(self) -> None:
        self._stop_asked.set()
        self.join(timeout=5)

    def look(self) -> None:
        """One round: ask, then write down what opened or closed since the last one."""
        try:
            canaries.run(pipeline.default_pipeline())
        except policy.PolicyError as error:
            log.error("safety_policy_unusable", extra={"error": type(error).__name__})
        self._record(pipeline.state())

    def _record(self, state: dict[str, CheckState]) -> None:
        for name in sorted(state.keys() | self._known.keys()):
            now = state[name].status if name in state else Status.CLOSED
            if (now is Status.CLOSED) == (self._known.get(name, Status.CLOSED) is Status.CLOSED):
                continue
            error = state[name].last_error if name in state else ""
            action = "safety.closed" if now is Status.CLOSED else "safety.opened"
            with transaction.atomic():
                audit.record(
                    action, actor=None, object_type="check", object_id=name, outcome=now, code=f"{error} {NAME}"[:100]
                )
            self._known[name] = now


def _seconds_between() -> float:
    try:
        return policy.current().checks.canary_seconds
    except policy.PolicyError:
        return ROUND.total_seconds()
