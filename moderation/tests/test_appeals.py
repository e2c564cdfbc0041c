"""A supporter may ask once for another look; somebody else than who decided answers."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from assistant.actions import Refused, send_reply, take_next_post
from assistant.models import Draft, Post, Reply
from moderation.actions import appeal, decide
from moderation.models import Appeal, Decision, Flag
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.test import Cast
from webapp.tests.stage import held_reply

pytestmark = pytest.mark.django_db
ASKED = "It is about myself, not about them."


def decided_reply(cast: Cast, outcome: str) -> Reply:
    reply = held_reply(cast.wren)
    edited = build.KIND_DRAFT if outcome == "edit" else ""
    decide_on(Flag.objects.get(reply=reply), outcome, cast.ash, edited_text=edited)
    return Reply.objects.select_related("case", "draft").get(id=reply.id)


def decide_on(flag: Flag, outcome: str, by: Any, **fields: Any) -> Decision:
    reason = "I read it otherwise."
    made = decide(flag, outcome=outcome, policy="dismissal", by=by, reason=reason, seen=flag.version, **fields)
    assert isinstance(made, Decision)
    return made


def asked(reply: Reply, cast: Cast) -> Flag:
    return appeal(reply, words=ASKED, by=cast.wren).flag


def states(reply: Reply) -> tuple[str, str, str]:
    row = Reply.objects.select_related("draft__post").get(id=reply.id)
    return row.status, row.draft.status, row.draft.post.status


@pytest.mark.parametrize("outcome", ["edit", "return", "reject"])
def test_the_page_of_the_reply_says_what_was_decided_and_takes_the_appeal(
    cast: Cast, client: Client, outcome: str
) -> None:
    reply = decided_reply(cast, outcome)
    client.force_login(cast.wren)
    page = build.read(client.get(f"/replies/{reply.id}/"))
    assert "I read it otherwise." in page
    assert "By the policy “Dismissal”" in page
    assert "ash" not in page.split("Your reply")[1]
    assert client.post(f"/moderation/replies/{reply.id}/appeal", {"words": ASKED}).status_code == 302
    page = build.read(client.get(f"/replies/{reply.id}/"))
    assert "You asked for another look." in page
    assert "Ask for another look" not in page
    again = client.post(f"/moderation/replies/{reply.id}/appeal", {"words": ASKED})
    assert again.status_code == 409
    assert Appeal.objects.get().words == ASKED


def test_whoever_decided_cannot_answer_and_does_not_see_it_in_the_queue(cast: Cast, client: Client) -> None:
    flag = asked(decided_reply(cast, "reject"), cast)
    client.force_login(cast.ash)
    assert client.get("/moderation/").context["flags"] == []
    assert client.get(f"/moderation/flags/{flag.id}/").status_code == 404
    with pytest.raises(Refused) as refused:
        decide_on(flag, "uphold", cast.ash)
    assert refused.value.code == "not_yours"
    client.force_login(cast.birch)
    assert len(client.get("/moderation/").context["flags"]) == 1
    page = build.read(client.get(f"/moderation/flags/{flag.id}/"))
    assert ASKED in page
    assert "ash decided: reject · Dismissal" in page
    decide_on(flag, "uphold", cast.birch)
    client.force_login(cast.ash)
    assert client.get(f"/moderation/flags/{flag.id}/").status_code == 200  # the answer is theirs to learn from


def test_its_author_cannot_answer_it_either(cast: Cast) -> None:
    reply = decided_reply(cast, "reject")
    cast.wren.groups.set(cast.birch.groups.all())
    author = type(cast.wren).objects.get(id=cast.wren.id)
    with pytest.raises(Refused) as refused:
        decide_on(asked(reply, cast), "overturn", author)
    assert refused.value.code == "not_yours"


@pytest.mark.parametrize(
    ("first", "answer", "ends"),
    [
        ("reject", "uphold", ("withheld", "withheld", "waiting")),
        ("reject", "overturn", ("sent", "sent", "answered")),
        ("reject", "return", ("returned", "returned", "answered")),
        ("return", "uphold", ("returned", "returned", "answered")),
        ("return", "overturn", ("sent", "sent", "answered")),
        ("edit", "uphold", ("sent", "sent", "answered")),
        ("edit", "overturn", ("sent", "sent", "answered")),
    ],
)
def test_the_answer_is_carried_out(
    cast: Cast, client: Client, first: str, answer: str, ends: tuple[str, str, str]
) -> None:
    reply = decided_reply(cast, first)
    decision = decide_on(asked(reply, cast), answer, cast.birch)
    assert states(reply) == ends
    after_all = answer == "overturn" and first != "edit"
    assert (Reply.objects.get(id=reply.id).approval == decision.id) is after_all
    client.force_login(cast.wren)
    page = build.read(client.get(f"/replies/{reply.id}/"))
    assert "Another moderator looked again" in page
    assert ("it is sent as you wrote it" in page) is after_all
    assert Flag.objects.filter(status="open").count() == 0


@pytest.mark.parametrize("taken", ["leased", "answered", "closed"])
def test_a_reply_whose_place_is_taken_is_not_sent_beside_another(cast: Cast, taken: str) -> None:
    reply = decided_reply(cast, "reject")
    flag = asked(reply, cast)
    if taken == "leased":
        assert take_next_post(cast.robin) is not None
    elif taken == "answered":
        Post.objects.filter(id=reply.draft.post_id).update(status="answered")
    else:
        Post.objects.filter(id=reply.draft.post_id).update(status="closed")
    with pytest.raises(Refused) as refused:
        decide_on(flag, "return", cast.birch)
    assert refused.value.code == "unfit_outcome"
    decide_on(flag, "overturn", cast.birch)
    assert Reply.objects.get(id=reply.id).status == "withheld"  # they were right, and it is too late


def test_a_returned_reply_that_was_written_anew_is_not_sent_as_well(cast: Cast) -> None:
    reply = decided_reply(cast, "return")
    flag = asked(reply, cast)
    draft = Draft.objects.get(id=reply.draft_id)
    send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    decide_on(flag, "overturn", cast.birch)
    assert sorted(Reply.objects.values_list("status", flat=True)) == ["held", "returned"]


def test_nothing_is_appealed_before_it_is_decided_or_when_it_was_sent_as_it_was(cast: Cast) -> None:
    reply = held_reply(cast.wren)
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            appeal(reply, words=ASKED, by=cast.wren)
        assert refused.value.code == "nothing_to_appeal"
        if reply.status == "held":
            decide_on(Flag.objects.get(reply=reply), "approve", cast.ash)
            reply.refresh_from_db()


def test_another_persons_reply_is_not_there(cast: Cast, client: Client) -> None:
    reply = decided_reply(cast, "reject")
    client.force_login(cast.robin)
    assert client.post(f"/moderation/replies/{reply.id}/appeal", {"words": ASKED}).status_code == 404
    client.force_login(build.person("elm", Role.MODERATOR))
    assert client.post(f"/moderation/replies/{reply.id}/appeal", {"words": ASKED}).status_code == 403


def test_an_appeal_without_words_comes_back(cast: Cast, client: Client) -> None:
    reply = decided_reply(cast, "reject")
    client.force_login(cast.wren)
    answer = client.post(f"/moderation/replies/{reply.id}/appeal", {"words": "  "})
    assert answer.status_code == 422
    assert Appeal.objects.count() == 0
    assert 'role="alert"' in answer.content.decode()
