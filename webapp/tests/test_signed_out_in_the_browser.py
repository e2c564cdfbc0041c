"""Who was signed out while a page was open loses nothing of what they typed, and does not take silence for a quiet night."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from assistant.models import Reply
from moderation.models import Decision, Flag
from webapp import test as build
from webapp.accounts.models import User
from webapp.test import Cast
from webapp.tests.browser import check_accessibility, signed_in_page
from webapp.tests.stage import held_reply

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOOKED_AGAIN_MS = 40_000  # a page looks for alerts every 15 seconds
ANSWER = "It sounds as if the evenings are long. I know that quiet, too. What would you like to cook?"


@pytest.fixture(scope="module", autouse=True)
def queries_beside_a_loop() -> Iterator[None]:
    """Playwright's loop runs in this thread for the whole module, beside the queries of tests and fixtures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


def sign_in_again(page: Page, live_server: LiveServer, person: User) -> None:
    """In another tab, with what belongs to it: another session, and another key in the forms."""
    client = Client()
    client.force_login(person)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    other = page.context.new_page()
    other.goto(f"{live_server.url}/keys/")
    other.close()


def returning_a_reply(cast: Cast, chromium: Browser, live_server: LiveServer) -> Page:
    """A moderator's case with policy and reason filled in, before the press that returns the reply."""
    flag = Flag.objects.get(reply=held_reply(cast.wren))
    page = signed_in_page(chromium, live_server, cast.ash)
    page.goto(f"{live_server.url}/moderation/flags/{flag.id}/")
    page.get_by_label("By the policy").select_option("dismissal")
    page.get_by_label("Reason").fill("Please say first what they feel.")
    return page


@pytest.mark.deep
def test_a_moderator_decides_with_the_same_words_after_signing_in_again(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    page = returning_a_reply(cast, chromium, live_server)
    page.context.clear_cookies()
    page.get_by_role("button", name="Return with note").click()
    unsent = page.locator("#unsent")
    expect(unsent).to_contain_text("You were signed out. What you typed is still here, and nothing was done.")
    expect(unsent.get_by_role("link", name="Sign in")).to_be_visible()
    check_accessibility(page)
    alerts = page.locator("#alerts")
    expect(alerts).to_contain_text("You were signed out. No alert comes to this page", timeout=LOOKED_AGAIN_MS)
    sign_in_again(page, live_server, cast.ash)
    expect(alerts).not_to_contain_text("You were signed out", timeout=LOOKED_AGAIN_MS)
    expect(page.get_by_label("Reason")).to_have_value("Please say first what they feel.")
    page.get_by_role("button", name="Return with note").click()
    page.wait_for_url("**/moderation/")
    assert Decision.objects.get().reason == "Please say first what they feel."


@pytest.mark.deep
def test_words_about_a_case_stay_where_the_line_is_cut_or_somebody_goes_elsewhere(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    page = returning_a_reply(cast, chromium, live_server)
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.context.set_offline(True)
    page.get_by_role("button", name="Return with note").click()
    expect(page.locator("#unsent")).to_contain_text("Lantern cannot be reached. What you typed is still here")
    expect(page.locator("#unsent").get_by_role("link")).to_be_hidden()
    page.context.set_offline(False)
    page.get_by_role("link", name="Back to the queue").click()
    expect(page.get_by_label("Reason")).to_have_value("Please say first what they feel.")
    assert asked == ["beforeunload"]
    page.route("**/*wikipedia*/**", lambda route: route.fulfill(body="Elsewhere"))
    page.get_by_role("link", name="Leave this page").click()  # asks nothing
    page.wait_for_url("**/*wikipedia*/**")
    assert asked == ["beforeunload"]
    assert not Decision.objects.exists()


def test_a_supporter_sends_after_signing_in_again(cast: Cast, chromium: Browser, live_server: LiveServer) -> None:
    draft = build.draft(cast.wren, text=ANSWER)
    page = signed_in_page(chromium, live_server, cast.wren)
    page.goto(f"{live_server.url}/drafts/{draft.id}/")
    page.context.clear_cookies()
    page.locator("#reply-text").press("Control+End")
    page.locator("#reply-text").press_sequentially(" I will read your answer.")
    expect(page.locator("#signed-out")).to_be_visible()
    sign_in_again(page, live_server, cast.wren)
    page.get_by_role("button", name="Save again").click()
    expect(page.locator("#save-state")).to_contain_text("Saved")
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_url("**/replies/**")
    assert Reply.objects.get().text == f"{ANSWER} I will read your answer."
