"""What a closed study came to, counted by `python -m evaluation.studies` in a process of its own.

The site imports nothing of the lab: they meet in files, and the lab's packages may be missing where the site runs. The same
study gives the same report.json, byte for byte, on the same versions of those packages.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction

from assistant.actions import Refused
from assistant.exports import write_for_owner
from assistant.vault import audit
from webapp.studies.exports import export_study, export_texts
from webapp.studies.models import Report, Study

log = logging.getLogger("lantern.studies")

MAKE_REPORT = "studies.make_report"
PROGRAM = "evaluation.studies"
SECONDS = 300  # half of what a message may stay unanswered before Redis gives it to somebody else
MOST_BYTES = 8 * 2**20  # of report.json, and of all plots together
NEEDED = ("evaluation", "scipy", "statsmodels", "krippendorff", "matplotlib", "sklearn", "pandas")


class NotCounted(Exception):
    """There is no report; `code` says why, and `said` is what the lab said where it said something."""

    def __init__(self, code: str, said: str = "") -> None:
        self.code = code
        self.said = said
        super().__init__(said or code)


@dataclass(frozen=True, slots=True)
class Counted:
    export_sha256: str
    report: bytes  # report.json
    plots: dict[str, str]  # SVG by name


def missing_packages() -> list[str]:
    """What the lab needs and this environment lacks. Imports none of it."""
    return [name for name in NEEDED if find_spec(name) is None]


# Asking


def ask_for_report(study: Study, *, by: Any) -> Report:
    """The export is made when it is counted: the study is closed, so that it is the same then."""
    with transaction.atomic():
        export_study(study, by=by)  # refuses here, where somebody reads why
        report = Report.objects.create(study=study, by=by)
        audit.record("study.report_asked", actor=by, object_type="study", object_id=study.id, code=str(report.id))
        transaction.on_commit(lambda: ring(report.id), robust=True)
    return report


def ring(report_id: uuid.UUID) -> None:
    try:
        current_app.send_task(MAKE_REPORT, args=[str(report_id)], retry=False)
    except Exception as error:
        log.warning("doorbell_failed", extra={"report": str(report_id), "error": type(error).__name__})


# Counting


def make_report(report_id: uuid.UUID | str) -> None:
    """A second ring changes nothing."""
    report = Report.objects.filter(id=report_id, status=Report.Status.WAITING).select_related("study__case").first()
    if report is None:
        return
    try:
        with tempfile.TemporaryDirectory(prefix="study-") as folder:  # readable by this process alone
            counted = count(report.study, Path(folder), by=report.by)
    except NotCounted as error:
        _finish(report, status=Report.Status.FAILED, problem=f"{error.code}: {error.said}"[:500])
    except Refused as refusal:  # it was erased meanwhile
        _finish(report, status=Report.Status.FAILED, problem=refusal.code)
    else:
        keep(report, counted)


def keep(report: Report, counted: Counted) -> None:
    found = json.loads(counted.report)
    sha256 = counted.export_sha256
    _finish(report, status=Report.Status.DONE, found=found, plots=counted.plots, export_sha256=sha256, problem="")


def _finish(report: Report, **fields: Any) -> None:
    with transaction.atomic():
        if Report.objects.filter(id=report.id, status=Report.Status.WAITING).update(**fields) == 1:
            outcome = str(fields["status"])
            audit.record(
                "study.report_made", actor=None, object_type="study", object_id=report.study_id, outcome=outcome
            )


def count(study: Study, folder: Path, *, by: Any | None, with_texts: bool = False) -> Counted:
    """Write the export into the folder and run the lab on it there. Raises NotCounted."""
    if missing := missing_packages():
        raise NotCounted("lab_missing", ", ".join(missing))
    data = export_study(study, by=by)
    exported = folder / "study.json"
    write_for_owner(exported, data.decode())
    arguments = [str(exported), "--out", str(folder)]
    if with_texts:
        texts = folder / "texts.json"
        write_for_owner(texts, export_texts(study, by=by).decode())
        arguments += ["--texts", str(texts)]
    run_lab(arguments, folder)
    return Counted(hashlib.sha256(data).hexdigest(), _report_in(folder), _plots_in(folder))


def run_lab(arguments: list[str], folder: Path, *, seconds: int | None = None) -> str:
    """What the lab printed. It runs without the site's environment, which holds its secrets. Raises NotCounted."""
    environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    environment |= {"LANG": "C.UTF-8", "MPLBACKEND": "Agg", "MPLCONFIGDIR": str(folder), "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 our own program
            [sys.executable, "-m", PROGRAM, *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds or SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotCounted("timeout") from error
    if done.returncode == 0:
        return done.stdout
    if "No module named" in done.stderr:
        raise NotCounted("lab_missing")
    if done.returncode == 2:  # it says what it could not read; no text of an item can stand there
        raise NotCounted("refused", done.stderr.strip().splitlines()[-1].replace(str(folder), "")[:400])
    log.error("report_failed", extra={"code": done.returncode})
    raise NotCounted("crashed")


def _report_in(folder: Path) -> bytes:
    path = folder / "report.json"
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        raise NotCounted("no_report")
    data = path.read_bytes()
    try:
        is_object = isinstance(json.loads(data), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise NotCounted("no_report")
    return data


def _plots_in(folder: Path) -> dict[str, str]:
    paths = sorted(folder.glob("*.svg"))
    if sum(path.stat().st_size for path in paths) > MOST_BYTES:
        raise NotCounted("no_report")
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}
