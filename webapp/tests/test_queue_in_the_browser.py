"""The moderators' queue in a real browser: by keys alone, live without moving a row, on a phone, and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from webapp.running import Embedded
from webapp.tests.browser import TOO_WIDE, DemoSite, check_accessibility, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.process]

PHONES = [{"width": 320, "height": 640}, {"width": 360, "height": 740}]
# Posts: urgent ones, and ones of level 1 that ask for a look.
ENTER = """
from webapp import test
for number in range(int(values[0])):
    test.post(f"{getattr(test, values[1])} ({number})")
answer = None
"""
ENTER_ONE = """
from webapp import test
from moderation.models import Flag
answer = str(Flag.objects.get(post=test.post(test.URGENT_POST)).id)
"""
CLAIM_OF = """
from django.contrib.auth import get_user_model
from moderation.actions import claim_flag
from moderation.models import Flag
claim_flag(Flag.objects.get(id=values[0]), by=get_user_model().objects.get(username=values[1]))
answer = None
"""
RUN_OUT = """
from django.utils import timezone
from moderation.models import Flag
Flag.objects.filter(id=values[0]).update(claimed_until=timezone.now())
answer = None
"""
PROPOSALS = """
from moderation.models import Proposal
answer = [[row.by.username, row.outcome, row.policy, row.reason] for row in
          Proposal.objects.select_related("case", "by").order_by("at")]
"""
DECISIONS = """
from moderation.models import Decision
answer = [[decision.by.username, decision.outcome, decision.reason] for decision in
          Decision.objects.select_related("case", "by").order_by("at")]
"""
OPEN_AGAIN = """
from moderation.models import Flag, Pass
Pass.objects.all().delete()
Flag.objects.update(claimed_by=None, claimed_until=None)
answer = None
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    folder = tmp_path_factory.mktemp("queue")
    with Embedded(folder, settings={"DEMO": "1"}) as site:
        site.look(ENTER, "6", "URGENT_POST")
        site.look(ENTER, "45", "WORRYING_POST")
        yield site


@pytest.fixture
def site(running: Embedded) -> DemoSite:
    running.look(OPEN_AGAIN)
    lines = (running.folder / "secret" / "demo-accounts").read_text(encoding="utf-8").splitlines()
    return DemoSite(running.url, {line.split()[1]: line.split()[2] for line in lines})


def desk(site: DemoSite, browser: Browser, name: str = "rowan", path: str = "", **options: Any) -> Page:
    page = sign_in(site, browser, name, **options)
    page.goto(f"{site.address}/moderation/{path}")
    return page


def rows(page: Page) -> Locator:
    return page.locator("#queue-rows li.flag")


def is_live(page: Page) -> None:
    expect(page.locator("#queue-live")).to_have_text("· live")


def flag_of(page: Page) -> str:
    found = re.search(r"/flags/([\w-]+)/", page.url)
    assert found is not None
    return found[1]


def say(page: Page, form: str, reason: str, closed_as: str = "") -> None:
    page.locator(f"#{form}-policy").select_option("crisis")
    if closed_as:
        page.locator(f"#{form}-closed-as").select_option(closed_as)
    if page.locator(f"#{form}-danger").count():
        page.locator(f"#{form}-danger").select_option("no")
    page.fill(f"#{form}-reason", reason)


# Keys


@pytest.mark.deep
def test_several_flags_are_cleared_by_keys_alone(running: Embedded, site: DemoSite, chromium: Browser) -> None:
    before = len(running.look(PROPOSALS))  # they are of a level that takes two
    page = desk(site, chromium)
    page.keyboard.press("j")
    expect(rows(page).nth(0).locator("a")).to_be_focused()
    page.keyboard.press("f")
    page.wait_for_url("**/flags/**")
    seen = []
    for number in range(3):
        seen.append(page.url)
        expect(page.locator("#claim")).to_contain_text("Yours")
        page.keyboard.press("a")  # without a policy nothing is decided
        expect(page.locator("#decision-policy")).to_be_focused()
        page.keyboard.type("Signs")
        page.keyboard.press("Tab")
        page.keyboard.type("No")
        page.keyboard.press("Tab")
        expect(page.locator("#decision-reason")).to_be_focused()
        page.keyboard.type(f"A lead is in touch, {number}. ap")
        page.keyboard.press("Escape")
        expect(page.locator("#reason-help")).to_be_focused()
        with page.expect_navigation():
            page.keyboard.press("a")
    page.wait_for_timeout(
        1_200
    )  # in its first second a page takes no press that may have been meant for the one before
    with page.expect_navigation():
        page.keyboard.press("p")
    assert page.url not in seen
    proposed = running.look(PROPOSALS)[before:]
    assert proposed == [["rowan", "approve", "crisis", f"A lead is in touch, {number}. ap"] for number in range(3)]
    assert len(set(seen)) == 3


