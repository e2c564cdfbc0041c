"""The safety policy of this deployment: show it, check it, sign it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from assistant.safety import policy
from assistant.safety.policy import Policy, PolicyError
from assistant.safety.policy_signing import refuse_to_sign, sign


class Command(BaseCommand):
    help = "Shows, checks and signs the policy file that SAFETY_POLICY_FILE names, or the one given."
    requires_system_checks = ()  # those refuse a live site until this command has done its work

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", type=Path, help="another file than the one in use")
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("show", help="what the file says, its SHA-256 and who signed")
        verbs.add_parser("check", help="exit status 1 unless it is sound and signed by every required role")
        signing = verbs.add_parser("sign", help="say what would be signed; with --yes, sign it")
        signing.add_argument("--role", required=True, help=f"needed: {', '.join(policy.REQUIRED_ROLES)}")
        signing.add_argument("--name", required=True, help="who approves this content")
        signing.add_argument("--yes", action="store_true")

    def handle(self, *_: Any, verb: str, file: Path | None, **options: Any) -> None:
        path = file or policy.chosen_path()
        try:
            act = {"show": self.show, "check": self.check_file, "sign": self.sign}[verb]
            act(path, policy.load(path), **options)
        except PolicyError as error:
            raise CommandError(str(error)) from error

    def show(self, path: Path, known: Policy, **_: Any) -> None:
        self.stdout.write(f"{path}: {known.title}, version {known.version}")
        self.stdout.write(
            f"  thresholds         review_at {shown(known.thresholds.review_at)}, urgent_at {shown(known.thresholds.urgent_at)}"
        )
        checks = known.checks
        self.stdout.write(
            f"  checks             {checks.timeout_seconds:g} s each, open after {checks.failures_to_open} failures, "
            f"test sentences every {checks.canary_seconds} s"
        )
        self.stdout.write(
            f"  sampling           {known.sampling.unflagged_share:.1%} of unflagged posts go to a person"
        )
        for level, rule in known.levels.items():
            self.stdout.write(
                f"  level {int(level)}            the model {'may draft' if rule.model_drafts else 'does not draft'}; "
                f"replies {'are held' if rule.hold_replies else 'leave'}; told: {', '.join(rule.tell) or 'nobody'}; "
                f"{clock(rule.clock_minutes, rule.repage_minutes)}; a reply needs: {', '.join(rule.mandatory) or 'nothing'}"
            )
        for country, said in sorted(known.emergency_contact.items()):
            self.stdout.write(f"  emergency contact  {country}: {said}")
        self.stdout.write("  emergency contact  elsewhere: lead-decides")
        self.stdout.write(f"  SHA-256            {known.digest}")
        for signature in known.signature:
            fits = "signed" if signature in known.signed_by else "signed ANOTHER content"
            self.stdout.write(f"  {fits:<18} {signature.name}, {signature.role}, {signature.date}")
        for role in known.unsigned_roles:
            self.stdout.write(f"  not signed         {role}")

    def check_file(self, path: Path, known: Policy, **_: Any) -> None:
        if known.unsigned_roles:
            raise CommandError(
                f"{path}: sound, but not signed by {', '.join(known.unsigned_roles)}. "
                'Run `manage.py policy sign --role "…" --name "…" --yes` for each.'
            )
        self.stdout.write(f"{path}: sound, and signed by {', '.join(signature.name for signature in known.signed_by)}.")

    def sign(self, path: Path, known: Policy, *, role: str, name: str, yes: bool, **_: Any) -> None:
        refuse_to_sign(path, known, role=role, name=name)
        self.show(path, known)
        if not yes:
            self.stdout.write(f"{name} would sign this as {role}. Add --yes to do it.")
            return
        sign(path, role=role, name=name, day=timezone.localdate())
        left = policy.load(path).unsigned_roles
        self.stdout.write(
            f"{name} signed as {role}. " + (f"Still needed: {', '.join(left)}." if left else "It is complete.")
        )


def shown(value: float | None) -> str:
    return "as shipped" if value is None else f"{value:g}"


def clock(minutes: int, repage: int) -> str:
    if not minutes:
        return "no clock"
    return f"a person within {minutes} minutes" + (f", told again after {repage}" if repage else "")
