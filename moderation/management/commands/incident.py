"""One incident as a file without content; or, with --erase, the end of its texts."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from moderation.incident_page import incident_file
from moderation.models import Incident
from moderation.retention import erase_incident


class Command(BaseCommand):
    help = "Prints an incident as Markdown: states, times, people and ids, no text that somebody wrote."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", help="of the incident; it stands in the address of its page")
        parser.add_argument("--erase", action="store_true", help="destroy the key of its texts instead")
        parser.add_argument("--yes", action="store_true", help="with --erase: do it; without this it is only said")

    def handle(self, *_: Any, id: str, erase: bool, yes: bool, **__: Any) -> None:
        incident = find_incident(id)
        if not erase:
            self.stdout.write(incident_file(incident), ending="")
        elif not yes:
            self.stdout.write(
                f"Would destroy the key of {incident.entries.count()} text(s) and the title, for good. "
                "Run again with --yes."
            )
        else:
            erase_incident(incident)
            self.stdout.write("Erased. Who did what when stays, and the links to cases.")


def find_incident(name: str) -> Incident:
    try:
        wanted = uuid.UUID(name)
    except ValueError as error:
        raise CommandError(f"{name}: not the id of an incident. It looks like {uuid.UUID(int=0)}.") from error
    found = Incident.objects.filter(id=wanted, case__destroyed_at=None).select_related("case", "opened_by").first()
    if found is None:
        raise CommandError(f"{name}: no such incident, or it was erased.")
    return found
