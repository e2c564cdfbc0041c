"""What somebody who is deactivated, or whose roles end, had in hand goes back to where others find it."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from assistant import actions
from assistant.actions import Refused
from assistant.models import AuditEvent, Draft, Post, Reply
from assistant.models.clock import from_now
from assistant.safety.types import Level
from moderation.actions import answer_proposal, decide, take_hand_over
from moderation.actions.claims import claim_flag
from moderation.models import Alert, Decision, Delivery, Escalation, Flag
from webapp import test as build
from webapp.accounts.models import Invitation
from webapp.accounts.people import change_roles, deactivate, invite, reactivate
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


# Alerts and hand-overs


def taken_hand_over(cast: Cast) -> Escalation:
    """Of wren's; birch has it, and hazel could."""
    build.person("hazel", Role.LEAD)
    actions.hand_over_post(build.draft(cast.wren, level=4), by=cast.wren)
    row = Escalation.objects.get()
    take_hand_over(row, by=cast.birch)
    return row


def told_now(alert: Alert) -> list[str]:
    rows = Delivery.objects.filter(alert=alert, epoch=alert.epoch, channel=Delivery.Channel.IN_APP)
    return sorted(row.person.username for row in rows if row.person)


def page_of(person: object) -> str:
    client = Client()
    client.force_login(person)  # type: ignore[arg-type]
    return build.read(client.get("/posts/"))


def is_with_nobody(row: Escalation, cast: Cast) -> None:
    row.refresh_from_db()
    alert = Alert.objects.get(escalation=row)
    assert (row.acknowledged_by, row.acknowledged_at, alert.holder) == (None, None, None)
    assert told_now(alert) == ["hazel"]  # the lead that is left
    event = AuditEvent.objects.get(action="alert.given_up")
    assert (event.actor, event.object_id) == (str(cast.willow.pk), str(alert.id))
    assert "The post that you handed over waits for a lead." in page_of(cast.wren)


def test_a_hand_over_that_a_closed_account_had_is_told_to_others_at_once(cast: Cast) -> None:
    row = taken_hand_over(cast)
    assert "birch has the post that you handed over" in page_of(cast.wren)
    for _ in range(2):
        deactivate(cast.birch, by=cast.willow)
    is_with_nobody(row, cast)


def test_a_hand_over_is_told_to_others_when_who_has_it_may_not_take_one_any_more(cast: Cast) -> None:
    row = taken_hand_over(cast)
    change_roles(cast.birch, roles=[Role.MODERATOR], by=cast.willow)
    is_with_nobody(row, cast)


def test_an_alert_of_a_flag_is_given_up_with_its_claim_and_after_it_ran_out(cast: Cast) -> None:
    for text in (build.URGENT_POST, build.URGENT_POST + " Soon."):
        claim_flag(Flag.objects.get(post=build.post(text)), by=cast.ash)
    Flag.objects.filter(id=Flag.objects.all()[0].id).update(claimed_until=from_now(-settings.CLAIM_LEASE))
    deactivate(cast.ash, by=cast.willow)
    assert set(Alert.objects.values_list("holder", flat=True)) == {None}
    assert all("birch" in told_now(alert) for alert in Alert.objects.all())
    assert Flag.objects.free().count() == 2


def test_other_roles_leave_what_one_may_still_decide(cast: Cast) -> None:
    row = taken_hand_over(cast)
    flag = Flag.objects.get(post=build.post(build.URGENT_POST))
    claim_flag(flag, by=cast.birch)
    change_roles(cast.birch, roles=[Role.CLINICIAN], by=cast.willow)
    row.refresh_from_db()
    assert row.acknowledged_by == cast.birch
    change_roles(cast.birch, roles=[Role.MODERATOR], by=cast.willow)
    flag.refresh_from_db()
    assert (flag.claimer(), Alert.objects.get(flag=flag).holder) == (cast.birch, cast.birch)
    change_roles(cast.birch, roles=[Role.SUPPORTER], by=cast.willow)
    flag.refresh_from_db()
    assert (flag.claimer(), Alert.objects.get(flag=flag).holder) == (None, None)


def test_who_may_not_decide_any_more_confirms_nothing(cast: Cast) -> None:
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY, level=Level.PLAN)
    flag = Flag.objects.get(reply=actions.send_reply(draft, by=cast.wren, revision=build.head_of(draft)))
    decide(flag, outcome="approve", policy="crisis", by=cast.ash, reason="Asks plainly.", seen=1)
    assert cast.birch.has_perm("moderation.decide_flags")  # as the page that they opened before found it
    change_roles(cast.birch, roles=[Role.SUPPORTER], by=cast.willow)
    with pytest.raises(Refused) as refused:
        answer_proposal(flag, confirmed=True, by=cast.birch, reason="", seen=2)
    assert refused.value.code == "not_yours"
    assert not Decision.objects.exists()
