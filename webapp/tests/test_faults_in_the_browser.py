"""What goes wrong around a page that somebody writes on: the line, the worker, the session; and somebody's first evening."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from webapp.running import PASSWORD, Embedded, Site
from webapp.tests.browser import SAVED
from webapp.tests.cuttable_proxy import CuttableProxy
from webapp.visitor import OVER, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.model, pytest.mark.timeout(600)]

POST = "I moved to a new town for work and the evenings are long. I miss having somebody to cook with."
DRAFT = (
    "Moving to a new town is hard, and long evenings are the hardest part. I remember how quiet my first flat was. "
    "You should go out more. I used to cook for myself and the radio. Most of the people there were new once. "
    "It took me a while to say hello to anybody. What do you like to cook? Is there a market in the town?"
)
MORE = " And I typed this while nobody could hear me."
OVER_MS = 120_000  # a busy machine
# The longest text that the live region ever held, because it is emptied when the list takes its place.
LISTEN = """() => {
  const live = document.getElementById("live-text");
  window.heard = [];
  new MutationObserver(() => live.textContent && window.heard.push(live.textContent))
    .observe(live, { childList: true, characterData: true, subtree: true });
}"""
FORGET_SESSION = """
from webapp.accounts.models import Session
answer = Session.objects.filter(session_key=values[0]).delete()[0]
"""
PASTE = """(words) => {
  const area = document.getElementById("reply-text");
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", words);
  area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
  area.value = words;
  area.dispatchEvent(new InputEvent("input", { bubbles: true }));
}"""
CALM = re.compile("Your words are still here")
ENDED = re.compile("Report this suggestion|No suggestion this time|Kept back|No change suggested")


@dataclass
class Evening:
    """Somebody who writes, at two browsers: one that is looked at, and one that asks the server what it has."""

    site: Site
    person: Visitor
    name: str
    page: Page
    job: dict[str, Any] = field(default_factory=dict)

    @property
    def reply(self) -> Any:
        return self.page.locator("#reply-text")

    def until_words_come(self) -> None:
        """Ask until a suggestion is in the middle of being written: a short one may be over before anybody looks."""
        for number in range(5):
            self.reply.fill(f"{DRAFT} {'Write again. ' * number}".strip())
            expect(self.page.locator("#save-state")).to_contain_text(SAVED)
            self.page.evaluate(LISTEN)
            with self.page.expect_response("**/ask") as asked:
                self.page.get_by_role("button", name="Improve my draft").click()
            self.job = asked.value.json()
            if "job" not in self.job:
                continue  # a question back
            self.page.locator("#live:not([hidden]), #suggestion [data-suggestion]").first.wait_for(timeout=OVER_MS)
            self.page.locator("#live-text:not(:empty), #live[hidden]").first.wait_for(state="attached", timeout=OVER_MS)
            if self.page.locator("#live").is_visible() and self.server()["status"] not in OVER:
                return
            expect(self.page.locator("#live")).to_be_hidden(timeout=OVER_MS)
        pytest.fail("Five times it was over before its first words were seen.")

    def server(self) -> dict[str, Any]:
        """What the server has of the job."""
        return self.person.twin(self.job)

    def until_it_ends(self) -> dict[str, Any]:
        expect(self.page.locator("#live")).to_be_hidden(timeout=OVER_MS)
        expect(self.page.locator("#suggestion")).to_contain_text(ENDED)
        return self.server()


@pytest.fixture
def evening(site: Site, chromium: Browser) -> Iterator[Evening]:
    with Visitor(site.url).sign_in() as admin:
        yield begin(site, chromium, admin, site.url)


@pytest.fixture
def cuttable(embedded_site: Embedded, chromium: Browser) -> Iterator[tuple[Evening, CuttableProxy]]:
    with Visitor(embedded_site.url).sign_in() as admin, CuttableProxy(embedded_site.port) as proxy:
        evening = begin(embedded_site, chromium, admin, f"http://127.0.0.1:{proxy.port}")
        yield evening, proxy
        evening.page.context.close()


def begin(site: Site, browser: Browser, admin: Visitor, address: str) -> Evening:
    admin.send("/posts/enter", text=POST, language="en", country="")
    name = f"late-{uuid.uuid4().hex[:8]}"
    person = admin.invite(name, "supporter")
    draft = person.take_post()
    page = signed_in(browser.new_context(), person, address).new_page()
    page.set_default_timeout(OVER_MS)
    page.goto(f"{address}/drafts/{draft}/")
    return Evening(site, person, name, page)


def signed_in(context: BrowserContext, person: Visitor, address: str) -> BrowserContext:
    cookies: list[Any] = [{"name": name, "value": value, "url": address} for name, value in person.http.cookies.items()]
    context.add_cookies(cookies)
    return context


@pytest.mark.deep
def test_a_line_that_is_cut_in_mid_stream_costs_no_word(cuttable: tuple[Evening, CuttableProxy]) -> None:
    evening, proxy = cuttable
    page, reply = evening.page, evening.reply
    evening.until_words_come()
    before = reply.input_value()

    page.context.set_offline(True)
    assert proxy.cut() > 0  # going offline leaves an open socket alone
    reply.press("Control+End")
    reply.press_sequentially(MORE)
    offline = page.locator("#offline")
    expect(offline).to_be_visible(timeout=30_000)
    expect(offline).to_contain_text(CALM)
    expect(page.locator("#save-state")).to_have_text("Not saved: no connection")
    expect(reply).to_have_value(before + MORE)
    expect(reply).to_be_focused()  # nothing takes the hand off the keys

    page.context.set_offline(False)
    expect(offline).to_be_hidden(timeout=60_000)
    expect(page.locator("#save-state")).to_contain_text(SAVED)
    ended = evening.until_it_ends()
    whole = "".join(chunk["text"] for chunk in ended["chunks"])
    heard = page.evaluate("window.heard")
    assert heard[-1] == whole, "a piece was lost, doubled or out of order"
    assert all(whole.startswith(one) for one in heard)
    expect(reply).to_have_value(before + MORE)

    shown = page.locator("#suggestion").inner_text()
    page.reload()
    expect(reply).to_have_value(before + MORE)
    assert page.locator("#suggestion").inner_text() == shown
    assert page.evaluate("localStorage.length") == 0


@pytest.mark.deep
def test_a_worker_that_dies_in_mid_stream_leaves_the_draft_and_another_attempt(evening: Evening) -> None:
    page, reply = evening.page, evening.reply
    evening.until_words_come()
    before = reply.input_value()
    evening.site.worker.kill()
    try:
        reply.press("Control+End")
        reply.press_sequentially(MORE)
        expect(reply).to_have_value(before + MORE)
    finally:
        evening.site.restart_worker()
        evening.site.wait_for_help()

    ended = evening.until_it_ends()
    assert ended["attempt"] > 1, ended
    assert ended["status"] in OVER
    expect(reply).to_have_value(before + MORE)
    expect(page.locator("#offline")).to_be_hidden(timeout=60_000)
    expect(page.locator("#save-state")).to_contain_text(SAVED, timeout=60_000)
    if ended["status"] == "failed":
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
    else:
        whole = "".join(chunk["text"] for chunk in ended["chunks"])
        assert page.evaluate("window.heard").pop() == whole  # of the last attempt alone, nothing of the one that died
    page.reload()
    expect(reply).to_have_value(before + MORE)


@pytest.mark.deep
def test_a_session_that_ends_in_mid_typing_is_begun_again_in_another_tab(
    embedded_site: Embedded, chromium: Browser
) -> None:
    with Visitor(embedded_site.url).sign_in() as admin:
        evening = begin(embedded_site, chromium, admin, embedded_site.url)
        page, reply = evening.page, evening.reply
        reply.press_sequentially("I read what you wrote ")
        expect(page.locator("#save-state")).to_contain_text(SAVED)
        session = next(one["value"] for one in page.context.cookies() if one["name"] == "session")
        assert embedded_site.look(FORGET_SESSION, session) == 1
        reply.press_sequentially("and I stayed with it for a while.", delay=40)
        banner = page.locator("#signed-out")
        expect(banner).to_be_visible(timeout=30_000)
        expect(banner).to_contain_text(CALM)
        expect(reply).to_be_focused()
        reply.press_sequentially(" More.")
        with page.expect_popup() as opened:
            banner.get_by_role("link", name="Sign in").click()
        other = opened.value
        other.get_by_label("Name or e-mail address").fill(evening.name)
        other.get_by_label("Password").fill(PASSWORD)
        other.get_by_role("button", name="Sign in").click()
        other.wait_for_url("**/posts/")
        other.close()
        page.bring_to_front()
        banner.get_by_role("button", name="Save again").click()
        expect(banner).to_be_hidden(timeout=30_000)
        expect(page.locator("#save-state")).to_contain_text(SAVED)
        page.reload()
        expect(reply).to_have_value("I read what you wrote and I stayed with it for a while. More.")
        page.context.close()


@pytest.mark.deep
def test_a_paste_that_was_refused_is_still_a_paste_once_it_fits(embedded_site: Embedded, chromium: Browser) -> None:
    with Visitor(embedded_site.url).sign_in() as admin:
        evening = begin(embedded_site, chromium, admin, embedded_site.url)
    words = "The walk-in place in the old library is open on Tuesdays, and nobody asks for a name. " * 250
    evening.page.evaluate(PASTE, words)
    expect(evening.page.locator("#refused")).to_contain_text("Shorten it")
    evening.reply.fill(words[:600])
    expect(evening.page.locator("#save-state")).to_contain_text(SAVED)
    expect(evening.page.locator("#whose-words")).to_have_text("100 % pasted")
    evening.page.context.close()


@pytest.mark.deep
def test_a_first_evening_goes_from_the_invitation_to_a_sent_reply_by_what_the_page_says(
    embedded_site: Embedded, chromium: Browser
) -> None:
    """Only names that stand on the page are pressed and filled in; at 360 pixels, where least of it is in sight."""
    with Visitor(embedded_site.url).sign_in() as admin:
        admin.send("/posts/enter", text=POST, language="en", country="")
        link = admin.invitation("supporter")
    page = chromium.new_context(viewport={"width": 360, "height": 740}).new_page()
    page.set_default_timeout(OVER_MS)
    page.goto(link)
    page.get_by_label("Pseudonym").fill(f"first-{uuid.uuid4().hex[:8]}")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    page.get_by_role("button", name="Help the next person").click()
    reply = page.get_by_role("textbox", name="Your reply")
    reply.fill(DRAFT)
    improve = page.get_by_role("button", name="Improve my draft")
    use = page.get_by_role("button", name="Use this")
    for _ in range(6):  # the model goes in circles, or asks back, now and then
        improve.click()
        expect(improve).to_be_visible(timeout=OVER_MS)
        if use.count():
            break
    before = reply.input_value()
    use.first.click()
    expect(reply).not_to_have_value(before)
    improved = reply.input_value()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("main")).to_contain_text(re.compile("Sent. Thank you|A moderator will read"))
    expect(page.get_by_text(improved.split(". ")[0]).first).to_be_visible()
    page.context.close()