@pytest.mark.deep
def test_a_claim_is_taken_by_key_on_its_page(running: Embedded, site: DemoSite, chromium: Browser) -> None:
    page = desk(site, chromium)
    page.goto(f"{site.address}/moderation/flags/{running.look(ENTER_ONE)}/")
    page.keyboard.press("c")
    expect(page.locator("#claim")).to_contain_text("15 min left, renewed while you work here")
    page.keyboard.press("r")
    expect(page.locator("#decision-reason")).to_be_focused()
    page.keyboard.type("?cpaf")
    expect(page.locator("#decision-reason")).to_have_value("?cpaf")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys-sheet")).to_contain_text("Approve, then the next one")


# Live


@pytest.mark.deep
def test_no_row_moves_while_somebody_is_at_them(running: Embedded, site: DemoSite, chromium: Browser) -> None:
    page = desk(site, chromium, viewport={"width": 1000, "height": 700})
    is_live(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    row = rows(page).filter(has=page.locator(":focus"))
    place = "one => one.getBoundingClientRect().top"
    before, name = row.evaluate(place), row.get_attribute("id")
    running.look(ENTER, "2", "URGENT_POST")
    arrived = page.locator("#queue-arrived")
    expect(arrived).to_contain_text("2 new flags. 2 are urgent or held. Show", timeout=12_000)
    expect(page.locator("#queue-count")).to_contain_text("2 new flags. 2 are urgent or held.")
    running.look(CLAIM_OF, str(rows(page).nth(0).get_attribute("data-flag")), "hazel")  # above it
    running.look(CLAIM_OF, str(row.get_attribute("data-flag")), "hazel")
    expect(row).to_contain_text("With hazel", timeout=12_000)
    expect(rows(page).nth(0)).to_contain_text("With hazel")
    assert row.get_attribute("id") == name
    assert abs(row.evaluate(place) - before) <= 1
    check_accessibility(page)
    many = rows(page).count()
    arrived.click()
    expect(rows(page)).to_have_count(many + 2)
    expect(arrived).to_be_hidden()
    assert page.evaluate("document.activeElement.closest('li.flag') !== null")


@pytest.mark.deep
def test_what_was_decided_meanwhile_stays_in_its_place_until_one_leaves(
    running: Embedded, site: DemoSite, chromium: Browser
) -> None:
    page = desk(site, chromium, path="?level=1&kind=post")
    is_live(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    first = rows(page).nth(0).get_attribute("id")
    other = desk(site, chromium, "hazel")
    other.goto(f"{site.address}/moderation/flags/{str(first).removeprefix('row-')}/")
    say(other, "decision", "Tired, not in danger.", "fine")
    other.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator(f"#{first}")).to_contain_text("waits here no more", timeout=12_000)
    page.evaluate("document.activeElement.blur()")
    expect(page.locator(f"#{first}")).to_have_count(0, timeout=12_000)


@pytest.mark.deep
def test_who_is_at_no_row_sees_new_ones_where_they_belong(running: Embedded, site: DemoSite, chromium: Browser) -> None:
    page = desk(site, chromium)
    is_live(page)
    many = rows(page).count()
    last = rows(page).last.get_attribute("id")
    running.look(ENTER, "1", "URGENT_POST")
    expect(rows(page)).to_have_count(many + 1, timeout=12_000)
    assert rows(page).last.get_attribute("id") == last  # as far as the page reached before
    expect(page.locator("#queue-arrived")).to_be_hidden()


@pytest.mark.deep
def test_more_rows_come_behind_the_others_and_stay(site: DemoSite, chromium: Browser) -> None:
    page = desk(site, chromium)
    is_live(page)
    many = rows(page).count()
    page.get_by_role("link", name="Show more").click()
    expect(rows(page).nth(many)).to_be_visible()
    expect(rows(page).nth(many).locator("a")).to_be_focused()
    more = rows(page).count()
    with page.expect_response("**/moderation/rows?*upto*"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('queue-changed'))")
    page.wait_for_timeout(300)
    expect(rows(page)).to_have_count(more)


@pytest.mark.deep
def test_a_filter_that_hides_urgent_posts_says_so_above_the_rows(site: DemoSite, chromium: Browser) -> None:
    page = desk(site, chromium, path="?level=1&kind=post")
    is_live(page)

    def is_above() -> bool:
        outside, first = page.locator(".outside").bounding_box(), rows(page).first.bounding_box()
        assert outside is not None
        assert first is not None
        return outside["y"] + outside["height"] <= first["y"] + 1

    assert is_above()
    check_accessibility(page)
    with page.expect_response("**/moderation/rows*"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('queue-changed'))")
    page.wait_for_timeout(300)
    assert is_above()


@pytest.mark.deep
def test_a_queue_that_cannot_be_reached_says_so_until_a_look_succeeds(site: DemoSite, chromium: Browser) -> None:
    page = desk(site, chromium)
    is_live(page)
    page.context.set_offline(True)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('queue-changed'))")
    state = page.locator("#queue-live")
    expect(state).to_have_text("· cannot be reached")
    page.wait_for_timeout(12_000)  # looks that fail, and a socket that is tried again
    expect(state).to_have_text("· cannot be reached")
    page.context.set_offline(False)
    expect(state).to_have_text(re.compile("live|looked at every 10 s"), timeout=25_000)


