"""Rating replies in a real browser: by keys alone, on a desktop and on a phone; every page with axe, on a narrow screen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from webapp.studies.models import Comment, Item, Rater, Rating, Study
from webapp.studies.tests import building as build
from webapp.tests.browser import check_page, signed_in_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("queries_beside_a_loop"),
    pytest.mark.timeout(600),
]

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


def begin(page: Page, live_server: LiveServer) -> None:
    """By the keyboard alone, from the list to the first text."""
    page.goto(f"{live_server.url}/studies/rate/")
    check_page(page)
    page.get_by_role("link", name="Kinder words").press("Enter")
    expect(page.get_by_role("heading", name="What you agree to")).to_be_visible()
    check_page(page)
    page.get_by_label("I have read this").press("Space")
    page.get_by_role("button", name="Begin").press("Enter")
    expect(page.get_by_text("Practice 1 of 1")).to_be_visible()
    page.wait_for_load_state()  # the keys work once its script has run


def rate_by_keys(page: Page, values: str) -> None:
    page.wait_for_load_state()  # the keys work once its script has run
    for value in values:
        page.keyboard.press(value)
    expect(page.locator("#go-on")).to_be_focused()
    page.keyboard.press("Enter")


def always(values: str, _page: Page) -> str:
    return values


def rate_all(page: Page, values: Callable[[Page], str]) -> int:
    """Everything that is left, and each pause that is offered."""
    done = 0
    while not page.get_by_role("heading", name="Thank you").is_visible():
        if page.get_by_role("heading", name="Before you go on").is_visible():
            page.get_by_role("link", name="Go on").press("Enter")
        else:
            address = page.url
            if page.locator(".reveal:not([open])").count():
                page.locator(".reveal > summary").press("Enter")
            rate_by_keys(page, values(page))
            page.wait_for_url(lambda url, before=address: url != before)  # type: ignore[misc]  # bound for this turn
            done += 1
        page.wait_for_load_state("domcontentloaded")
    return done


@pytest.mark.deep
def test_three_raters_rate_by_keys_on_desktop_and_phone(db: None, chromium: Browser, live_server: LiveServer) -> None:
    study = build.study(lay_ratings=2, items=2)
    Item.objects.filter(source="post-1").update(level=2, about="Hurting oneself, some years ago")
    for rater, size, values in zip(
        build.raters(study, 3), (DESKTOP, PHONE, DESKTOP), ("44444", "55453", "22222"), strict=True
    ):
        page = signed_in_page(chromium, live_server, rater.user, viewport=size)
        begin(page, live_server)
        check_page(page)
        rate_by_keys(page, "11111")
        expect(page.get_by_role("heading", name="Your answer and theirs")).to_be_visible()
        check_page(page)
        page.get_by_role("link", name="Go on").press("Enter")
        page.wait_for_url("**/studies/rate/texts/*/")
        given = rater.assignments.exclude(output__item__role=Item.Role.TRAINING).count()
        assert rate_all(page, partial(always, values)) == given
        check_page(page)
        page.context.close()
    rated = Rating.objects.filter(assignment__output__item__role=Item.Role.RATED)
    assert rated.count() == 2 * 2 * 2
    for rater in Rater.objects.all():
        wanted = {"l01": {4}, "l02": {5, 4, 3}, "l03": {2}}[rater.code]
        assert {value for one in rated.filter(assignment__rater=rater) for value in one.values.values()} == wanted
        seconds = rater.assignments.values_list("seconds", flat=True)
        assert all(one is not None and 0 < one < 300 for one in seconds)


@pytest.mark.deep
def test_a_heavy_text_is_shown_on_the_raters_own_choice_and_a_pause_is_offered(
    db: None, chromium: Browser, live_server: LiveServer
) -> None:
    study = build.study(lay_ratings=1, items=1)
    Item.objects.filter(source="post-1").update(level=3, about="An attempt, years ago")
    rater = build.raters(study, 1)[0]
    page = signed_in_page(chromium, live_server, rater.user, viewport=PHONE)
    begin(page, live_server)
    rate_by_keys(page, "11111")
    page.get_by_role("link", name="Go on").press("Enter")
    expect(page.get_by_text("An attempt, years ago")).to_be_visible()
    expect(page.locator(".exact").first).to_be_hidden()
    check_page(page)
    page.locator(".reveal > summary").press("Enter")
    expect(page.locator(".exact").first).to_be_visible()
    check_page(page)
    rate_by_keys(page, "33333")
    expect(page.get_by_text("may stay with you")).to_be_visible()
    check_page(page)


@pytest.mark.deep
def test_words_are_commented_by_selecting_them_and_what_was_chosen_stays(
    db: None, chromium: Browser, live_server: LiveServer
) -> None:
    study = build.study(lay_ratings=1, items=1)
    rater = build.raters(study, 1)[0]
    page = signed_in_page(chromium, live_server, rater.user, viewport=DESKTOP)
    begin(page, live_server)
    page.keyboard.press("2")
    page.evaluate(
        """() => {
          const node = document.querySelector("[data-text]").firstChild;
          const range = document.createRange();
          range.setStart(node, 5);
          range.setEnd(node, 12);
          getSelection().removeAllRanges();
          getSelection().addRange(range);
        }"""
    )
    page.get_by_role("button", name="Comment on these words").click()
    expect(page.get_by_label("What you want to say about them")).to_be_focused()
    page.keyboard.type("An order, 5 of them.")  # no key of it is taken for a value
    page.get_by_role("button", name="Keep this comment").press("Enter")
    expect(page.locator(".remarks")).to_contain_text("An order, 5 of them.")
    expect(page.locator("input[name=readability][value='2']")).to_be_checked()
    expect(page.locator("input[name=empathy]:checked")).to_have_count(0)
    check_page(page)
    found = Comment.objects.select_related("output__case", "case").get()
    assert found.output.text[found.start : found.end] == "whining"


@pytest.mark.deep
def test_of_two_replies_one_is_chosen_by_a_key(db: None, chromium: Browser, live_server: LiveServer) -> None:
    study = build.study(form=Study.Form.PAIRS, lay_ratings=1, items=1)
    rater = build.raters(study, 1)[0]
    for size in (DESKTOP, PHONE):
        page = signed_in_page(chromium, live_server, rater.user, viewport=size)
        if size == DESKTOP:
            begin(page, live_server)
        else:
            page.goto(f"{live_server.url}/studies/rate/{study.id}/")
        check_page(page)
        rate_by_keys(page, "2")
        if size == DESKTOP:
            expect(page.get_by_role("heading", name="Your answer and theirs")).to_be_visible()
            check_page(page)
        else:
            expect(page.locator(".page-head .number")).to_contain_text("2 of 2")
    chosen = Rating.objects.select_related("assignment")
    assert [one.preferred_id == one.assignment.other_id for one in chosen] == [True, True]


@pytest.mark.deep
def test_the_calm_pages_are_accessible(db: None, chromium: Browser, live_server: LiveServer) -> None:
    study = build.study(pairs_for_training=True)
    rater = build.raters(study, 1)[0]
    page = signed_in_page(chromium, live_server, rater.user, viewport=PHONE)
    address = f"{live_server.url}/studies/rate/{study.id}"
    begin(page, live_server)
    page.get_by_text("Leave this one out", exact=True).press("Enter")
    page.get_by_label("I cannot tell from what is here").press("Space")
    check_page(page)
    page.keyboard.press("3")  # here no value of a scale
    expect(page.locator("#rating :checked")).to_have_count(0)
    page.keyboard.press("Enter")  # leaves it out, and does not answer
    expect(page.locator(".page-head .number")).to_contain_text("1 of 7")
    assert list(rater.assignments.exclude(skipped="").values_list("position", "skipped")) == [(1, "unclear")]
    page.goto(f"{address}/consent")
    check_page(page)
    page.get_by_role("button", name="Withdraw").press("Enter")
    expect(page.get_by_text("Nothing was deleted")).to_be_visible()
    check_page(page)
    page.get_by_label("Yes, delete my ratings").press("Space")
    page.get_by_role("button", name="Withdraw").press("Enter")
    expect(page.get_by_role("heading", name="You withdrew from this study")).to_be_visible()
    check_page(page)


def test_what_was_chosen_stays_when_the_session_ends_in_between(
    db: None, chromium: Browser, live_server: LiveServer
) -> None:
    study = build.study(lay_ratings=1, items=1)
    rater = build.raters(study, 1)[0]
    rater.assignments.filter(output__item__role=Item.Role.TRAINING).delete()
    rater.user.set_password("a long one that is kept")
    rater.user.save()
    Rater.objects.update(consented_at=timezone.now())
    page = signed_in_page(chromium, live_server, rater.user, viewport=PHONE)
    page.goto(f"{live_server.url}/studies/rate/{study.id}/")
    page.wait_for_load_state()
    page.keyboard.press("4")
    page.get_by_role("group", name="Empathy").get_by_text("2", exact=True).first.click()
    page.get_by_text("Add a comment").click()
    page.get_by_label("What you want to say about them").fill("It could stand under any post.")
    page.context.clear_cookies(name="session")
    page.locator("#go-on").click()
    page.fill("input[name=login]", rater.user.username)
    page.fill("input[name=password]", "a long one that is kept")
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/studies/rate/texts/*/")
    expect(page.locator("input[name=readability]:checked")).to_have_value("4")
    expect(page.locator("input[name=empathy]:checked")).to_have_value("2")
    expect(page.get_by_label("What you want to say about them")).to_have_value("It could stand under any post.")
    page.get_by_label("Which words").select_option(index=1)
    for name in ("Connection", "Actionability", "Safety"):
        page.get_by_role("group", name=name).get_by_text("3", exact=True).first.click()
    page.locator("#go-on").click()
    page.wait_for_url(lambda url: "rate/texts" in url or url.endswith(f"{study.id}/"))
    assert Rating.objects.get().values == {
        "readability": 4,
        "empathy": 2,
        "connection": 3,
        "actionability": 3,
        "safety": 3,
    }
    assert Comment.objects.count() == 1
    expect(page.locator("input[type=radio]:checked")).to_have_count(0)  # of the next text
    page.go_back()
    assert page.get_by_label("What you want to say about them").input_value() == ""


@pytest.mark.deep
def test_words_of_the_second_of_two_replies_are_commented_by_selecting_them(
    db: None, chromium: Browser, live_server: LiveServer
) -> None:
    study = build.study(lay_ratings=1, items=1, form=Study.Form.PAIRS)
    rater = build.raters(study, 1)[0]
    rater.assignments.filter(output__item__role=Item.Role.TRAINING).delete()
    Rater.objects.update(consented_at=timezone.now())
    page = signed_in_page(chromium, live_server, rater.user, viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto(f"{live_server.url}/studies/rate/{study.id}/")
    page.wait_for_load_state()
    page.get_by_label("The second", exact=True).check()
    for start, end in ((2, 4), (0, 6)):  # another choice takes the place of the first
        page.evaluate(
            """([start, end]) => {
              const node = document.querySelector("[data-text='1']").firstChild;
              getSelection().setBaseAndExtent(node, start, node, end);
            }""",
            [start, end],
        )
        page.get_by_role("button", name="Comment on these words").tap()
        expect(page.get_by_label("What you want to say about them")).to_be_focused()
    page.keyboard.type("It could stand under any post.")
    page.get_by_role("button", name="Keep this comment").click()
    expect(page.locator(".remarks")).to_contain_text("It could stand under any post.")
    expect(page.get_by_label("The second", exact=True)).to_be_checked()
    expect(page.get_by_label("What you want to say about them")).to_have_value("")
    check_page(page)
    row = rater.assignments.get(comments__isnull=False)
    found = Comment.objects.get()
    assert (found.output_id, found.start, found.end) == (row.other_id, 0, 6)
