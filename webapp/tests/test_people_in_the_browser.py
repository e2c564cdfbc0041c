"""Looking after people, and one's own second factor, in a real browser: axe, a narrow screen, keyboard, a virtual passkey."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from webapp import test as build
from webapp.accounts.roles import Role
from webapp.test import PASSWORD, Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STANDARD = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
TOO_WIDE = """() => [...document.querySelectorAll("main *")]
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".table-wrap"))
  .map((one) => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module", autouse=True)
def queries_beside_a_loop() -> Iterator[None]:
    """Playwright's loop runs in this thread for the whole module, beside the queries of tests and fixtures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture(autouse=True)
def _no_limits_left_over() -> None:
    cache.clear()


def page_of(browser: Browser, live_server: LiveServer, person: object) -> Page:
    client = Client()
    client.force_login(person)  # type: ignore[arg-type]
    context = browser.new_context()
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    return context.new_page()


def check(page: Page) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(page, options=STANDARD)
        assert found.violations_count == 0, f"{page.url}, {scheme}:\n{found.generate_report()}"
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate(TOO_WIDE) == []
    page.set_viewport_size({"width": 1280, "height": 720})


def sign_in(page: Page, live_server: LiveServer, name: str) -> None:
    page.goto(f"{live_server.url}/sign-in/")
    page.get_by_label("Name or e-mail address").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").press("Enter")


def press_when_ready(page: Page, name: str) -> None:
    """By the keyboard, which does not wait for a button as a click does: one for a passkey works once its script is there."""
    button = page.get_by_role("button", name=name)
    expect(button).to_be_enabled()
    button.press("Enter")


def virtual_passkey(page: Page) -> Any:
    line = page.context.new_cdp_session(page)
    line.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    line.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return line


def test_a_passkey_is_set_up_and_signs_in(
    cast: Cast, chromium: Browser, live_server: LiveServer, settings: Settings
) -> None:
    settings.MFA_REQUIRED = True
    page = chromium.new_context().new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    line = virtual_passkey(page)
    sign_in(page, live_server, "ash")
    expect(page.get_by_role("heading", name="Set up your second factor")).to_be_visible()
    check(page)
    page.get_by_role("link", name="Add a passkey").press("Enter")
    check(page)
    page.get_by_label("What you call it").fill("My computer")
    press_when_ready(page, "Add it")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    check(page)
    page.get_by_role("link", name="I have kept them").press("Enter")
    expect(page).to_have_url(f"{live_server.url}/moderation/")

    page.goto(f"{live_server.url}/account/security/")
    expect(page.locator("main")).to_contain_text("My computer")
    check(page)
    page.context.clear_cookies()
    sign_in(page, live_server, "ash")
    expect(page.get_by_role("heading", name="Your second factor")).to_be_visible()
    check(page)
    line.send("WebAuthn.disable")  # as if it were another device: nothing answers
    line.send("WebAuthn.enable")
    virtual_passkey(page)
    press_when_ready(page, "Use my passkey")
    expect(page.get_by_text("That did not work")).to_be_visible(timeout=15_000)
    assert not any("Content Security Policy" in one for one in complaints), complaints


@pytest.mark.deep
def test_the_passkey_of_the_device_lets_one_in(
    cast: Cast, chromium: Browser, live_server: LiveServer, settings: Settings
) -> None:
    settings.MFA_REQUIRED = True
    page = chromium.new_context().new_page()
    virtual_passkey(page)
    sign_in(page, live_server, "ash")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, live_server, "ash")
    press_when_ready(page, "Use my passkey")
    expect(page).to_have_url(f"{live_server.url}/moderation/")


@pytest.mark.deep
def test_an_app_is_set_up_with_the_code_that_it_shows(
    cast: Cast, chromium: Browser, live_server: LiveServer, settings: Settings
) -> None:
    settings.MFA_REQUIRED = True
    page = chromium.new_context().new_page()
    sign_in(page, live_server, "willow")
    page.get_by_role("link", name="Set up an app").press("Enter")
    check(page)
    page.get_by_text("I cannot take the picture").click()
    secret = page.locator(".copy-link").inner_text()
    if time.time() % 30 > 22:
        time.sleep(9)  # the code would change on its way
    page.get_by_label("Authenticator code").fill(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.get_by_role("button", name="Finish").press("Enter")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", name="People", exact=True)).to_be_visible()


@pytest.mark.deep
def test_an_admin_finds_invites_and_looks_after_people(
    cast: Cast, chromium: Browser, live_server: LiveServer, tmp_path: Path
) -> None:
    for number in range(28):
        build.person(f"bird{number:02}", Role.SUPPORTER)
    Client(headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/145.0"}).post(
        "/sign-in/", {"login": "wren", "password": PASSWORD}
    )
    page = page_of(chromium, live_server, cast.willow)
    page.goto(f"{live_server.url}/people/")
    check(page)
    page.get_by_role("link", name="Next").press("Enter")
    expect(page.get_by_text("Page 2 of 2")).to_be_visible()
    page.get_by_label("Name or address").fill("wren")
    page.get_by_label("Name or address").press("Enter")
    page.get_by_role("link", name="wren", exact=True).press("Enter")
    expect(page.locator("main")).to_contain_text("Firefox on Windows")
    check(page)
    page.get_by_role("button", name="End the sign-in with Firefox on Windows").press("Enter")
    expect(page.locator("main")).to_contain_text("Signed in nowhere.")

    page.goto(f"{live_server.url}/people/invite")
    check(page)
    file = tmp_path / "people.csv"
    file.write_text("\ufeffemail;roles\nheron@example.org;supporter\nnobody;supporter\n", encoding="utf-8")
    page.get_by_label("Or take it from a file").set_input_files(file)
    expect(page.get_by_label("A list, one person a line")).to_have_value(
        "email;roles\nheron@example.org;supporter\nnobody;supporter\n"
    )
    page.get_by_role("button", name="Check, and invite").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Line 3")
    check(page)
    page.get_by_role("button", name="Invite the 1 that is right").press("Enter")
    expect(page.locator(".new-links")).to_contain_text("/invitation/")
    check(page)


@pytest.mark.deep
def test_quiet_hours_are_chosen_by_keyboard(cast: Cast, chromium: Browser, live_server: LiveServer) -> None:
    page = page_of(chromium, live_server, cast.wren)
    page.goto(f"{live_server.url}/posts/")
    page.locator(".account summary").press("Enter")
    page.get_by_role("link", name="Security and quiet hours").press("Enter")
    page.get_by_label("From").fill("22:00")
    page.get_by_label("Until").fill("07:00")
    page.get_by_role("button", name="Save the quiet hours").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    check(page)
    cast.wren.refresh_from_db()
    assert str(cast.wren.quiet_from) == "22:00:00"
