"""Posts from a JSONL file; can be run twice, because a known id is skipped."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assistant.actions import receive_post, withdraw_post_from_learning
from assistant.forms import ImportedPostForm
from assistant.models import Post

FIELDS = ("id", "text", "language", "country", "received_at", "human_only", "may_be_learned_from")


class BadLine(Exception):
    pass


class Command(BaseCommand):
    help = (
        "Imports posts: one JSON object a line with id, text and, if known, language, country, received_at, human_only,"
        " may_be_learned_from. Of a post that is known, may_be_learned_from: false takes back what its writer agreed to."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *_: Any, file: Path, **__: Any) -> None:
        if not file.is_file():
            raise CommandError(f"{file}: no such file.")
        counts = {"imported": 0, "known": 0, "bad": 0}
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    counts["imported" if import_line(line) else "known"] += 1
                except BadLine as error:
                    counts["bad"] += 1
                    self.stderr.write(f"line {number}: {error}")
        self.stdout.write(", ".join(f"{count} {what}" for what, count in counts.items()))
        if counts["bad"]:
            raise CommandError(
                f"{counts['bad']} line(s) were not imported; the others were. Mend them and run this again."
            )


def import_line(line: bytes) -> bool:
    """Store the post of one line; False when its id is known. Raises BadLine with a reason that quotes nothing of the text."""
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadLine(f"not UTF-8 (byte {error.start + 1}).") from error
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        raise BadLine("not a JSON object.") from error
    if not isinstance(row, dict):
        raise BadLine("not a JSON object.")
    data = {field: row[field] for field in FIELDS if row.get(field) is not None}
    for field in ("id", "text", "language", "country", "received_at"):
        if field in data and type(data[field]) not in ((str, int) if field == "id" else (str,)):
            raise BadLine(f"{field}: want text.")
    if type(data.get("may_be_learned_from", False)) is not bool:
        raise BadLine("may_be_learned_from: want true or false.")
    data.setdefault("language", "en")
    form = ImportedPostForm(data)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise BadLine(f"{field}: {errors[0]}")
    post = form.cleaned_data
    known = Post.objects.filter(external_id=post["id"]).first()
    if known is not None:
        if data.get("may_be_learned_from") is False:
            withdraw_post_from_learning(known)
        return False
    external_id = post.pop("id")
    receive_post(**post, external_id=external_id)
    return True
