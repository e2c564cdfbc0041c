"""A researcher sets up a study in a real browser, from a file, and reads its report: every page with axe, on a narrow screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from webapp import test as build
from webapp.accounts.roles import Role
from webapp.studies import reporting
from webapp.studies.models import Report, Study
from webapp.studies.tests import lab_stand_in, research
from webapp.tests.browser import check_page, signed_in_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("queries_beside_a_loop"),
]


def test_a_study_is_set_up_from_a_file_and_opened(chromium: Browser, live_server: LiveServer, tmp_path: Path) -> None:
    alder = research.person_of_research()
    for name in ("sorrel", "thyme"):
        build.person(name, Role.RATER)
    page = signed_in_page(chromium, live_server, alder)
    page.goto(live_server.url)
    expect(page.get_by_role("heading", name="No study so far")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="Set up a study").click()
    page.get_by_label("Name").fill("Kinder words")
    page.get_by_label("Question").fill("Does the model help?")
    check_page(page)
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_role("heading", name="Steps")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="Arms: where the texts come from").click()
    for key, label in (("alone", "The supporter alone"), ("improved", "The supporter with the improvement model")):
        page.get_by_label("Key", exact=True).fill(key)
        page.get_by_label("Where its texts come from").select_option(label=label)
        page.get_by_role("button", name="Add it").press("Enter")
        expect(page.get_by_role("button", name=f"Remove {key} with its texts")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="Kinder words").click()
    page.get_by_role("link", name="Items: posts with their texts").click()
    given = tmp_path / "items.jsonl"
    given.write_text(f"{research.lines(2)}\nnot json\n", encoding="utf-8")
    page.get_by_label("Or take it from a file").set_input_files(given)
    field = page.get_by_label("Items, one JSON object a line")
    expect(field).to_have_value(given.read_text(encoding="utf-8"))
    page.get_by_role("button", name="Check, and add if all lines are right").press("Enter")
    expect(page.get_by_text("Line 5: This is no JSON.")).to_be_visible()
    check_page(page)
    expect(field).to_have_value(given.read_text(encoding="utf-8"))
    field.fill(research.lines(2))
    page.get_by_role("button", name="Check, and add if all lines are right").press("Enter")
    expect(page.get_by_text("4 items were added.")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="kitchen-1").click()
    expect(page.get_by_text(research.ALONE)).to_be_visible()
    check_page(page)
    study = Study.objects.get()
    at = f"{live_server.url}/studies/research/{study.id}"
    page.goto(f"{at}/size")
    page.get_by_label("People of the lay panel for each text").fill("2")
    check_page(page)
    page.get_by_role("button", name="Save").press("Enter")
    for step in ("promise", "consent"):
        page.goto(f"{at}/{step}")
        check_page(page)
    page.goto(f"{at}/raters")
    for name in ("sorrel", "thyme"):
        page.get_by_label("Pseudonym").fill(name)
        page.get_by_role("button", name="Add them").press("Enter")
        expect(page.get_by_role("button", name=f"Remove {name}")).to_be_visible()
    check_page(page)
    page.goto(f"{at}/check")
    check_page(page)
    page.get_by_role("button", name="Open the study").press("Enter")
    expect(page.get_by_role("heading", name="How far it is")).to_be_visible()
    check_page(page)
    assert Study.objects.get().status == Study.Status.OPEN


def test_the_report_is_made_and_read(
    chromium: Browser, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "PROGRAM", lab_stand_in.__name__)
    monkeypatch.setattr(reporting, "NEEDED", ("json",))
    alder = research.person_of_research()
    study = research.closed(alder)
    page = signed_in_page(chromium, live_server, alder)
    at = f"{live_server.url}/studies/research/{study.id}"
    page.goto(f"{at}/")
    check_page(page)
    page.get_by_role("button", name="Make the report").press("Enter")
    expect(page.get_by_text("The report is being counted. Load").first).to_be_visible()
    for report in Report.objects.filter(status=Report.Status.WAITING):  # as a worker would
        reporting.make_report(report.id)
    page.goto(f"{at}/report")
    image = page.get_by_role("img", name="Means of each arm.")
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") > 0
    check_page(page)
    page.get_by_role("link", name="How each figure came about").click()
    expect(page.get_by_role("heading", name="Paired examples")).to_be_visible()
    check_page(page)
    page.goto(f"{at}/erase")
    check_page(page)
