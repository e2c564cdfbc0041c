"""The whole path in a real browser with the real model: a supporter and a moderator, each page checked for accessibility."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from assistant.tests.starter import starter_model_file
from webapp.private_servers import free_port
from webapp.tests.browser import DRAFT, SAVED, TOO_WIDE, DemoSite, check_accessibility, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.model]

HURTFUL = "Other people have it much worse than you. It is your own fault, stop whining."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoSite]:
    """The demonstration, as a newcomer starts it."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "models").mkdir()
    model = starter_model_file().path
    os.link(model, folder / "models" / model.name)
    port = free_port()
    env = {**os.environ, "DEMO": "1", "DATA_DIR": str(folder), "JOB_MAX_TOKENS": "120"}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=settings.BASE_DIR,
            env=env,
            stdout=log,
            stderr=log,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_help_is_there(address, server, folder / "log")
        lines = (folder / "secret" / "demo-accounts").read_text(encoding="utf-8").splitlines()
        yield DemoSite(address, {line.split()[1]: line.split()[2] for line in lines})
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_until_help_is_there(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            pytest.fail(f"The server ended: {log.read_text(encoding='utf-8')[-2000:]}")
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:
                if b'"help_available": true' in answer.read():
                    return
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail("The server did not offer help within a minute.")


def take_and_write(page: Page, text: str) -> None:
    page.get_by_role("button", name="Help the next person").click()
    page.locator("#reply-text").press_sequentially(text, delay=2)
    expect(page.locator("#save-state")).to_contain_text("revision")


def with_a_saved_draft(site: DemoSite, browser: Browser, text: str) -> Page:
    page = sign_in(site, browser, "hazel")
    page.goto(f"{site.address}/posts/")
    page.get_by_role("button", name="Help the next person").click()
    is_new = page.locator("#reply-text").input_value() != text  # the draft may have a revision already
    page.locator("#reply-text").fill(text)
    expect(page.locator("#save-state")).to_contain_text(SAVED if is_new else "Saved")
    return page


def improve(page: Page) -> None:
    """Ask until there is a suggestion: what the starter model writes goes in circles, or is held, now and then."""
    suggestion = page.locator("#suggestion")
    for _ in range(5):
        suggestion.evaluate("node => node.replaceChildren()")  # what was there before is not the answer
        page.get_by_role("button", name="Improve my draft").click()
        answers = re.compile("Report this suggestion|went in circles|Kept back")
        expect(suggestion).to_contain_text(answers, timeout=60_000)
        if "Report this suggestion" in suggestion.inner_text():
            return
    pytest.fail(f"Five times no suggestion: {suggestion.inner_text()}")


def test_a_supporter_and_a_moderator_walk_the_whole_path(site: DemoSite, chromium: Browser) -> None:
    supporter = sign_in(site, chromium, "juniper")
    check_accessibility(supporter)
    take_and_write(supporter, DRAFT)
    check_accessibility(supporter)

    improve(supporter)
    check_accessibility(supporter)
    use = supporter.get_by_role("button", name="Use this").first
    if use.count():
        before = supporter.locator("#reply-text").input_value()
        another = supporter.locator(".another:not([hidden])")
        offered = another.count()
        use.click()
        expect(supporter.locator("#reply-text")).not_to_have_value(before)
        expect(another).to_have_count(0)  # it would be one of other words
        supporter.get_by_role("button", name="Undo").first.click()
        expect(supporter.locator("#reply-text")).to_have_value(before)
        expect(another).to_have_count(offered)
    supporter.get_by_role("button", name="Send", exact=True).click()
    expect(supporter.locator("main")).to_contain_text("Sent. Thank you")
    check_accessibility(supporter)

    supporter.get_by_role("link", name="Write").click()
    take_and_write(supporter, HURTFUL)
    supporter.get_by_role("button", name="Send", exact=True).click()
    expect(supporter.locator("main")).to_contain_text("moderator")
    reply_address = supporter.url

    moderator = sign_in(site, chromium, "rowan")
    check_accessibility(moderator)
    moderator.locator("nav.rail a", has_text="Reply").click()
    moderator.locator("main li", has_text="stop whining").get_by_role("link").first.click()
    expect(moderator.locator("main")).to_contain_text("fault")
    check_accessibility(moderator)
    moderator.get_by_role("button", name="Take it for now").click()
    moderator.get_by_label("By the policy").select_option("dismissal")
    moderator.locator("textarea[name=reason]").fill("Please say first what they feel, and leave out the comparison.")
    moderator.get_by_role("button", name="Return with note").click()
    expect(moderator).to_have_url(f"{site.address}/moderation/")

    supporter.goto(reply_address)
    expect(supporter.locator("main")).to_contain_text("leave out the comparison")
    check_accessibility(supporter)
    assert site.complaints == []


@pytest.mark.deep
def test_sending_at_once_waits_for_what_is_being_saved(site: DemoSite, chromium: Browser) -> None:
    page = sign_in(site, chromium, "fern")
    page.get_by_role("button", name="Help the next person").click()
    page.locator("#reply-text").fill("That sounds like a long and lonely year.")
    page.locator("#reply-text").blur()  # the save is on its way
    page.locator("#reply-text").press_sequentially(" I am glad that you wrote.")
    page.get_by_role("button", name="Send", exact=True).dblclick()
    expect(page.locator("main")).to_contain_text("I am glad that you wrote.")
    expect(page.locator("main")).to_contain_text("Sent. Thank you")
    assert not [line for line in site.complaints if line.startswith("fern")]


def test_two_windows_keep_both_texts(site: DemoSite, chromium: Browser) -> None:
    first = sign_in(site, chromium, "hazel")
    take_and_write(first, "First words here. More words.")
    second = first.context.new_page()
    second.goto(first.url)
    second.locator("#reply-text").fill("Words of the second window.")
    expect(second.locator("#save-state")).to_contain_text("revision 2")
    first.locator("#reply-text").press_sequentially(" And on.")
    expect(first.locator("#conflict")).to_be_visible()
    expect(first.locator("#conflict")).to_contain_text("Words of the second window.")
    expect(first.locator("#reply-text")).to_have_value("First words here. More words. And on.")
    check_accessibility(first)


NO_LAST_WORD = """
for (const leaving of ["pagehide", "visibilitychange"])
  addEventListener(leaving, (event) => event.stopImmediatePropagation(), true);
"""


def test_words_that_never_reached_the_server_are_offered_again(site: DemoSite, chromium: Browser) -> None:
    page = with_a_saved_draft(site, chromium, "Saved words.")
    address, context = page.url, page.context
    context.set_offline(True)
    page.locator("#reply-text").fill("Saved words. And what I typed in the tunnel.")
    expect(page.locator("#offline")).to_be_visible()
    page.evaluate(NO_LAST_WORD)  # as in a crash: else what it sends on leaving may meet a line that is back
    page.close(run_before_unload=False)
    context.set_offline(False)
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#reply-text")).to_have_value("Saved words.")
    expect(page.locator("#local-copy")).to_contain_text("And what I typed in the tunnel.")
    check_accessibility(page)
    page.get_by_role("button", name="Put them back").click()
    expect(page.locator("#reply-text")).to_have_value("Saved words. And what I typed in the tunnel.")
    expect(page.locator("#save-state")).to_contain_text("Saved just now")
    page.reload()
    expect(page.locator("#reply-text")).to_have_value("Saved words. And what I typed in the tunnel.")
    expect(page.locator("#local-copy")).to_be_hidden()
    assert page.evaluate("localStorage.length") == 0
    page.get_by_role("link", name="History").click()
    page.locator(".steps a").last.click()
    check_accessibility(page)
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate(TOO_WIDE) == []


@pytest.mark.deep
def test_who_signs_out_leaves_no_words_on_the_device(site: DemoSite, chromium: Browser) -> None:
    page = with_a_saved_draft(site, chromium, DRAFT)
    page.evaluate("localStorage.setItem('lantern.unsaved.x', JSON.stringify({ text: 'words', at: Date.now() }))")
    page.locator("details.account summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("input[name=login]")).to_be_visible()
    assert page.evaluate("localStorage.length") == 0


@pytest.mark.deep
def test_a_change_that_is_not_helpful_says_why_and_its_kind_can_be_stopped(site: DemoSite, chromium: Browser) -> None:
    page = with_a_saved_draft(site, chromium, DRAFT)
    for _ in range(4):  # until one comes with a reason that can be stopped
        improve(page)
        change = page.locator(".change:has(button[name='stop'])").first
        if change.count():
            break
    change.get_by_text("Not helpful…").click()
    check_accessibility(page)
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate(TOO_WIDE) == []
    change.locator("select").select_option("voice")
    before = page.locator("#reply-text").input_value()
    change.get_by_role("button", name="Keep mine, and say so").click()
    expect(change.locator(".state")).to_have_text("yours stays · not helpful")
    expect(page.locator("#reply-text")).to_have_value(before)
    change.get_by_role("button", name="Undo").click()
    expect(change.locator(".state")).to_have_text("")
    change.get_by_text("Not helpful…").click()
    change.get_by_role("button", name="Stop suggesting this kind").click()
    expect(change.locator(".why")).to_contain_text("put aside from the next time on")
    page.reload()
    expect(page.locator(".change[data-stopped]").first).to_contain_text("Put aside")
    check_accessibility(page)
    page.locator("details.account summary").click()
    page.get_by_role("link", name="What is not suggested").click()
    check_accessibility(page)
    page.get_by_role("button", name="Suggest again").first.click()
    expect(page.locator("main")).to_contain_text("Nothing is put aside.")


@pytest.mark.deep
def test_hints_hold_the_wording_back_until_it_is_asked_for(site: DemoSite, chromium: Browser) -> None:
    before = len(site.complaints)
    page = with_a_saved_draft(site, chromium, DRAFT)
    address = page.url
    page.locator("details.account summary").click()
    page.get_by_role("link", name="How my writing goes").click()
    check_accessibility(page)
    page.get_by_label("Hints first").check()
    page.get_by_role("button", name="Show it like this").click()
    expect(page.get_by_label("Hints first")).to_be_checked()
    page.goto(address)
    for _ in range(4):  # until something is suggested that can be hinted at
        improve(page)
        hint = page.locator(".change:has(.wording)").first
        if hint.count():
            break
    expect(page.locator("#live-text")).to_have_text("")  # nothing of it streamed
    expect(hint.get_by_role("button", name="Use this")).to_be_hidden()
    check_accessibility(page)
    hint.locator(".wording summary").press("Enter")
    check_accessibility(page)
    words = page.locator("#reply-text").input_value()
    hint.get_by_role("button", name="Use this").press("Enter")
    expect(page.locator("#reply-text")).not_to_have_value(words)
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate(TOO_WIDE) == []
    page.get_by_role("button", name="Write changes out from now on").click()
    expect(page.locator(".wording:not([open])")).to_have_count(0)
    expect(page.locator("#suggestion")).to_contain_text("written out, from now on")
    expect(page.locator("#reply-text")).not_to_have_value(words)  # nobody left the page
    assert site.complaints[before:] == []


@pytest.mark.deep
def test_an_admin_adds_words_and_orders_goals(site: DemoSite, chromium: Browser) -> None:
    before = len(site.complaints)
    page = sign_in(site, chromium, "willow", viewport={"width": 320, "height": 700})
    page.get_by_role("link", name="Goals").click()
    expect(page.locator("main")).to_contain_text("was trained on 7 goals")
    assert page.evaluate(TOO_WIDE) == []
    page.get_by_label("Name on the page").last.fill("A softer close")
    page.get_by_label("What the model is told").last.fill("End on a sentence that leaves the door open.")
    page.get_by_role("button", name="Add it at the end").click()
    added = page.locator("#goal-a_softer_close")
    expect(added).to_contain_text("not offered with this model")
    added.get_by_role("button", name="Up").click()
    expect(page.locator(".goals-list > li").nth(6)).to_contain_text("A softer close")
    added.get_by_role("button", name="Switch off").click()
    expect(added).to_contain_text("switched off")
    shorter = page.locator("#goal-shorter")
    shorter.locator("summary", has_text="Change").click()
    shorter.get_by_label("What the model is told").fill("Make it half as long.")
    check_accessibility(page)
    shorter.get_by_role("button", name="Save").click()
    shorter.locator("summary", has_text="Other wordings").click()
    expect(shorter).to_contain_text("Make it half as long.")
    assert page.evaluate(TOO_WIDE) == []
    assert site.complaints[before:] == []


def test_a_worry_is_one_click_and_leaves_what_is_being_typed(site: DemoSite, chromium: Browser) -> None:
    before = len(site.complaints)
    page = sign_in(site, chromium, "hazel", viewport={"width": 400, "height": 800})
    page.goto(f"{site.address}/posts/")
    page.get_by_role("button", name="Help the next person").click()
    page.locator("#reply-text").fill("I read this twice and")
    page.get_by_role("button", name="I am worried about this person").click()
    expect(page.locator("#worry")).to_contain_text("You asked for a look")
    page.locator("#worry summary").click()
    page.locator("#worry-note").fill("It stops in the middle.")
    page.get_by_role("button", name="It cannot wait").click()
    expect(page.locator("#worry")).to_contain_text("it cannot wait")
    expect(page.locator("#reply-text")).to_have_value("I read this twice and")
    check_accessibility(page)
    page.goto(f"{site.address}/moderation/?noticed=people")
    expect(page.locator("#queue-rows")).to_contain_text("A supporter worries about this person.")
    check_accessibility(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert site.complaints[before:] == []


@pytest.mark.deep
def test_checking_says_what_is_found_and_leaves_what_is_being_typed(site: DemoSite, chromium: Browser) -> None:
    before = len(site.complaints)
    page = sign_in(site, chromium, "hazel", viewport={"width": 400, "height": 800})
    page.goto(f"{site.address}/posts/")
    page.get_by_role("button", name="Help the next person").click()
    page.locator("#reply-text").fill(HURTFUL)
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#checked")).to_contain_text("A moderator would read it before it leaves")
    expect(page.locator("#checked q").first).to_be_visible()
    expect(page.locator("#reply-text")).to_have_value(HURTFUL)
    check_accessibility(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator("#reply-text").fill(DRAFT)
    expect(page.locator("#checked")).to_be_empty()  # it spoke of other words
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#checked")).not_to_contain_text("A moderator would read it")
    assert page.url.startswith(f"{site.address}/drafts/")
    expect(page.locator("#save-state")).to_contain_text("Saved")  # or it would be saved under the next window
    assert site.complaints[before:] == []


@pytest.mark.deep
def test_who_was_signed_out_stays_on_the_page_whatever_button_they_press(site: DemoSite, chromium: Browser) -> None:
    page = with_a_saved_draft(site, chromium, DRAFT)
    address = page.url
    session = next(one["value"] for one in page.context.cookies() if one["name"] == "session")
    page.context.clear_cookies(name="session")
    page.locator("#reply-text").press_sequentially(" One more thought.")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#signed-out")).to_be_visible()
    page.wait_for_timeout(500)
    assert page.url == address
    expect(page.locator("#reply-text")).to_have_value(f"{DRAFT} One more thought.")
    page.context.add_cookies(
        [{"name": "session", "value": session, "url": site.address}]
    )  # signed in again, in another window
    page.locator("#signed-out [data-retry]").click()
    expect(page.locator("#save-state")).to_contain_text("Saved")
    expect(page.locator("#signed-out")).to_be_hidden()


@pytest.mark.deep
def test_what_is_typed_and_taken_back_is_saved(site: DemoSite, chromium: Browser) -> None:
    page = with_a_saved_draft(site, chromium, DRAFT)
    page.reload()  # nothing was saved on this page yet
    page.locator("#reply-text").press("End")
    page.locator("#reply-text").press_sequentially("x")
    page.locator("#reply-text").press("Backspace")
    expect(page.locator("#save-state")).to_contain_text("Saved")


def test_a_stopped_suggestion_leaves_the_draft_alone(site: DemoSite, chromium: Browser) -> None:
    page = with_a_saved_draft(site, chromium, f"{DRAFT} Write again.")
    page.get_by_role("button", name="Improve my draft").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#suggestion")).to_contain_text("You stopped it")
    expect(page.locator("#reply-text")).to_have_value(f"{DRAFT} Write again.")


@pytest.mark.deep
def test_a_supporter_agrees_to_be_learned_from_and_takes_it_back(site: DemoSite, chromium: Browser) -> None:
    page = sign_in(site, chromium, "fern")
    page.locator("details.account summary").click()
    page.get_by_role("link", name="Learning from my words").click()
    check_accessibility(page)
    page.get_by_role("button", name="I agree").click()
    expect(page.get_by_text("You agreed on")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("You have not agreed")).to_be_visible()


@pytest.mark.deep
def test_an_admin_watches_the_engine_and_what_they_opened_stays_open(site: DemoSite, chromium: Browser) -> None:
    page = sign_in(site, chromium, "willow", viewport={"width": 400, "height": 800})
    page.get_by_role("link", name="Engine").click()
    expect(page.locator("#engine-heading")).to_have_text("Nothing to do")
    expect(page.locator("main")).to_contain_text("Why it runs as it does")
    page.locator(".hash summary").first.click()
    before = page.locator("#engine-heading ~ p time").first.inner_text()
    expect(page.locator("#engine-heading ~ p time").first).not_to_have_text(before, timeout=10_000)
    expect(page.locator(".hash[open] code").first).to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    check_accessibility(page)
    assert not [line for line in site.complaints if line.startswith("willow")]


@pytest.mark.parametrize("name", ["willow", "linden", "alder", "aspen"])
def test_every_role_lands_on_a_page_that_can_be_used(site: DemoSite, chromium: Browser, name: str) -> None:
    page = sign_in(site, chromium, name, viewport={"width": 360, "height": 740})
    expect(page.locator("h1")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    check_accessibility(page)
