"""What a post's level and tier do: to the post, to the page of the supporter, to the model, to the reply."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from assistant import actions, triage
from assistant.models import AuditEvent, Draft, Finding, Post, Reply, Worker
from assistant.safety.types import Level, Tier
from moderation.models import Escalation, Flag
from webapp import test as build
from webapp.accounts.models import User
from webapp.private_policy import policy_in_force
from webapp.test import Cast

pytestmark = pytest.mark.django_db

PLAIN_QUESTION = "Are you thinking about suicide?"


def page_of(client: Client, draft: Draft) -> str:
    return build.read(client.get(f"/drafts/{draft.id}/"))


def send(client: Client, draft: Draft, text: str = build.KIND_DRAFT) -> Any:
    return client.post(f"/drafts/{draft.id}/send", {"text": text, "base": draft.head_number})


def generate(client: Client, draft: Draft) -> Any:
    form = {"text": "", "base": 0, "mode": "generate", "reason": "No words today.", "client_key": str(uuid.uuid4())}
    return client.post(f"/drafts/{draft.id}/ask", form, headers={"Accept": "application/json"})


# The post


@pytest.mark.parametrize(
    ("text", "status", "tier"),
    [
        (build.CALM_POST, "waiting", "none"),
        (build.WORRYING_POST, "waiting", "review"),
        (build.URGENT_POST, "held", "urgent"),
    ],
)
def test_a_post_keeps_the_tier_that_its_screening_gave_it(text: str, status: str, tier: str) -> None:
    row = Post.objects.get(id=build.post(text).id)
    assert (row.status, row.tier) == (status, tier)


def approve(client: Client, flag: Flag, reason: str) -> None:
    said = {"outcome": "approve", "policy": "crisis", "reason": reason, "version": 1, "danger": "no"}
    client.post(f"/moderation/flags/{flag.id}/decide", said)


def confirm(client: Client, flag: Flag, *, by: User) -> None:
    """What takes two."""
    client.force_login(by)
    client.post(f"/moderation/flags/{flag.id}/answer", {"answer": "confirm", "version": 2})


def test_a_moderator_who_releases_a_post_releases_it_with_its_level(cast: Cast, client: Client) -> None:
    row = build.post(build.URGENT_POST)
    Post.objects.filter(id=row.id).update(level=Level.PLAN)
    client.force_login(cast.ash)
    flag = Flag.objects.get()
    approve(client, flag, "A lead is in touch.")
    confirm(client, flag, by=cast.birch)
    row.refresh_from_db()
    assert (row.status, row.level, row.tier) == ("waiting", Level.PLAN, "urgent")


@pytest.mark.parametrize(
    "broken",
    [
        {"level": 5},
        {"tier": "calm"},
        {"status": "held", "tier": "review"},
        {"level": 3, "status": "waiting", "approval": None},
        {"level": 4, "status": "answered", "approval": None},
    ],
)
def test_the_database_itself_refuses_a_post_whose_triage_makes_no_sense(broken: dict[str, Any]) -> None:
    row = build.post()
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.filter(id=row.id).update(**broken)


def test_a_tier_is_raised_and_never_lowered() -> None:
    row = build.post()
    assert row.raise_tier(Tier.URGENT)
    assert not row.raise_tier(Tier.REVIEW)
    assert not row.raise_tier(Tier.NONE)
    row.refresh_from_db()
    assert row.tier == "urgent"


# The page


@pytest.mark.parametrize("level", Level)
def test_the_page_says_the_level_in_words_and_that_it_is_no_diagnosis(cast: Cast, client: Client, level: Level) -> None:
    draft = build.draft(cast.wren, level=level)
    client.force_login(cast.wren)
    page = page_of(client, draft)
    assert f"Level {int(level)} · {triage.LEVEL_WORDS[level]}" in page
    assert triage.NOT_A_DIAGNOSIS in page
    assert (PLAIN_QUESTION in page) == (level >= Level.PASSIVE)
    assert ("Name somebody they can turn to" in page) == (level >= Level.ACTIVE)
    assert ("A moderator reads this reply before it leaves." in page) == (level >= Level.METHOD)
    assert ("Hand over to a lead" in page) == (level >= Level.PLAN)


def test_the_page_of_a_post_that_nothing_flagged_shows_no_badge(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren)
    client.force_login(cast.wren)
    page = page_of(client, draft)
    assert "Level" not in page
    assert PLAIN_QUESTION not in page


def test_the_model_drafts_for_no_post_of_a_level_above_one(cast: Cast, client: Client) -> None:
    client.force_login(cast.birch)  # a lead may ask for a draft
    Worker.objects.create(name="here", seen_at=timezone.now(), model="fake")
    for level in Level:
        draft = build.draft(cast.birch, text="", level=level)
        answer = generate(client, draft)
        assert answer.status_code == (202 if level < Level.ACTIVE else 403), level
        assert ("The model does not draft here" in page_of(client, draft)) == (level >= Level.ACTIVE)
        if level >= Level.ACTIVE:
            assert answer.json()["error"] == "level"


# The reply


@pytest.mark.parametrize("level", [Level.METHOD, Level.PLAN])
def test_a_reply_to_a_post_of_high_level_waits_for_a_moderator(cast: Cast, client: Client, level: Level) -> None:
    draft = build.draft(cast.wren, level=level)
    client.force_login(cast.wren)
    send(client, draft, build.KIND_DRAFT + " Are you thinking about suicide? You can ring your doctor any day.")
    reply = Reply.objects.get()
    flag = Flag.objects.get(reply=reply)
    assert (reply.status, flag.level) == ("held", level)
    assert triage.LEVEL_HOLD in flag.codes
    assert Finding.objects.filter(reply=reply, code=triage.LEVEL_HOLD).count() == 1
    client.force_login(cast.ash)
    approve(client, flag, "Warm and plain.")
    if level is Level.PLAN:
        assert Reply.objects.get().status == "held"
        confirm(client, flag, by=cast.birch)
    reply.refresh_from_db()
    assert reply.status == "sent"


def test_a_kind_reply_to_a_post_of_low_level_is_not_held_for_its_level(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, level=Level.PASSIVE)
    client.force_login(cast.wren)
    send(client, draft)
    assert not Finding.objects.filter(code=triage.LEVEL_HOLD).exists()


def test_without_a_policy_that_can_be_read_everything_is_handled_most_strictly(tmp_path: Any) -> None:
    with policy_in_force(tmp_path / "missing.toml"):
        handling = triage.handling(Level.NONE)
    assert handling.hold_reply
    assert not handling.may_generate


# Handing over


def test_handing_over_gives_the_post_to_a_lead_and_keeps_what_was_typed(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, level=Level.PLAN)
    client.force_login(cast.wren)
    text = build.KIND_DRAFT + " I am here."
    answer = client.post(f"/drafts/{draft.id}/hand-over", {"text": text, "base": draft.head_number})
    assert answer.status_code == 302
    draft.refresh_from_db()
    post = Post.objects.get()
    assert (draft.status, post.status, post.approval, post.leased_by) == ("set_aside", "held", None, None)
    assert build.head_of(draft).text == text
    flag = Flag.objects.get(raised_by=cast.wren)
    assert (flag.escalated, flag.severity, flag.codes) == (True, 3, [triage.HANDED_OVER])
    assert Escalation.objects.get().flag == flag
    assert AuditEvent.objects.filter(action="post.handed_over").count() == 1
    client.force_login(cast.robin)
    client.post("/posts/next")
    assert not Draft.objects.filter(author=cast.robin).exists()  # nobody else is asked meanwhile


def test_a_lead_sees_what_was_handed_over_and_a_moderator_does_not(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, level=Level.PLAN)
    actions.hand_over_post(draft, by=cast.wren)
    address = f"/moderation/flags/{Flag.objects.get(raised_by=cast.wren).id}/"
    client.force_login(cast.ash)
    assert client.get(address).status_code == 404
    client.force_login(cast.birch)
    page = build.read(client.get(address))
    assert triage.REASONS[triage.HANDED_OVER] in page


def test_a_second_click_on_handing_over_changes_nothing_more(cast: Cast, client: Client) -> None:
    draft = build.draft(cast.wren, level=Level.PLAN)
    client.force_login(cast.wren)
    client.post(f"/drafts/{draft.id}/hand-over")
    assert client.post(f"/drafts/{draft.id}/hand-over").status_code == 409
    assert Flag.objects.filter(raised_by=cast.wren).count() == 1
    assert Escalation.objects.count() == 1


def test_a_worry_and_then_a_hand_over_are_one_flag_with_both_reasons(cast: Cast) -> None:
    draft = build.draft(cast.wren, level=Level.PLAN)
    actions.worry(draft.post, by=cast.wren)
    actions.hand_over_post(draft, by=cast.wren)
    flag = Flag.objects.get(raised_by=cast.wren)
    assert flag.codes == [triage.HANDED_OVER, triage.WORRIED]
    assert (flag.severity, flag.escalated) == (3, True)


def test_every_code_of_triage_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "safety.md").read_text(encoding="utf-8")
    documented = set(
        re.findall(r"^\| [^|`]+ \| `((?:person|sample|second_reader|triage)\.[a-z_]+)` \|", page, re.MULTILINE)
    )
    assert documented == set(triage.REASONS)


def test_whoever_may_be_in_danger_is_answered_first_and_then_whoever_waited_longest(cast: Cast) -> None:
    calm, passive, wishes, plan = (build.post_of_level(level) for level in (0, 1, 2, 4))
    given = []
    for _ in range(4):
        draft = actions.take_next_post(cast.wren)
        assert draft is not None
        given.append(draft.post)
        actions.give_back_post(draft, by=cast.wren)
    assert given == [plan, wishes, calm, passive]
