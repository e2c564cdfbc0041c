"""Mixes of settings that are unsafe. Errors stop every command and the server; each says what to change."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register, run_checks
from django.utils import timezone

from assistant.safety import helplines, policy

SHORTEST_KEY = 32
SHORTEST_TOKEN = 16
LIVE = "live"  # what a process that serves people needs beyond the rest; see `unsafe_ids`
ENGINES = ("django.db.backends.sqlite3", "django.db.backends.postgresql")


@register
def unsafe_mixes(**_: Any) -> list[CheckMessage]:
    return [
        *who_is_asked(),
        *secrets_kept(),
        *several_processes(),
        *policy_stands(),
        *helplines_stand(),
        *webhook_stands(),
    ]


@register(LIVE, deploy=True)
def live_only(**_: Any) -> list[CheckMessage]:
    """Asked for by what serves people: setting up, signing and measuring must be possible before somebody signed."""
    return [*policy_signed(), *helplines_checked()]


def who_is_asked() -> Iterator[CheckMessage]:
    public = urlsplit(settings.PUBLIC_URL)
    if public.scheme not in ("http", "https") or not public.hostname:
        yield Error(
            f"PUBLIC_URL={settings.PUBLIC_URL}: not the address of a site.",
            hint="Write it as people type it, with http:// or https://.",
            id="lantern.E001",
        )
    if any("*" in host for host in settings.ALLOWED_HOSTS):
        yield Error(
            "ALLOWED_HOSTS holds *: links in e-mails could be made to lead anywhere.",
            hint="Name the hosts that this site answers to.",
            id="lantern.E002",
        )
    if settings.DEMO and public.scheme == "https":
        yield Error(
            f"DEMO is on at PUBLIC_URL={settings.PUBLIC_URL}: demonstration accounts would be open to the internet.",
            hint="Set DEMO=0, with an empty database; or show the demonstration on this machine only.",
            id="lantern.E003",
        )
    if public.scheme == "https" and not settings.MFA_REQUIRED and not settings.DEMO:
        yield Warning(
            f"MFA_REQUIRED is off at PUBLIC_URL={settings.PUBLIC_URL}: a password alone opens what was flagged.",
            hint="Leave MFA_REQUIRED out; people are led through setting up their second factor.",
            id="lantern.W004",
        )
    if settings.DEMO and settings.LIVE:
        yield Error(
            "DEMO and LIVE are both on: nobody may be answered from a demonstration.",
            hint="Set LIVE=0 to show the demonstration, or DEMO=0, with an empty database, where people are answered.",
            id="lantern.E014",
        )
    if public.scheme == "https" and not settings.LIVE and not settings.DEMO:
        yield Warning(
            f"LIVE is off at PUBLIC_URL={settings.PUBLIC_URL}: models are activated without the sign-off of the clinician panel.",
            hint="Leave LIVE out where real people are answered; docs/models.md says what the panel does.",
            id="lantern.W005",
        )
    host = os.environ.get("HOST") or "127.0.0.1"
    if public.scheme == "http" and not (is_this_machine(host) and is_this_machine(public.hostname or "")):
        yield Warning(
            f"HOST={host}, PUBLIC_URL={settings.PUBLIC_URL}: others reach this site without encryption, passwords included.",
            hint="Put a proxy with TLS in front, set PUBLIC_URL=https://… and HOST=127.0.0.1.",
            id="lantern.W001",
        )


def secrets_kept() -> Iterator[CheckMessage]:
    key = str(settings.SECRET_KEY)
    if len(key) < SHORTEST_KEY or len(set(key)) < 5 or key.startswith("django-insecure-"):
        yield Error(
            f"SECRET_KEY has {len(key)} characters, or can be guessed.",
            hint="Leave it empty to have one made, or set 50 random characters.",
            id="lantern.E004",
        )
    if 0 < len(settings.METRICS_TOKEN) < SHORTEST_TOKEN:
        yield Error(
            f"METRICS_TOKEN has {len(settings.METRICS_TOKEN)} characters: it can be guessed.",
            hint=f"Set {SHORTEST_TOKEN} random characters or more, or leave it empty: then only admins read /metrics.",
            id="lantern.E011",
        )
    path = Path(settings.VAULT_KEYS_FILE)
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Error(
            f"VAULT_KEYS_FILE={path}: others on this machine may read or change it.",
            hint=f"Run `chmod 600 {path}`; if somebody may have read it, `manage.py rotate_keys --yes --drop-old` too.",
            id="lantern.E005",
        )
    if work_tree := work_tree_around(path):
        yield Warning(
            f"VAULT_KEYS_FILE={path}: inside the git work tree {work_tree}, so it could be committed.",
            hint="Keep it outside, or in DATA_DIR.",
            id="lantern.W002",
        )


def webhook_stands() -> Iterator[CheckMessage]:
    if not settings.ALERT_WEBHOOK_URL:
        return
    address = urlsplit(settings.ALERT_WEBHOOK_URL)
    host = address.hostname or ""
    if not host or not (address.scheme == "https" or (address.scheme == "http" and is_this_machine(host))):
        yield Error(
            "ALERT_WEBHOOK_URL: want an address with https://, or one with http:// on this machine. (Its value is not repeated.)",
            hint="Correct it, or leave it empty: then alerts go to the pages and by e-mail alone.",
            id="lantern.E012",
        )
    if len(settings.ALERT_WEBHOOK_SECRET) < SHORTEST_TOKEN:
        yield Error(
            f"ALERT_WEBHOOK_SECRET has {len(settings.ALERT_WEBHOOK_SECRET)} characters: others could make up alerts.",
            hint=f"Set {SHORTEST_TOKEN} random characters or more, and give them to whatever listens at ALERT_WEBHOOK_URL.",
            id="lantern.E013",
        )


def several_processes() -> Iterator[CheckMessage]:
    engine = settings.DATABASES["default"]["ENGINE"]
    if engine not in ENGINES:
        yield Error(
            f"DATABASE_URL names {engine}: Lantern's locks are made for SQLite and PostgreSQL.",
            hint="Use postgres://…, or leave DATABASE_URL empty.",
            id="lantern.E006",
        )
    if not settings.EMBEDDED and engine == ENGINES[0]:
        yield Error(
            "REDIS_URL is set and DATABASE_URL is not PostgreSQL: several processes would lock each other out of SQLite.",
            hint="Set DATABASE_URL=postgres://…, or leave REDIS_URL empty for the embedded form.",
            id="lantern.E007",
        )


def policy_stands() -> Iterator[CheckMessage]:
    path = policy.chosen_path()
    try:
        policy.load(path)
    except policy.PolicyError as error:
        yield Error(
            f"SAFETY_POLICY_FILE={settings.SAFETY_POLICY_FILE or path}: {error}".removesuffix(".") + ".",
            hint="Correct it, then run `manage.py policy check`. Without a policy every text would be held.",
            id="lantern.E008",
        )


def policy_signed() -> Iterator[CheckMessage]:
    path = policy.chosen_path()
    try:
        unsigned = policy.load(path).unsigned_roles
    except policy.PolicyError:
        return  # E008 says so
    if unsigned and not settings.DEMO:
        first = (
            f"Copy {path} to a place of your own, decide every line, set SAFETY_POLICY_FILE to it. Then"
            if path == policy.SHIPPED
            else "Read it with `manage.py policy show`, then"
        )
        yield Error(
            f"SAFETY_POLICY_FILE={path}: what it says now is not signed by {', '.join(unsigned)}.",
            hint=f'{first} run `manage.py policy sign --role "{unsigned[0]}" --name "…" --yes`, once for each role.',
            id="lantern.E009",
        )


def helplines_stand() -> Iterator[CheckMessage]:
    try:
        helplines.all_helplines()
    except helplines.HelplineError as error:
        yield Error(
            f"HELPLINES_FILE={settings.HELPLINES_FILE or helplines.SHIPPED}: {error}",
            hint="Correct it, then run `manage.py helplines check`. Without a book every reply would be held.",
            id="lantern.E010",
        )


def helplines_checked() -> Iterator[CheckMessage]:
    """A warning: an old number must not take a site down, which would leave people with none."""
    try:
        due = helplines.not_current(timezone.localdate())
    except helplines.HelplineError:
        return  # E010 says so
    if due and not settings.DEMO:
        yield Warning(
            f"HELPLINES_FILE={settings.HELPLINES_FILE or helplines.SHIPPED}: {len(due)} entries were never checked or expired.",
            hint="`manage.py helplines list` names them. Check each and write day and name into HELPLINES_FILE.",
            id="lantern.W003",
        )


def is_this_machine(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def work_tree_around(path: Path) -> Path | None:
    """The git work tree that holds this file; None in DATA_DIR, which is ours and ignored by git where it lies in ours."""
    resolved = path.resolve()
    if resolved.is_relative_to(settings.DATA_DIR):
        return None
    return next((folder for folder in resolved.parents if (folder / ".git").exists()), None)


def unsafe_ids() -> list[str]:
    """For servers that are started without manage.py, which runs the checks itself."""
    messages = [*run_checks(), *run_checks(tags=[LIVE], include_deployment_checks=True)]
    return [str(message.id) for message in messages if message.is_serious()]
