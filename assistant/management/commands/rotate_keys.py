"""Master keys: create the first file, or add a new key and wrap every case key with it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from assistant.models import CaseKey
from assistant.vault import audit
from assistant.vault.keys import MasterKeys, VaultError, create_key_file, new_key, read_key_file, write_key_file


class Command(BaseCommand):
    help = "Adds a master key and wraps every case key with it again; encrypted text itself is not touched."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--create", action="store_true", help="make the key file if there is none, and stop")
        parser.add_argument("--drop-old", action="store_true", help="remove older master keys once nothing needs them")
        parser.add_argument("--yes", action="store_true", help="do it; without this the command says what it would do")

    def handle(self, *_: Any, create: bool, drop_old: bool, yes: bool, **__: Any) -> None:
        path = settings.VAULT_KEYS_FILE
        if create:
            create_key_file(path)
            self.stdout.write(f"{path} is there.")
            return
        try:
            keys = read_key_file(path)
        except VaultError as error:
            raise CommandError(str(error)) from error
        cases = CaseKey.objects.filter(wrapped__isnull=False)
        self.stdout.write(f"{cases.count()} case key(s), {len(keys.keys)} master key(s), newest {keys.newest}.")
        if not yes:
            self.stdout.write("Would add a master key and wrap every case key with it. Run again with --yes.")
            return
        keys = MasterKeys(keys={**keys.keys, next_id(keys): new_key()}, audit=keys.audit)
        write_key_file(path, keys)  # before any key is wrapped with it: a crash in between loses nothing
        count = 0
        for case_id in list(cases.exclude(master_id=keys.newest).values_list("id", flat=True)):
            with transaction.atomic():
                case = CaseKey.objects.select_for_update().get(id=case_id)
                if case.wrapped is not None:
                    case.wrap_again()
                    count += 1
        with transaction.atomic():
            audit.record("keys.rotated", actor=None, object_type="keys", object_id=keys.newest, code=str(count))
        self.stdout.write(f"Wrapped {count} case key(s) with {keys.newest}.")
        if drop_old:
            if CaseKey.objects.filter(wrapped__isnull=False).exclude(master_id=keys.newest).exists():
                raise CommandError(
                    "Some case keys still need an older master key; nothing was dropped. Run this again."
                )
            write_key_file(path, MasterKeys(keys={keys.newest: keys.keys[keys.newest]}, audit=keys.audit))
            self.stdout.write(
                "Older master keys are gone: backups that hold case keys wrapped with them stay closed for good."
            )


def next_id(keys: MasterKeys) -> str:
    numbers = [int(key_id[1:]) for key_id in keys.keys if key_id[1:].isdigit()]
    return f"m{max(numbers, default=0) + 1}"
