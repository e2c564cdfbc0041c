"""Writes what people decided about flags to a file for the regression sets of the checks."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assistant.exports import NotExported
from assistant.management.commands.export_preferences import day, person_named
from assistant.safety.types import Kind
from moderation import decision_exports


class Command(BaseCommand):
    help = (
        "Exports decisions about flags: codes, and scrubbed texts only of people who agreed. Who is in earlier files says "
        "`export_preferences --list`, `--person` and `--post`. Without --yes it says what it would write."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, required=True, help="the JSONL file to write; must not exist")
        parser.add_argument(
            "--since", type=day, metavar="DATE", help="only decisions of this day or later, as 2026-11-01"
        )
        parser.add_argument(
            "--kind", choices=[str(kind) for kind in Kind], default="", help="only these with their texts, for `screen`"
        )
        parser.add_argument("--by", metavar="NAME", help="who exports; stands in the row and in the audit log")
        parser.add_argument("--yes", action="store_true", help="do it")

    def handle(self, *_: Any, out: Path, since: date | None, kind: str, by: str | None, yes: bool, **__: Any) -> None:
        count = decision_exports.count(since, kind)
        self.stdout.write(
            f"{count.decided} decision(s), {count.with_text} of them with their text; of the others codes alone."
        )
        if not yes:
            self.stdout.write(f"Would write {out}. Run again with --yes.")
            return
        person = person_named(by) if by else None
        try:
            row = decision_exports.write_decisions(out, since=since, kind=kind, by=person)
        except (NotExported, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Wrote {row.lines} line(s) to {out}, sha256 {row.sha256}.")
        self.stdout.write(
            "Scrubbed is not anonymous: keep the file where posts may be kept, and delete it when it was used."
        )
