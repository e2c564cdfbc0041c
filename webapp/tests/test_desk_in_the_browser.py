"""A moderator decides without a mouse, on a desk and on a phone; what can be done is always in the same place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from assistant.actions import report, worry
from assistant.models import Reply
from assistant.safety.types import Level
from moderation.actions import appeal, claim_flag, decide
from moderation.models import Decision, Flag, Proposal
from webapp import test as build
from webapp.accounts.models import User
from webapp.test import Cast
from webapp.tests.browser import TOO_WIDE, check_accessibility
from webapp.tests.stage import held_reply
from webapp.tests.test_by_keyboard import SMALL, lost, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DESK = {"width": 1280, "height": 800}
PRESS_AS_SOON_AS_IT_IS_THERE = """
  window.pressed = 0;
  const press = () => {
    for (const button of document.querySelectorAll("button[value=confirm], #pass")) button.click();
    window.pressed += 1;
  };
  addEventListener("DOMContentLoaded", () => {
    press();
    for (const wait of [100, 300, 600]) setTimeout(press, wait);
  });
"""


@pytest.fixture(scope="module", autouse=True)
def queries_beside_a_loop() -> Iterator[None]:
    """Playwright's loop runs in this thread for the whole module, beside the queries of tests and fixtures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


def page_of(browser: Browser, live_server: LiveServer, person: User, **options: Any) -> Page:
    client = Client()
    client.force_login(person)
    context = browser.new_context(locale="en-GB", **options)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    return context.new_page()


def flag_page(browser: Browser, live_server: LiveServer, person: User, flag: Flag, **options: Any) -> Page:
    page = page_of(browser, live_server, person, **options)
    page.goto(f"{live_server.url}/moderation/flags/{flag.id}/")
    return page


def bar_is_in_view(page: Page) -> bool:
    box = page.locator("#acts").bounding_box()
    assert box is not None
    height = page.evaluate("innerHeight")
    return bool(box["y"] >= 0 and box["y"] + box["height"] <= height + 1)


@pytest.mark.parametrize("size", [DESK, SMALL], ids=["desk", "360"])
def test_a_reply_is_returned_and_that_is_undone_by_keyboard(
    cast: Cast, chromium: Browser, live_server: LiveServer, size: Any
) -> None:
    reply = held_reply(cast.wren)
    page = flag_page(chromium, live_server, cast.ash, Flag.objects.get(reply=reply), viewport=size)
    check_accessibility(page)
    for way in ("0", "document.documentElement.scrollHeight / 2", "document.documentElement.scrollHeight"):
        page.evaluate(f"scrollTo(0, {way})")
        assert bar_is_in_view(page)
    assert page.evaluate(TOO_WIDE) == []
    assert lost(page) == []
    page.locator("#text-heading").click()
    tab_to(page, "#decision-policy")
    page.keyboard.type("Dis")
    expect(page.locator("#decision-policy")).to_have_value("dismissal")
    tab_to(page, "#decision-reason")
    page.keyboard.type("Please say first what they feel.")
    tab_to(page, "button[name=outcome][value=return]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/moderation/")
    reply.refresh_from_db()
    assert (reply.status, reply.note) == ("returned", "Please say first what they feel.")
    check_accessibility(page)
    tab_to(page, ".undo button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/flags/**")
    expect(page.locator("#decision-policy")).to_be_visible()
    assert Reply.objects.get().status == "held"


@pytest.mark.deep
@pytest.mark.parametrize("size", [DESK, SMALL], ids=["desk", "360"])
def test_what_was_proposed_is_confirmed_by_somebody_else(
    cast: Cast, chromium: Browser, live_server: LiveServer, size: Any
) -> None:
    flag = Flag.objects.get(reply=held_reply(cast.wren, level=Level.PLAN))
    decide(flag, outcome="approve", policy="crisis", by=cast.ash, reason="It asks plainly.", seen=1)
    page = flag_page(chromium, live_server, cast.birch, flag, viewport=size)
    expect(page.locator("#acts")).to_contain_text("ash proposes: approve")
    check_accessibility(page)
    assert bar_is_in_view(page)
    assert page.evaluate(TOO_WIDE) == []
    tab_to(page, "button[value=confirm]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/moderation/")
    assert Reply.objects.get().status == "sent"


