"""What somebody who is deactivated had in hand goes back to where others find it."""

from __future__ import annotations

import pytest
from django.conf import settings

from assistant import actions
from assistant.models import AuditEvent, Draft, Post, Reply
from assistant.models.clock import from_now
from moderation.actions.claims import claim_flag
from moderation.models import Flag
from webapp import test as build
from webapp.accounts.models import Invitation
from webapp.accounts.people import deactivate, invite, reactivate
from webapp.accounts.roles import Role
from webapp.test import Cast

pytestmark = pytest.mark.django_db


def held_reply(author: object) -> Reply:
    draft = build.draft(author, text=build.HURTFUL_REPLY)  # type: ignore[arg-type]
    reply = actions.send_reply(draft, by=author, revision=build.head_of(draft))
    assert reply.status == Reply.Status.HELD
    return reply


def test_a_claim_is_back_in_the_queue_and_those_of_others_stay(cast: Cast) -> None:
    theirs, others = (Flag.objects.get(reply=held_reply(cast.wren)) for _ in range(2))
    claim_flag(theirs, by=cast.ash)
    claim_flag(others, by=cast.birch)
    deactivate(cast.ash, by=cast.willow)
    for flag, claimer in ((theirs, None), (others, cast.birch)):
        flag.refresh_from_db()
        assert flag.claimer() == claimer
        assert flag.is_open
    event = AuditEvent.objects.get(action="flag.claim_ended")
    assert (event.actor, event.object_id) == (str(cast.willow.pk), str(theirs.id))
    assert theirs.claim(cast.birch, until=from_now(settings.CLAIM_LEASE))


def test_a_post_that_was_written_to_waits_for_somebody_else_at_once(cast: Cast) -> None:
    draft, others = build.draft(cast.wren), build.draft(cast.robin)
    deactivate(cast.wren, by=cast.willow)
    draft.refresh_from_db()
    assert draft.status == Draft.Status.SET_ASIDE
    assert build.head_of(draft).text == build.KIND_DRAFT
    assert actions.take_post(draft.post, cast.robin) is not None
    others.refresh_from_db()
    assert others.status == Draft.Status.WRITING
    event = AuditEvent.objects.get(action="post.given_back")
    assert (event.actor, event.object_id) == (str(cast.willow.pk), str(draft.post_id))


def test_a_reply_that_was_returned_leaves_its_post_to_somebody_else(cast: Cast) -> None:
    reply = held_reply(cast.wren)
    actions.return_reply(reply, note="Kinder, please.")
    deactivate(cast.wren, by=cast.willow)
    assert Post.objects.get(id=reply.draft.post_id).status == Post.Status.WAITING
    assert Draft.objects.get(id=reply.draft_id).status == Draft.Status.SET_ASIDE
    assert actions.take_post(reply.draft.post, cast.robin) is not None


def test_what_was_sent_or_waits_for_a_moderator_stays(cast: Cast) -> None:
    held = held_reply(cast.wren)
    deactivate(cast.wren, by=cast.willow)
    held.refresh_from_db()
    assert held.status == Reply.Status.HELD
    assert Flag.objects.get(reply=held).is_open


def test_the_second_click_hands_nothing_back_twice_and_coming_back_takes_nothing(cast: Cast) -> None:
    draft = build.draft(cast.wren)
    invite([Role.SUPPORTER], by=cast.wren)
    for _ in range(2):
        deactivate(cast.wren, by=cast.willow)
    reactivate(cast.wren, by=cast.willow)
    assert AuditEvent.objects.filter(action="post.given_back").count() == 1
    assert not Invitation.objects.open().filter(invited_by=cast.wren).exists()
    assert Draft.objects.get(id=draft.id).status == Draft.Status.SET_ASIDE
