"""What `serve` does before it starts, for the outgrown form: run once at each deployment, before web and worker."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from assistant.inference.engine import ModelUnavailable
from webapp import starting
from webapp.accounts import set_up


class Command(BaseCommand):
    help = "Migrates, makes the vault's first key, registers the model, makes the first admin or a link for one."

    def handle(self, *_: Any, **__: Any) -> None:
        starting.prepare_database()
        self.stdout.write("Database is ready.")
        try:
            self.stdout.write(f"Model {starting.register_model()}.")
        except ModelUnavailable as error:
            self.stdout.write(f"No model: {error} Drafting and sending work without it.")
        self.stdout.write(self.first_admin())

    def first_admin(self) -> str:
        try:
            made = set_up.first_admin_from_environment()
        except set_up.BadFirstAdmin as error:
            raise CommandError(str(error)) from error
        if made is not None:
            return f"The first admin is {made.username}."
        link = set_up.new_set_up_link(settings.PUBLIC_URL)
        return f"Make the first admin here, within an hour, once: {link}" if link else "People can sign in."
