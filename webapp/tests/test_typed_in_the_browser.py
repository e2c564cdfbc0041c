"""What a moderator typed stays where it is, whatever else is pressed on the page, and whatever became of the flag."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from moderation.actions import claim_flag, decide
from moderation.models import CaseNote, Decision, Flag
from webapp import test as build
from webapp.accounts.models import User
from webapp.test import Cast
from webapp.tests.browser import check_accessibility, signed_in_page
from webapp.tests.stage import held_reply

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("queries_beside_a_loop"),
]
WORDS = "Please say first what they feel."


@pytest.fixture
def flag(cast: Cast) -> Flag:
    return Flag.objects.get(reply=held_reply(cast.wren))


def opened(browser: Browser, live_server: LiveServer, person: User, flag: Flag) -> Page:
    """With a reason typed, and a mark that is gone as soon as the page is left."""
    page = signed_in_page(browser, live_server, person)
    page.goto(f"{live_server.url}/moderation/flags/{flag.id}/")
    page.get_by_label("By the policy").select_option("dismissal")
    page.get_by_label("Reason").fill(WORDS)
    page.evaluate("window.isTheSame = true")
    return page


def is_the_same(page: Page) -> bool:
    return bool(page.evaluate("window.isTheSame === true"))


def answers(page: Page, *, yes: bool) -> list[str]:
    """Answer every question so, and note its kind."""
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        if yes:
            dialog.accept()
        else:
            dialog.dismiss()

    page.on("dialog", answer)
    return asked


def test_a_claim_and_a_note_leave_the_words_where_they_are(
    cast: Cast, chromium: Browser, live_server: LiveServer, flag: Flag
) -> None:
    page = opened(chromium, live_server, cast.ash, flag)
    page.get_by_role("button", name="Take it for now").click()
    expect(page.locator("#claim")).to_contain_text("15 min left, renewed while you work here")
    expect(page.locator("#stayed")).to_have_text("It is yours for now.")
    expect(page.get_by_role("button", name="Let go")).to_be_focused()
    check_accessibility(page)
    page.get_by_label("Add a note").fill("Wren is new.")
    page.get_by_role("button", name="Keep this note").click()
    expect(page.locator("#notes")).to_contain_text("ash")
    expect(page.get_by_label("Add a note")).to_have_value("")
    assert CaseNote.objects.get().text == "Wren is new."
    page.get_by_label("Add a note").fill("And tired.")
    page.get_by_role("button", name="Let go").click()
    expect(page.get_by_role("button", name="Take it for now")).to_be_visible()
    expect(page.locator("#history")).to_contain_text("let somebody else take it")
    expect(page.get_by_label("Add a note")).to_have_value("And tired.")
    expect(page.get_by_label("Reason")).to_have_value(WORDS)
    assert is_the_same(page)
    assert Flag.objects.get().claimer() is None


@pytest.mark.deep
def test_whoever_presses_what_leads_away_is_asked_first(
    cast: Cast, chromium: Browser, live_server: LiveServer, flag: Flag
) -> None:
    page = opened(chromium, live_server, cast.ash, flag)
    asked = answers(page, yes=False)
    page.get_by_role("button", name="Pass").click()
    page.wait_for_timeout(1_000)
    assert asked == ["confirm"]
    assert is_the_same(page)
    page.get_by_label("Add a note").fill("Forgotten.")
    page.get_by_role("button", name="Return with note").click()  # the note would be lost
    page.wait_for_timeout(1_000)
    assert asked == ["confirm", "confirm"]
    assert not Decision.objects.exists()
    page.get_by_label("Add a note").fill("")
    page.get_by_role("button", name="Return with note").click()
    page.wait_for_url("**/moderation/")
    assert Decision.objects.get().reason == WORDS


def test_words_on_a_page_that_shows_a_refusal_are_words_that_were_not_sent(
    cast: Cast, chromium: Browser, live_server: LiveServer, flag: Flag
) -> None:
    page = opened(chromium, live_server, cast.ash, flag)
    page.evaluate("document.getElementById('decision-policy').required = false")
    page.get_by_label("By the policy").select_option("")
    page.get_by_role("button", name="Return with note").click()
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("Choose the policy")
    asked = answers(page, yes=False)
    page.get_by_label("By the policy").select_option("dismissal")
    page.get_by_role("link", name="Back to the queue").click()
    assert asked == ["beforeunload"]
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.get_by_role("button", name="Return with note").click()
    expect(page.locator("#unsent")).to_contain_text("You were signed out. What you typed is still here")
    expect(page.get_by_label("Reason")).to_have_value(WORDS)
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.get_by_role("button", name="Return with note").click()
    page.wait_for_url("**/moderation/")
    assert Decision.objects.get().reason == WORDS


@pytest.mark.deep
def test_what_somebody_else_took_is_taken_over_with_the_words_that_were_refused(
    cast: Cast, chromium: Browser, live_server: LiveServer, flag: Flag
) -> None:
    page = opened(chromium, live_server, cast.ash, flag)
    claim_flag(flag, by=cast.birch)
    page.get_by_role("button", name="Return with note").click()
    had = page.get_by_role("group", name="What you had written")
    expect(had).to_contain_text(WORDS)
    check_accessibility(page)
    page.get_by_text("Take it over", exact=True).click()
    page.locator("#why").fill("Birch went home.")
    page.get_by_role("button", name="Take it over from birch").click()
    expect(page.locator("#claim")).to_contain_text("Yours")
    expect(page.get_by_label("Reason")).to_have_value(WORDS)
    expect(page.get_by_label("By the policy")).to_have_value("dismissal")


def signed_out_with(page: Page, field: str, button: str) -> None:
    """Pressing without a session sends nothing, says so in sight, and keeps the words; so does who goes elsewhere."""
    page.get_by_label(field).fill(WORDS)
    asked = answers(page, yes=False)
    page.get_by_role("link", name=re.compile("Incidents|Back to")).first.click()
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    page.context.clear_cookies()
    page.get_by_role("button", name=button).click()
    expect(page.locator("#unsent")).to_contain_text("You were signed out. What you typed is still here")
    expect(page.locator("#unsent")).to_be_in_viewport()
    expect(page.get_by_label(field)).to_have_value(WORDS)


def test_one_reason_for_several_is_not_lost_with_the_session(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    build.post(build.WORRYING_POST)
    page = signed_in_page(chromium, live_server, cast.ash)
    page.goto(f"{live_server.url}/moderation/")
    expect(page.locator("#together")).to_be_hidden()
    page.locator("input[name=chosen]").check()
    page.locator("#together-policy").select_option("crisis")
    page.locator("#together-closed-as").select_option("fine")
    signed_out_with(page, "One reason for all", "Close all")
    expect(page.locator("input[name=chosen]")).to_be_checked()


@pytest.mark.deep
@pytest.mark.parametrize("where", ["quality/", "flags/{}/golden"])
def test_what_a_golden_item_explains_is_not_lost_with_the_session(
    cast: Cast, chromium: Browser, live_server: LiveServer, flag: Flag, where: str
) -> None:
    decide(flag, outcome="return", policy="dismissal", by=cast.ash, reason="It compares.", seen=1)
    page = signed_in_page(chromium, live_server, cast.birch)
    page.goto(f"{live_server.url}/moderation/{where.format(flag.id)}")
    for select in page.locator("main form select").all():
        select.select_option(index=1)
    for text in page.locator("main form textarea[required]").all():
        text.fill("You will be fine.")
    signed_out_with(page, "Why", "Add it")
