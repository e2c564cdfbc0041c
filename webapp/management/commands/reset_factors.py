"""For the only admin who lost their second factor: whoever has the server's shell has the site."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError

from webapp.accounts.models import User
from webapp.accounts.second_factor import reset_factors


class Command(BaseCommand):
    help = "Takes away the second factor of one person, who signs in with the password and sets up a new one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the pseudonym")
        parser.add_argument("--yes", action="store_true", help="do it; without this the command says what it would do")

    def handle(self, *_: Any, name: str, yes: bool, **__: Any) -> None:
        person = User.objects.filter(username__iexact=name).first()
        if person is None:
            raise CommandError(f"{name}: nobody has this name. The page People lists everybody.")
        if not yes:
            count = Authenticator.objects.filter(user=person).count()
            self.stdout.write(
                f"Would remove {count} row(s) of {person.username}'s second factor. Run again with --yes."
            )
            return
        removed = reset_factors(person, by=None)
        self.stdout.write(
            f"Removed {removed} row(s) of {person.username}'s second factor; they are signed out everywhere."
        )
