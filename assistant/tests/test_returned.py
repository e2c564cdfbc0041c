"""A reply came back to its author, who leaves it: somebody else answers, and no post counts as answered that nobody answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assistant import actions, sweeper
from assistant.actions import Refused
from assistant.models import AuditEvent, Draft, Post, Reply
from moderation import actions as desk
from moderation import invariants
from moderation.models import Alert, Decision, Flag, Proposal
from webapp import test as build
from webapp.accounts.people import deactivate
from webapp.test import Cast
from webapp.tests.stage import held_reply

pytestmark = pytest.mark.django_db


def taken_back(reply: Reply, cast: Cast) -> None:
    actions.take_back_reply(reply, by=cast.wren)


def sent_back(reply: Reply, cast: Cast) -> None:
    decided(Flag.objects.get(reply=reply), "return", cast)


def decided(flag: Flag, outcome: str, cast: Cast, **fields: Any) -> Decision:
    said = {"outcome": outcome, "policy": "other", "reason": "Say first what they feel.", "closed_as": "fine"} | fields
    made: Any = desk.decide(flag, by=cast.ash, seen=flag.version, **said)
    if isinstance(made, Proposal):
        flag.refresh_from_db()
        made = desk.answer_proposal(flag, confirmed=True, by=cast.birch, reason="", seen=flag.version)
    assert isinstance(made, Decision)
    return made


BACK = pytest.mark.parametrize("come_back", [taken_back, sent_back])
Back = Callable[[Reply, Cast], None]


def came_back(cast: Cast, come_back: Back, level: int | None = None) -> Draft:
    reply = held_reply(cast.wren, level)
    for flag in Flag.objects.exclude(post=None):
        decided(flag, "close", cast)
    come_back(reply, cast)
    return Draft.objects.select_related("case", "post__case").get()


def time_runs_out() -> None:
    assert Post.objects.get().leased_until is not None
    Post.objects.update(leased_until=timezone.now() - timedelta(seconds=1))


@BACK
def test_it_is_kept_for_its_author_as_a_taken_post_is(cast: Cast, come_back: Back) -> None:
    draft = came_back(cast, come_back)
    sweeper.sweep()
    post = Post.objects.get()
    assert (post.status, post.leased_by) == ("answered", cast.wren)
    time_runs_out()
    actions.save_revision(draft, text=build.KIND_DRAFT, base=draft.head_number)  # whoever writes on keeps it
    sweeper.sweep()
    assert (Post.objects.get().status, Draft.objects.get().status) == ("answered", "returned")
    assert invariants.failing() == {}


@BACK
def test_when_it_was_left_the_post_goes_to_somebody_else_and_the_words_stay(cast: Cast, come_back: Back) -> None:
    draft = came_back(cast, come_back)
    time_runs_out()
    sweeper.sweep()
    assert (Post.objects.get().status, Draft.objects.get().status) == ("waiting", "writing")
    assert build.head_of(draft).text == build.HURTFUL_REPLY
    assert list(Post.objects.waiting_for(cast.robin)) == [draft.post]
    assert AuditEvent.objects.get(action="post.waits_again").outcome == "waiting"
    sweeper.sweep()
    assert AuditEvent.objects.filter(action="post.waits_again").count() == 1


@BACK
@pytest.mark.parametrize("level", [3, 4])
def test_at_a_high_level_a_moderator_looks_and_is_told(cast: Cast, come_back: Back, level: int) -> None:
    came_back(cast, come_back, level)
    assert not Flag.objects.exclude(post=None).filter(status="open").exists()
    time_runs_out()
    sweeper.sweep()
    post = Post.objects.get()
    assert (post.status, post.tier, post.leased_until) == ("held", "urgent", None)
    flag = Flag.objects.open().get(post=post)
    assert (flag.codes, flag.severity) == (["triage.left"], 3)
    assert Alert.objects.live().get(flag=flag).level == level
    assert invariants.failing() == {}
    client = Client()
    client.force_login(cast.ash)
    assert "came back to whoever wrote it, and was left" in build.read(client.get(f"/moderation/flags/{flag.id}/"))


def test_its_author_goes_on_as_long_as_nobody_else_has_the_post(cast: Cast) -> None:
    draft = came_back(cast, sent_back)
    time_runs_out()
    sweeper.sweep()
    draft.refresh_from_db()
    client = Client()
    client.force_login(cast.wren)
    assert "Say first what they feel." in build.read(client.get(f"/drafts/{draft.id}/"))
    head, _ = actions.save_revision(draft, text=build.KIND_DRAFT, base=draft.head_number)
    assert actions.take_next_post(cast.robin) is None
    actions.send_reply(draft, by=cast.wren, revision=head)
    assert Post.objects.get().status == "answered"


def test_who_comes_back_too_late_is_told_that_somebody_else_answers(cast: Cast) -> None:
    draft = came_back(cast, sent_back)
    time_runs_out()
    sweeper.sweep()
    other = actions.take_next_post(cast.robin)
    assert other is not None
    draft.refresh_from_db()
    head, _ = actions.save_revision(draft, text=build.KIND_DRAFT, base=draft.head_number)
    with pytest.raises(Refused) as refused:
        actions.send_reply(draft, by=cast.wren, revision=head)
    assert refused.value.code == "leased"
    first, _ = actions.save_revision(other, text=build.KIND_REVISION, base=0)
    actions.send_reply(other, by=cast.robin, revision=first)
    sweeper.sweep()
    assert Post.objects.get().status == "answered"


def test_an_appeal_still_sends_it_while_nobody_else_has_the_post(cast: Cast) -> None:
    came_back(cast, sent_back)
    reply = Reply.objects.get()
    flag = desk.appeal(reply, words="Please look again.", by=cast.wren).flag
    time_runs_out()
    sweeper.sweep()
    flag = Flag.objects.get(id=flag.id)
    desk.decide(flag, outcome="overturn", policy="other", by=cast.birch, reason="It is kind.", seen=flag.version)
    reply.refresh_from_db()
    assert (reply.status, Post.objects.get().status) == ("sent", "answered")


@BACK
def test_who_gives_it_back_lets_somebody_else_answer_at_once(cast: Cast, come_back: Back) -> None:
    draft = came_back(cast, come_back)
    client = Client()
    client.force_login(cast.wren)
    client.post(f"/drafts/{draft.id}/give-back")
    assert (Post.objects.get().status, Draft.objects.get().status) == ("waiting", "set_aside")


def test_who_leaves_with_a_reply_to_a_high_level_leaves_it_to_a_moderator(cast: Cast) -> None:
    came_back(cast, sent_back, level=4)
    deactivate(cast.wren, by=cast.willow)
    assert Post.objects.get().status == "held"
    assert Flag.objects.open().get(post__isnull=False).codes == ["triage.left"]


def test_undoing_the_return_holds_it_and_nothing_is_swept(cast: Cast) -> None:
    reply = held_reply(cast.wren)
    desk.undo(decided(Flag.objects.get(reply=reply), "return", cast), by=cast.ash)
    post = Post.objects.get()
    assert (post.status, post.leased_by) == ("answered", None)
    decided(Flag.objects.get(reply=reply), "reject", cast)
    assert actions.take_next_post(cast.robin) is not None  # no time of its author is left over


def test_what_slipped_through_is_found_and_waits_again(cast: Cast) -> None:
    came_back(cast, taken_back)
    Post.objects.update(leased_until=timezone.now() - timedelta(minutes=6))
    assert invariants.check_and_tell() == {"answered_without_reply": 1}
    assert Post.objects.get().status == "waiting"
    assert invariants.failing() == {}
    Post.objects.update(status="answered", leased_by=None, leased_until=None)  # and no draft came back
    Draft.objects.update(status="set_aside")
    assert invariants.check_and_tell() == {"answered_without_reply": 1}
    assert Post.objects.get().status == "waiting"
