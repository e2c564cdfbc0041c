"""Studies at the terminal: the list, opening, closing, exporting, the report, erasing."""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assistant.actions import Refused
from assistant.exports import NotExported, refuse_existing, written_whole
from assistant.management.commands.export_preferences import person_named
from webapp.studies import opening, reporting
from webapp.studies.exports import export_study, export_texts
from webapp.studies.faults import faults_of
from webapp.studies.models import Report, Study

VERBS = ("list", "check", "open", "close", "export", "report", "erase")


class Command(BaseCommand):
    help = (
        "Lists studies, says what one still lacks (check), opens or closes it, exports it (--out FILE, --texts FILE), "
        "counts its report into a folder (--out DIR), or erases it. What cannot be taken back needs --yes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=VERBS)
        parser.add_argument("name", nargs="?", default="", help="of the study, as its page shows it")
        parser.add_argument("--out", type=Path, help="export: the file to write; report: the folder; must not exist")
        parser.add_argument("--texts", type=Path, metavar="FILE", help="export: another file, for the scrubbed texts")
        parser.add_argument("--examples", action="store_true", help="report: with scrubbed texts in check.md")
        parser.add_argument("--by", metavar="NAME", help="who does it; stands in the audit log")
        parser.add_argument("--yes", action="store_true", help="open, close and erase: do it")

    def handle(self, *_: Any, verb: str, name: str, **given: Any) -> None:
        if verb == "list":
            for row in Study.objects.select_related("case"):
                status = "erased" if row.case.destroyed_at else row.status
                self.stdout.write(f"{status:<8} {row.name}: {row.items.count()} item(s), {row.raters.count()} rater(s)")
            return
        by = person_named(given["by"]) if given["by"] else None
        verbs: dict[str, Callable[..., None]] = {
            "check": self._check,
            "open": self._open,
            "close": self._close,
            "export": self._export,
            "report": self._report,
            "erase": self._erase,
        }
        try:
            verbs[verb](study_named(name), by=by, **{one: given[one] for one in ("out", "texts", "examples", "yes")})
        except (Refused, NotExported) as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from error

    def _check(self, study: Study, **_: Any) -> None:
        faults = faults_of(study)
        for fault in faults:
            self.stdout.write(f"{'missing ' if fault.missing else 'doubtful'} {fault.text}")
        if not faults:
            self.stdout.write("Nothing is missing, and nothing stands out.")

    def _open(self, study: Study, *, by: Any, yes: bool, **_: Any) -> None:
        if not yes:
            self._check(study)
            self.stdout.write("Would keep the plan as it is and ask the raters. Run again with --yes.")
            return
        row = opening.open_study(study, by=by)
        self.stdout.write(f"Open. Its plan has the sha256 {row.plan_sha256}.")

    def _close(self, study: Study, *, by: Any, yes: bool, **_: Any) -> None:
        if not yes:
            self.stdout.write("Would end the rating for good. Run again with --yes.")
            return
        opening.close_study(study, by=by)
        self.stdout.write("Closed.")

    def _export(self, study: Study, *, by: Any, out: Path | None, texts: Path | None, **_: Any) -> None:
        out = _wanted(out, "a file")
        for path in (out, texts):
            if path is not None:
                refuse_existing(path)
        self._write(out, export_study(study, by=by))
        if texts is not None:
            self._write(texts, export_texts(study, by=by))
            self.stdout.write(
                "Scrubbed is not anonymous: keep it where posts may be kept, and delete it when it was used."
            )

    def _write(self, path: Path, data: bytes) -> None:
        with written_whole(path) as write:
            write(data.decode())
        self.stdout.write(f"Wrote {path}, sha256 {hashlib.sha256(data).hexdigest()}.")

    def _report(self, study: Study, *, by: Any, out: Path | None, examples: bool, **_: Any) -> None:
        folder = _wanted(out, "a folder")
        if folder.exists():
            raise CommandError(f"{folder}: there is one already. Name another one.")
        folder.mkdir(mode=0o700, parents=True)
        report = Report.objects.create(study=study, by=by)
        try:
            counted = reporting.count(study, folder, by=by, with_texts=examples)
        except (reporting.NotCounted, Refused) as error:
            report.delete()
            raise CommandError(f"No report: {error}. {_remedy(error)}".strip()) from error
        reporting.keep(report, counted)
        self.stdout.write(f"Wrote {folder}/report.json, sha256 {hashlib.sha256(counted.report).hexdigest()}.")
        self.stdout.write(f"Counted from an export with the sha256 {counted.export_sha256}.")

    def _erase(self, study: Study, *, by: Any, yes: bool, **_: Any) -> None:
        if not yes:
            self.stdout.write(
                f"Would destroy the key of {study.items.count()} item(s) and delete {study.raters.count()} rater(s) with what"
                " they said, for good. Run again with --yes."
            )
            return
        opening.erase_study(study, by=by)
        self.stdout.write("Erased. Its name and what was planned stay.")


def study_named(name: str) -> Study:
    found = Study.objects.filter(name=name, case__destroyed_at=None).select_related("case").first()
    if found is None:
        raise CommandError(
            f"{name or 'no name'}: no such study, or it was erased. `manage.py studies list` names them."
        )
    return found


def _wanted(out: Path | None, what: str) -> Path:
    if out is None:
        raise CommandError(f"--out is missing: name {what} that does not exist yet.")
    return out


def _remedy(error: Exception) -> str:
    lacks = isinstance(error, reporting.NotCounted) and error.code == "lab_missing"
    return "Install the packages of the lab with `make lab`, or count the export elsewhere." if lacks else ""