def test_a_second_press_decides_nothing_about_the_next_flag(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    """On the page that comes next *Confirm* stands where *Approve* stood, and asks for no words."""
    following, first = (Flag.objects.get(post=build.post(build.URGENT_POST)) for _ in range(2))
    said: dict[str, Any] = {"policy": "crisis", "by": cast.birch, "reason": "They asked for somebody.", "seen": 1}
    said["danger"] = False
    decide(following, outcome="approve", **said)
    page = flag_page(chromium, live_server, cast.ash, first, viewport=DESK)
    page.get_by_label("By the policy").select_option("crisis")
    page.get_by_label("Is somebody in danger").select_option("no")
    page.get_by_label("Reason").fill("A lead is in touch.")
    page.get_by_label("then the next one").check()
    page.add_init_script(PRESS_AS_SOON_AS_IT_IS_THERE)
    page.get_by_role("button", name="Approve", exact=True).dblclick()
    page.wait_for_url(f"**/flags/{following.id}/**")
    expect(page.locator("#acts")).to_contain_text("birch proposes: approve")
    page.wait_for_timeout(1_000)
    assert page.evaluate("window.pressed") == 4
    assert not Proposal.objects.exclude(answered_at=None).exists()
    assert Proposal.objects.get(flag=first).by == cast.ash  # one, however often it was pressed
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/moderation/")
    assert Proposal.objects.get(flag=following).confirmed


@pytest.mark.deep
def test_a_supporter_reads_what_changed_and_asks_for_another_look(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    reply = held_reply(cast.wren)
    page = page_of(chromium, live_server, cast.wren, viewport=SMALL)
    page.goto(f"{live_server.url}/replies/{reply.id}/")
    expect(page.locator("main")).to_contain_text("It may read as blame, comparison, or as not having listened.")
    check_accessibility(page)
    edited = "I know lonely evenings, too. What would you like to cook?"
    said: dict[str, Any] = {"policy": "dismissal", "reason": "Left out the comparison.", "seen": 1}
    decide(Flag.objects.get(reply=reply), outcome="edit", by=cast.ash, edited_text=edited, **said)
    page.reload()
    expect(page.locator("ins").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("Left out the comparison.")
    page.get_by_text("Ask for another look").press("Enter")
    check_accessibility(page)
    page.get_by_label("What should be looked at again?").fill("It was about myself.")
    page.get_by_role("button", name="Send it to another moderator").press("Enter")
    expect(page.locator("main")).to_contain_text("Another moderator will answer here.")
    check_accessibility(page)
    assert page.evaluate(TOO_WIDE) == []


@pytest.mark.deep
@pytest.mark.parametrize("size", [DESK, SMALL], ids=["desk", "360"])
def test_an_appeal_is_answered(cast: Cast, chromium: Browser, live_server: LiveServer, size: Any) -> None:
    reply = held_reply(cast.wren)
    said: dict[str, Any] = {"policy": "dismissal", "reason": "It compares.", "seen": 1}
    decide(Flag.objects.get(reply=reply), outcome="reject", by=cast.ash, **said)
    asked = appeal(reply, words="It is about myself, not about them.", by=cast.wren)
    page = flag_page(chromium, live_server, cast.birch, asked.flag, viewport=size)
    expect(page.locator("main")).to_contain_text("It is about myself, not about them.")
    check_accessibility(page)
    assert page.evaluate(TOO_WIDE) == []
    page.get_by_label("By the policy").select_option("dismissal")
    page.get_by_label("Reason").fill("You were right.")
    page.get_by_role("button", name="Overturn").press("Enter")
    page.wait_for_url("**/moderation/")
    assert Reply.objects.get().status == "sent"
    assert Decision.objects.latest("at").outcome == "overturn"


def decide_by_keyboard(page: Page, reason: str) -> str:
    """What this flag allows, first of these; where it is written what came of it, too."""
    offered = [str(one.get_attribute("value")) for one in page.locator("#decision button[name=outcome]").all()]
    outcome = next(one for one in ("return", "close", "approve") if one in offered)
    tab_to(page, "#decision-policy")
    page.keyboard.type("Signs")
    if page.locator("#decision-closed-as").count():
        tab_to(page, "#decision-closed-as")
        page.keyboard.type("Somebody")
    if page.locator("#decision-danger").count():
        tab_to(page, "#decision-danger")
        page.keyboard.type("No")
    tab_to(page, "#decision-reason")
    page.keyboard.type(reason)
    tab_to(page, f"button[name=outcome][value={outcome}]")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    return outcome


@pytest.mark.deep
def test_twenty_mixed_flags_are_cleared_by_keyboard_alone(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    for _ in range(5):
        build.post(build.URGENT_POST)  # a decision takes two people
        build.post(build.WORRYING_POST)
        held_reply(cast.wren)
        report(build.suggestion(build.draft(cast.robin)), by=cast.robin)
    assert Flag.objects.open().count() == 20
    page = page_of(chromium, live_server, cast.ash, viewport=DESK)
    page.goto(f"{live_server.url}/moderation/")
    made = []
    for number in range(20):
        if "/flags/" not in page.url:
            with page.expect_navigation():
                page.keyboard.press("f")
        made.append(decide_by_keyboard(page, f"Looked at, number {number}."))
    page.goto(f"{live_server.url}/moderation/")
    page.keyboard.press("f")
    expect(page.locator("body")).to_contain_text("Nothing")
    assert Counter(made) == {"approve": 5, "close": 10, "return": 5}
    assert Decision.objects.filter(by=cast.ash).count() == 15
    assert Proposal.objects.filter(by=cast.ash, answered_at=None).count() == 5
    assert not Flag.objects.open().exclude(proposals__answered_at=None).exists()
    reasons = {one.reason for one in (*Decision.objects.all(), *Proposal.objects.all())}
    assert reasons == {f"Looked at, number {number}." for number in range(20)}


def test_the_page_of_who_has_a_flag_says_by_itself_that_a_supporter_said_more(
    cast: Cast, chromium: Browser, live_server: LiveServer, settings: Any
) -> None:
    settings.CLAIM_LEASE = timedelta(seconds=20)  # so that the page asks every five seconds
    post = build.post()
    worry(post, by=cast.wren)
    flag = Flag.objects.get()
    claim_flag(flag, by=cast.ash)
    page = flag_page(chromium, live_server, cast.ash, flag, viewport=SMALL)
    page.get_by_label("Reason").fill("A sad evening.")
    worry(post, by=cast.wren, now=True)
    expect(page.locator("#claim-told")).to_contain_text("it cannot wait", timeout=20_000)
    expect(page.get_by_label("Reason")).to_have_value("A sad evening.")
    assert flag.renew_claim(cast.ash, until=timezone.now() + timedelta(minutes=1))  # it is still theirs
