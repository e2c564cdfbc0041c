"""The scripts and the page of the choice, for somebody who reads Spanish."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.utils import translation
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from webapp import test as build
from webapp.test import Cast
from webapp.tests.browser import check_accessibility, signed_in_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("queries_beside_a_loop"),
]


@pytest.fixture(scope="module", autouse=True)
def _english_again() -> Iterator[None]:
    with translation.override("en"):
        yield


def test_who_chooses_spanish_is_spoken_to_in_it_by_the_scripts_too(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    draft = build.draft(cast.wren)
    page = signed_in_page(chromium, live_server, cast.wren, locale="en-GB")
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(f"{live_server.url}/account/language/")
    page.get_by_label("Español").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Idioma", exact=True)).to_be_visible()
    expect(page.get_by_text("Guardado.")).to_be_visible()
    check_accessibility(page)
    page.goto(f"{live_server.url}/drafts/{draft.id}/")
    page.locator("#reply-text").press_sequentially(" And you?")
    expect(page.locator("#save-state")).to_contain_text(re.compile(r"Guardado (ahora mismo|hace \d+ s) · versión 2"))
    assert complaints == []
    page.context.close()