# The claim on an open page


@pytest.mark.deep
def test_the_claim_is_renewed_by_what_somebody_does_and_its_end_is_seen(
    running: Embedded, site: DemoSite, chromium: Browser
) -> None:
    page = sign_in(site, chromium, "rowan")
    page.clock.install()
    page.goto(f"{site.address}/moderation/")
    page.keyboard.press("f")
    page.wait_for_url("**/flags/**")
    renewals: list[str] = []
    page.on("request", lambda request: renewals.append(request.url) if "/renew?" in request.url else None)
    page.clock.fast_forward(61_000)  # opening the page was the first sign
    page.wait_for_timeout(200)
    assert len(renewals) == 1
    page.clock.fast_forward(180_000)
    page.wait_for_timeout(200)
    assert len(renewals) == 1  # nobody did anything
    page.locator("#decision-reason").press_sequentially("Hm")
    page.clock.fast_forward(61_000)
    page.wait_for_timeout(200)
    assert len(renewals) == 2
    expect(page.locator("#claim-left")).to_contain_text("15 min left, renewed")
    running.look(RUN_OUT, flag_of(page))
    page.clock.fast_forward(16 * 60_000)
    expect(page.locator("#claim-told")).to_contain_text("Your review ended. Take it again before you decide")
    expect(page.locator("#decision-reason")).to_have_value("Hm")
    check_accessibility(page)


@pytest.mark.deep
def test_taking_over_is_told_on_the_open_page_at_once(site: DemoSite, chromium: Browser) -> None:
    page = desk(site, chromium)
    page.keyboard.press("f")
    page.wait_for_url("**/flags/**")
    say(page, "decision", "I was about to say")
    lead = sign_in(site, chromium, "hazel")
    lead.goto(page.url.partition("?")[0])
    lead.get_by_text("Take it over", exact=True).click()
    check_accessibility(lead)
    lead.fill("#why", "Rowan went home.")
    lead.get_by_role("button", name="Take it over from rowan").click()
    expect(lead.locator("#claim")).to_contain_text("Yours")
    expect(page.locator("#claim-told")).to_contain_text("hazel took this over", timeout=5_000)
    expect(page.locator("#claim-told")).to_contain_text("Rowan went home.")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("Somebody else is reviewing this")
    expect(page.get_by_role("group", name="What you had written")).to_contain_text("I was about to say")


