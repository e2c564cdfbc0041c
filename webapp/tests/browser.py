"""What browser tests share: somebody signed in, what axe says of a page, and what runs over its edge."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page
from pytest_django.live_server_helper import LiveServer

from webapp.accounts.models import User

DRAFT = (
    "Thank you for writing. I ate alone for most of my first year and I remember how long it felt. What do you enjoy?"
)
SAVED = re.compile(r"Saved (just now|\d+ s ago)")
STANDARD = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
# `scrolls`: a selector of what may be wider, because it scrolls by itself.
TOO_WIDE = """(scrolls) => [...document.querySelectorAll("main *")]
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !(scrolls && one.closest(scrolls)))
  .map((one) => one.outerHTML.slice(0, 80))"""
# For simulations: the same numbers between 0 and 1 from the same seed, in every browser.
RANDOM_FROM = """
  function randomFrom(seed) {
    return () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }
"""


@dataclass
class DemoSite:
    """A running demonstration, and who can sign in."""

    address: str
    passwords: dict[str, str]
    complaints: list[str] = field(default_factory=list)  # what the browser's console said


def sign_in(site: DemoSite, browser: Browser, name: str, **options: Any) -> Page:
    page = browser.new_context(**options).new_page()

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            site.complaints.append(f"{name}: {message.text}")

    page.on("console", listen)
    page.on("pageerror", lambda error: site.complaints.append(f"{name}: {error}"))
    page.goto(site.address)
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", site.passwords[name])
    page.click("main button[type=submit]")
    return page


def signed_in_page(browser: Browser, live_server: LiveServer, person: User, **options: Any) -> Page:
    """An empty page of somebody who is signed in on the server of the tests."""
    client = Client()
    client.force_login(person)
    context = browser.new_context(**options)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    return context.new_page()


def check_accessibility(page: Page) -> None:
    page.wait_for_load_state()  # before its styles are there every link is too small
    for scheme in ("light", "dark"):
        # Without motion: a colour that is still fading has another contrast.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(page, options=STANDARD)
        assert found.violations_count == 0, f"{page.url}, {scheme}:\n{found.generate_report()}"


def check_page(page: Page) -> None:
    """Accessible in light and dark, and nothing wider than a window of 320 pixels but what scrolls in a `.table-wrap`."""
    check_accessibility(page)
    wide = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate(TOO_WIDE, ".table-wrap") == []
    if wide is not None:
        page.set_viewport_size(wide)
