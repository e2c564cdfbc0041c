"""The report is counted in a process of its own, from the export, and shown on two pages."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from assistant.models import AuditEvent
from webapp import test as build
from webapp.accounts.models import User
from webapp.studies import exports, opening, planning, report_page, reporting
from webapp.studies.models import Report, Study
from webapp.studies.tests import lab_stand_in, research

pytestmark = pytest.mark.django_db


@pytest.fixture
def alder() -> User:
    return research.person_of_research()


@pytest.fixture
def study(alder: User) -> Study:
    return research.closed(alder)


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that stands in for the lab, whose own tests are in its own folder; the process is a real one."""
    monkeypatch.setattr(reporting, "PROGRAM", lab_stand_in.__name__)
    monkeypatch.setattr(reporting, "NEEDED", ("json",))


def made(study: Study, by: User) -> Report:
    report = reporting.ask_for_report(study, by=by)
    reporting.make_report(report.id)
    return Report.objects.get(id=report.id)


def at(study: Study, step: str = "") -> str:
    return f"/studies/research/{study.id}/{step}"


def test_the_report_is_made_and_read_on_two_pages(alder: User, lab: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "a key that the lab has no use for")
    study = research.planned(alder)
    planning.promise(study, candidate="improved", reference="alone", dimension="empathy", margin=0.3, by=alder)
    opening.open_study(study, by=alder)
    research.answer_all(study)
    opening.close_study(study, by=alder)
    desk = research.client_of(alder)
    assert desk.post(at(study, "report/make")).status_code == 302
    assert "The report is being counted" in build.read(desk.get(at(study, "report")))
    report = Report.objects.get()
    reporting.make_report(report.id)
    reporting.make_report(report.id)  # a doubled ring
    report.refresh_from_db()
    assert report.export_sha256 == hashlib.sha256(exports.export_study(study, by=None)).hexdigest()
    assert report.found["head"]["environment"] == []  # the site's secrets stay in the site
    page = build.read(desk.get(at(study, "report")))
    for said in ("Not worse", "No worse.", "3.41 (3.20 to 3.60)", "They agree well enough.", "Three raters are few."):
        assert said in page
    checked = build.read(desk.get(at(study, "report/check")))
    for said in (
        "A mixed model.",
        "Who is too fast",
        "promised",
        report.export_sha256,
        "Paired examples",
        research.IMPROVED,
    ):
        assert said in checked
    actions = AuditEvent.objects.filter(object_id=str(study.id)).values_list("action", flat=True)
    assert {"study.report_asked", "study.report_made", "study.report_viewed"} <= set(actions)
    assert list(actions).count("study.report_made") == 1


def test_a_plot_is_an_image_with_its_table_that_brings_nothing_with_it(study: Study, alder: User, lab: None) -> None:
    made(study, alder)
    desk = research.client_of(alder)
    page = desk.get(at(study, "report")).content.decode()
    assert f'<img src="{at(study, "report/plots/means-lay.svg")}" alt="Means of each arm."' in page
    assert "<td" in page
    assert "3.41" in page
    image = desk.get(at(study, "report/plots/means-lay.svg"))
    assert image.headers["Content-Type"] == "image/svg+xml"
    assert image.headers["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'self'" in image.headers["Content-Security-Policy"]
    assert image.content.decode() == lab_stand_in.DRAWING
    assert desk.get(at(study, "report/plots/other.svg")).status_code == 404


def test_where_the_lab_is_missing_the_page_says_what_to_do(
    study: Study, alder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "NEEDED", ("json", "no_such_package_at_all"))
    report = made(study, alder)
    assert (report.status, report.problem) == (Report.Status.FAILED, "lab_missing: no_such_package_at_all")
    page = build.read(research.client_of(alder).get(at(study, "report")))
    assert "The packages of the lab are not installed here." in page
    assert "make lab" in page
    assert "Export without texts" in page


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Refuse it.", "The lab could not read the file: /study.json, ratings 1: want a rating."),
        ("Crash on it.", "The lab stopped with an error."),
    ],
)
def test_a_report_that_fails_says_why_and_the_one_before_still_counts(
    alder: User, lab: None, question: str, said: str
) -> None:
    study = research.closed(alder)
    desk = research.client_of(alder)
    first = made(study, alder)
    Study.objects.filter(id=study.id).update(question=question)
    failed = made(study, alder)
    assert failed.status == Report.Status.FAILED
    assert "Not worse" in build.read(desk.get(at(study, "report"))) or "None was promised" in build.read(
        desk.get(at(study, "report"))
    )
    first.delete()
    assert said in build.read(desk.get(at(study, "report")))


