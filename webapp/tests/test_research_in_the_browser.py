"""A researcher sets up a study in a real browser, from a file, and reads its report: every page with axe, on a narrow screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from assistant.models import Deployment, ModelVersion
from assistant.worker_state import Serving
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.studies import generating, importing, reporting
from webapp.studies.models import Assignment, Item, Rating, Report, Study
from webapp.studies.tests import research
from webapp.tests.browser import check_page, signed_in_page
from webapp.tests.test_rating_in_the_browser import DESKTOP, PHONE, begin, rate_all, rate_by_keys

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("queries_beside_a_loop"),
]


@pytest.mark.deep
def test_a_study_is_set_up_from_a_file_and_opened(chromium: Browser, live_server: LiveServer, tmp_path: Path) -> None:
    page = signed_in_page(chromium, live_server, research.person_of_research())
    set_up(page, live_server, tmp_path, raters=("sorrel", "thyme"), items=2)
    assert Study.objects.get().status == Study.Status.OPEN


def set_up(page: Page, live_server: LiveServer, folder: Path, *, raters: tuple[str, ...], items: int) -> None:
    """From the empty page to an open study, by a researcher who makes one mistake on the way."""
    for name in raters:
        build.person(name, Role.RATER)
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
    given = folder / "items.jsonl"
    given.write_text(f"{research.lines(items)}\nnot json\n", encoding="utf-8")
    expect(page.get_by_label("Or take it from a file")).to_be_visible()  # by its script, which then hears of the choice
    page.get_by_label("Or take it from a file").set_input_files(given)
    field = page.get_by_label("Items, one JSON object a line")
    expect(field).to_have_value(given.read_text(encoding="utf-8"))
    page.get_by_role("button", name="Check, and add if all lines are right").press("Enter")
    expect(page.get_by_text(f"Line {items + 3}: This is no JSON.")).to_be_visible()
    check_page(page)
    expect(field).to_have_value(given.read_text(encoding="utf-8"))
    field.fill(research.lines(items))
    page.get_by_role("button", name="Check, and add if all lines are right").press("Enter")
    expect(page.get_by_text(f"{items + 2} items were added.")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="kitchen-1", exact=True).click()
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
    for name in raters:
        page.get_by_label("Pseudonym").fill(name)
        page.get_by_role("button", name="Add them").press("Enter")
        expect(page.get_by_role("button", name=f"Remove {name}")).to_be_visible()
    check_page(page)
    page.goto(f"{at}/check")
    check_page(page)
    page.get_by_role("button", name="Open the study").press("Enter")
    expect(page.get_by_role("heading", name="How far it is")).to_be_visible()
    check_page(page)


@pytest.mark.deep
def test_a_whole_study_from_the_first_page_to_its_report(
    chromium: Browser, live_server: LiveServer, tmp_path: Path
) -> None:
    """Three people rate twelve posts in two arms, one of them on a phone; the lab itself counts."""
    names = ("sorrel", "thyme", "yarrow")
    page = signed_in_page(chromium, live_server, research.person_of_research())
    set_up(page, live_server, tmp_path, raters=names, items=12)
    for name, size in zip(names, (DESKTOP, PHONE, DESKTOP), strict=True):
        own = signed_in_page(chromium, live_server, User.objects.get(username=name), viewport=size)
        begin(own, live_server)
        check_page(own)
        rate_by_keys(own, "44444")
        own.get_by_role("link", name="Go on").press("Enter")
        own.wait_for_url("**/studies/rate/texts/*/")
        rate_all(own, as_read)
        own.context.close()
    assert Rating.objects.filter(assignment__output__item__role=Item.Role.RATED).count() == 2 * 2 * 12
    Assignment.objects.update(seconds=40)  # who reads as fast as this test is left out, and rightly
    study = Study.objects.get()
    at = f"{live_server.url}/studies/research/{study.id}"
    page.goto(f"{at}/")
    check_page(page)
    page.get_by_role("button", name="Close").first.press("Enter")
    page.wait_for_load_state()
    page.goto(f"{at}/")
    read_report(page, at)
    for kind in ("", "/check"):
        page.goto(f"{at}/report{kind}")
        page.screenshot(path=tmp_path / f"report{kind.replace('/', '-')}.png", full_page=True)


def as_read(page: Page) -> str:
    """What somebody who reads would press."""
    text = page.locator("main").inner_text()
    if "Please choose 2" in text:
        return "22222"
    day = int(found[1]) if (found := re.search(r"It is day (\d+)", text)) else 0
    return ("55455", "44545", "54555")[day % 3] if "radio on. What" in text else ("33424", "44323", "23434")[day % 3]


@pytest.mark.deep
def test_the_report_is_made_and_read(chromium: Browser, live_server: LiveServer) -> None:
    study = research.closed(research.person_of_research(), items=12, most_per_rater=60)
    page = signed_in_page(chromium, live_server, study.by)
    at = f"{live_server.url}/studies/research/{study.id}"
    page.goto(f"{at}/")
    check_page(page)
    read_report(page, at)
    page.goto(f"{at}/erase")
    check_page(page)


def read_report(page: Page, at: str) -> None:
    page.get_by_role("button", name="Make the report").press("Enter")
    expect(page.get_by_text("The report is being counted").first).to_be_visible()
    for report in Report.objects.filter(status=Report.Status.WAITING):  # as a worker would
        reporting.make_report(report.id)
    page.goto(f"{at}/report")
    image = page.get_by_role("img").first
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") > 0
    check_page(page)
    page.get_by_role("link", name="How each figure came about").click()
    expect(page.get_by_role("heading", name="Design")).to_be_visible()
    check_page(page)


@pytest.mark.deep
def test_a_file_that_is_too_long_or_empty_is_refused_before_it_is_sent(
    chromium: Browser, live_server: LiveServer, tmp_path: Path
) -> None:
    """Ten thousand lines are more than a request may hold: the answer would be a bare page without what was there."""
    study = research.planned(research.person_of_research(), items=0, raters=0)
    page = signed_in_page(chromium, live_server, study.by)
    page.goto(f"{live_server.url}/studies/research/{study.id}/items")
    field = page.get_by_label("Items, one JSON object a line")
    expect(page.get_by_label("Or take it from a file")).to_be_visible()
    field.fill("What stood here.")
    given = tmp_path / "items.jsonl"
    for text, said in (
        ("\n".join(research.line(f"n-{n}") for n in range(10_000)), "10000 lines; 100 fit at a time."),
        ("", "This file is empty."),
        ("x" * 600_001, "600001 characters; 600000 fit at a time."),
    ):
        given.write_text(text, encoding="utf-8")
        page.get_by_label("Or take it from a file").set_input_files(given)
        expect(page.get_by_text(said)).to_be_visible()
        expect(field).to_have_value("What stood here.")
    check_page(page)
    given.write_text(research.lines(1), encoding="utf-8")
    page.get_by_label("Or take it from a file").set_input_files(given)
    expect(field).to_have_value(research.lines(1))
    expect(page.get_by_text("fit at a time")).to_have_count(0)


@pytest.mark.deep
def test_the_page_of_items_follows_the_models_and_keeps_what_is_typed(
    chromium: Browser, live_server: LiveServer
) -> None:
    study = research.planned(research.person_of_research(), items=0, raters=0)
    lines = [research.line(f"kitchen-{n}", outputs={"alone": research.ALONE}) for n in (1, 2)]
    rows, _problems = importing.read_items("\n".join(lines), study)
    importing.add_items(study, rows, by=study.by)
    Deployment.objects.create(version=ModelVersion.objects.create(name="starter-1", kind="base", sha256="5" * 64))
    generating.ask_for_outputs(study, by=study.by)
    page = signed_in_page(chromium, live_server, study.by)
    page.goto(f"{live_server.url}/studies/research/{study.id}/items")
    expect(page.get_by_text("0 of 2 texts of models are there")).to_be_visible()
    check_page(page)
    field = page.get_by_label("Items, one JSON object a line")
    field.fill("Still being typed")
    generating.write_outputs(study.id, serving=Serving(build.FakeEngine().will_say("One, revised.", "Two, revised.")))
    expect(page.get_by_text("2 of 2 texts of models are there")).to_be_visible()
    expect(page.get_by_role("status").get_by_text("The models have written everything.")).to_be_visible()
    expect(page.get_by_role("cell", name="clear")).to_have_count(4)
    expect(page.locator("[hx-trigger]")).to_have_count(0)
    expect(field).to_have_value("Still being typed")
    expect(field).to_be_focused()
    check_page(page)


@pytest.mark.deep
def test_an_open_study_is_read_on_a_phone_in_spanish(chromium: Browser, live_server: LiveServer) -> None:
    study = research.opened(research.person_of_research())
    page = signed_in_page(chromium, live_server, study.by, viewport=PHONE, locale="es-ES")
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    for step in ("", "items", "check", "raters"):
        page.goto(f"{live_server.url}/studies/research/{study.id}/{step}")
        page.wait_for_load_state()
        rooms = page.locator(".facts dd").evaluate_all("all => all.map((one) => one.getBoundingClientRect().width)")
        assert all(room > 80 for room in rooms), (step, rooms)  # some words, and not a letter a line
    assert broken == []
