"""Incidents, break-glass and the safety page in a real browser: by keyboard, with axe in both schemes, on a narrow screen."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from assistant.actions import send_reply
from moderation import actions
from moderation.models import BreakGlass, Flag
from webapp import test as build
from webapp.test import Cast
from webapp.tests.browser import check_page, signed_in_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("queries_beside_a_loop"),
]


def held_reply(cast: Cast) -> Flag:
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY)
    send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    return Flag.objects.latest("opened_at")


def add(page: Page, kind: str, text: str) -> None:
    page.get_by_label("What it says").select_option(kind)
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Add", exact=True).press("Enter")
    expect(page.locator(".events")).to_contain_text(text)


@pytest.mark.deep
def test_an_incident_from_opening_to_sign_off(cast: Cast, chromium: Browser, live_server: LiveServer) -> None:
    flag = held_reply(cast)
    page = signed_in_page(chromium, live_server, cast.ash)
    page.goto(f"{live_server.url}/moderation/incidents/")
    expect(page.get_by_role("heading", name="No incident so far")).to_be_visible()
    check_page(page)
    page.goto(f"{live_server.url}/moderation/incidents/new?about={flag.id}")
    check_page(page)
    page.get_by_label("Title").fill("A reply left too soon")
    page.get_by_label("It could have harmed somebody").check()
    page.get_by_label("What happened").fill("It was sent before anybody had looked at it.")
    page.get_by_role("button", name="Open it").press("Enter")
    expect(page.locator(".events")).to_contain_text("reply.held")
    add(page, "What stopped the harm", "Sending is held.")
    add(page, "Cause", "A check was skipped.")
    add(page, "Fix", "Not any more.")
    page.get_by_label("What it says").select_option("Test that would have shown it")
    page.get_by_label("Text", exact=True).fill("we looked at it by hand")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".errorlist")).to_contain_text("A test is named like")
    check_page(page)
    add(page, "Test that would have shown it", "moderation/tests/test_decide.py::test_a_reason_is_required")
    lead = signed_in_page(chromium, live_server, cast.birch)
    lead.goto(f"{live_server.url}/moderation/incidents/")
    check_page(lead)
    lead.get_by_role("link", name="A reply left too soon").click()
    check_page(lead)
    lead.get_by_label("What you checked").fill("The test fails without the fix.")
    lead.get_by_role("button", name="Sign off and close").press("Enter")
    expect(lead.get_by_text("Closed", exact=True)).to_be_visible()
    check_page(lead)


@pytest.mark.deep
def test_one_case_is_asked_for_allowed_read_and_reviewed(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    flag = held_reply(cast)
    admin = signed_in_page(chromium, live_server, cast.willow)
    admin.goto(f"{live_server.url}/moderation/break-glass/")
    admin.get_by_label("Id of a post or a flag").fill("somebody told me")
    admin.get_by_label("Why you have to read this case").fill("A complaint came in.")
    admin.get_by_role("button", name="Ask a lead").click()
    expect(admin.get_by_role("alert")).to_contain_text("Nothing was asked yet")
    check_page(admin)
    admin.get_by_label("Id of a post or a flag").fill(str(flag.id))
    admin.get_by_role("button", name="Ask a lead").press("Enter")
    expect(admin.locator("main")).to_contain_text("Waits for a lead")
    lead = signed_in_page(chromium, live_server, cast.birch)
    lead.goto(f"{live_server.url}/posts/")
    lead.get_by_role("link", name="Answer or review").click()
    check_page(lead)
    lead.get_by_role("button", name="Allow it to willow").press("Enter")
    expect(lead.get_by_role("heading", name="To review")).to_be_visible()
    check_page(lead)
    admin.reload()
    check_page(admin)
    admin.get_by_role("link", name="Read the case until").click()
    expect(admin.locator("main")).to_contain_text(build.HURTFUL_REPLY)
    expect(admin.locator("main").get_by_role("button")).to_have_count(0)
    check_page(admin)
    lead.reload()
    expect(lead.locator("main")).to_contain_text("It is reviewed when that is over.")
    BreakGlass.objects.update(until=timezone.now())
    lead.reload()
    lead.get_by_label("It was justified").check()
    lead.get_by_label("Why", exact=True).fill("The complaint was answered.")
    lead.get_by_role("button", name="Close the review").press("Enter")
    expect(lead.get_by_role("heading", name="Reviewed")).to_be_visible()
    check_page(lead)


@pytest.mark.deep
def test_the_figures_are_read_as_drawing_and_as_table(cast: Cast, chromium: Browser, live_server: LiveServer) -> None:
    actions.decide(held_reply(cast), outcome="return", policy="dismissal", by=cast.ash, reason="Kinder.", seen=1)
    held_reply(cast)
    build.post(build.URGENT_POST)
    page = signed_in_page(chromium, live_server, cast.birch)
    flag = Flag.objects.filter(level__gte=3).latest("opened_at")
    page.goto(f"{live_server.url}/moderation/flags/{flag.id}/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Safety").click()
    expect(page.locator("main")).to_contain_text("You opened 1.")
    check_page(page)
    expect(page.get_by_role("columnheader", name="In time")).to_be_visible()  # a short table is open
    page.get_by_text("As a table: Queue, level 0").click()
    check_page(page)
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("As CSV.*Queue, level 0")).click()
    assert download.value.suggested_filename == "queue-0.csv"
    page.goto(f"{live_server.url}/moderation/looked-at/")
    check_page(page)