def test_one_that_takes_too_long_is_stopped(
    study: Study, alder: User, lab: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "SECONDS", 0.001)
    assert made(study, alder).problem.startswith("timeout")


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"decide": None, "check": [], "plots": {}},
        {"decide": {"dimensions": [None, {}, {"panel": 3, "arms": "x"}], "planned": [{}], "limits": 4}},
        {"check": {"models": [{}, {"means": [{}], "differences": [{"difference": {"value": "x"}}]}], "conduct": [{}]}},
        {"plots": [{"name": "means-lay", "rows": None, "columns": None}]},
    ],
)
def test_a_report_with_parts_missing_is_shown_as_far_as_it_goes(
    study: Study, alder: User, found: dict[str, Any]
) -> None:
    Report.objects.create(study=study, status=Report.Status.DONE, found=found, plots={"means-lay": "<svg/>"})
    desk = research.client_of(alder)
    assert desk.get(at(study, "report")).status_code == 200
    assert desk.get(at(study, "report/check")).status_code == 200


def test_no_report_is_made_of_a_study_that_goes_on(alder: User, lab: None, client: Client) -> None:
    study = research.opened(alder)
    client.force_login(alder)
    answer = client.post(at(study, "report/make"), follow=True)
    assert "once it is closed" in build.read(answer)
    assert not Report.objects.exists()


def test_a_study_that_is_erased_while_its_report_waits_gets_none(study: Study, alder: User, lab: None) -> None:
    report = reporting.ask_for_report(study, by=alder)
    opening.erase_study(study, by=alder)
    reporting.make_report(report.id)
    assert not Report.objects.exists()


# At the terminal


def test_the_command_counts_the_same_report_again_to_the_byte(
    study: Study, lab: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    call_command("studies", "report", study.name, "--out", str(one))
    call_command("studies", "report", study.name, "--out", str(two), "--examples")
    assert (one / "report.json").read_bytes() == (two / "report.json").read_bytes()
    assert (one / "check.md").read_text() == "no texts"
    assert (two / "check.md").read_text() == "texts"
    assert one.stat().st_mode & 0o077 == 0
    said = capsys.readouterr().out
    assert hashlib.sha256((one / "report.json").read_bytes()).hexdigest() in said
    assert Report.objects.filter(status=Report.Status.DONE).count() == 2
    with pytest.raises(CommandError, match="there is one already"):
        call_command("studies", "report", study.name, "--out", str(one))


def test_the_command_names_the_remedy_where_the_lab_is_missing(
    study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reporting, "NEEDED", ("no_such_package_at_all",))
    with pytest.raises(CommandError, match="make lab"):
        call_command("studies", "report", study.name, "--out", str(tmp_path / "out"))
    assert not Report.objects.exists()


def test_the_lab_itself_reads_the_export_and_its_report_is_shown(alder: User, tmp_path: Path) -> None:
    study = research.closed(alder, items=12, most_per_rater=60)
    call_command("studies", "report", study.name, "--out", str(tmp_path / "out"), "--examples")
    desk = research.client_of(alder)
    report = json.loads((tmp_path / "out" / "report.json").read_bytes())
    page = build.read(desk.get(at(study, "report")))
    for limit in report["decide"]["limits"]:
        assert limit in page
    assert "empathy" in page
    checked = build.read(desk.get(at(study, "report/check")))
    assert report["check"]["methods"][0] in checked
    assert report["plots"][0]["title"] in page


def test_its_page_asks_until_the_report_is_there_and_then_says_so(study: Study, alder: User, lab: None) -> None:
    desk = research.client_of(alder)
    report = reporting.ask_for_report(study, by=alder)
    for step in ("report", "report/check", "report/state"):
        assert 'hx-trigger="every 5s"' in desk.get(at(study, step)).content.decode()
    reporting.make_report(report.id)
    said = desk.get(at(study, "report/state")).content.decode()
    assert "hx-trigger" not in said
    assert 'role="status" id="report-said" hx-swap-oob="innerHTML">The report is there.' in said
    assert f'href="{at(study, "report")}"' in said
    assert "hx-trigger" not in desk.get(at(study, "report")).content.decode()


def test_a_report_whose_worker_is_gone_can_be_asked_for_again(study: Study, alder: User, lab: None) -> None:
    report = reporting.ask_for_report(study, by=alder)
    Report.objects.filter(id=report.id).update(at=timezone.now() - report_page.GIVEN_UP_AFTER)
    page = research.client_of(alder).get(at(study, "report")).content.decode()
    assert "The report was not finished in its time. Ask for it again." in page
    assert "Make the report" in page
    assert "hx-trigger" not in page
