"""Writes what the raters of a study said to a file that a model can learn from."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assistant.exports import NotExported
from assistant.management.commands.export_preferences import person_named
from webapp.studies import teaching
from webapp.studies.models import Study


class Command(BaseCommand):
    help = (
        "Exports the ratings of a closed study, with its scrubbed texts, by raters who agreed that a model may learn from "
        "them. Without --yes it says what it would write."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="its name")
        parser.add_argument("--out", type=Path, required=True, help="the JSONL file to write; must not exist")
        parser.add_argument("--by", metavar="NAME", help="who exports; stands in the row and in the audit log")
        parser.add_argument("--yes", action="store_true", help="do it")

    def handle(self, *_: Any, study: str, out: Path, by: str | None, yes: bool, **__: Any) -> None:
        found = Study.objects.filter(name=study).first()
        if found is None:
            raise CommandError(f"{study}: no study has this name.")
        try:
            teaching.refuse_unfit(found)
        except NotExported as error:
            raise CommandError(str(error)) from error
        _raters, count = teaching.raters_in_it(found)
        self.stdout.write(f"{count.raters} rater(s); {count.texts} text(s) that those who agreed rated.")
        if count.not_agreed:
            self.stdout.write(
                f"  {count.not_agreed} left out: have not agreed that a model may learn from their ratings."
            )
        if count.overlooked:
            self.stdout.write(f"  {count.overlooked} left out: passed fewer than two thirds of the attention items.")
        if count.taken_back:
            self.stdout.write(f"  {count.taken_back} text(s) left out: who wrote them, or the post, agrees no more.")
        if not yes:
            self.stdout.write(f"Would write {out}. Run again with --yes.")
            return
        try:
            row = teaching.write_ratings(found, out, by=person_named(by) if by else None)
        except (NotExported, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Wrote {row.lines} line(s) to {out}, sha256 {row.sha256}.")
        self.stdout.write(
            "Scrubbed is not anonymous: keep the file where posts may be kept, and delete it when it was used."
        )
