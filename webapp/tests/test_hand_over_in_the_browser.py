"""A lead takes a hand-over on a telephone, in a real browser; every state with axe, and nothing wider than the screen."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from assistant import actions as writing
from assistant.models import Post
from moderation import actions
from moderation.actions import alerts
from moderation.models import Alert, Escalation, Flag
from moderation.notifier import Notifier
from webapp import test as build
from webapp.test import Cast
from webapp.tests.browser import TOO_WIDE, check_accessibility, signed_in_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = ViewportSize(width=360, height=740)
SMALLEST_TARGET = 24  # CSS pixels, WCAG 2.2
PICTURES = os.environ.get("PICTURES")  # a folder, for whoever wants to look


@pytest.fixture(scope="module", autouse=True)
def queries_beside_a_loop() -> Iterator[None]:
    """Playwright's loop runs in this thread for the whole module, beside the queries of tests and fixtures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


def check(page: Page, name: str) -> None:
    check_accessibility(page)
    page.set_viewport_size(PHONE)
    assert page.evaluate(TOO_WIDE, ".rail") == []  # the filters of the queue scroll
    assert (
        page.evaluate(
            f"""() => [...document.querySelectorAll("main button, main .button")]
        .filter((one) => one.offsetParent && one.getBoundingClientRect().height < {SMALLEST_TARGET})
        .map((one) => one.textContent)"""
        )
        == []
    )
    if PICTURES:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=str(Path(PICTURES) / f"{name}-{scheme}.png"), full_page=name != "strip")


def handed_over(cast: Cast) -> Escalation:
    draft = build.draft(cast.wren, text="I am here with you. You can ring Samaritans on 116 123, at any hour.", level=4)
    Post.objects.filter(id=draft.post_id).update(country="IE")
    writing.hand_over_post(draft, by=cast.wren)
    return Escalation.objects.get()


def on_duty(cast: Cast) -> None:
    now = timezone.now()
    for person, line in ((cast.ash, "moderator"), (cast.birch, "lead")):
        actions.add_shift(
            person=person,
            line=line,
            place=1,
            starts_at=now - timedelta(hours=1),
            ends_at=now + timedelta(hours=5),
            weeks=1,
            by=cast.birch,
        )


def test_a_lead_takes_a_hand_over_of_level_four_on_a_telephone(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    on_duty(cast)
    Notifier().beat()
    handed_over(cast)
    page = signed_in_page(chromium, live_server, cast.birch, viewport=PHONE)
    page.goto(f"{live_server.url}/moderation/")
    expect(page).to_have_title(re.compile("^● "))
    banner = page.locator("#alerts")
    expect(banner).to_contain_text("Level 4: a hand-over waits")
    check(page, "banner")
    banner.get_by_role("link", name="Look").press("Enter")
    expect(page.get_by_role("heading", name="Nobody has it yet")).to_be_visible()
    check(page, "waiting")
    page.get_by_role("button", name="I have it", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="You have it")).to_be_visible()
    expect(page.locator("main")).to_contain_text("You can ring Samaritans on 116 123")
    expect(page.locator("main")).to_contain_text("A lead decides whether emergency services are called.")
    check(page, "taken")
    page.get_by_label("They were told whom to turn to").check()
    page.get_by_label("What was done, in a line or two").fill("They rang the line. A friend is with them now.")
    page.get_by_role("button", name="End the hand-over").press("Enter")
    expect(page.get_by_role("heading", name="This hand-over has ended")).to_be_visible()
    expect(page.locator("main")).to_contain_text("A friend is with them now.")
    expect(page.locator("[data-alert]")).to_have_count(0)
    check(page, "ended")
    assert not Escalation.objects.get().is_open


