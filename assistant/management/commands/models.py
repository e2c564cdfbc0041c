"""Which model files are known and which one is in use: add, list, verify, activate."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from assistant.inference.engine import ModelUnavailable
from assistant.inference.modelfile import ModelFile
from assistant.models import Deployment, ModelVersion
from assistant.vault import audit
from assistant.worker_state import measured_file


class Command(BaseCommand):
    help = "Registers GGUF files by path and hash, and says which one answers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="register a GGUF file on this machine")
        add.add_argument("path", type=Path)
        add.add_argument("--name", help="default: the file's name without .gguf")
        add.add_argument("--sha256", help="what it must hash to; default: what it hashes to now")
        verbs.add_parser("list", help="every version, the active one marked")
        verify = verbs.add_parser("verify", help="compare the files with what was registered")
        verify.add_argument("name", nargs="?")
        activate = verbs.add_parser("activate", help="use this version from the next job on")
        activate.add_argument("name")

    def handle(self, *_: Any, verb: str, **options: Any) -> None:
        getattr(self, verb)(**options)

    def add(self, *, path: Path, name: str | None, sha256: str | None, **_: Any) -> None:
        path = path.resolve()
        if not path.is_file():
            raise CommandError(f"{path}: no such file.")
        file = measured_file(path)
        if sha256 is not None and sha256 != file.sha256:
            raise CommandError(
                f"{path}: hashes to {file.sha256}, not to {sha256}. Fetch it again from a source that you trust."
            )
        name = name or path.stem
        if ModelVersion.objects.filter(name=name).exists():
            raise CommandError(f"{name}: this name is taken. Choose another with --name.")
        with transaction.atomic():
            version = ModelVersion.objects.create(name=name, path=str(path), sha256=file.sha256, size=file.size)
            audit.record("model.added", actor=None, object_type="model", object_id=version.id)
        self.stdout.write(
            f"Added {name}: {version.size:,} bytes, sha256 {file.sha256}. `models activate {name}` puts it to use."
        )

    def list(self, **_: Any) -> None:
        active = Deployment.active_version()
        for version in ModelVersion.objects.all():
            mark = "*" if active and version.id == active.id else " "
            self.stdout.write(f"{mark} {version.name}  {version.size:,} bytes  {version.sha256[:12]}…  {version.path}")

    def verify(self, *, name: str | None, **_: Any) -> None:
        wrong = 0
        for version in ModelVersion.objects.filter(**({"name": name} if name else {})):
            try:
                ModelFile(path=Path(version.path), sha256=version.sha256, size=version.size).verify()
                self.stdout.write(f"ok       {version.name}")
            except ModelUnavailable as error:
                wrong += 1
                self.stdout.write(f"refused  {version.name}: {error}")
        if wrong:
            raise CommandError(f"{wrong} model file(s) are not what was registered; they will not be opened.")

    def activate(self, *, name: str, **_: Any) -> None:
        version = ModelVersion.objects.filter(name=name).first()
        if version is None:
            known = ", ".join(ModelVersion.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"{name}: no such model version. Known: {known}.")
        with transaction.atomic():
            Deployment.objects.create(version=version)
            audit.record("model.activated", actor=None, object_type="model", object_id=version.id)
        self.stdout.write(f"{name} answers from the next job on.")
