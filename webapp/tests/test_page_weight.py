"""What the writing page costs to open with an empty cache, and whom it asks: as bytes over the wire in a real browser."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from bench.page_weight import MOST_BYTES, Hosts, weigh, weight
from webapp.running import Embedded
from webapp.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.model, pytest.mark.timeout(420)]

POST = "I moved to a new town for work and the evenings are long. I miss having somebody to cook with."
TEXT_KINDS = {"Script", "Stylesheet"}


@pytest.mark.deep
def test_the_writing_page_is_light_and_asks_nobody_else(embedded_site: Embedded, chromium: Browser) -> None:
    with Visitor(embedded_site.url).sign_in() as admin:
        admin.send("/posts/enter", text=POST, language="en", country="")
        person = admin.invite(f"light-{uuid.uuid4().hex[:8]}", "supporter")
        address = f"{embedded_site.url}/drafts/{person.take_post()}/"
        jar = person.http.cookies
        cookies: list[Any] = [{"name": name, "value": jar[name], "url": embedded_site.url} for name in jar]

        files = weigh(chromium, address, cookies)
        told = "\n".join(one.row for one in files)
        assert weight(files) <= MOST_BYTES, told
        assert {"Document", "Script", "Stylesheet"} <= {one.kind for one in files}, told
        assert all(one.wire > 0 for one in files), told
        assert [one.row for one in files if one.kind in TEXT_KINDS and not one.packing and one.wire > 1_000] == []

        hosts = Hosts()
        context = chromium.new_context()
        hosts.watch(context)
        context.add_cookies(cookies)
        page = context.new_page()
        page.goto(address)
        page.locator("#reply-text").fill(
            "Moving to a new town is hard. The evenings are long. What do you like to cook?"
        )
        with page.expect_websocket():
            page.get_by_role("button", name="Improve my draft").click()
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#suggestion")).to_contain_text(
            re.compile("You stopped it|Report this suggestion"), timeout=60_000
        )
        context.close()
        assert hosts.seen == {embedded_site.url.removeprefix("http://")}
