"""What the site checks of itself every minute, now and in words."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from moderation import invariants
from moderation.alert_words import invariant_words


class Command(BaseCommand):
    help = "Counts what must never be: held text without a flag, a flag of which nobody was told, and the like. Changes nothing."

    def handle(self, *_: Any, **__: Any) -> None:
        found = invariants.failing()
        for code in invariants.CHECKS:
            self.stdout.write(f"{found.get(code, 0):>5}  {code:<20} {invariant_words(code)}")
        if found:
            raise CommandError(f"Not as it must be: {', '.join(found)}. docs/moderation/hand-over.md says what to do.")
