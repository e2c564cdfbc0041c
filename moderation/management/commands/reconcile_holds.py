"""Held text without an open flag, and flags whose text no longer waits: check (default), list, or flag."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from moderation import holds


class Command(BaseCommand):
    help = "Finds held posts, suggestions and replies that no open flag points to; `flag` opens one for each."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", nargs="?", choices=["check", "list", "flag"], default="check")

    def handle(self, *_: Any, verb: str, **__: Any) -> None:
        orphans = list(holds.held_without_flag())
        stale = list(holds.flags_of_text_taken_back())
        self.stdout.write(
            f"{len(orphans)} held text(s) without an open flag, {len(stale)} flag(s) of text that was taken back."
        )
        if verb == "list":
            for subject in orphans:
                self.stdout.write(f"{type(subject).__name__.lower()} {subject.pk}")
        if verb == "flag":
            for subject in orphans:
                holds.flag_again(subject)
            for flag in stale:
                holds.drop(flag)
            self.stdout.write(f"{len(orphans)} flag(s) opened, {len(stale)} closed.")
        elif orphans:
            raise CommandError("Somebody waits unseen. Run `manage.py reconcile_holds flag`.")
