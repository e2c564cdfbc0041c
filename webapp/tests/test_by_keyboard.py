"""Without a mouse, on a small screen, at 400 %, in forced colours: the real pages in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from assistant.tests.starter import starter_model_file
from webapp.running import Embedded
from webapp.tests.browser import DRAFT, SAVED, TOO_WIDE, DemoSite, check_accessibility, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.model]

SMALL = {"width": 360, "height": 740}
FOUR_TIMES = {"width": 320, "height": 256}  # what is left of 1280 by 1024 at 400 %
MINE = "Moving somewhere new is hard. You should go out more. I remember how quiet my first flat was. What do you cook?"
THEIRS = (
    "Moving is hard, and the evenings are long. I remember how quiet my first flat was. What do you cook? I am here."
)
SUGGEST = """
from assistant.models import Draft
from webapp import test
answer = str(test.suggestion(Draft.objects.get(id=values[0]), text=values[1]).id)
"""
HAND_OVER = """
from assistant import actions
from moderation.models import Escalation
from webapp import test
from webapp.accounts.models import User
juniper = User.objects.get(username="juniper")
actions.hand_over_post(test.draft(juniper, level=4), by=juniper)
answer = str(Escalation.objects.latest("at").id)
"""
# Where the focus is: what it is on, and whether somebody who looks can see that.
FOCUSED = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const after = getComputedStyle(one, "::after");
  const box = one.getBoundingClientRect();
  const outlined = [style, after].some((by) => by.outlineStyle !== "none" && parseFloat(by.outlineWidth) >= 2);
  const points = [...one.getClientRects()].flatMap((rect) => [0.1, 0.5, 0.9].flatMap((across) =>
    [0.1, 0.5, 0.9].map((down) => [rect.x + rect.width * across, rect.y + rect.height * down])));
  return {
    name: `${one.tagName} ${one.id} ${(one.innerText ?? "").trim().slice(0, 30)}`,
    isPage: one === document.body,
    outlined,
    inReach: points.some(([x, y]) => one.contains(document.elementFromPoint(x, y))),
    box: [box.x, box.y, box.width, box.height].map(Math.round),
  };
}"""
MOVING = """() => [...document.querySelectorAll("*")].filter((one) => {
  const style = getComputedStyle(one);
  const moves = (times) => times.split(",").some((time) => parseFloat(time) > 0);
  return moves(style.transitionDuration) || style.animationName !== "none" || style.scrollBehavior === "smooth";
}).map((one) => one.outerHTML.slice(0, 80))"""
# Of what is pressed or typed into, what has no edge of its own once backgrounds are gone.
WITHOUT_EDGE = """() => [
  ...document.querySelectorAll("main :is(button, .button, input, select, textarea, .chip, .card), dialog, kbd"),
].filter((one) => one.checkVisibility()).filter((one) => {
    const style = getComputedStyle(one);
    const native = one.matches("[type=checkbox], [type=radio]");
    return !native && !["Top", "Bottom", "Left", "Right"].every(
      (side) => parseFloat(style[`border${side}Width`]) >= 1 && style[`border${side}Style`] !== "none");
  }).map((one) => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    folder = tmp_path_factory.mktemp("keyboard")
    settings = {"DEMO": "1", "JOB_MAX_TOKENS": "120", "SUGGESTIONS_PER_TEN_MINUTES": "1000"}
    with Embedded(folder, settings=settings).use_models(starter_model_file().path.parent) as site:
        yield site


@pytest.fixture(scope="module")
def site(running: Embedded) -> DemoSite:
    lines = (running.folder / "secret" / "demo-accounts").read_text(encoding="utf-8").splitlines()
    return DemoSite(running.url, {line.split()[1]: line.split()[2] for line in lines})


def writing(site: DemoSite, browser: Browser, name: str = "fern", text: str = MINE, **options: Any) -> Page:
    """A writing page with these words on it, and the focus on none of them."""
    page = sign_in(site, browser, name, **options)
    page.goto(f"{site.address}/posts/")
    page.get_by_role("button", name="Help the next person").click()
    page.wait_for_url("**/drafts/*/")  # and until it is loaded: before that there are no keys
    reply = page.locator("#reply-text")
    if reply.input_value() != text:
        reply.fill(text)
        expect(page.locator("#save-state")).to_contain_text(SAVED)
    reply.press("Escape")
    return page


def with_changes(running: Embedded, page: Page) -> Locator:
    """The same page with four changes on it: replace, remove, and insert at the end, whatever stood there before."""
    draft = re.search(r"/drafts/([\w-]+)/", page.url)
    assert draft is not None
    running.look(SUGGEST, draft[1], THEIRS)
    page.reload()
    return page.locator("li.change:not([data-kind='keep'])")


def at(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(FOCUSED)
    return found


def walk(page: Page, most: int = 150) -> list[dict[str, Any]]:
    """Tab from the first stop to the last, and what the focus was on at each."""
    page.evaluate("document.activeElement.blur()")
    page.evaluate("scrollTo(0, 0)")
    stops: list[dict[str, Any]] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        here = at(page)
        if here["isPage"]:
            return stops
        stops.append(here)
    pytest.fail(f"Tab never leaves {page.url}: {[stop['name'] for stop in stops[-10:]]}")


def lost(page: Page) -> list[dict[str, Any]]:
    """The stops of Tab at which somebody who looks does not see where they are."""
    stops = walk(page)
    assert len(stops) > 4
    return [stop for stop in stops if not (stop["outlined"] and stop["inReach"])]


def tab_to(page: Page, selector: str, most: int = 60) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    pytest.fail(f"Tab does not reach {selector} on {page.url}")


# The whole way


def test_a_volunteer_comes_from_sign_in_to_a_sent_improved_reply_by_keyboard_alone(
    site: DemoSite, chromium: Browser
) -> None:
    page = chromium.new_context().new_page()
    page.goto(site.address)
    keyboard = page.keyboard
    tab_to(page, "input[name=login]")
    keyboard.type("juniper")
    keyboard.press("Tab")
    keyboard.type(site.passwords["juniper"])
    keyboard.press("Enter")
    page.wait_for_url("**/posts/")  # and until it is loaded: before that there are no keys
    keyboard.press("n")
    page.wait_for_url("**/drafts/*/")
    keyboard.press("t")
    expect(page.locator("#reply-text")).to_be_focused()
    keyboard.type(DRAFT)
    keyboard.press("Escape")
    expect(page.locator("#save-state")).to_contain_text(SAVED)
    improve_by_key(page)
    before = page.locator("#reply-text").input_value()
    keyboard.press("j")
    keyboard.press("u")
    expect(page.locator("#reply-text")).not_to_have_value(before)
    expect(page.locator("#announcer")).to_contain_text("Used.")
    keyboard.press("c")
    expect(page.locator("#checked")).not_to_be_empty()
    improved = page.locator("#reply-text").input_value()
    keyboard.press("s")
    expect(page.locator("#send")).to_be_focused()
    keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(re.compile("Sent. Thank you|A moderator will read"))
    expect(page.locator("main .letter.kept").first).to_have_text(improved.strip())


def improve_by_key(page: Page) -> None:
    """Until there is something to use: what the starter model writes goes in circles, or is held, now and then."""
    for _ in range(6):
        page.keyboard.press("i")
        expect(page.locator("#stop")).to_be_focused()
        expect(page.locator("#stop")).to_be_hidden(timeout=90_000)
        if page.locator(".change button.use:visible").count():
            assert not at(page)["isPage"]
            return
    pytest.fail(f"Six times nothing to use: {page.locator('#suggestion').inner_text()}")


# Reading aloud


@pytest.mark.deep
@pytest.mark.parametrize(
    ("way", "midway", "at_the_end"),
    [
        ("sentences", ["It is late there."], ["It is late there.", "What do you cook, and for whom?"]),
        ("finished", [], ["It is late there. What do you cook, and for whom?"]),
        ("off", [], []),
    ],
)
def test_what_is_written_is_read_aloud_as_somebody_chose(
    site: DemoSite, chromium: Browser, way: str, midway: list[str], at_the_end: list[str]
) -> None:
    page = writing(site, chromium, "hazel", DRAFT)
    address = page.url
    page.goto(f"{site.address}/account/keys/")
    page.locator(f"input[name=aloud][value={way}]").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("Saved.")
    server = PlayedServer(page)
    page.goto(address)
    page.keyboard.press("i")
    server.say("It is late ")
    server.say("there. ")
    server.say("What do you cook, ")
    expect(page.locator("#live-text")).to_have_text("It is late there. What do you cook,")
    assert page.locator("#announcer p").all_text_contents() == midway
    server.say("and for whom?")
    server.end()
    expect(page.locator("#announcer p").last).to_have_text("2 suggested changes")
    assert page.locator("#announcer p").all_text_contents() == [*at_the_end, "2 suggested changes"]
    expect(page.locator("#announcer")).to_have_attribute("aria-live", "polite")
    assert page.locator("[aria-live] #live-text, [role=log] #live-text, #live-text[aria-live]").count() == 0


class PlayedServer:
    """Answers a page that asks for help, so that a test says which piece comes when."""

    JOB = "00000000-0000-4000-8000-000000000000"

    def __init__(self, page: Page) -> None:
        self._page, self._sent = page, 0
        self._socket: WebSocketRoute | None = None
        job = {"job": self.JOB, "attempt": 1, "status": "running", "revision": 0}
        urls = {f"{name}_url": f"/played/{name}" for name in ("stream", "cancel", "suggestion")}
        page.route("**/drafts/*/ask", lambda route: route.fulfill(json=job | urls))
        changes = (
            "<ol class='changes'>"
            + "<li class='change' data-kind='insert'><button>Use this</button></li>" * 2
            + "</ol>"
        )
        page.route("**/played/suggestion", lambda route: route.fulfill(body=changes, content_type="text/html"))
        page.route_web_socket("**/ws/jobs", self._open)

    def _open(self, socket: WebSocketRoute) -> None:
        self._socket = socket
        socket.on_message(lambda _message: None)  # instead of passing it on

    def say(self, text: str) -> None:
        self._sent += 1
        self._send(t="chunk", seq=self._sent, text=text)

    def end(self) -> None:
        self._send(t="state", status="done", reason="", last_seq=self._sent)

    def _send(self, **frame: Any) -> None:
        while self._socket is None:
            self._page.wait_for_timeout(20)
        self._socket.send(json.dumps({"v": 1, "job": self.JOB, "attempt": 1} | frame))


# Keys


def test_no_key_does_anything_while_somebody_types(site: DemoSite, chromium: Browser) -> None:
    page = writing(site, chromium)
    keys = "tixjkumzwcshnq?"
    page.locator("#worry summary").click()
    for field in ("#reply-text", "#worry-note"):
        before = page.locator(field).input_value()
        page.locator(field).press("End")
        page.keyboard.type(keys)
        expect(page.locator(field)).to_have_value(before + keys)
        expect(page.locator(field)).to_be_focused()
    page.locator("#reply-text").fill(MINE)
    if page.locator("#id_country").count():
        page.locator("#id_country").focus()
        page.keyboard.type("c")
    page.evaluate("""() => {
      const own = Object.assign(document.createElement("div"), { id: "own", contentEditable: "true" });
      document.querySelector("main").append(own);
      own.focus();
    }""")
    page.keyboard.type("csq")
    expect(page.locator("#own")).to_have_text("csq")
    expect(page.locator("#keys-sheet")).to_be_hidden()
    expect(page.locator("#checked")).to_be_empty()
    assert "/drafts/" in page.url


@pytest.mark.deep
def test_a_key_with_a_modifier_or_held_down_is_left_to_the_browser(site: DemoSite, chromium: Browser) -> None:
    page = writing(site, chromium)
    for keys in ("Control+s", "Alt+s", "Meta+s", "Shift+s", "Control+Alt+s"):
        page.keyboard.press(keys)
        assert page.locator("#send:focus").count() == 0, keys
    page.keyboard.down("s")
    expect(page.locator("#send")).to_be_focused()
    page.locator("#text-hint").focus()
    page.keyboard.down("s")  # repeats: it was not let go
    assert page.locator("#send:focus").count() == 0
    page.keyboard.up("s")


@pytest.mark.deep
def test_sending_takes_two_keys(site: DemoSite, chromium: Browser) -> None:
    page = writing(site, chromium)
    address = page.url
    for _ in range(3):
        page.keyboard.press("s")
    expect(page.locator("#send")).to_be_focused()
    page.wait_for_timeout(300)
    assert page.url == address


@pytest.mark.deep
def test_escape_leaves_the_reply_and_tab_goes_on_from_there(site: DemoSite, chromium: Browser) -> None:
    page = writing(site, chromium)
    assert at(page)["outlined"]
    expect(page.locator("#text-hint")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#reply-text")).to_be_focused()


def test_changes_are_gone_through_and_decided_by_key(running: Embedded, site: DemoSite, chromium: Browser) -> None:
    page = writing(site, chromium)
    changes = with_changes(running, page)
    count = changes.count()
    assert count >= 3
    reply = page.locator("#reply-text")

    page.keyboard.press("u")  # at no change yet: goes to the first and uses nothing
    expect(changes.nth(0).locator("button.use")).to_be_focused()
    expect(reply).to_have_value(MINE)
    page.keyboard.press("k")
    expect(changes.nth(0).locator("button.use")).to_be_focused()
    page.keyboard.press("j")
    expect(changes.nth(1).locator("button.use")).to_be_focused()
    page.keyboard.press("k")

    page.keyboard.press("u")
    expect(changes.nth(0)).to_have_attribute("data-state", "accepted")
    expect(changes.nth(1).locator("button.use")).to_be_focused()  # the next one that is open
    assert at(page)["outlined"]
    assert at(page)["inReach"]
    page.keyboard.press("m")
    expect(changes.nth(1)).to_have_attribute("data-state", "kept")
    expect(changes.nth(2).locator("button.use")).to_be_focused()

    page.keyboard.press("z")  # nothing to undo here, so what was decided last
    expect(changes.nth(1)).to_have_attribute("data-state", "")
    expect(changes.nth(1).locator("button.use")).to_be_focused()
    page.keyboard.press("z")  # and what was decided before that
    expect(changes.nth(0)).to_have_attribute("data-state", "")
    expect(reply).to_have_value(MINE)

    page.keyboard.press("w")
    expect(changes.nth(0).locator("select")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(changes.nth(0)).to_have_attribute("data-state", "unhelpful")
    expect(changes.nth(1).locator("button.use")).to_be_focused()

    for _ in range(count - 1):
        page.keyboard.press("m")
    expect(changes.nth(count - 1).get_by_role("button", name="Undo")).to_be_focused()  # after the last, stay
    page.keyboard.press("z")
    expect(changes.nth(count - 1)).to_have_attribute("data-state", "")
    page.keyboard.press("t")
    expect(reply).to_be_focused()


@pytest.mark.deep
def test_a_change_that_was_used_is_no_typing_of_ones_own(running: Embedded, site: DemoSite, chromium: Browser) -> None:
    page = writing(site, chromium)
    number = int(page.locator("#reply-form input[name=base]").input_value())
    changes = with_changes(running, page)
    changes.nth(0).get_by_role("button", name="Use this").click()
    expect(page.locator("#save-state")).to_contain_text(f"revision {number + 1}")
    page.get_by_role("link", name="History").click()
    expect(page.locator(".steps li").first).to_contain_text("A suggestion used")
    expect(page.locator(".steps li").nth(1).locator(".number")).to_have_text(
        str(number)
    )  # what it was asked for is still there


@pytest.mark.deep
def test_a_change_that_fits_no_more_keeps_the_focus(running: Embedded, site: DemoSite, chromium: Browser) -> None:
    page = writing(site, chromium)
    changes = with_changes(running, page)
    page.locator("#reply-text").fill("All of it is new.")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("u")
    expect(changes.nth(0).locator(".why")).to_contain_text("no longer fits")
    expect(changes.nth(0).locator("button.use")).to_be_focused()
    page.locator("#reply-text").fill(MINE)
    expect(page.locator("#save-state")).to_contain_text(SAVED)


@pytest.mark.deep
def test_the_history_and_the_next_person_are_a_key_away(site: DemoSite, chromium: Browser) -> None:
    page = writing(site, chromium)
    address = page.url
    page.keyboard.press("h")
    page.wait_for_url("**/history")
    assert lost(page) == []
    page.keyboard.press("n")
    page.wait_for_url("**/posts/")
    page.keyboard.press("n")
    page.wait_for_url(address)


@pytest.mark.deep
def test_the_quick_exit_is_a_key_away(site: DemoSite, chromium: Browser) -> None:
    page = writing(site, chromium)
    page.route("https://www.wikipedia.org/**", lambda route: route.fulfill(body="elsewhere"))
    page.keyboard.press("q")
    page.wait_for_url("https://www.wikipedia.org/")


def test_the_queue_is_gone_through_by_key(site: DemoSite, chromium: Browser) -> None:
    page = sign_in(site, chromium, "rowan")
    page.wait_for_url("**/moderation/")
    flags = page.locator("#queue-rows li.flag a")
    page.keyboard.press("o")  # at no flag yet: goes to the first
    expect(flags.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(flags.nth(1)).to_be_focused()
    assert at(page)["outlined"]
    with page.expect_response("**/moderation/rows*"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('queue-changed'))")
    expect(flags.nth(1)).to_be_focused()  # the rows came anew
    page.keyboard.press("k")
    expect(flags.nth(0)).to_be_focused()
    leads_to = flags.nth(0).get_attribute("href")
    page.keyboard.press("o")
    page.wait_for_url(f"{site.address}{leads_to}")


# The sheet, and choosing


@pytest.mark.deep
def test_the_sheet_opens_keeps_the_focus_and_gives_it_back(site: DemoSite, chromium: Browser) -> None:
    page = writing(site, chromium)
    sheet = page.locator("#keys-sheet")
    page.locator("#check").focus()
    page.keyboard.press("?")
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("Go to Send; Enter then sends")
    check_accessibility(page)
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("t")  # what lies behind it gets no keys
    expect(page.locator("#reply-text")).not_to_be_focused()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator("#check")).to_be_focused()
    page.keyboard.press("?")
    page.keyboard.press("?")
    expect(sheet).to_be_hidden()
    page.locator("#open-keys").focus()
    page.keyboard.press("Enter")
    expect(sheet).to_be_visible()
    sheet.get_by_role("button", name="Close").press("Enter")
    expect(page.locator("#open-keys")).to_be_focused()


@pytest.mark.deep
def test_keys_are_chosen_and_switched_off_without_a_mouse_and_without_a_script(
    site: DemoSite, chromium: Browser
) -> None:
    plain = sign_in(site, chromium, "juniper", java_script_enabled=False)
    plain.get_by_role("link", name="Keys", exact=True).press("Enter")
    plain.wait_for_url("**/keys/")
    expect(plain.locator("main")).to_contain_text("Use this")
    plain.get_by_role("link", name="Change keys").press("Enter")
    plain.get_by_label("Check", exact=True).fill("t")
    plain.get_by_role("button", name="Save").press("Enter")
    expect(plain.get_by_role("alert")).to_contain_text("“Go to your reply” and “Check” cannot both have t.")
    plain.get_by_label("Check", exact=True).fill("y")
    plain.get_by_role("button", name="Save").press("Enter")
    expect(plain.locator("main")).to_contain_text("Saved.")

    page = writing(site, chromium, "juniper")
    page.keyboard.press("c")
    page.keyboard.press("y")
    expect(page.locator("#checked")).not_to_be_empty()
    page.keyboard.press("?")
    expect(page.locator("#keys-sheet [data-act=check] kbd")).to_have_text("y")
    page.goto(f"{site.address}/account/keys/")
    check_accessibility(page)
    page.get_by_label("Check", exact=True).fill("t")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    check_accessibility(page)
    page.get_by_label("Check", exact=True).fill("y")
    page.get_by_label("Keys work").press("Space")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.locator("main")).to_contain_text("Saved.")
    page.keyboard.press("?")
    page.keyboard.press("n")
    expect(page.locator("#keys-sheet")).to_be_hidden()
    assert page.url.endswith("/account/keys/")
    page.locator("#open-keys").press("Enter")
    expect(page.locator("#keys-sheet")).to_contain_text("Keys are switched off.")
    check_accessibility(page)
    page.goto(f"{site.address}/keys/")
    check_accessibility(page)
    page.goto(f"{site.address}/account/keys/")
    page.get_by_role("button", name="Put all of this back").press("Enter")
    page.keyboard.press("?")
    expect(page.locator("#keys-sheet [data-act=check] kbd")).to_have_text("c")


# Every page

PAGES = {
    "fern": [
        "/posts/",
        "/replies/",
        "/kinds/",
        "/keys/",
        "/account/keys/",
        "/account/learning/",
        "/account/password/",
        "/account/security/",
    ],
    "rowan": ["/moderation/", "/posts/enter"],
    "hazel": ["/moderation/duty/", "/moderation/safety/", "/moderation/quality/"],
    "willow": ["/people/", "/people/invite", "/engine/"],
}
OF_TABLES = ("/moderation/safety/", "/moderation/quality/")  # which scroll by themselves


@pytest.mark.deep
@pytest.mark.parametrize("name", PAGES)
def test_tab_goes_through_every_page_and_shows_where_it_is(site: DemoSite, chromium: Browser, name: str) -> None:
    page = sign_in(site, chromium, name, viewport=FOUR_TIMES)
    for path in PAGES[name]:
        page.goto(f"{site.address}{path}")
        for details in page.locator("main details").all():
            details.evaluate("one => { one.open = true; }")
        assert lost(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.evaluate(TOO_WIDE, ".table-wrap" if path in OF_TABLES else None) == [], path


@pytest.mark.deep
@pytest.mark.parametrize("size", [SMALL, FOUR_TIMES], ids=["360", "400 %"])
def test_the_writing_page_needs_no_second_direction_to_scroll(
    running: Embedded, site: DemoSite, chromium: Browser, size: Any
) -> None:
    page = writing(site, chromium, viewport=size)
    changes = with_changes(running, page)
    for details in page.locator("main details").all():
        details.evaluate("one => { one.open = true; }")
    page.locator("#sentences label").first.wait_for()
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert lost(page) == []
    page.keyboard.press("j")
    page.keyboard.press("u")
    expect(changes.nth(0)).to_have_attribute("data-state", "accepted")
    assert at(page)["inReach"]
    page.keyboard.press("?")
    sheet = page.locator("#keys-sheet")
    assert sheet.evaluate("one => one.scrollWidth <= one.clientWidth")
    assert sheet.evaluate("one => one.getBoundingClientRect().height <= innerHeight")
    for _ in range(40):
        page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)
    assert sheet.evaluate("one => one.scrollTop") > 0  # its end can be read without a mouse


@pytest.mark.deep
@pytest.mark.parametrize("path", ["/moderation/", "flag"])
def test_the_moderators_pages_need_no_second_direction_to_scroll(site: DemoSite, chromium: Browser, path: str) -> None:
    page = sign_in(site, chromium, "rowan", viewport=FOUR_TIMES)
    if path == "flag":
        page.locator("#queue-rows li.flag a").first.press("Enter")
        page.wait_for_url("**/flags/**")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert lost(page) == []


@pytest.mark.deep
def test_a_hand_over_is_taken_and_ended_by_keys_and_needs_no_second_direction_to_scroll(
    running: Embedded, site: DemoSite, chromium: Browser
) -> None:
    page = sign_in(site, chromium, "hazel", viewport=FOUR_TIMES)
    page.goto(f"{site.address}/moderation/hand-overs/{running.look(HAND_OVER)}/")
    assert lost(page) == []
    page.locator("h1").click()
    keyboard = page.keyboard
    keyboard.press("c")
    expect(page.get_by_role("heading", name="You have it")).to_be_visible()
    page.wait_for_load_state()
    assert lost(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(TOO_WIDE) == []
    page.evaluate("document.activeElement.blur()")
    keyboard.press("p")  # goes there, and pages nobody
    expect(page.locator("#give-up")).to_be_focused()
    keyboard.press("r")
    expect(page.locator(".ending input[name=outcome]").first).to_be_focused()
    keyboard.press("Space")
    keyboard.press("Tab")
    keyboard.type("corp?")
    expect(page.locator("#end-note")).to_have_value("corp?")
    keyboard.press("Escape")
    expect(page.locator("#end-note-help")).to_be_focused()
    keyboard.press("r")
    expect(page.locator(".ending input:checked")).to_be_focused()
    tab_to(page, ".ending button")
    keyboard.press("Enter")
    expect(page.get_by_role("heading", name="This hand-over has ended")).to_be_visible()
    keyboard.press("o")
    page.wait_for_url("**/flags/**")


@pytest.mark.deep
def test_what_has_the_focus_is_there_after_a_worry_took_its_button_away(site: DemoSite, chromium: Browser) -> None:
    page = writing(site, chromium, "hazel")
    button = page.get_by_role("button", name="I am worried about this person")
    if button.count() == 0:
        pytest.fail("hazel worries on another page, too")
    button.press("Enter")
    expect(page.locator("#worry")).to_contain_text("You asked for a look")
    expect(page.locator("#worry")).to_be_focused()


@pytest.mark.deep
def test_the_account_menu_does_not_stay_over_what_has_the_focus(site: DemoSite, chromium: Browser) -> None:
    page = sign_in(site, chromium, "fern")
    page.locator("details.account summary").press("Enter")
    tab_to(page, "form[data-sign-out] button")
    page.keyboard.press("Tab")
    expect(page.locator("details.account")).not_to_have_attribute("open", "")


# What a person asked their device for


@pytest.mark.deep
def test_nothing_moves_for_who_asked_for_less_motion(running: Embedded, site: DemoSite, chromium: Browser) -> None:
    page = writing(site, chromium)
    with_changes(running, page)
    page.keyboard.press("?")
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(MOVING) != []  # or this would find nothing anywhere
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(MOVING) == []


@pytest.mark.deep
def test_forced_colours_leave_edges_focus_and_marks(running: Embedded, site: DemoSite, chromium: Browser) -> None:
    page = sign_in(site, chromium, "hazel")
    page.goto(f"{site.address}/moderation/")
    assert page.evaluate(WITHOUT_EDGE) != []  # or this would find nothing anywhere
    page.emulate_media(forced_colors="active")
    assert page.evaluate(WITHOUT_EDGE) == []

    page = writing(site, chromium, forced_colors="active")
    changes = with_changes(running, page)
    assert page.evaluate(WITHOUT_EDGE) == []
    assert lost(page) == []
    struck = "one => getComputedStyle(one).textDecorationLine"
    assert page.locator("li.change del").first.evaluate(struck) == "line-through"
    assert page.locator("li.change ins").first.evaluate(struck) == "underline"
    page.keyboard.press("j")
    page.keyboard.press("u")
    expect(changes.nth(0).locator(".state")).to_have_text("used")  # in words, not by a background
    page.keyboard.press("?")
    assert page.evaluate(WITHOUT_EDGE) == []
    page.goto(f"{site.address}/account/keys/")
    assert page.evaluate(WITHOUT_EDGE) == []
