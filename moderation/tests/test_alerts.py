"""Alerts as rows: whom they reach, by which clock, and when they stop. The clock is the test's."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from assistant import actions as writing
from assistant.actions import Refused
from assistant.models import AuditEvent, Post
from moderation import actions, alert_page, duty, invariants, notifier
from moderation.actions import alerts
from moderation.models import SECOND, Alert, Decision, Delivery, Escalation, Flag, NotifierBeat, Proposal
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.test import Cast
from webapp.tests.stage import held_reply

pytestmark = pytest.mark.django_db

KIND, CHANNEL = Alert.Kind, Delivery.Channel


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def on_duty(person: Any, line: str, place: int = 1) -> None:
    now = timezone.now()
    actions.add_shift(
        person=person,
        line=line,
        place=place,
        starts_at=now - minutes(5),
        ends_at=now + timedelta(days=1),
        weeks=1,
        by=person,
    )


def urgent() -> Alert:
    build.post(build.URGENT_POST)
    return Alert.objects.get()


def told(alert: Alert, step: int | None = None) -> set[str]:
    """Names of those whose page was to show it, in the present epoch."""
    alert.refresh_from_db()
    rows = alert.deliveries.filter(channel=CHANNEL.IN_APP, epoch=alert.epoch)
    return {row.person.username for row in rows.filter(step=alert.step if step is None else step) if row.person}


def after(alert: Alert, count: float) -> datetime:
    alert.refresh_from_db()
    return alert.since + minutes(count)


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


# Beginning


def test_a_post_of_level_four_has_its_alert_in_the_same_transaction(cast: Cast) -> None:
    on_duty(cast.birch, "lead")
    with transaction.atomic():
        build.post(build.URGENT_POST)
        assert Alert.objects.count() == 1
        transaction.set_rollback(True)
    assert (Alert.objects.count(), Flag.objects.count(), Post.objects.count()) == (0, 0, 0)
    alert = urgent()
    assert (alert.kind, alert.level, told(alert)) == (KIND.FLAG, 4, {"birch"})


def test_the_policy_says_which_lines_are_told(cast: Cast) -> None:
    on_duty(cast.ash, "moderator")
    on_duty(cast.birch, "lead")
    assert told(urgent()) == {"ash", "birch"}
    build.post("I want to die and I cut myself again.")  # level 2
    of_level_two = Alert.objects.exclude(level=4).get()
    assert (of_level_two.level, told(of_level_two)) == (2, {"ash"})


def test_a_calm_post_tells_nobody_and_a_sample_neither(cast: Cast) -> None:
    build.post(build.CALM_POST, draw=build.drawn)
    assert Flag.objects.count() == 1
    assert not Alert.objects.exists()


def test_nobody_on_duty_means_all_leads_at_once(cast: Cast) -> None:
    clinician = build.person("linden", Role.CLINICIAN)
    assert duty.nobody_takes_hand_overs()
    assert told(urgent()) == {cast.birch.username, clinician.username}


def quiet_now(*names: str) -> None:
    """From an hour ago to an hour from now, by the clock of the site."""
    now = timezone.localtime()
    times = {"quiet_from": (now - minutes(60)).time(), "quiet_until": (now + minutes(60)).time()}
    User.objects.filter(username__in=names).update(**times)


def test_a_lead_in_their_quiet_hours_is_told_last_and_one_on_duty_at_once(cast: Cast) -> None:
    build.person("hazel", Role.LEAD)
    quiet_now("hazel")
    assert told(urgent()) == {"birch"}
    Alert.objects.all().delete()
    on_duty(User.objects.get(username="hazel"), "lead")
    assert told(urgent()) == {"hazel"}


def test_where_all_have_quiet_hours_they_are_told_at_once(cast: Cast) -> None:
    quiet_now("birch", "willow")
    assert told(urgent()) == {"birch", "willow"}


def test_whoever_lost_the_role_is_not_on_duty_any_more(cast: Cast) -> None:
    on_duty(cast.birch, "lead")
    assert not duty.nobody_takes_hand_overs()
    cast.birch.groups.clear()
    assert duty.nobody_takes_hand_overs()


def test_a_worry_that_cannot_wait_is_told_to_leads_whatever_the_rules_found(cast: Cast) -> None:
    on_duty(cast.birch, "lead")
    draft = build.draft(cast.wren)
    writing.worry(draft.post, by=cast.wren)
    assert not Alert.objects.exists()
    writing.worry(draft.post, by=cast.wren, now=True)
    alert = Alert.objects.get()
    assert (alert.level, told(alert)) == (3, {"birch"})


def test_a_hand_over_is_told_to_those_who_can_take_it(cast: Cast) -> None:
    on_duty(cast.ash, "moderator")
    on_duty(cast.birch, "lead")
    writing.hand_over_post(build.draft(cast.wren, level=4), by=cast.wren)
    alert = Alert.objects.get()
    assert (alert.kind, alert.level, told(alert)) == (KIND.HAND_OVER, 4, {"birch"})


# The ladder


def test_it_climbs_from_who_is_on_duty_to_everybody(cast: Cast) -> None:
    elm = build.person("elm", Role.MODERATOR)
    on_duty(cast.ash, "moderator")
    on_duty(elm, "moderator", place=2)
    alert = urgent()
    expected = [
        (1.9, {"ash"}),
        (2, {"ash"}),
        (4, {"ash", "elm"}),
        (5, {"birch"}),
        (7, {"willow"}),
        (12, {"ash", "elm", "birch", "willow"}),
        (17, {"ash", "elm", "birch", "willow"}),
    ]
    for minute, names in expected:
        alerts.advance(now=after(alert, minute))
        assert told(alert) == names, minute
    assert AuditEvent.objects.filter(action="alert.step").count() == 6


def test_looking_twice_at_the_same_time_tells_nobody_twice(cast: Cast) -> None:
    alert = urgent()
    at = after(alert, 2)
    assert [alerts.advance(now=at), alerts.advance(now=at)] == [1, 0]
    assert alert.deliveries.filter(step=1).count() == len(told(alert))


def test_who_claims_the_flag_has_the_alert_and_the_clock_runs_for_an_outcome(cast: Cast) -> None:
    alert = urgent()
    actions.claim_flag(Flag.objects.get(), by=cast.birch)
    alert.refresh_from_db()
    assert alert.holder == cast.birch
    assert alerts.advance(now=after(alert, 4.9)) == 0
    assert alerts.advance(now=after(alert, 5)) == 1
    assert told(alert) == {"birch"}  # the only lead, who has it
    alerts.advance(now=after(alert, 7))
    assert told(alert) == {"birch", "willow"}


def test_renewing_a_claim_does_not_turn_the_clock_back(cast: Cast) -> None:
    alert = urgent()
    actions.claim_flag(Flag.objects.get(), by=cast.birch)
    alert.refresh_from_db()
    epoch = alert.epoch
    actions.claim_flag(Flag.objects.get(), by=cast.birch)
    alert.refresh_from_db()
    assert alert.epoch == epoch


def test_who_lets_somebody_else_take_it_starts_it_anew(cast: Cast) -> None:
    on_duty(cast.ash, "moderator")
    alert = urgent()
    flag = Flag.objects.get()
    actions.claim_flag(flag, by=cast.birch)
    assert told(alert) == set()
    actions.end_claim(flag, by=cast.birch)
    alert.refresh_from_db()
    assert (alert.holder, told(alert)) == (None, {"ash"})


@pytest.mark.parametrize("act", [actions.end_claim, actions.pass_flag])
def test_who_lets_it_go_after_their_claim_ran_out_leaves_no_alert_with_themselves(cast: Cast, act: Any) -> None:
    on_duty(cast.ash, "moderator")
    alert = urgent()
    flag = Flag.objects.get()
    actions.claim_flag(flag, by=cast.birch)
    Flag.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    act(flag, by=cast.birch)
    alert.refresh_from_db()
    assert (alert.holder, told(alert)) == (None, {"ash"})


def test_letting_go_of_what_somebody_else_took_since_takes_nothing_from_them(cast: Cast) -> None:
    alert = urgent()
    flag = Flag.objects.get()
    actions.claim_flag(flag, by=cast.ash)
    Flag.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    actions.claim_flag(flag, by=cast.birch)
    actions.pass_flag(flag, by=cast.ash)
    alert.refresh_from_db()
    assert alert.holder == cast.birch


def decided_by_two(cast: Cast, outcome: str, *, danger: bool) -> None:
    """At level 4 it takes two."""
    flag = Flag.objects.get()
    said: dict[str, Any] = {"outcome": outcome, "policy": "crisis", "reason": "Somebody writes now.", "danger": danger}
    actions.decide(flag, by=cast.ash, seen=flag.version, **said)
    flag.refresh_from_db()
    actions.answer_proposal(flag, confirmed=True, by=cast.birch, reason="", seen=flag.version)


@pytest.mark.parametrize("outcome", ["approve", "reject"])
def test_a_decision_ends_it_where_nobody_is_in_danger(cast: Cast, outcome: str) -> None:
    alert = urgent()
    decided_by_two(cast, outcome, danger=False)
    assert alerts.advance(now=after(alert, 60)) == 0
    assert alerts.close_finished() == 1
    assert not Alert.objects.live().exists()
    assert not Escalation.objects.exists()


@pytest.mark.parametrize("outcome", ["approve", "reject"])
def test_whatever_is_decided_a_lead_has_somebody_in_danger_until_it_has_ended(cast: Cast, outcome: str) -> None:
    on_duty(cast.birch, "lead")
    urgent()
    decided_by_two(cast, outcome, danger=True)
    row = Escalation.objects.get()
    alert = Alert.objects.live().get()
    assert (alert.kind, alert.escalation_id, alert.level, told(alert)) == ("hand_over", row.id, 4, {"birch"})
    assert row.reason == "Somebody writes now."
    assert alerts.advance(now=after(alert, 5)) == 1
    lead = client_of(cast.birch)
    lead.post(f"/moderation/hand-overs/{row.id}/take")
    lead.post(f"/moderation/hand-overs/{row.id}/end", {"outcome": "answered", "note": "We spoke with her."})
    assert not Alert.objects.live().exists()


def test_a_lead_has_them_although_the_post_was_released_through_another_flag_meanwhile(cast: Cast) -> None:
    post = build.post(build.URGENT_POST)
    writing.worry(post, by=cast.wren)
    worried, found = Flag.objects.get(raised_by=cast.wren), Flag.objects.get(raised_by=None)
    said: dict[str, Any] = {"policy": "crisis", "reason": "Read twice.", "by": cast.ash, "seen": 1}
    actions.decide(worried, outcome="reject", danger=True, **said)
    actions.decide(found, outcome="approve", danger=False, **said)
    for flag in (found, worried):
        flag.refresh_from_db()
        answered(flag, cast.birch, confirmed=True)
    assert Post.objects.get().status == "closed"
    assert Escalation.objects.get().flag == worried


@pytest.mark.parametrize("closed", [True, False])
def test_an_undone_decision_is_told_of_again(cast: Cast, closed: bool) -> None:
    """Whether the alert was closed meanwhile, which happens every few seconds, or not."""
    on_duty(cast.ash, "moderator")
    urgent()
    decided_by_two(cast, "approve", danger=False)
    if closed:
        alerts.close_finished()
    actions.undo(Decision.objects.get(), by=cast.birch)
    assert told(Alert.objects.live().get()) == {"ash"}


def escalated_reply(cast: Cast) -> Flag:
    flag = Flag.objects.get(reply=held_reply(cast.wren))
    actions.escalate(flag, by=cast.ash, reason="A lead should see this.", seen=flag.version)
    flag.refresh_from_db()
    return flag


def returned(flag: Flag, by: Any) -> Decision:
    decision = actions.decide(flag, outcome="return", policy="dismissal", by=by, reason="Unkind.", seen=flag.version)
    assert isinstance(decision, Decision)
    return decision


@pytest.mark.parametrize("closed", [True, False])
def test_an_undone_decision_on_an_escalated_reply_tells_a_lead_of_it_again(cast: Cast, closed: bool) -> None:
    on_duty(cast.birch, "lead")
    flag = escalated_reply(cast)
    actions.claim_flag(flag, by=cast.birch)
    decision = returned(flag, cast.birch)
    if closed:
        alerts.close_finished()
    actions.undo(decision, by=cast.birch)
    alert = Alert.objects.live().get()
    assert (alert.kind, alert.holder, told(alert)) == (KIND.HAND_OVER, None, {"birch"})
    assert alerts.advance(now=after(alert, 60)) == 1
    row = Escalation.objects.get()
    assert row.acknowledged_by is None
    actions.take_hand_over(row, by=cast.birch)
    assert Alert.objects.live().get().holder == cast.birch


def test_an_open_hand_over_whose_alert_ended_is_told_of_in_the_next_minute(cast: Cast) -> None:
    escalated_reply(cast)
    Alert.objects.update(closed_at=timezone.now())
    assert invariants.check_and_tell() == {"flag_without_alert": 1}
    assert told(Alert.objects.live().get(kind=KIND.HAND_OVER)) == {"birch"}
    assert invariants.failing() == {}


def test_escalating_ends_what_moderators_were_told_and_begins_what_leads_are(cast: Cast) -> None:
    on_duty(cast.ash, "moderator")
    on_duty(cast.birch, "lead")
    first = urgent()
    flag = Flag.objects.get()
    actions.escalate(flag, by=cast.ash, reason="A lead should take this.", seen=flag.version)
    second = Alert.objects.live().get()
    assert second != first
    assert (second.kind, told(second)) == (KIND.HAND_OVER, {"birch"})


# The second person


def proposed(by: Any, text: str = build.URGENT_POST) -> tuple[Flag, Alert]:
    """By somebody who reviewed it, so that they had the alert until then."""
    flag = Flag.objects.get(post=build.post(text))
    actions.claim_flag(flag, by=by)
    said = actions.decide(
        flag, outcome="approve", policy="crisis", by=by, reason="Somebody writes now.", danger=False, seen=1
    )
    assert isinstance(said, Proposal)
    flag.refresh_from_db()
    return flag, Alert.objects.live().get(flag=flag)


def answered(flag: Flag, by: Any, *, confirmed: bool) -> None:
    actions.answer_proposal(flag, confirmed=confirmed, by=by, reason="It does not ask.", seen=flag.version)


def test_those_who_may_confirm_are_told_at_once_and_the_page_says_what_waits(cast: Cast) -> None:
    on_duty(cast.ash, "moderator")
    on_duty(build.person("elm", Role.MODERATOR), "moderator", place=2)
    on_duty(cast.birch, "lead")
    _flag, alert = proposed(cast.ash)
    assert (alert.holder, told(alert), AuditEvent.objects.latest("seq").actor) == (
        None,
        {"elm", "birch"},
        str(cast.ash.pk),
    )
    for person, url in ((cast.birch, f"/moderation/flags/{alert.flag_id}/"), (cast.ash, "")):
        page = client_of(person).get("/moderation/alerts/").content.decode()
        assert ("Level 4: a decision waits for a second person" in page) == bool(url)
        assert "a post waits" not in page
        assert url in page
    assert "a decision waits for a second person" in build.read(client_of(cast.ash).get("/moderation/duty/"))


def test_the_proposal_and_its_alert_stand_or_fall_together(cast: Cast) -> None:
    build.post(build.URGENT_POST)
    first = Alert.objects.get()
    with transaction.atomic():
        actions.decide(
            Flag.objects.get(), outcome="approve", policy="crisis", by=cast.ash, reason="Read.", danger=False, seen=1
        )
        assert Alert.objects.live().get() != first
        transaction.set_rollback(True)
    assert Alert.objects.live().get() == first


def test_it_climbs_like_every_alert_and_never_to_who_proposed_it(cast: Cast) -> None:
    on_duty(cast.ash, "moderator")
    on_duty(cast.birch, "lead")
    _flag, alert = proposed(cast.birch)
    assert told(alert) == {"ash"}
    for minute, names in [(2, {"ash"}), (4, {"ash"}), (5, {"ash"}), (7, {"willow"}), (12, {"ash", "willow"})]:
        alerts.advance(now=after(alert, minute))
        assert told(alert) == names, minute


def test_where_the_only_lead_proposed_it_and_nobody_is_on_duty_every_moderator_is_told(cast: Cast) -> None:
    build.person("elm", Role.MODERATOR)
    _flag, alert = proposed(cast.birch)
    assert told(alert) == {"ash", "elm"}


def test_the_author_of_the_reply_is_not_told_either(cast: Cast) -> None:
    hazel = build.person("hazel", Role.LEAD)
    draft = build.draft(hazel, text=build.HURTFUL_REPLY, level=4)
    reply = writing.send_reply(draft, by=hazel, revision=build.head_of(draft))
    flag = Flag.objects.get(reply=reply)
    actions.decide(flag, outcome="return", policy="dismissal", by=cast.ash, reason="It blames.", seen=1)
    assert told(Alert.objects.live().get(flag=flag)) == {"birch"}


def test_who_proposed_it_does_not_have_it_by_claiming_the_flag_again(cast: Cast) -> None:
    flag, alert = proposed(cast.ash)
    actions.claim_flag(flag, by=cast.ash)
    alert.refresh_from_db()
    assert (alert.holder, told(alert)) == (None, {"birch"})
    actions.end_claim(flag, by=cast.ash)
    actions.claim_flag(flag, by=cast.birch)
    alert.refresh_from_db()
    assert alert.holder == cast.birch


def test_confirming_ends_it(cast: Cast) -> None:
    flag, alert = proposed(cast.ash)
    answered(flag, cast.birch, confirmed=True)
    assert not Alert.objects.live().exists()
    assert alerts.advance(now=after(alert, 60)) == 0
    assert alerts.close_finished() == 1


def test_refused_it_waits_for_a_decision_and_is_told_anew(cast: Cast) -> None:
    on_duty(cast.ash, "moderator")
    flag, _alert = proposed(cast.ash)
    answered(flag, cast.birch, confirmed=False)
    anew = Alert.objects.live().get()
    assert (anew.code, told(anew)) == ("", {"ash"})
    assert "Level 4: a post waits" in build.read(client_of(cast.ash).get("/moderation/alerts/"))
    assert Alert.objects.filter(closed_at=None).count() == 1


def test_escalated_meanwhile_it_is_told_to_leads_alone(cast: Cast) -> None:
    on_duty(cast.ash, "moderator")
    on_duty(build.person("elm", Role.MODERATOR), "moderator", place=2)
    on_duty(cast.birch, "lead")
    flag, before = proposed(cast.ash)
    assert told(before) == {"elm", "birch"}
    actions.escalate(flag, by=cast.ash, reason="A clinician should see this.", seen=flag.version)
    now = Alert.objects.live().get(kind=KIND.FLAG)
    assert (now.code, told(now)) == (SECOND, {"birch"})
    elm = client_of(User.objects.get(username="elm"))
    assert "second person" not in build.read(elm.get("/moderation/alerts/"))
    assert f"/moderation/flags/{flag.id}/" not in elm.get("/moderation/duty/").content.decode()


def test_a_decision_that_takes_one_tells_nobody(cast: Cast) -> None:
    alert = urgent()
    flag = Flag.objects.get()
    Flag.objects.filter(id=flag.id).update(level=2)
    actions.decide(
        flag, outcome="approve", policy="crisis", by=cast.ash, reason="Somebody writes now.", danger=False, seen=1
    )
    assert not Alert.objects.exclude(id=alert.id).exists()


# Hand-overs


def handed_over(cast: Cast) -> Escalation:
    writing.hand_over_post(build.draft(cast.wren, level=4), by=cast.wren)
    return Escalation.objects.get()


def test_a_hand_over_is_taken_renewed_and_ended_with_an_outcome(cast: Cast) -> None:
    row = handed_over(cast)
    lead = client_of(cast.birch)
    place = f"/moderation/hand-overs/{row.id}/"
    assert "Nobody has it yet" in build.read(lead.get(place))
    lead.post(f"{place}take")
    assert "You have it" in build.read(lead.get(place))
    alert = Alert.objects.get()
    epoch = alert.epoch
    lead.post(f"{place}take")
    alert.refresh_from_db()
    assert alert.epoch == epoch + 1  # the clock runs anew
    lead.post(f"{place}end", {"outcome": "helpline", "note": "They rang the line that I named."})
    row.refresh_from_db()
    assert not row.is_open
    assert "They rang the line that I named." in build.read(lead.get(place))
    assert alerts.advance(now=after(alert, 600)) == 0


def test_of_two_who_press_at_once_the_second_is_told_who_was_first(cast: Cast) -> None:
    row = handed_over(cast)
    first, second = client_of(cast.birch), client_of(build.person("hazel", Role.LEAD))
    place = f"/moderation/hand-overs/{row.id}/"
    nobody = {"taken_from": ""}  # as both of their pages say
    first.post(f"{place}take", nobody)
    answer = second.post(f"{place}take", nobody, follow=True)
    assert "birch has it since a moment ago" in build.read(answer)
    row.refresh_from_db()
    assert row.acknowledged_by == cast.birch
    assert Alert.objects.get().holder == cast.birch
    agreed = second.get(place).content.decode()
    assert f'name="taken_from" value="{cast.birch.pk}"' in agreed
    from_birch = {"taken_from": str(cast.birch.pk)}
    refused = second.post(f"{place}take", from_birch | {"why": "  "})
    assert (refused.status_code, Alert.objects.get().holder) == (422, cast.birch)
    assert "Say in a line why you take this over." in build.read(refused)
    second.post(f"{place}take", from_birch | {"why": "birch fell ill."})
    for person in (first, second):
        page = build.read(person.get(place))
        assert "hazel took this over from birch" in page
        assert "birch fell ill." in page
    assert "You have it" in page
    event = AuditEvent.objects.get(action="handover.taken_over")
    assert (event.object_id, event.code) == (str(row.id), str(cast.birch.pk))
    assert "hazel took this over from birch" in build.read(second.get(f"/moderation/flags/{row.flag_id}/"))


def test_what_was_typed_stands_there_again_when_somebody_else_was_faster(cast: Cast) -> None:
    row = handed_over(cast)
    actions.take_hand_over(row, by=cast.birch)
    linden, hazel = build.person("linden", Role.CLINICIAN), build.person("hazel", Role.LEAD)
    actions.take_hand_over(row, by=hazel, taken_from=str(cast.birch.pk), reason="birch fell ill.")
    late = {"taken_from": str(cast.birch.pk), "why": "birch does not answer."}
    answer = client_of(linden).post(f"/moderation/hand-overs/{row.id}/take", late)
    assert answer.status_code == 409
    assert 'value="birch does not answer."' in answer.content.decode()
    assert Alert.objects.get().holder == hazel


def test_claiming_the_flag_takes_no_hand_over_from_anybody_and_taking_the_flag_over_does(cast: Cast) -> None:
    row, hazel = handed_over(cast), build.person("hazel", Role.LEAD)
    flag = Flag.objects.get(id=row.flag_id)
    actions.take_hand_over(row, by=cast.birch)
    actions.claim_flag(flag, by=hazel)
    assert Alert.objects.get().holder == cast.birch
    actions.end_claim(flag, by=hazel)
    actions.claim_flag(flag, by=cast.birch)
    actions.take_over(flag, by=hazel, taken_from=str(cast.birch.pk), reason="birch fell ill.")
    row.refresh_from_db()
    assert (row.acknowledged_by, Alert.objects.get().holder) == (hazel, hazel)


def test_an_admin_takes_no_hand_over_from_who_has_it(cast: Cast) -> None:
    row = handed_over(cast)
    actions.take_hand_over(row, by=cast.birch)
    alert = Alert.objects.get()
    alerts.advance(now=after(alert, 7))
    admin = client_of(cast.willow)
    page = admin.get("/moderation/alerts/").content.decode()
    assert "a hand-over waits" in page
    assert "acknowledge" not in page
    admin.post(f"/moderation/alerts/{alert.id}/acknowledge")
    row.refresh_from_db()
    assert row.acknowledged_by == cast.birch


def test_claiming_its_flag_takes_it_from_no_lead_who_has_it(cast: Cast) -> None:
    hazel = build.person("hazel", Role.LEAD)
    row = handed_over(cast)
    actions.take_hand_over(row, by=hazel, taken_from="")
    flag = actions.hand_next(cast.birch)
    assert flag is not None
    assert flag.id == row.flag_id
    actions.pass_flag(flag, by=cast.birch)
    row.refresh_from_db()
    assert (row.acknowledged_by, Alert.objects.get().holder) == (hazel, hazel)


def test_claiming_its_flag_takes_one_that_nobody_has(cast: Cast) -> None:
    row = handed_over(cast)
    actions.hand_next(cast.birch)
    row.refresh_from_db()
    assert row.acknowledged_by == cast.birch


def test_deciding_about_the_post_does_not_end_the_hand_over_of_the_person(cast: Cast) -> None:
    row = handed_over(cast)
    flag = Flag.objects.get(escalated=True)
    actions.claim_flag(flag, by=cast.birch)
    flag.refresh_from_db()
    actions.decide(
        flag, outcome="reject", policy="crisis", by=cast.birch, reason="We ring them.", danger=True, seen=flag.version
    )
    row.refresh_from_db()
    assert row.is_open
    assert Escalation.objects.count() == 1  # that one goes on; there is no second one beside it
    of_hand_over, of_proposal = (Alert.objects.live().get(kind=kind) for kind in (KIND.HAND_OVER, KIND.FLAG))
    assert alerts.advance(now=after(of_hand_over, 5)) == 2
    of_hand_over.refresh_from_db()
    assert (of_hand_over.step, of_proposal.code) == (1, SECOND)  # at level 4 a decision takes two


def test_deciding_about_an_escalated_reply_ends_its_hand_over(cast: Cast) -> None:
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY)
    writing.send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    flag = Flag.objects.get()
    actions.escalate(flag, by=cast.ash, reason="A lead should see this.", seen=flag.version)
    flag.refresh_from_db()
    actions.decide(flag, outcome="reject", policy="dismissal", by=cast.birch, reason="Unkind.", seen=flag.version)
    assert not Escalation.objects.get().is_open
    assert not Alert.objects.live().exists()


def test_one_that_ended_is_opened_again_and_whoever_does_it_has_it(cast: Cast) -> None:
    row = handed_over(cast)
    actions.take_hand_over(row, by=cast.birch)
    row.refresh_from_db()
    actions.end_hand_over(row, outcome="not_reached", note="No answer.", by=cast.birch)
    lead = client_of(cast.birch)
    lead.post(f"/moderation/hand-overs/{row.id}/reopen")
    row.refresh_from_db()
    assert (row.is_open, row.acknowledged_by) == (True, cast.birch)
    assert alerts.advance(now=after(Alert.objects.get(), 5)) == 1


def test_one_that_ended_stays_so_while_another_one_of_the_same_flag_is_open(cast: Cast) -> None:
    row = handed_over(cast)
    actions.take_hand_over(row, by=cast.birch)
    row.refresh_from_db()
    actions.end_hand_over(row, outcome="not_reached", note="No answer.", by=cast.birch)
    flag = row.flag
    flag.refresh_from_db()
    actions.escalate(flag, by=cast.birch, reason="She wrote again.", seen=flag.version)
    lead = client_of(cast.birch)
    assert "Open it again" not in build.read(lead.get(f"/moderation/hand-overs/{row.id}/"))
    answer = lead.post(f"/moderation/hand-overs/{row.id}/reopen", follow=True)
    assert "Another hand-over of the same flag is open" in build.read(answer)
    assert Escalation.objects.open().exclude(id=row.id).count() == Escalation.objects.open().count() == 1


@pytest.mark.parametrize(
    "act", [partial(actions.end_hand_over, outcome="helpline", note="They rang."), actions.give_up_hand_over]
)
def test_who_had_a_hand_over_cannot_end_or_pass_on_what_somebody_took_from_them(cast: Cast, act: Any) -> None:
    hazel = build.person("hazel", Role.LEAD)
    writing.hand_over_post(build.draft(cast.wren), by=cast.wren)
    actions.take_hand_over(Escalation.objects.get(), by=hazel, taken_from="")
    as_her_page_has_it = Escalation.objects.get()
    actions.take_hand_over(Escalation.objects.get(), by=cast.birch, taken_from=str(hazel.pk), reason="She went home.")
    with pytest.raises(Refused) as refusal:
        act(as_her_page_has_it, by=hazel)
    assert refusal.value.code == "not_yours"
    row = Escalation.objects.get()
    assert (row.acknowledged_by, row.closed_at) == (cast.birch, None)


@pytest.mark.parametrize(
    ("outcome", "note", "said"),
    [
        ("", "Done.", "Choose how it ended."),
        ("helpline", "", "Say in a line what was done."),
        ("", "", "Choose how it ended. Say in a line what was done."),
        ("helpline", "  ", "Say in a line what was done."),
        ("cured", "Done.", "Select a valid choice."),
    ],
)
def test_it_does_not_end_without_an_outcome_and_a_line(cast: Cast, outcome: str, note: str, said: str) -> None:
    row = handed_over(cast)
    actions.take_hand_over(row, by=cast.birch)
    answer = client_of(cast.birch).post(f"/moderation/hand-overs/{row.id}/end", {"outcome": outcome, "note": note})
    assert answer.status_code == 422
    assert said in build.read(answer)
    assert row.is_open


def test_who_does_not_have_it_cannot_end_it(cast: Cast) -> None:
    row = handed_over(cast)
    answer = client_of(cast.birch).post(
        f"/moderation/hand-overs/{row.id}/end", {"outcome": "helpline", "note": "They rang the line."}
    )
    assert answer.status_code == 409
    assert "Take it first" in build.read(answer)
    assert row.is_open


def test_the_packet_has_what_was_said_what_was_named_and_the_rule_of_the_country(cast: Cast) -> None:
    draft = build.draft(cast.wren, text="I am here. You can ring Samaritans on 116 123 at any hour.", level=4)
    writing.set_country(draft, country="IE", by=cast.wren)
    writing.hand_over_post(draft, by=cast.wren)
    page = build.read(client_of(cast.birch).get(f"/moderation/hand-overs/{Escalation.objects.get().id}/"))
    assert build.WORRYING_POST in page
    assert "You can ring Samaritans on 116 123" in page
    assert "Named to them nobody yet" in page
    assert "A lead decides whether emergency services are called." in page


def test_the_packet_says_once_why_it_was_handed_over_and_shows_no_empty_draft(cast: Cast) -> None:
    writing.hand_over_post(build.draft(cast.wren, text=" ", level=4), by=cast.wren)
    page = build.read(client_of(cast.birch).get(f"/moderation/hand-overs/{Escalation.objects.get().id}/"))
    assert page.count("A supporter handed this post over to a lead.") == 1
    assert "not sent" not in page
    assert "Nothing was written to them yet." in page


def test_the_packet_names_whom_they_were_told_of_once_it_was_sent(cast: Cast) -> None:
    draft = build.draft(cast.wren, text=f"{build.HURTFUL_REPLY} You can ring Samaritans on 116 123.")
    Post.objects.filter(id=draft.post_id).update(country="IE")
    draft.post.refresh_from_db()
    writing.send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    flag = Flag.objects.get()
    actions.escalate(flag, by=cast.ash, reason="A lead should see this.", seen=flag.version)
    place = f"/moderation/hand-overs/{Escalation.objects.get().id}/"
    assert "Named to them nobody yet" in build.read(client_of(cast.birch).get(place))
    flag.refresh_from_db()
    actions.decide(
        flag, outcome="approve", policy="dismissal", by=cast.birch, reason="Sent as it is.", seen=flag.version
    )
    page = build.read(client_of(cast.birch).get(place))
    assert "Named to them Samaritans Ireland Emergency" in page
    assert "This hand-over has ended" in page


# What people see


def test_every_page_of_who_is_told_shows_it_and_counts_as_delivered(cast: Cast) -> None:
    on_duty(cast.birch, "lead")
    alert = urgent()
    page = build.read(client_of(cast.birch).get("/posts/"))
    assert "Level 4: a post waits" in page
    assert alert.deliveries.get().delivered_at is not None
    assert "Level 4" not in build.read(client_of(cast.ash).get("/moderation/alerts/"))


def told_of(person: Any) -> list[str]:
    return re.findall(r'data-told="([^"]*)"', client_of(person).get("/moderation/alerts/").content.decode())


def test_who_is_told_again_reads_so_and_their_page_knows_it_from_before(cast: Cast) -> None:
    on_duty(cast.ash, "moderator")
    on_duty(cast.birch, "lead")
    alert = urgent()
    first = told_of(cast.ash)
    assert "Told again" not in build.read(client_of(cast.ash).get("/moderation/alerts/"))
    alerts.advance(now=after(alert, 2))
    again = told_of(cast.ash)
    assert (first, again) == ([f"{alert.id}.0.0"], [f"{alert.id}.0.1"])
    assert "Told again at" in build.read(client_of(cast.ash).get("/moderation/alerts/"))
    alerts.advance(now=after(alert, 4))
    alerts.advance(now=after(alert, 5))  # the leads alone
    assert (told_of(cast.ash), told_of(cast.birch)) == ([f"{alert.id}.0.2"], [f"{alert.id}.0.3"])
    actions.claim_flag(Flag.objects.get(), by=cast.ash)
    assert told_of(cast.ash) == [""]  # their own press is no news
    alerts.advance(now=after(alert, 5))
    assert told_of(cast.ash) == [f"{alert.id}.1.1"]


def test_whoever_has_it_sees_when_an_outcome_is_overdue(cast: Cast) -> None:
    alert = urgent()
    actions.claim_flag(Flag.objects.get(), by=cast.birch)
    lead = client_of(cast.birch)
    assert "You have it. An outcome is due at" in build.read(lead.get("/moderation/alerts/"))
    Alert.objects.filter(id=alert.id).update(since=timezone.now() - timedelta(minutes=6))
    page = lead.get("/moderation/alerts/")
    assert "You have it, and an outcome was due at" in build.read(page)
    assert 'class="notice now alert"' in page.content.decode()


def test_whoever_is_told_of_what_somebody_has_reads_who_and_since_when(cast: Cast) -> None:
    alert = urgent()
    actions.claim_flag(Flag.objects.get(), by=cast.birch)
    alerts.advance(now=after(alert, 7))
    since = f"{timezone.localtime(Alert.objects.get().since):%H:%M}"
    assert f"birch has it since {since}; no outcome yet." in build.read(
        client_of(cast.willow).get("/moderation/alerts/")
    )
    assert "has it since" not in build.read(client_of(cast.birch).get("/moderation/alerts/"))


def test_on_the_page_of_a_case_the_others_are_one_line_and_its_own_is_left_out(cast: Cast) -> None:
    on_duty(cast.birch, "lead")
    here, other = (Flag.objects.get(post=build.post(build.URGENT_POST)) for _ in range(2))
    lead = client_of(cast.birch)
    answer = lead.get(f"/moderation/flags/{here.id}/")
    rows = [row["url"] for row in answer.context["alerts"]["rows"]]
    assert rows == [f"/moderation/flags/{other.id}/"]
    folded = re.search(r'<details class="folded">(.*?)</details>', answer.content.decode(), re.DOTALL)
    assert folded is not None
    assert "1 other alert · Level 4: a post waits" in " ".join(folded[1].split())
    again = re.search(r'data-url="([^"]+)"', answer.content.decode())
    assert again is not None
    assert lead.get(again[1]).context["alerts"]["rows"] == answer.context["alerts"]["rows"]
    assert all(delivery.delivered_at for delivery in Delivery.objects.filter(person=cast.birch))  # all were shown
    assert "<details" not in lead.get("/moderation/alerts/?at=nonsense").content.decode()


def test_no_alert_holds_a_word_of_what_was_written(cast: Cast) -> None:
    urgent()
    for person in (cast.birch, cast.willow):
        page = client_of(person).get("/moderation/alerts/").content.decode()
        assert "pills" not in page
        assert "tonight" not in page


def test_a_page_shows_the_most_severe_and_says_how_many_more_there_are(cast: Cast) -> None:
    for _ in range(alert_page.SHOWN + 2):
        last = one_more("I want to die and I cut myself again.")
    build.post(build.URGENT_POST)
    page = client_of(cast.birch).get("/moderation/alerts/")
    shown = re.findall(r'data-alert="([^"]+)"', page.content.decode())
    assert len(shown) == alert_page.SHOWN + 1  # and one line for the others
    assert shown[0] == str(Alert.objects.get(level=4).id)
    assert str(last.id) not in shown
    assert "3 more alerts wait" in build.read(page)
    assert Delivery.objects.exclude(delivered_at=None).count() == alert_page.SHOWN  # what was not shown did not arrive
    assert "more." not in build.read(client_of(cast.birch).get("/moderation/duty/")).split("The next four weeks")[0]


def test_what_comes_when_a_page_is_full_is_rung_for(cast: Cast) -> None:
    """The page rings for an id that it did not show before."""
    for _ in range(alert_page.SHOWN + 1):
        one_more()
    before = alert_page.banner(cast.birch)
    last = one_more()
    after_it = alert_page.banner(cast.birch)
    assert after_it["rows"] == before["rows"]
    assert after_it["newest"] == last.id != before["newest"]
    assert after_it["state"] != before["state"]


def one_more(text: str = build.URGENT_POST) -> Alert:
    alert = Alert.objects.get(flag__post=build.post(text))
    Alert.objects.filter(id=alert.id).update(opened_at=timezone.now())  # the database's clock stands still in a test
    return alert


@pytest.mark.parametrize("at_most", [alerts.ALIKE_AT_MOST, 0])
def test_what_is_due_is_found_without_reading_the_rest(
    cast: Cast, at_most: int, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(alerts, "ALIKE_AT_MOST", at_most)
    for _ in range(30):
        build.post(build.URGENT_POST)
    now, dice = timezone.now(), random.Random(7)
    for alert in Alert.objects.all():
        since, holder = now - minutes(dice.uniform(0, 40)), dice.choice([None, cast.ash, cast.birch])
        level, step = dice.choice([2, 3, 4]), dice.randint(0, 9)
        Alert.objects.filter(id=alert.id).update(since=since, step=step, level=level, holder=holder)
    for later in (0, 3, 10, 60):
        moment = now + minutes(later)
        by_hand = {alert.id for alert in Alert.objects.all() if alerts.due(alert, moment) is not None}
        assert {alert.id for alert, _ in alerts._all_due(moment)} == by_hand
    assert len(by_hand) > 0
    Alert.objects.update(since=now, step=0)
    with django_assert_num_queries(1):
        assert alerts.advance(now=now) == 0


def test_an_admin_is_told_and_sees_no_case(cast: Cast) -> None:
    alert = urgent()
    alerts.advance(now=after(alert, 7))
    admin = client_of(cast.willow)
    assert "You cannot open the case" in build.read(admin.get("/moderation/alerts/"))
    assert admin.get(f"/moderation/alerts/{alert.id}/").headers["Location"] == "/moderation/duty/"
    admin.post(f"/moderation/alerts/{alert.id}/acknowledge")
    alert.refresh_from_db()
    assert alert.holder == cast.willow


def test_a_late_click_on_what_somebody_else_has_changes_nothing(cast: Cast) -> None:
    on_duty(cast.birch, "lead")
    alert = urgent()
    actions.claim_flag(Flag.objects.get(), by=cast.birch)
    client_of(cast.willow).post(f"/moderation/alerts/{alert.id}/acknowledge")
    alert.refresh_from_db()
    assert alert.holder == cast.birch


def test_a_supporter_sees_whether_somebody_has_what_they_handed_over(cast: Cast) -> None:
    actions.say_out_of_hours("Somebody is here from six. Ring the office before that.", by=cast.birch)
    row = handed_over(cast)
    supporter = client_of(cast.wren)
    page = build.read(supporter.get("/posts/"))
    assert "Nobody is on duty right now" in page
    assert "Ring the office before that." in page
    actions.take_hand_over(row, by=cast.birch)
    assert "birch has the post that you handed over" in build.read(supporter.get("/posts/"))
    assert "handed over" not in build.read(client_of(cast.robin).get("/posts/"))


def test_a_supporter_reads_once_that_what_they_handed_over_has_ended(cast: Cast) -> None:
    row = handed_over(cast)
    actions.take_hand_over(row, by=cast.birch)
    row.refresh_from_db()
    supporter = client_of(cast.wren)
    assert "this has ended" not in build.read(supporter.get("/posts/"))
    actions.end_hand_over(row, outcome="emergency", note="The ambulance came.", by=cast.birch)
    page = build.read(supporter.get("/posts/"))
    assert "this has ended. birch looked after it." in page
    assert "mbulance" not in page
    assert "mergency" not in page
    assert "this has ended" not in build.read(supporter.get("/posts/"))
    assert not Alert.objects.told_to(cast.wren).exists()
    actions.reopen_hand_over(row, by=cast.birch)
    row.refresh_from_db()
    actions.end_hand_over(row, outcome="no_danger", note="All is well.", by=cast.birch)
    assert "this has ended" in build.read(supporter.get("/posts/"))
    assert "this has ended" not in build.read(client_of(cast.robin).get("/posts/"))


@pytest.mark.parametrize(("level", "said"), [(2, False), (3, True), (4, True)])
def test_the_writing_page_says_at_once_that_nobody_is_on_duty(cast: Cast, level: int, said: bool) -> None:
    draft = build.draft(cast.wren, level=level)
    page = client_of(cast.wren).get(f"/drafts/{draft.id}/").content.decode()
    assert ('id="nobody-on-duty"' in page) == said
    on_duty(cast.birch, "lead")
    assert 'id="nobody-on-duty"' not in client_of(cast.wren).get(f"/drafts/{draft.id}/").content.decode()


# The test alert


def test_the_test_alert_goes_to_who_asked_and_says_how_it_arrived(cast: Cast) -> None:
    build.person("cedar", Role.LEAD)
    lead = client_of(cast.birch)
    page = build.read(lead.post("/moderation/duty/test", follow=True))
    assert "Test alert" in page
    assert "arrived after" in build.read(lead.get("/moderation/duty/"))
    alert = Alert.objects.get()
    assert told(alert) == {"birch"}
    waits = "nobody has it yet"
    assert waits not in build.read(lead.get("/moderation/duty/"))
    assert waits not in build.read(client_of(cast.ash).get("/moderation/duty/"))
    lead.post(f"/moderation/alerts/{alert.id}/acknowledge")
    assert not Alert.objects.live().exists()


# The switch


def test_pages_and_health_say_so_when_nothing_delivers_alerts(cast: Cast) -> None:
    lead = client_of(cast.birch)
    assert "Alerts are not being delivered." in build.read(lead.get("/posts/"))
    assert Client().get("/healthz").json()["alerts"] == "silent"
    stand_in = notifier.Notifier(stands_in=True)
    assert stand_in.is_wanted()
    stand_in.beat()
    assert Client().get("/healthz").json()["alerts"] == "standing in"
    notifier.Notifier().beat()
    assert not stand_in.is_wanted()
    assert Client().get("/healthz").json()["alerts"] == "ok"
    assert "Alerts are not being delivered." not in build.read(lead.get("/posts/"))
    NotifierBeat.objects.update(seen_at=timezone.now() - timedelta(minutes=1))
    assert stand_in.is_wanted()
    assert "Alerts are not being delivered." in build.read(lead.get("/posts/"))
    assert "Alerts are not" not in build.read(client_of(cast.wren).get("/posts/"))
