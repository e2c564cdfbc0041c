"""How one's replies read, in a real browser: with axe, on a narrow screen, and month by month without a new page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from assistant.tests.sent import COLD, WARM, send
from webapp.test import Cast
from webapp.tests.browser import check_page, signed_in_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("queries_beside_a_loop"),
]


@pytest.mark.deep
def test_a_supporter_reads_how_their_replies_read(cast: Cast, chromium: Browser, live_server: LiveServer) -> None:
    for text in (WARM, COLD, WARM):
        send(cast.wren, text=text)
    page = signed_in_page(chromium, live_server, cast.wren)
    page.goto(f"{live_server.url}/my-writing/")
    reads = page.locator("#manner")
    expect(reads.get_by_role("heading", name="How your replies read")).to_be_visible()
    expect(reads.get_by_role("img")).to_have_count(5)
    check_page(page)
    reads.get_by_text("As a table").first.press("Enter")
    expect(reads.get_by_role("table").first.get_by_role("row")).to_have_count(1 + 3)
    page.get_by_role("link", name="Month by month").press("Enter")
    expect(page.get_by_role("heading", name="Month by month")).to_be_visible()
    reads.get_by_text("As a table").first.press("Enter")
    expect(reads.get_by_role("table").first.get_by_role("row")).to_have_count(1 + 1)
    check_page(page)
