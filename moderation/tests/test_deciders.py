"""A flag that nobody may decide is not made where that can be helped, and is told of where it cannot."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from assistant.models import Reply
from moderation import deciders, invariants
from moderation.actions import appeal, decide, escalate
from moderation.models import Alert, Escalation, Flag
from webapp import test as build
from webapp.accounts import people
from webapp.accounts.roles import Role
from webapp.test import Cast
from webapp.tests.stage import held_reply

pytestmark = pytest.mark.django_db


def hand_on(client: Client, flag: Flag) -> Any:
    said = {"outcome": "escalate", "reason": "I am too close to this.", "version": flag.version}
    return client.post(f"/moderation/flags/{flag.id}/decide", said)


def say(flag: Flag, outcome: str, by: Any) -> Any:
    flag.refresh_from_db()
    return decide(flag, outcome=outcome, policy="dismissal", by=by, reason="I read it.", seen=flag.version)


def appealed(cast: Cast, *, decided_by: Any) -> Flag:
    reply = held_reply(cast.wren)
    say(Flag.objects.get(reply=reply), "return", decided_by)
    asked = Reply.objects.select_related("case", "draft").get(id=reply.id)
    return appeal(asked, words="It is about myself.", by=cast.wren).flag


def told_of() -> int:
    return invariants.failing().get("flag_for_nobody", 0)


def test_the_reply_of_the_only_lead_is_not_escalated(cast: Cast, client: Client) -> None:
    flag = Flag.objects.get(reply=held_reply(cast.birch))
    client.force_login(cast.ash)
    answer = hand_on(client, flag)
    assert answer.status_code == 409
    assert "No lead could decide this" in build.read(answer)
    assert "I am too close to this." in build.read(answer)
    assert not Escalation.objects.exists()
    build.person("hazel", Role.CLINICIAN)
    assert hand_on(client, flag).status_code == 302
    assert Flag.objects.get().escalated


def test_an_appeal_against_the_only_lead_is_not_escalated(cast: Cast, client: Client) -> None:
    flag = appealed(cast, decided_by=cast.birch)
    client.force_login(cast.ash)
    assert hand_on(client, flag).status_code == 409
    assert Flag.objects.get(id=flag.id).is_open


def test_an_appeal_that_only_those_who_decided_could_answer_is_told_of(cast: Cast) -> None:
    people.change_roles(cast.birch, roles=[Role.SUPPORTER], by=cast.willow)
    appealed(cast, decided_by=cast.ash)
    assert invariants.check_and_tell() == {"flag_for_nobody": 1}
    alert = Alert.objects.get(kind=Alert.Kind.INVARIANT)
    assert {row.person.username for row in alert.deliveries.all() if row.person} == {"willow"}
    build.person("hazel", Role.MODERATOR)
    assert invariants.check_and_tell() == {}


def test_whoever_opens_one_that_nobody_may_decide_reads_what_to_do(cast: Cast, client: Client) -> None:
    clinician = build.person("hazel", Role.CLINICIAN)
    flag = Flag.objects.get(reply=held_reply(cast.birch))
    escalate(flag, by=cast.ash, reason="A lead.", seen=1)
    client.force_login(cast.birch)
    address, words = f"/moderation/flags/{flag.id}/", "Nobody here may decide this"
    assert words not in build.read(client.get(address))
    people.deactivate(clinician, by=cast.willow)
    assert words in build.read(client.get(address))
    assert told_of() == 1


def test_a_proposal_that_nobody_else_may_confirm_is_told_of(cast: Cast, client: Client) -> None:
    flag = Flag.objects.get(reply=held_reply(cast.wren, level=4))
    escalate(flag, by=cast.ash, reason="A lead.", seen=1)
    say(flag, "return", cast.birch)
    assert told_of() == 1
    client.force_login(cast.birch)
    assert "Nobody else here may confirm this" in build.read(client.get(f"/moderation/flags/{flag.id}/"))
    build.person("hazel", Role.LEAD)
    assert told_of() == 0


def test_where_nobody_decides_at_all_every_flag_waits_for_nobody(cast: Cast) -> None:
    build.post(build.URGENT_POST)
    held_reply(cast.wren)
    assert deciders.flags_for_nobody() == 0
    for person in (cast.ash, cast.birch):
        people.deactivate(person, by=cast.willow)
    assert deciders.flags_for_nobody() == 2
