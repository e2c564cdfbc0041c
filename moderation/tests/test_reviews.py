"""Golden items and second looks: like any flag to look at, without any effect, and told afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assistant.models import AuditEvent, Post, Reply
from assistant.retention import erase_case
from assistant.safety.types import Level
from moderation import actions, quality
from moderation.actions.draws import draw_reviews
from moderation.models import Decision, Flag, GoldenItem, Review
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.test import Cast

pytestmark = pytest.mark.django_db

FIRST_REASON = "It blames, and she cannot answer that."
BLAMING = "Honestly, it is your own fault. Other people have it so much worse."


def always(_most: int) -> int:
    return 0


@pytest.fixture(autouse=True)
def shares(settings: Any) -> None:
    settings.SECOND_REVIEW_SHARE, settings.GOLDEN_SHARE = 0.5, 0.5


def held_reply(cast: Cast, client: Client, **post: Any) -> Flag:
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY, **post)
    client.force_login(cast.wren)
    client.post(f"/drafts/{draft.id}/send", {"text": build.HURTFUL_REPLY, "base": draft.head_number})
    return Flag.objects.get(reply__draft=draft)


def decided(flag: Flag, by: User, outcome: str = "return") -> Decision:
    made = actions.decide(flag, outcome=outcome, policy="dismissal", by=by, reason=FIRST_REASON, seen=flag.version)
    assert isinstance(made, Decision)
    return made


def second_look(cast: Cast, client: Client, outcome: str = "return") -> Review:
    flag = held_reply(cast, client)
    Review.objects.all().delete()
    decision = decided(flag, cast.ash, outcome)
    Review.objects.all().delete()
    draw_reviews(decision, draw=always)
    return Review.objects.get(kind="second")


def golden(cast: Cast, **fields: Any) -> GoldenItem:
    given: dict[str, Any] = {
        "kind": "reply",
        "text": BLAMING,
        "post_text": "I missed the last bus and cried.",
        "explanation": "It blames the one who asks.",
        "outcome": "return",
        "policy": "dismissal",
    }
    return actions.write_golden(**given | fields, by=cast.birch)


def offered_golden(cast: Cast, **fields: Any) -> Review:
    item = golden(cast, **fields)
    return Review.objects.create(case=item.case, kind="golden", item=item, meant_for=cast.ash)


def shown(client: Client, person: User) -> list[str]:
    client.force_login(person)
    return [str(row["id"]) for row in client.get("/moderation/").context["flags"]]


def decide(client: Client, review: Review, **fields: Any) -> Any:
    form = {"outcome": "return", "policy": "dismissal", "reason": "Too hard on her.", "version": 1} | fields
    return client.post(f"/moderation/flags/{review.id}/decide", form)


# Drawn


@pytest.mark.parametrize(("drawn", "expected"), [(always, 1), (lambda most: most - 1, 0)])
def test_a_share_of_decisions_is_looked_at_twice(cast: Cast, client: Client, drawn: Any, expected: int) -> None:
    decision = decided(held_reply(cast, client), cast.ash)
    Review.objects.all().delete()
    draw_reviews(decision, draw=drawn)
    assert Review.objects.filter(kind="second").count() == expected


def test_nothing_above_level_2_and_nothing_escalated_is_looked_at_twice(cast: Cast, client: Client) -> None:
    high = decided(held_reply(cast, client, level=Level.METHOD), cast.ash)
    escalated = held_reply(cast, client)
    actions.escalate(escalated, by=cast.ash, reason="A lead should see it.", seen=escalated.version)
    escalated.refresh_from_db()
    by_lead = decided(escalated, cast.birch)
    for decision in (high, by_lead):
        draw_reviews(decision, draw=always)
    assert not Review.objects.filter(kind="second").exists()


def test_a_golden_item_is_offered_once_to_each_and_never_to_who_wrote_it(cast: Cast, client: Client) -> None:
    golden(cast)
    by_moderator = decided(held_reply(cast, client), cast.ash)
    Review.objects.all().delete()
    for _ in range(2):
        draw_reviews(by_moderator, draw=lambda most: 0 if most < 1_000_000 else 400_000)
        Review.objects.filter(kind="second").delete()
    by_lead = decided(held_reply(cast, client), cast.birch)
    Review.objects.filter(kind="second").delete()
    draw_reviews(by_lead, draw=always)
    assert list(Review.objects.filter(kind="golden").values_list("meant_for__username", flat=True)) == ["ash"]


# Shown


def test_a_second_look_stands_in_the_queue_of_everybody_but_the_first_and_the_author(
    cast: Cast, client: Client
) -> None:
    cast.wren.groups.add(*cast.ash.groups.all())
    review = second_look(cast, client)
    assert shown(client, cast.birch) == [str(review.id)]
    assert shown(client, cast.ash) == shown(client, cast.wren) == []
    for person in (cast.ash, cast.wren):
        client.force_login(person)
        assert client.get(f"/moderation/flags/{review.id}/").status_code == 404


def test_its_page_is_the_page_of_the_flag_without_the_first_decision(cast: Cast, client: Client) -> None:
    flag = held_reply(cast, client)
    client.force_login(cast.birch)
    client.get("/moderation/")  # what was said to wren is said
    before = build.read(client.get(f"/moderation/flags/{flag.id}/"))
    decision = decided(flag, cast.ash, outcome="reject")
    Review.objects.all().delete()
    review = Review.objects.create(case=flag.case, kind="second", decision=decision)
    page = client.get(f"/moderation/flags/{review.id}/")
    assert build.read(page) == before
    for told in (FIRST_REASON, "ash", str(flag.id), "golden", "second"):
        assert told not in page.content.decode()


def test_an_edited_reply_is_shown_as_it_was_written(cast: Cast, client: Client) -> None:
    flag = held_reply(cast, client)
    decision = actions.decide(
        flag,
        outcome="edit",
        policy="dismissal",
        by=cast.ash,
        reason="Kinder.",
        seen=flag.version,
        edited_text="I hear how lonely that is.",
    )
    assert isinstance(decision, Decision)
    Review.objects.all().delete()
    review = Review.objects.create(case=flag.case, kind="second", decision=decision)
    client.force_login(cast.birch)
    page = client.get(f"/moderation/flags/{review.id}/").content.decode()
    assert "Stop whining" in page
    assert "I hear how lonely that is." not in page


@pytest.mark.parametrize("kind", ["post", "reply"])
def test_an_invented_item_looks_like_a_flag(cast: Cast, client: Client, kind: str) -> None:
    text = build.WORRYING_POST if kind == "post" else BLAMING
    review = offered_golden(cast, kind=kind, text=text, outcome="close" if kind == "post" else "return")
    assert shown(client, cast.ash) == [str(review.id)]
    row = client.get("/moderation/").context["flags"][0]
    assert row["kind"] == kind
    assert row["reasons"]
    assert client.get("/moderation/").context["total"] == 1
    assert len(client.get("/moderation/", {"kind": "post"}).context["flags"]) == (kind == "post")
    page = client.get(f"/moderation/flags/{review.id}/")
    assert [one["value"] for one in page.context["outcomes"]] == (
        ["close", "reject"] if kind == "post" else ["return", "edit", "approve", "reject"]
    )
    assert page.context["findings"]
    assert "olden" not in page.content.decode()


def test_nothing_is_mixed_in_while_anything_urgent_waits(cast: Cast, client: Client) -> None:
    review = offered_golden(cast)
    urgent = Flag.objects.get(post=build.post(build.URGENT_POST))
    assert shown(client, cast.ash) == [str(urgent.id)]
    Flag.objects.filter(id=urgent.id).update(level=2, severity=2)
    assert set(shown(client, cast.ash)) == {str(urgent.id), str(review.id)}
    Flag.objects.filter(id=urgent.id).update(level=3)
    assert shown(client, cast.ash) == [str(urgent.id)]
    actions.claim_flag(urgent, by=cast.ash)
    assert shown(client, cast.ash) == [str(urgent.id)]
    actions.end_claim(urgent, by=cast.ash)
    actions.claim_flag(urgent, by=cast.birch)  # somebody has it, so it does not wait for this one
    assert set(shown(client, cast.ash)) == {str(urgent.id), str(review.id)}


def test_what_was_not_looked_at_for_two_weeks_is_offered_no_more(cast: Cast, client: Client) -> None:
    review = offered_golden(cast)
    Review.objects.filter(id=review.id).update(offered_at=timezone.now() - timedelta(days=15))
    assert shown(client, cast.ash) == []


def test_a_claim_keeps_others_away_until_it_is_given_back(cast: Cast, client: Client) -> None:
    review = second_look(cast, client)
    other = build.person("alder", Role.MODERATOR)
    client.force_login(cast.birch)
    client.post(f"/moderation/flags/{review.id}/claim")
    assert shown(client, other) == []
    client.force_login(cast.birch)
    client.post(f"/moderation/flags/{review.id}/end-claim")
    assert shown(client, other) == [str(review.id)]


# Decided


def test_a_decision_on_a_golden_item_changes_nothing_and_is_explained(cast: Cast, client: Client) -> None:
    review = offered_golden(cast)
    before = (Post.objects.count(), Reply.objects.count(), Flag.objects.count(), Decision.objects.count())
    client.force_login(cast.ash)
    page = client.post(
        f"/moderation/flags/{review.id}/decide",
        {"outcome": "approve", "policy": "dismissal", "reason": "Seems honest.", "version": 1},
        follow=True,
    )
    told = build.read(page)
    for words in ("That was a golden item", "It blames the one who asks.", "Seems honest.", "birch says", "Otherwise"):
        assert words in told
    assert (Post.objects.count(), Reply.objects.count(), Flag.objects.count(), Decision.objects.count()) == before
    review.refresh_from_db()
    assert (review.outcome, review.same, review.by) == ("approve", False, cast.ash)
    assert AuditEvent.objects.filter(action="review.decided", object_id=str(review.id)).count() == 1
    assert shown(client, cast.ash) == []


def test_a_second_look_leaves_the_first_decision_and_the_reply_alone(cast: Cast, client: Client) -> None:
    review = second_look(cast, client, outcome="reject")
    assert review.decision is not None
    client.force_login(cast.birch)
    page = decide(client, review, outcome="approve")
    assert page.status_code == 302
    assert Reply.objects.get(flags=review.decision.flag).status == Reply.Status.WITHHELD
    assert Decision.objects.get().outcome == "reject"
    review.refresh_from_db()
    assert review.same is False
    assert quality.second_looks()[0].outcomes == ("reject", "approve")


def test_the_second_click_and_the_second_person_change_nothing(cast: Cast, client: Client) -> None:
    review = second_look(cast, client)
    client.force_login(cast.birch)
    decide(client, review)
    decide(client, review, outcome="approve")
    client.force_login(build.person("alder", Role.MODERATOR))
    answer = client.post(
        f"/moderation/flags/{review.id}/decide", {"outcome": "reject", "reason": "No.", "version": 1}, follow=True
    )
    assert "This changed after you opened it" in build.read(answer)
    review.refresh_from_db()
    assert (review.outcome, review.by) == ("return", cast.birch)


def test_a_reason_is_needed_and_what_was_typed_stays(cast: Cast, client: Client) -> None:
    review = offered_golden(cast)
    client.force_login(cast.ash)
    answer = decide(client, review, reason="  ")
    assert answer.status_code == 422
    assert answer.context["refusal"]
    answer = decide(client, review, outcome="burn", reason="It blames her.")
    assert (answer.status_code, answer.context["typed"]["reason"]) == (422, "It blames her.")
    review.refresh_from_db()
    assert review.decided_at is None


def test_an_erased_case_is_shown_to_nobody(cast: Cast, client: Client) -> None:

    review = second_look(cast, client)
    assert review.decision is not None
    erase_case(review.decision.flag.subject_post, by=None)
    assert shown(client, cast.birch) == []
    assert client.get(f"/moderation/flags/{review.id}/").status_code == 404


def test_a_review_of_somebody_else_is_missing(cast: Cast, client: Client) -> None:
    review = offered_golden(cast)
    client.force_login(cast.birch)
    for act in ("", "claim", "end-claim", "decide"):
        address = f"/moderation/flags/{review.id}/{act}"
        answer = (
            client.post(address, {"outcome": "return", "reason": "x", "version": 1}) if act else client.get(address)
        )
        assert answer.status_code == 404
