"""Writes what people decided to a file that a model can learn from; says who is in earlier ones."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from assistant import exports
from assistant.exports import Count, NotExported
from assistant.models import Post, PreferenceExport

REASONS = {
    "erased": "erased",
    "human_only": "of a post that wants no model",
    "post_not_agreed": "of a post whose writer did not agree",
    "post_kept_back": "of a post that a moderator keeps back",
    "supporter_not_agreed": "by a supporter who has not agreed, or wrote it before they did",
}


class Command(BaseCommand):
    help = (
        "Exports drafts, suggestions, decisions and replies of people who agreed, scrubbed, for training. "
        "Without --yes it says what it would write."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, help="the JSONL file to write; must not exist")
        parser.add_argument(
            "--since", type=day, metavar="DATE", help="only drafts begun on this day or later, as 2026-11-01"
        )
        parser.add_argument("--by", metavar="NAME", help="who exports; stands in the row and in the audit log")
        parser.add_argument("--yes", action="store_true", help="do it")
        parser.add_argument("--list", action="store_true", help="earlier exports, and which models learned from them")
        parser.add_argument("--person", metavar="NAME", help="which earlier exports this person is in")
        parser.add_argument("--post", metavar="ID", help="which earlier exports this post is in; an erased one too")

    def handle(
        self,
        *_: Any,
        out: Path | None,
        since: date | None,
        by: str | None,
        yes: bool,
        list: bool,
        person: str | None,
        post: str | None,
        **__: Any,
    ) -> None:
        if person or post:
            kind, one = ("person", person_named(person).pk) if person else ("case", case_of(str(post)))
            self.tell(exports.exports_with(kind, one), none="No export.")
        elif list:
            self.tell([*PreferenceExport.objects.all()], none="Nothing was exported yet.")
        elif out is None:
            raise CommandError("Name the file to write with --out, or ask with --list, --person or --post.")
        else:
            self.export(out, since=since, by=person_named(by) if by else None, yes=yes)

    def export(self, out: Path, *, since: date | None, by: Any, yes: bool) -> None:
        self.count(exports.to_learn_from(since)[1])
        if not yes:
            self.stdout.write(f"Would write {out}. Run again with --yes.")
            return
        try:
            row = exports.write_export(out, since=since, by=by)
        except (NotExported, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Wrote {row.lines} line(s) to {out}, sha256 {row.sha256}.")
        self.stdout.write(
            "Scrubbed is not anonymous: keep the file where posts may be kept, and delete it when it was used."
        )

    def count(self, count: Count) -> None:
        self.stdout.write(f"{count.finished} finished draft(s), {count.in_it} of them to be exported.")
        for name, why in REASONS.items():
            if left_out := getattr(count, name):
                self.stdout.write(f"  {left_out} left out: {why}.")

    def tell(self, rows: Any, *, none: str) -> None:
        for row in rows:
            since = f", begun since {row.filters['since']}" if row.filters.get("since") else ""
            self.stdout.write(f"{row.at:%Y-%m-%d %H:%M}  {row.lines} line(s){since}  sha256 {row.sha256}")
            for version in exports.taught_by(row):
                self.stdout.write(f"    taught {version.name}: `models show {version.name}`")
        if not rows:
            self.stdout.write(none)


def day(text: str) -> date:
    return date.fromisoformat(text)


def person_named(name: str) -> Any:
    person = get_user_model().objects.filter(username__iexact=name).first()
    if person is None:
        raise CommandError(f"{name}: nobody has this name.")
    return person


def case_of(name: str) -> uuid.UUID:
    try:
        found = Post.objects.filter(external_id=name).first() or Post.objects.filter(id=name).first()
    except (ValidationError, ValueError):
        found = None
    if found is None:
        raise CommandError(f"{name}: no such post.")
    return found.case_id
