"""A draft is given back or handed over with all that was typed, not by a slip of the hand; and its writer hears at the next pause
when somebody else has taken the post."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from assistant.models import Draft, Post
from assistant.tests.test_draft_page import save
from moderation.models import Escalation
from webapp import test as build
from webapp.test import Cast
from webapp.tests.browser import check_page, signed_in_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module", autouse=True)
def queries_beside_a_loop() -> Iterator[None]:
    """Playwright's loop runs in this thread for the whole module, beside the queries of tests and fixtures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


def opened(cast: Cast, chromium: Browser, live_server: LiveServer, draft: Draft) -> Page:
    page = signed_in_page(chromium, live_server, cast.wren)
    page.goto(f"{live_server.url}/drafts/{draft.id}/")
    return page


def test_giving_back_takes_two_presses_and_all_that_was_typed(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    draft = build.draft(cast.wren)
    page = opened(cast, chromium, live_server, draft)
    page.locator("#reply-text").press("Control+End")
    page.locator("#reply-text").press_sequentially(" The last words.")
    page.get_by_text("Give back…").click()
    expect(page.locator("main")).to_contain_text("It does not come back to you")
    assert Draft.objects.get().status == Draft.Status.WRITING
    check_page(page)
    page.get_by_role("button", name="Give it back").click()
    page.wait_for_url("**/posts/")
    draft = Draft.objects.get()
    assert draft.status == Draft.Status.SET_ASIDE
    assert build.head_of(draft).text.endswith(" The last words.")


def test_a_person_in_danger_is_handed_over_whatever_cannot_be_saved(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    draft = build.draft(cast.wren, level=4)
    page = opened(cast, chromium, live_server, draft)
    page.locator("#reply-text").fill("It is too much. " * 1_300)
    expect(page.locator("#refused")).to_contain_text("Shorten it and try again.")
    page.get_by_role("button", name="Hand over to a lead").click()
    page.wait_for_url("**/posts/")
    assert Escalation.objects.get().is_open


def test_its_writer_hears_at_the_next_pause_that_somebody_else_answers(
    cast: Cast, chromium: Browser, live_server: LiveServer
) -> None:
    draft = build.draft(cast.wren)
    page = opened(cast, chromium, live_server, draft)
    told = page.locator("#unsendable")
    expect(told).to_be_hidden()
    an_hour = timezone.now() + timedelta(hours=1)
    Post.objects.update(leased_by=cast.robin, leased_until=an_hour)
    page.locator("#reply-text").press("Control+End")
    page.locator("#reply-text").press_sequentially(" More.")
    expect(told).to_contain_text("Somebody else is answering this post now")
    page.reload()
    expect(told).to_contain_text("Somebody else is answering this post now")
    check_page(page)
    Post.objects.update(leased_by=None, leased_until=None)
    page.locator("#reply-text").press_sequentially(" And more.")
    expect(told).to_be_hidden()


@pytest.mark.parametrize(
    ("status", "said"), [("closed", "A moderator took this post over"), ("answered", "Somebody else has answered")]
)
def test_what_became_of_the_post_is_in_the_answer_to_a_save(cast: Cast, client: Client, status: str, said: str) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    assert save(client, draft, "More words.", 1).json()["unsendable"] == ""
    Post.objects.update(status=status, leased_by=None, leased_until=None)
    assert save(client, draft, "And more.", 2).json()["unsendable"].startswith(said)
