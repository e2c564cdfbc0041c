"""A worker in the foreground without Celery: looks at the rows and runs what waits. For small installations and for repair."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from assistant import runner, second_reader, sweeper
from assistant.models import SuggestionJob
from assistant.worker_state import Heartbeat, holder


class Command(BaseCommand):
    help = "Runs queued suggestion jobs, one at a time, until stopped; then what the second reader has to read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when nothing waits")

    def handle(self, *_: Any, once: bool, **__: Any) -> None:
        heartbeat = Heartbeat()
        heartbeat.start()
        try:
            while True:
                close_old_connections()
                sweeper.sweep()
                job = SuggestionJob.objects.filter(status=SuggestionJob.Status.QUEUED).order_by("queued_at").first()
                if job is not None:
                    runner.run_job(job.id)
                elif second_reader.run_readings():
                    continue
                elif once:
                    return
                else:
                    time.sleep(1)
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
        finally:
            heartbeat.stop()
            holder.close()
