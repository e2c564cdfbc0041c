"""Agreement and precision on the pages: leads see everybody's, everybody their own, and what is too few is said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from assistant import actions as assistant_actions
from assistant.models import AuditEvent, Reply
from assistant.retention import erase_case
from moderation import invariants, quality
from moderation.actions import alerts
from moderation.models import Alert, Decision, Delivery, Flag, GoldenItem, Review
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.test import Cast

pytestmark = pytest.mark.django_db

GOLDEN = {
    "kind": "reply",
    "text": "You should have thought of that before.",
    "post_text": "I missed the last bus again and cried.",
    "outcome": "return",
    "policy": "dismissal",
    "explanation": "It blames the one who asks.",
}


@pytest.fixture
def held(cast: Cast) -> Reply:
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY)
    return assistant_actions.send_reply(draft, by=cast.wren, revision=build.head_of(draft))


def decided(held: Reply, by: User, outcome: str, *, codes: list[str] | None = None, days_ago: int = 1) -> Decision:
    """One more decided flag about the same reply."""
    flag = Flag.objects.create(
        case=held.case, reply=held, severity=3, codes=codes or ["dismissal.blame"], status=Flag.Status.DECIDED
    )
    decision = Decision(
        case=held.case, flag=flag, outcome=outcome, policy="dismissal", by=by, reason="So.", flag_version=1
    )
    decision.save(force_insert=True)
    Decision.objects.filter(id=decision.id).update(at=timezone.now() - timedelta(days=days_ago))
    return decision


def looked_at_again(decision: Decision, by: User, outcome: str) -> Review:
    review = Review(case=decision.case, kind="second", decision=decision, by=by, outcome=outcome)
    review.reason, review.decided_at, review.same = "Seen otherwise.", timezone.now(), outcome == decision.outcome
    review.save(force_insert=True)
    return review


def pairs(held: Reply, cast: Cast, outcomes: list[tuple[str, str]]) -> None:
    for first, again in outcomes:
        looked_at_again(decided(held, cast.ash, first), cast.birch, again)


# What leads see


def test_below_twenty_texts_alpha_is_too_few_and_below_ten_the_share(cast: Cast, client: Client, held: Reply) -> None:
    pairs(held, cast, [("return", "return")] * 9)
    client.force_login(cast.birch)
    row = client.get("/moderation/quality/").context["policies"][0]
    assert (row["n"], row["share"], row["alpha"]) == (9, "too few (under 10)", "too few (under 20)")


def test_alpha_is_shown_with_its_interval_by_area_and_person(cast: Cast, client: Client, held: Reply) -> None:
    pairs(held, cast, [("return", "return")] * 10 + [("approve", "approve")] * 8 + [("return", "approve")] * 2)
    client.force_login(cast.birch)
    page = client.get("/moderation/quality/")
    (area,) = page.context["policies"]
    assert area["policy"] == "Dismissal"
    assert area["share"].startswith("90 % (")
    assert area["alpha"].startswith("0.80 (")  # kappa of this table is 0.80 as well
    assert [one["name"] for one in page.context["people"]] == ["ash", "birch"]
    assert "no order of merit" in build.read(page)


def test_where_all_said_the_same_there_is_no_alpha(cast: Cast, client: Client, held: Reply) -> None:
    pairs(held, cast, [("return", "return")] * 20)
    client.force_login(cast.birch)
    assert client.get("/moderation/quality/").context["all"]["alpha"] == "everybody said the same"


def test_a_different_second_look_is_shown_with_its_reason_and_can_become_golden(
    cast: Cast, client: Client, held: Reply
) -> None:
    decision = decided(held, cast.ash, "approve")
    looked_at_again(decision, cast.birch, "return")
    client.force_login(cast.birch)
    (one,) = client.get("/moderation/quality/").context["differing"]
    assert (one["first"], one["again"], one["reason"]) == ("Approve", "Return with note", "Seen otherwise.")
    answer = client.post(one["mark_url"], {"outcome": "return", "policy": "dismissal", "explanation": "It blames."})
    assert answer.status_code == 302
    item = GoldenItem.objects.get()
    assert (item.decision, item.outcome, item.case_id) == (decision, "return", held.case_id)
    assert (
        client.post(one["mark_url"], {"outcome": "return", "policy": "dismissal", "explanation": "x"}).status_code
        == 409
    )
    assert Decision.objects.get().outcome == "approve"


def test_what_was_not_decided_or_was_above_level_2_cannot_be_golden(cast: Cast, client: Client, held: Reply) -> None:
    undecided = Flag.objects.get(reply=held)
    high = decided(held, cast.ash, "return")
    Flag.objects.filter(id=high.flag_id).update(level=3)
    client.force_login(cast.birch)
    for flag in (undecided, high.flag):
        form = {"outcome": "return", "policy": "dismissal", "explanation": "It blames."}
        assert client.post(f"/moderation/flags/{flag.id}/golden", form).status_code == 422
    assert not GoldenItem.objects.exists()


def test_an_invented_item_is_added_and_shown_no_more(cast: Cast, client: Client) -> None:
    client.force_login(cast.birch)
    assert client.post("/moderation/quality/golden", GOLDEN).status_code == 302
    item = GoldenItem.objects.get()
    assert "You should have thought of that before." in build.read(client.get("/moderation/quality/"))
    client.post(f"/moderation/quality/golden/{item.id}/retire")
    client.post(f"/moderation/quality/golden/{item.id}/retire")
    assert client.get("/moderation/quality/").context["golden"] == []
    assert AuditEvent.objects.filter(action="golden.retired").count() == 1


def test_the_form_of_an_item_begins_with_what_fits_and_groups_outcomes_by_kind(cast: Cast, client: Client) -> None:
    client.force_login(cast.birch)
    form = client.get("/moderation/quality/").context["form"]
    groups = {label: [value for value, _ in outcomes] for label, outcomes in form.fields["outcome"].choices}
    assert groups == {
        "Of a post": ["close"],
        "Of a reply": ["return", "edit", "approve"],
        "Of either": ["reject", "escalate"],
    }
    refused = client.post("/moderation/quality/golden", GOLDEN | {"kind": "post", "outcome": "approve"})
    assert "“Approve” does not fit this kind of text." in build.read(refused)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "post"}, "outcome"),
        ({"kind": "post", "outcome": "close"}, "closed_as"),
        ({"post_text": " "}, "post_text"),
        ({"explanation": ""}, "explanation"),
        ({"policy": "nonsense"}, "policy"),
    ],
)
def test_an_item_that_cannot_be_is_refused_and_stays_typed(
    cast: Cast, client: Client, fields: dict[str, str], wrong: str
) -> None:
    client.force_login(cast.birch)
    answer = client.post("/moderation/quality/golden", GOLDEN | fields)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [wrong]
    assert GOLDEN["text"] in answer.content.decode()


# Checks


def test_precision_is_what_people_upheld_and_says_what_does_not_tell(cast: Cast, held: Reply) -> None:
    for outcome in ["return"] * 9 + ["approve"] * 3:
        decided(held, cast.ash, outcome, codes=["dismissal.blame", "promises.demanded", "person.reported"])
    sent = decided(held, cast.ash, "approve", codes=["reply_classifier.toxicity"])
    Reply.objects.filter(id=held.id).update(was_held=True)
    build.post(build.WORRYING_POST)
    post_flag = Flag.objects.get(post__isnull=False)
    Decision.objects.create(
        case=post_flag.case, flag=post_flag, outcome="approve", by=cast.ash, reason="Seen.", flag_version=1
    )
    found = {one.name: one for one in quality.detectors()}
    assert (found["dismissal"].decided, found["dismissal"].upheld) == (12, 9)
    assert found["promises"].precision == found["dismissal"].precision
    assert found["dismissal"].precision is not None
    assert found["dismissal"].precision.value == 0.75
    assert "person" not in found
    assert found["reply_classifier"].precision is None
    untold = [one for one in found.values() if one.untold]
    assert {one.name for one in untold} <= {"crisis", "classifier"}
    assert untold
    assert sent.outcome == "approve"


def test_a_check_that_people_uphold_less_than_before_is_named(cast: Cast, client: Client, held: Reply) -> None:
    for _ in range(40):
        decided(held, cast.ash, "return", days_ago=60)
    for number in range(30):
        decided(held, cast.ash, "approve" if number % 2 else "return", days_ago=20)
    (found,) = quality.detectors()
    assert found.changed is not None
    client.force_login(cast.birch)
    assert "Changed lately: dismissal." in build.read(client.get("/moderation/quality/"))


def test_a_check_that_stayed_as_it_was_is_not_named(cast: Cast, held: Reply) -> None:
    for number in range(40):
        decided(held, cast.ash, "approve" if number % 4 == 0 else "return", days_ago=60 if number < 20 else 20)
    assert [one.changed for one in quality.detectors()] == [None]


def fallen(cast: Cast, held: Reply) -> None:
    for _ in range(40):
        decided(held, cast.ash, "return", days_ago=60)
    for _ in range(20):
        decided(held, cast.ash, "approve", days_ago=20)


def told_of_changes() -> set[str]:
    invariants.check_and_tell()
    rows = Delivery.objects.filter(alert__in=Alert.objects.live().filter(code="checks_changed"))
    return {row.person.username for row in rows.select_related("person") if row.person}


@pytest.fixture
def own_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.mark.usefixtures("own_cache")
def test_leads_are_told_of_it_once_a_week_until_one_has_looked(cast: Cast, client: Client, held: Reply) -> None:
    build.person("linden", Role.CLINICIAN)
    assert told_of_changes() == set()
    fallen(cast, held)
    assert told_of_changes() == set()  # worked out a moment ago
    cache.clear()
    assert told_of_changes() == {"birch"}
    alert = Alert.objects.get(code="checks_changed")
    alerts.advance(now=alert.since + timedelta(days=6))
    assert alert.deliveries.count() == 1
    alerts.advance(now=alert.since + timedelta(days=7, minutes=1))
    assert alert.deliveries.count() == 2
    client.force_login(cast.birch)
    assert "flags people uphold more or less often" in build.read(client.get("/moderation/"))
    client.get("/moderation/quality/")
    assert told_of_changes() == set()
    AuditEvent.objects.filter(action="quality.viewed").update(at=timezone.now() - timedelta(days=7))
    assert told_of_changes() == {"birch"}


# Oneself


def test_one_sees_the_own_figures_and_nobody_elses(cast: Cast, client: Client, held: Reply) -> None:
    alder = build.person("alder", Role.MODERATOR)
    pairs(held, cast, [("return", "return")] * 12)
    looked_at_again(decided(held, cast.birch, "approve"), alder, "return")
    client.force_login(cast.ash)
    page = client.get("/moderation/my-reviews/")
    assert (page.context["looks"]["n"], page.context["looks"]["same"]) == (12, 12)
    assert "alder" not in page.content.decode()
    assert "birch" not in page.content.decode()
    client.force_login(alder)
    assert client.get("/moderation/my-reviews/").context["looks"]["n"] == 1
    assert client.get("/moderation/quality/").status_code == 403


def test_an_erased_golden_item_leaves_its_number_and_no_words(cast: Cast, client: Client, held: Reply) -> None:

    decision = decided(held, cast.birch, "return")
    item = GoldenItem(case=held.case, kind="flag", decision=decision, outcome="return", by=cast.birch)
    item.policy, item.explanation = "dismissal", "It blames."
    item.save(force_insert=True)
    review: Any = Review(case=held.case, kind="golden", item=item, meant_for=cast.ash, by=cast.ash, outcome="return")
    review.reason, review.same, review.decided_at = "Too hard.", True, timezone.now()
    review.save(force_insert=True)
    client.force_login(cast.ash)
    assert "It blames." in build.read(client.get("/moderation/my-reviews/"))
    erase_case(held.draft.post, by=None)
    page = client.get("/moderation/my-reviews/")
    assert page.context["golden"]["n"] == 1
    assert page.context["latest"] == []
    client.force_login(cast.birch)
    assert client.get("/moderation/quality/").context["golden"] == []
