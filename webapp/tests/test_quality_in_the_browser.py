"""Agreement, golden items and replays in a real browser: every page with axe, on a narrow screen."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from assistant import actions as assistant_actions
from moderation import actions, replaying
from moderation.models import Decision, Flag, Review
from moderation.other_rules import Change
from webapp import test as build
from webapp.test import Cast
from webapp.tests.browser import check_page, signed_in_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("queries_beside_a_loop"),
]


@pytest.fixture
def decided(cast: Cast) -> Flag:
    """A held reply that was decided, and twenty more looks at it."""
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY)
    reply = assistant_actions.send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    first = Flag.objects.get(reply=reply)
    actions.decide(first, outcome="return", policy="dismissal", by=cast.ash, reason="It blames.", seen=1)
    for number in range(20):
        flag = Flag.objects.create(
            case=reply.case, reply=reply, severity=3, codes=["dismissal.blame"], status=Flag.Status.DECIDED
        )
        outcome = "approve" if number % 3 == 0 else "return"
        decision = Decision(case=reply.case, flag=flag, outcome=outcome, policy="dismissal", by=cast.ash)
        decision.reason, decision.flag_version = "So.", 1
        decision.save(force_insert=True)
        again = Review(case=reply.case, kind="second", decision=decision, by=cast.birch, outcome="return")
        again.reason, again.decided_at, again.same = "It blames.", timezone.now(), outcome == "return"
        again.save(force_insert=True)
    return first


@pytest.mark.deep
def test_a_lead_reads_agreement_and_keeps_golden_items(
    cast: Cast, decided: Flag, chromium: Browser, live_server: LiveServer
) -> None:
    page = signed_in_page(chromium, live_server, cast.birch)
    page.goto(f"{live_server.url}/moderation/flags/{decided.id}/")
    page.get_by_role("link", name="Use it as a golden item").click()
    expect(page.get_by_role("heading", name="What would have been right")).to_be_visible()
    check_page(page)
    page.get_by_label("What is right").select_option("return")
    page.get_by_label("Why").fill("It blames the one who asks.")
    page.get_by_role("button", name="Add it").press("Enter")
    expect(page.get_by_text("Moderators meet it among their flags")).to_be_visible()
    check_page(page)


@pytest.mark.deep
def test_a_moderator_meets_a_golden_item_and_is_told(cast: Cast, chromium: Browser, live_server: LiveServer) -> None:
    item = actions.write_golden(
        kind="reply",
        text="Honestly, it is your own fault. Other people have it so much worse.",
        post_text="I missed the last bus and cried.",
        explanation="It blames the one who asks.",
        outcome="return",
        policy="dismissal",
        by=cast.birch,
    )
    Review.objects.create(case=item.case, kind="golden", item=item, meant_for=cast.ash)
    page = signed_in_page(chromium, live_server, cast.ash)
    page.goto(f"{live_server.url}/moderation/")
    page.get_by_role("link", name="Reply", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="The text to decide about")).to_be_visible()
    check_page(page)
    page.get_by_label("By the policy").select_option("dismissal")
    page.get_by_label("Reason").fill("Seems honest to me.")
    page.get_by_role("button", name="Approve", exact=True).press("Enter")
    expect(page.get_by_text("That was a golden item")).to_be_visible()
    expect(page.get_by_text("It blames the one who asks.")).to_be_visible()
    check_page(page)


@pytest.mark.deep
def test_a_lead_reads_what_a_replay_found(
    cast: Cast, decided: Flag, chromium: Browser, live_server: LiveServer
) -> None:
    build.post(build.WORRYING_POST)
    for text in ("Some nights I wish the morning would not come.", "I am a burden to everybody."):
        build.post(text, draw=build.drawn)
    for flag in Flag.objects.open():
        actions.decide(flag, outcome="close", closed_as="fine", policy="crisis", by=cast.ash, reason="Seen.", seen=1)
    replay = replaying.begin(Change(review_at=0.01, urgent_at=0.1), last=6)
    begun = replaying.begin(Change(review_at=0.01), last=6)
    for _ in replaying.go_on(replay):
        pass
    page = signed_in_page(chromium, live_server, cast.birch)
    page.goto(f"{live_server.url}/moderation/replays/")
    check_page(page)
    page.get_by_role("link", name="review_at 0.01, urgent_at 0.1").press("Enter")
    expect(page.get_by_role("heading", name="What would flip")).to_be_visible()
    check_page(page)
    page.goto(f"{live_server.url}/moderation/replays/{begun.id}/")
    expect(page.get_by_role("progressbar")).to_be_visible()
    check_page(page)
