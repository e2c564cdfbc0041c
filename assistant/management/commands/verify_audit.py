"""Checks the audit chain, and writes or compares a checkpoint kept in another place."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assistant.vault import audit


class Command(BaseCommand):
    help = "Says whether the audit log was edited, cut, reordered or added to; exit status 1 if so."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoint", type=Path, help="compare with this file if it exists, then write the new end to it"
        )

    def handle(self, *_: Any, checkpoint: Path | None, **__: Any) -> None:
        known = None
        if checkpoint is not None and checkpoint.exists():
            row = json.loads(checkpoint.read_text(encoding="ascii"))
            known = (int(row["seq"]), str(row["mac"]))
        faults = list(audit.faults_in_chain(checkpoint=known))
        for fault in faults:
            self.stdout.write(f"event {fault.seq}: {fault.what}")
        if faults:
            raise CommandError(
                f"The audit log has {len(faults)} fault(s). Keep the database as it is and find out who had access."
            )
        seq, mac = audit.head()
        if checkpoint is not None:
            checkpoint.write_text(json.dumps({"seq": seq, "mac": mac}) + "\n", encoding="ascii")
        self.stdout.write(f"The audit log is whole: {seq} event(s).")
