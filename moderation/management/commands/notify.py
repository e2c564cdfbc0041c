"""A process that does nothing but deliver alerts: beside a worker that may be busy or down, and for repair."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from moderation.notifier import Notifier


class Command(BaseCommand):
    help = "Takes the steps of alerts that are due and sends them, until stopped. Workers do the same; more copies do no harm."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then stop")

    def handle(self, *_: Any, once: bool, **__: Any) -> None:
        notifier = Notifier()
        if once:
            notifier.round()
            notifier.leave()
            return
        stopped = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopped.set())
        notifier.start()
        self.stdout.write("Delivering alerts.")
        stopped.wait()
        notifier.stop()