@pytest.mark.deep
def test_who_only_opened_a_flag_is_told_who_took_it_and_that_it_changed(
    running: Embedded, site: DemoSite, chromium: Browser
) -> None:
    address = f"{site.address}/moderation/flags/{running.look(ENTER_ONE)}/"
    page, other = sign_in(site, chromium, "hazel"), sign_in(site, chromium, "rowan")
    page.goto(address)
    page.fill("#decision-reason", "Half a sentence")
    other.goto(address)
    other.keyboard.press("c")
    expect(other.locator("#claim")).to_contain_text("Yours")
    told = page.locator("#claim-told")
    expect(told).to_contain_text("With rowan since", timeout=5_000)
    expect(page.locator("#take")).to_be_hidden()
    check_accessibility(page)
    other.wait_for_timeout(1_200)  # in its first second a page takes no press
    other.get_by_role("button", name="Let go").click()
    expect(told).to_be_hidden(timeout=5_000)
    expect(page.locator("#take")).to_be_visible()
    other.goto(address)
    say(other, "decision", "A lead is in touch.")
    other.get_by_role("button", name="Approve", exact=True).click()
    expect(told).to_contain_text("This changed after you opened it.", timeout=5_000)
    expect(page.locator("#decision-reason")).to_have_value("Half a sentence")


# Several at once


@pytest.mark.deep
def test_low_flags_are_chosen_by_key_and_decided_together(running: Embedded, site: DemoSite, chromium: Browser) -> None:
    before = len(running.look(DECISIONS))
    page = desk(site, chromium, path="?level=1&kind=post")
    bar = page.locator("#together")
    expect(bar).to_be_hidden()
    page.keyboard.press("j")
    for _ in range(3):
        page.keyboard.press("x")
        page.keyboard.press("j")
    expect(bar).to_be_visible()
    expect(page.locator("#together-count")).to_have_text("3")
    check_accessibility(page)
    say(page, "together", "Tired, not in danger.", "fine")
    page.get_by_role("button", name="Close all").click()
    expect(page.locator("main")).to_contain_text("3 decided")
    check_accessibility(page)
    assert len(running.look(DECISIONS)) == before + 3
    page.get_by_role("link", name="Back to the queue").click()
    assert "level=1" in page.url


# Phones, and without scripts


@pytest.mark.deep
@pytest.mark.parametrize("size", PHONES, ids=["320", "360"])
@pytest.mark.parametrize("path", ["", "?level=1", "flag"])
def test_a_phone_shows_all_of_it(site: DemoSite, chromium: Browser, size: Any, path: str) -> None:
    page = desk(site, chromium, "hazel", path.replace("flag", ""), viewport=size)
    if path == "flag":
        page.get_by_role("button", name="Take the next one").click()
        page.wait_for_url("**/flags/**")
    for details in page.locator("main details").all():
        details.evaluate("one => { one.open = true; }")
    if path == "?level=1":
        page.locator("input[name=chosen]").first.check()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(TOO_WIDE) == []
    check_accessibility(page)


@pytest.mark.deep
def test_all_of_it_works_without_javascript(site: DemoSite, chromium: Browser) -> None:
    page = desk(site, chromium, java_script_enabled=False)
    many = rows(page).count()
    page.get_by_role("link", name="Show more").click()
    expect(page.locator("main")).to_contain_text("Back to the most urgent")
    page.get_by_role("link", name="Back to the most urgent").click()
    expect(rows(page)).to_have_count(many)
    page.locator("nav.rail a", has_text="Suggestion").or_(page.locator("nav.rail a", has_text="Reply")).first.click()
    expect(page.locator("main")).to_contain_text("urgent posts are outside these filters")
    page.get_by_role("link", name="Show all that is open").first.click()
    page.get_by_role("link", name=re.compile(r"^1 \d+$")).click()
    page.locator("input[name=chosen]").first.check()
    say(page, "together", "Nothing in it.", "fine")
    page.get_by_role("button", name="Close all").click()
    expect(page.locator("main")).to_contain_text("1 decided")
    page.goto(f"{site.address}/moderation/")
    page.get_by_role("button", name="Take the next one").click()
    page.get_by_role("button", name=re.compile("^Pass")).click()
    expect(page.locator("#claim")).to_contain_text("Yours")  # of the one after it