@pytest.mark.deep
def test_a_page_that_stays_open_learns_of_an_alert_and_of_its_end(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    Notifier().beat()
    page = signed_in_page(chromium, live_server, cast.birch, viewport=PHONE)
    page.goto(f"{live_server.url}/moderation/duty/")
    expect(page.locator("[data-alert]")).to_have_count(0)
    build.post(build.URGENT_POST)
    expect(page.locator("#alerts")).to_contain_text("Level 4: a post waits", timeout=25_000)
    expect(page).to_have_title(re.compile("^● "))
    Alert.objects.update(closed_at=timezone.now())
    expect(page.locator("[data-alert]")).to_have_count(0, timeout=25_000)
    expect(page).to_have_title(re.compile("^Duty"))


COUNT_TONES = """
  window.tones = 0;
  const make = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () {
    window.tones += 1;
    return make.call(this);
  };
"""
A_SOUND = 2  # tones


def test_each_time_that_somebody_is_told_it_rings_and_not_when_they_take_it(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    Notifier().beat()
    page = signed_in_page(chromium, live_server, cast.birch, viewport=PHONE)
    page.add_init_script(COUNT_TONES)
    page.clock.install()
    page.goto(f"{live_server.url}/moderation/duty/")
    page.get_by_role("button", name="Play a sound on this device").press("Enter")
    page.wait_for_function(f"tones === {A_SOUND}")
    build.post(build.URGENT_POST)
    alert = Alert.objects.get()
    banner = page.locator("#alerts")
    look(page)
    expect(banner).to_contain_text("Level 4: a post waits")
    page.wait_for_function(f"tones === {2 * A_SOUND}")
    expect(banner).not_to_contain_text("Told again")
    alerts.advance(now=alert.since + timedelta(minutes=2))
    look(page)
    expect(banner).to_contain_text("Told again at")
    page.wait_for_function(f"tones === {3 * A_SOUND}")
    check(page, "told-again")
    look(page)
    actions.claim_flag(Flag.objects.get(), by=cast.birch)
    look(page)
    expect(banner).to_contain_text("You have it.")
    assert page.evaluate("tones") == 3 * A_SOUND


def look(page: Page) -> None:
    """As after fifteen seconds."""
    page.clock.fast_forward(16_000)


LOOK = "document.dispatchEvent(new Event('lantern:look-for-alerts'))"  # now, not after fifteen seconds
# What the strip hides of where the focus is: all of it.
UNDER_THE_STRIP = """() => {
  const strip = document.querySelector(".alert-strip");
  const one = document.activeElement;
  const box = one.getBoundingClientRect();
  const hidden = one !== strip && one !== document.body && box.bottom > 0 && box.bottom <= strip.offsetHeight;
  return strip.offsetHeight && hidden ? [one.outerHTML.slice(0, 80)] : [];
}"""


def test_an_alert_that_comes_while_the_page_is_scrolled_down_is_seen(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    Notifier().beat()
    page = signed_in_page(chromium, live_server, cast.birch, viewport=PHONE)
    page.goto(f"{live_server.url}/moderation/duty/")
    strip = page.locator(".alert-strip")
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    expect(strip).to_be_hidden()
    build.post(build.URGENT_POST)
    page.evaluate(LOOK)
    expect(strip).to_have_text("1 alert: level 4")
    expect(strip).to_be_visible()
    check(page, "strip")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    for _ in range(25):
        page.keyboard.press("Shift+Tab")
        assert page.evaluate(UNDER_THE_STRIP) == []
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    strip.click()
    expect(page.locator("[data-alert]")).to_be_in_viewport()
    expect(strip).to_be_hidden()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(strip).to_be_visible()
    actions.claim_flag(Flag.objects.get(), by=cast.birch)  # then it calls them no more
    page.evaluate(LOOK)
    expect(page.locator("#alerts")).to_contain_text("You have it.")
    expect(strip).to_be_hidden()


def test_a_page_that_hears_nothing_says_so_in_its_title_and_when_it_is_scrolled_down(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    Notifier().beat()
    page = signed_in_page(chromium, live_server, cast.birch, viewport=PHONE)
    page.goto(f"{live_server.url}/moderation/safety/")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page).to_have_title(re.compile("^Safety"))
    page.context.set_offline(True)
    for _ in range(4):
        page.evaluate(LOOK)
        page.wait_for_timeout(300)
    expect(page.locator("#alerts")).to_contain_text("Lantern cannot be reached.")
    expect(page).to_have_title(re.compile("^● Safety"))
    expect(page.locator(".alert-strip")).to_have_text("No alert comes to this page.")
    check_accessibility(page)
    page.context.set_offline(False)
    page.evaluate(LOOK)
    expect(page).to_have_title(re.compile("^Safety"))
    expect(page.locator(".alert-strip")).to_be_hidden()


def test_a_page_open_while_a_second_factor_becomes_necessary_says_that_and_not_that_the_site_is_away(
    cast: Cast, chromium: Browser, live_server: LiveServer, settings: Settings
) -> None:
    Notifier().beat()
    page = signed_in_page(chromium, live_server, cast.birch, viewport=PHONE)
    page.goto(f"{live_server.url}/moderation/safety/")
    expect(page.locator("#alerts .alerts")).to_have_count(1)
    settings.MFA_REQUIRED = True
    page.evaluate(LOOK)
    said = page.locator("#alerts .deaf")
    expect(said).to_contain_text("What you may do here needs a second factor. Set one up, then go on. No alert comes")
    settings.MFA_REQUIRED = False
    page.evaluate(LOOK)
    expect(said).to_have_count(0)


def test_a_test_alert_rings_without_leaving_the_page(cast: Cast, chromium: Browser, live_server: LiveServer) -> None:
    Notifier().beat()
    page = signed_in_page(chromium, live_server, cast.birch, viewport=PHONE)
    page.add_init_script(COUNT_TONES)
    page.goto(f"{live_server.url}/moderation/duty/")
    page.get_by_role("button", name="Play a sound on this device").click()
    page.wait_for_function("window.tones === 2")
    page.evaluate("window.stayed = true")
    page.get_by_role("button", name="Send me a test alert").click()
    expect(page.locator("#alerts")).to_contain_text("Test alert")
    page.wait_for_function("window.tones === 4")
    assert page.evaluate("window.stayed")
    expect(page.locator("#test-sent")).to_contain_text("Load the page again")
    page.reload()
    expect(page.locator("main")).to_contain_text("arrived after")


@pytest.mark.deep
def test_the_rota_and_a_test_alert_on_a_telephone(cast: Cast, chromium: Browser, live_server: LiveServer) -> None:
    page = signed_in_page(chromium, live_server, cast.birch, viewport=PHONE)
    page.goto(f"{live_server.url}/moderation/duty/")
    expect(page.locator("#alerts")).to_contain_text("Alerts are not being delivered.")
    expect(page.locator("main")).to_contain_text("Nobody is on duty who may take a hand-over.")
    check(page, "duty-empty")
    page.get_by_label("Who").select_option(label="birch")
    page.get_by_label("In which line").select_option("lead")
    page.get_by_label("Until").fill(f"{timezone.now() + timedelta(hours=3):%Y-%m-%dT%H:%M}")
    page.get_by_label("From").fill(f"{timezone.now() - timedelta(hours=3):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Add").press("Enter")
    expect(page.locator("main")).to_contain_text("Added to the rota.")
    page.get_by_role("button", name="Send me a test alert").press("Enter")
    expect(page.locator("#alerts")).to_contain_text("Test alert")
    page.reload()
    expect(page.locator("main")).to_contain_text("arrived after")
    sound = page.get_by_role("button", name="Play a sound on this device")
    expect(sound).to_have_attribute("aria-pressed", "false")
    sound.press("Enter")
    expect(sound).to_have_attribute("aria-pressed", "true")
    check(page, "duty-full")
    page.get_by_role("link", name="Take off").press("Enter")
    expect(page.get_by_role("heading", name="Take birch off the rota?")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Then nobody is on duty in this line:")
    check(page, "take-off")
    page.get_by_role("button", name="Take them off").press("Enter")
    expect(page.locator("main")).to_contain_text("Taken off the rota.")


@pytest.mark.deep
def test_a_supporter_hands_over_while_nobody_is_on_duty_and_is_told_so(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    actions.say_out_of_hours("Somebody is here from six to eleven. Before that ring the office.", by=cast.birch)
    draft = build.draft(cast.wren, level=4)
    Post.objects.filter(id=draft.post_id).update(country="IE")
    page = signed_in_page(chromium, live_server, cast.wren, viewport=PHONE)
    page.goto(f"{live_server.url}/drafts/{draft.id}/")
    expect(page.locator("#nobody-on-duty")).to_contain_text("Before that ring the office.")
    check(page, "nobody-writing")
    page.get_by_role("button", name="Hand over to a lead").press("Enter")
    told = page.locator(".own-hand-over")
    expect(told).to_contain_text("Nobody is on duty right now.")
    expect(told).to_contain_text("116 123")
    check(page, "nobody-handed-over")
    actions.take_hand_over(Escalation.objects.get(), by=cast.birch)
    page.reload()
    expect(told).to_contain_text("birch has the post that you handed over")
