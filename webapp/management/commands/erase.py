"""Erases one case by destroying its key."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from assistant.models import Post
from webapp.privacy import erase_post


class Command(BaseCommand):
    help = "Erases a post and everything written because of it: drafts, suggestions, replies, notes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--post", required=True, help="its id, or the id that it was imported with")
        parser.add_argument("--yes", action="store_true", help="do it; without this the command says what it would do")

    def handle(self, *_: Any, post: str, yes: bool, **__: Any) -> None:
        row = find_post(post)
        drafts, replies = row.drafts.count(), sum(draft.replies.count() for draft in row.drafts.all())
        self.stdout.write(f"Post {row.id}: {drafts} draft(s), {replies} repl(y/ies).")
        if not yes:
            self.stdout.write("Would destroy the key of this case, for good. Run again with --yes.")
            return
        erase_post(row)
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.stdout.write(
            "Erased. Backups made before hold the text encrypted, and the key is gone once theirs is deleted too."
        )


def find_post(name: str) -> Post:
    found = Post.objects.filter(external_id=name).select_related("case").first()
    if found is None:
        try:
            found = Post.objects.filter(id=name).select_related("case").first()
        except (ValidationError, ValueError):
            found = None
    if found is None:
        raise CommandError(f"{name}: no such post.")
    return found
