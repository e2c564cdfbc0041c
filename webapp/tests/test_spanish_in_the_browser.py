"""The scripts and the page of the choice, for somebody who reads Spanish."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import translation
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from webapp import test as build
from webapp.accounts.models import User
from webapp.test import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STANDARD = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@pytest.fixture(scope="module", autouse=True)
def queries_beside_a_loop() -> Iterator[None]:
    """Playwright's loop runs in this thread for the whole module, beside the queries of tests and fixtures."""
    with pytest.MonkeyPatch.context() as patch, translation.override("en"):
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


def page_of(browser: Browser, live_server: LiveServer, person: User) -> Page:
    client = Client()
    client.force_login(person)
    context = browser.new_context(locale="en-GB")
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    return context.new_page()


def test_who_chooses_spanish_is_spoken_to_in_it_by_the_scripts_too(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    draft = build.draft(cast.wren)
    page = page_of(chromium, live_server, cast.wren)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(f"{live_server.url}/account/language/")
    page.get_by_label("Español").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Idioma", exact=True)).to_be_visible()
    expect(page.get_by_text("Guardado.")).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(page, options=STANDARD)
        assert found.violations_count == 0, found.generate_report()
    page.goto(f"{live_server.url}/drafts/{draft.id}/")
    page.locator("#reply-text").press_sequentially(" And you?")
    expect(page.locator("#save-state")).to_contain_text(re.compile(r"Guardado (ahora mismo|hace \d+ s) · versión 2"))
    assert complaints == []
    page.context.close()
