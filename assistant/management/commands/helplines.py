"""The helpline book: what is in it, and what somebody has to look at."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from assistant.safety import helplines
from assistant.safety.helplines import HelplineError, State


class Command(BaseCommand):
    help = "Lists the helpline book with the state of each entry, or checks it: exit status 1 while an entry is due."
    requires_system_checks = ()  # it is asked for when those complain about the book

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["list", "check"])
        parser.add_argument("--country", default="", help="two letters; only its lines")

    def handle(self, *_: Any, verb: str, country: str, **__: Any) -> None:
        today = timezone.localdate()
        try:
            book = helplines.all_helplines()
        except HelplineError as error:
            raise CommandError(str(error)) from error
        lines = [line for line in book if country.upper() in ("", line.country)]
        due = [line for line in lines if line.state(today) is not State.CURRENT]
        for line in lines if verb == "list" else due:
            since = (
                f"checked {line.verified_on} by {line.verified_by}, until {line.expires_on}"
                if line.verified_by
                else "verify before going live"
            )
            reach = ", ".join(line.numbers) or line.channel
            self.stdout.write(f"{line.state(today):<10}  {line.country}  {line.name}: {reach}; {since}; {line.source}")
        self.stdout.write(f"{len(lines)} entries, {len(due)} unverified or expired")
        if verb == "check" and due:
            raise CommandError(
                f"{len(due)} entries are due. Check each at its source, then write it with verified_on and verified_by into "
                f"the file of HELPLINES_FILE ({helplines.own_path() or 'not set'})."
            )
