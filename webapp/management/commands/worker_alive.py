"""For health checks: whether a worker on this machine reported itself lately."""

from __future__ import annotations

import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assistant.models import Worker
from assistant.worker_state import SILENT_AFTER


class Command(BaseCommand):
    help = "Ends with exit code 0 when a worker on this machine was seen lately, else with 1."
    requires_system_checks = ()  # it runs twice a minute

    def handle(self, *_: Any, **__: Any) -> None:
        host = socket.gethostname()[:40]
        worker = Worker.recent(within=SILENT_AFTER).filter(name__startswith=f"{host}:").first()
        if worker is None:
            raise CommandError(f"No worker on {host} was seen in the last {SILENT_AFTER.seconds} seconds.")
        self.stdout.write(f"{worker.name}: {worker.model or worker.problem or 'loading'}")
