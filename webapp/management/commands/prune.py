from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from assistant.retention import (
    delete_old_care,
    delete_old_chunks,
    delete_old_numbers,
    delete_old_shadows,
    delete_old_workers,
    erase_old_samples,
)
from moderation.retention import delete_old_passes


class Command(BaseCommand):
    help = "Deletes what assistant/retention.py and moderation/retention.py say is due, and sessions that ran out. Run it daily."

    def handle(self, *_: Any, **__: Any) -> None:
        self.stdout.write(f"{delete_old_chunks()} piece(s) of old streams deleted.")
        self.stdout.write(f"{delete_old_shadows()} text(s) of candidates that nobody saw deleted.")
        self.stdout.write(f"{delete_old_numbers()} row(s) of numbers about people's own writing deleted.")
        self.stdout.write(f"{delete_old_workers()} report(s) of workers that are gone deleted.")
        self.stdout.write(f"{delete_old_care()} row(s) about how supporters are deleted.")
        self.stdout.write(f"{erase_old_samples()} sample(s) of the clinician panel erased.")
        self.stdout.write(f"{delete_old_passes()} note(s) of who passed on flags that are closed deleted.")
        call_command("clearsessions")
        self.stdout.write("Sessions that ran out are gone.")
