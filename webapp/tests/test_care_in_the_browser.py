"""Looking after oneself in a real browser: every state with axe, on a narrow screen, and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from assistant import actions
from assistant.models import Draft, PostTopic
from webapp import test as build
from webapp.accounts.models import User
from webapp.test import Cast
from webapp.tests.browser import check_page, signed_in_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("queries_beside_a_loop"),
]


def page_of(browser: Browser, live_server: LiveServer, person: User) -> Page:
    page = signed_in_page(browser, live_server, person)
    page.goto(f"{live_server.url}/posts/")
    return page


def test_after_a_heavy_post_one_pauses_and_goes_on(cast: Cast, chromium: Browser, live_server: LiveServer) -> None:
    draft = build.draft(cast.wren, level=2)
    build.post()
    page = page_of(chromium, live_server, cast.wren)
    page.goto(f"{live_server.url}/drafts/{draft.id}/")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", name="Before you go on")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Take a pause").press("Enter")
    expect(page.get_by_role("heading", name="You are taking a pause")).to_be_visible()
    expect(page.get_by_role("button", name="Help the next person")).to_have_count(0)
    check_page(page)
    page.get_by_role("button", name="Go on").press("Enter")
    expect(page.get_by_role("button", name="Help the next person")).to_be_visible()


@pytest.mark.deep
def test_a_check_in_is_kept_shared_with_a_lead_and_taken_back(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    page = page_of(chromium, live_server, cast.wren)
    page.get_by_role("link", name="Check in with yourself").click()
    check_page(page)
    page.get_by_label("Tired").check()
    page.get_by_label("What is on your mind, in a line").fill("The third long evening.")
    page.get_by_role("button", name="Keep this").click()
    expect(page.locator(".check-ins")).to_contain_text("The third long evening.")
    page.get_by_role("button", name="Share with the leads").click()
    expect(page.locator(".check-ins")).to_contain_text("Leads can read it since")
    page.get_by_role("button", name="Ask a lead to talk").click()
    expect(page.locator("#talk")).to_contain_text("No lead has taken it up yet.")
    check_page(page)
    lead = page_of(chromium, live_server, cast.birch)
    lead.get_by_role("link", name="See who").click()
    check_page(lead)
    lead.get_by_role("button", name="I take it up").click()
    expect(lead.locator("main")).to_contain_text("birch took it up")
    lead.locator("main").get_by_role("link", name="wren").click()
    expect(lead.locator("main")).to_contain_text("The third long evening.")
    check_page(lead)
    page.get_by_role("button", name="Stop sharing").click()
    expect(page.locator(".check-ins")).to_contain_text("Only you see it.")
    lead.reload()
    expect(lead.locator("main")).not_to_contain_text("The third long evening.")


@pytest.mark.deep
def test_a_topic_is_left_to_others_and_stays_in_reach(cast: Cast, chromium: Browser, live_server: LiveServer) -> None:
    late = build.post_of_level(4)
    actions.leave_out_topics(["loss"], by=cast.wren)
    waiting = build.post()
    PostTopic.objects.create(post=waiting, topic="loss")
    page = page_of(chromium, live_server, cast.wren)
    page.get_by_text("1 post waits").click()
    check_page(page)
    page.goto(f"{live_server.url}/care/#topics")
    page.get_by_label("Suicide and self-harm").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Suicide and self-harm")).to_be_checked()
    type(late).objects.filter(id=late.id).update(received_at=late.received_at.replace(year=late.received_at.year - 1))
    page.goto(f"{live_server.url}/posts/")
    expect(page.get_by_role("heading", name="Waiting longer than they should")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Answer this one").first.click()
    assert page.url.endswith(f"/drafts/{Draft.objects.get(post=late).id}/")


@pytest.mark.deep
def test_the_word_after_many_heavy_posts_can_be_put_off(cast: Cast, chromium: Browser, live_server: LiveServer) -> None:
    for _ in range(2):
        build.draft(cast.wren, level=4)
    page = page_of(chromium, live_server, cast.wren)
    expect(page.locator("#care-offer")).to_contain_text("several heavy posts in the last 3 hours")
    check_page(page)
    page.get_by_role("button", name="do not remind me this shift").click()
    expect(page.locator("#care-offer")).to_have_count(0)
    page.goto(f"{live_server.url}/care/")
    expect(page.locator(".read")).to_contain_text("Level 4")
    check_page(page)
