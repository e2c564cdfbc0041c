"""Invented posts and accounts on an empty database."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from webapp import demo


class Command(BaseCommand):
    help = "Seeds an empty database with invented posts and one account per role; --show prints the accounts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--show", action="store_true", help="print the demonstration's accounts")

    def handle(self, *_: Any, show: bool, **__: Any) -> None:
        if not settings.DEMO:
            raise CommandError("DEMO is not set: demonstration accounts do not belong into a real installation.")
        if not show:
            self.stdout.write(demo.seed_if_empty())
        self.stdout.write("\n".join(demo.account_lines()))
