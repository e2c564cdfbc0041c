"""Jobs whose runner died: check (default), list, or requeue. The sweeper does the same every few seconds."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models.functions import Now

from assistant import sweeper
from assistant.models import SuggestionJob


class Command(BaseCommand):
    help = "Finds running jobs whose lease ran out, and gives them another attempt."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", nargs="?", choices=["check", "list", "requeue"], default="check")

    def handle(self, *_: Any, verb: str, **__: Any) -> None:
        dead = SuggestionJob.objects.filter(status=SuggestionJob.Status.RUNNING, lease_until__lt=Now())
        self.stdout.write(f"{dead.count()} job(s) were left by a runner that died.")
        if verb == "list":
            for job in dead:
                self.stdout.write(
                    f"{job.id}  attempt {job.attempt}  lease ended {job.lease_until:%Y-%m-%d %H:%M:%S}  {job.worker}"
                )
        if verb == "requeue":
            swept = sweeper.sweep()
            self.stdout.write(f"{swept.requeued} requeued, {swept.failed} failed after three attempts.")
