"""Alerts leave the site over a real line: a relay that goes down and comes back, a webhook, copies, and what kills in between."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import actions as writing
from assistant.actions import take_post
from assistant.models import AuditEvent, Post, SuggestionJob
from moderation import actions, delivering, invariants, notifier
from moderation.actions import alerts
from moderation.models import Alert, Decision, Delivery, Flag, LastCheck
from webapp import environment
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.private_relay import PrivateRelay, PrivateWebhook
from webapp.test import Cast
from webapp.tests.test_docs import section

pytestmark = pytest.mark.django_db

SECRET = "known to this test and to nobody else"


@pytest.fixture
def relay(settings: Settings) -> Iterator[PrivateRelay]:
    server = PrivateRelay()
    settings.EMAIL_RELAY_URL = server.url
    for name, value in environment.mail_relay("EMAIL_RELAY_URL", server.url).items():
        setattr(settings, name, value)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def webhook(settings: Settings) -> Iterator[PrivateWebhook]:
    server = PrivateWebhook()
    server.start()
    settings.ALERT_WEBHOOK_URL, settings.ALERT_WEBHOOK_SECRET = server.url, SECRET
    yield server
    server.stop()


def try_again_now() -> None:
    """As if the pause after a failure were over."""
    Delivery.objects.update(next_at=timezone.now() - timedelta(seconds=1), leased_until=None)


def subject(message: Message) -> str:
    return str(make_header(decode_header(message["Subject"])))


def words(message: Message) -> str:
    body: Any = message.get_payload(decode=True)
    return str(body.decode())


def test_a_letter_says_level_age_and_link_and_nothing_of_what_was_written(cast: Cast, relay: PrivateRelay) -> None:
    build.post(build.URGENT_POST)
    assert delivering.deliver() == 1
    (mail,) = relay.mails
    alert = Alert.objects.get()
    row = alert.deliveries.get(channel="mail")
    assert mail.to == ("birch@example.org",)
    assert mail.key == str(row.id)
    assert subject(mail.message) == "[Lantern] Level 4: a post waits"
    assert f"/moderation/alerts/{alert.id}/" in words(mail.message)
    assert "pills" not in mail.message.as_string()
    assert row.delivered_at is not None
    assert delivering.deliver() == 0


def test_a_letter_about_what_somebody_has_says_who_and_since_when(cast: Cast, relay: PrivateRelay) -> None:
    build.post(build.URGENT_POST)
    delivering.deliver()
    assert "has it since" not in words(relay.mails[0].message)
    actions.claim_flag(Flag.objects.get(), by=cast.birch)
    alert = Alert.objects.get()
    alerts.advance(now=alert.since + timedelta(minutes=7))
    assert delivering.deliver() == 2
    letters = {mail.to[0]: words(mail.message) for mail in relay.mails[1:]}
    since = f"{timezone.localtime(alert.since):%H:%M}"
    said = f"birch has it since {since} ({settings.TIME_ZONE}); no outcome yet."
    assert all(said in letter for letter in letters.values())
    assert set(letters) == {"birch@example.org", "willow@example.org"}
    assert all("until there is an outcome" in letter for letter in letters.values())
    assert not any("pills" in letter or 'says "I have it"' in letter for letter in letters.values())


def test_a_letter_names_those_who_were_told_where_nobody_is_on_duty(cast: Cast, relay: PrivateRelay) -> None:
    build.post(build.URGENT_POST)
    delivering.deliver()
    assert "Told: the leads" in words(relay.mails[0].message)


def test_the_letter_of_a_test_promises_no_second_one(cast: Cast, relay: PrivateRelay) -> None:
    actions.send_test(to=cast.birch)
    delivering.deliver()
    letter = words(relay.mails[0].message)
    assert "only you are told, once" in letter
    assert "again" not in letter
    assert "first on duty" not in letter


def test_the_letter_of_what_the_site_found_says_until_when_it_is_told(cast: Cast, relay: PrivateRelay) -> None:
    alerts.alert_of_invariant("job_stuck")
    delivering.deliver()
    letter = words(relay.mails[0].message)
    assert "each hour until all is well" in letter
    assert "I have it" not in letter


def test_a_relay_that_is_down_loses_nothing(cast: Cast, relay: PrivateRelay) -> None:
    relay.stop()
    build.post(build.URGENT_POST)
    assert delivering.deliver() == 0
    row = Delivery.objects.get(channel="mail")
    assert (row.delivered_at, row.attempts, row.error) == (None, 1, "ConnectionRefusedError")
    assert delivering.deliver() == 0  # not before its pause is over
    assert Delivery.objects.get(channel="mail").attempts == 1
    relay.start()
    try_again_now()
    assert delivering.deliver() == 1
    assert [mail.key for mail in relay.mails] == [str(row.id)]


def test_one_address_that_is_refused_keeps_no_other(cast: Cast, relay: PrivateRelay) -> None:
    build.person("alder", Role.LEAD)
    relay.refused.add("alder@example.org")
    build.post(build.URGENT_POST)
    assert delivering.deliver() == 1
    assert [mail.to for mail in relay.mails] == [("birch@example.org",)]
    assert Delivery.objects.get(person__username="alder", channel="mail").error == "NotTaken"


def test_who_died_after_sending_leaves_a_copy_with_the_same_key(
    cast: Cast, relay: PrivateRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    build.post(build.URGENT_POST)

    def die(_self: Delivery) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Delivery, "succeed", die)
        with pytest.raises(SystemExit):
            delivering.deliver()
    assert delivering.deliver() == 0  # the lease of the dead one still holds
    try_again_now()
    assert delivering.deliver() == 1
    assert len(relay.mails) == 2
    assert len({mail.key for mail in relay.mails}) == 1


def test_nobody_is_written_to_about_what_somebody_has_meanwhile(cast: Cast, relay: PrivateRelay) -> None:
    relay.stop()
    build.post(build.URGENT_POST)
    delivering.deliver()
    actions.claim_flag(Flag.objects.get(), by=cast.birch)
    relay.start()
    try_again_now()
    assert delivering.deliver() == 0
    assert relay.mails == []


def test_two_at_the_same_row_send_it_once(cast: Cast, relay: PrivateRelay) -> None:
    build.post(build.URGENT_POST)
    row = Delivery.objects.get(channel="mail")
    assert row.lease()
    assert not Delivery.objects.get(id=row.id).lease()


def test_a_webhook_gets_ids_and_times_with_a_signature(cast: Cast, webhook: PrivateWebhook) -> None:
    build.post(build.URGENT_POST)
    assert delivering.deliver() == 1
    ((body, headers),) = webhook.asked
    said = json.loads(body)
    alert = Alert.objects.get()
    assert set(said) == {"key", "alert", "kind", "code", "level", "opened_at", "held_since", "step", "rung", "link"}
    assert (said["alert"], said["level"], said["kind"]) == (str(alert.id), 4, "flag")
    at, mac = (part.partition("=")[2] for part in headers["Lantern-Signature"].split(","))
    assert mac == hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert b"pills" not in body


def test_a_webhook_that_sends_elsewhere_is_not_followed(cast: Cast, webhook: PrivateWebhook) -> None:
    webhook.status = 302
    build.post(build.URGENT_POST)
    assert delivering.deliver() == 0
    assert Delivery.objects.get(channel="webhook").error == "HTTP 302"
    assert len(webhook.asked) == 1


def test_what_is_most_urgent_does_not_wait_behind_what_came_before(cast: Cast, relay: PrivateRelay) -> None:
    for _ in range(20):
        build.post("I want to die and I cut myself again.")
    assert Delivery.objects.filter(channel="mail").count() == 20

    def urgent_once() -> None:
        if len(relay.mails) == 1 and Post.objects.count() == 20:
            build.post(build.URGENT_POST)

    assert delivering.deliver(urgent_once) == 21
    levels = [subject(mail.message) for mail in relay.mails]
    assert levels.index("[Lantern] Level 4: a post waits") <= delivering.A_FEW


def test_steps_are_taken_and_the_site_checks_itself_while_much_is_sent(
    cast: Cast, relay: PrivateRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier, "ROUND_SECONDS", 0.0)
    build.post(build.URGENT_POST)
    working = notifier.Notifier()
    working.climb()
    LastCheck.objects.all().delete()
    Alert.objects.update(since=timezone.now() - timedelta(minutes=3))
    delivering.deliver(between=working.go_on)
    assert Alert.objects.get().step == 1
    assert LastCheck.objects.exists()
    assert len(relay.mails) == 2


# What the site finds about itself


@pytest.fixture
def well(cast: Cast) -> Cast:
    assert invariants.check_and_tell() == {}
    return cast


def found() -> dict[str, int]:
    return invariants.check_and_tell()


def test_held_text_without_a_flag_is_told_to_leads_and_admins_until_it_is_well(well: Cast) -> None:
    build.post(build.URGENT_POST)
    Flag.objects.update(status="dropped")
    assert found() == {"held_without_flag": 1}
    alert = Alert.objects.live().get()
    assert (alert.kind, alert.code) == (Alert.Kind.INVARIANT, "held_without_flag")
    assert {row.person.username for row in alert.deliveries.all() if row.person} == {"birch", "willow"}
    found()
    assert Alert.objects.live().count() == 1
    Flag.objects.update(status="open")
    assert found() == {}
    assert not Alert.objects.live().filter(kind=Alert.Kind.INVARIANT).exists()


def test_a_flag_of_which_nobody_was_told_is_told_of(well: Cast) -> None:
    build.post(build.URGENT_POST)
    Alert.objects.all().delete()
    assert found() == {"flag_without_alert": 1}
    assert Alert.objects.live().filter(kind=Alert.Kind.FLAG).exists()
    assert found() == {}


def test_many_of_which_nobody_was_told_are_told_of_some_a_minute_the_highest_level_first(
    well: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invariants, "TOLD_IN_ONE_ROUND", 2)
    for _ in range(3):
        build.post(build.URGENT_POST)
    lowest = Flag.objects.order_by("opened_at")[0]
    Flag.objects.filter(id=lowest.id).update(level=3)
    Alert.objects.all().delete()
    assert found() == {"flag_without_alert": 3}
    told = Alert.objects.live().filter(kind=Alert.Kind.FLAG)
    assert told.count() == 2
    assert not told.filter(flag=lowest).exists()
    assert found() == {"flag_without_alert": 1}
    assert told.filter(flag=lowest).exists()


def test_one_that_cannot_be_told_of_does_not_keep_the_others(well: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    build.post(build.URGENT_POST)
    build.post(build.URGENT_POST)
    writing.hand_over_post(build.draft(well.wren), by=well.wren)
    Alert.objects.all().delete()
    broken = invariants.flags_without_alert()[0]
    tell = alerts.alert_of_flag

    def tell_of_others(flag: Flag) -> Alert | None:
        if flag == broken:
            raise DatabaseError("a row that cannot be written")
        return tell(flag)

    monkeypatch.setattr(alerts, "alert_of_flag", tell_of_others)
    assert found() == {"flag_without_alert": 3}
    assert found() == {"flag_without_alert": 1}
    assert Alert.objects.live().filter(kind=Alert.Kind.HAND_OVER).exists()


def test_an_alert_whose_clock_passed_without_a_step_is_found(well: Cast) -> None:
    build.post(build.URGENT_POST)
    Alert.objects.update(since=timezone.now() - timedelta(minutes=2, seconds=20))
    assert found() == {}
    Alert.objects.update(since=timezone.now() - timedelta(minutes=3))
    assert found() == {"alert_late": 1}
    alerts.advance()
    assert found() == {}


def test_what_could_not_be_sent_for_minutes_is_found(well: Cast, relay: PrivateRelay) -> None:
    relay.stop()
    build.post(build.URGENT_POST)
    Delivery.objects.filter(channel="mail").update(made_at=timezone.now() - timedelta(minutes=3))
    assert found()["delivery_late"] == 1


def test_a_held_post_that_somebody_works_on_is_found(well: Cast) -> None:
    build.post(build.URGENT_POST)
    Post.objects.update(leased_by=well.wren, leased_until=timezone.now() + timedelta(minutes=5))
    assert found() == {"shown_while_held": 1}


def test_a_changed_event_and_one_that_was_cut_off_at_the_end_are_found(well: Cast) -> None:
    build.post(build.URGENT_POST)
    found()
    last = AuditEvent.objects.order_by("-seq")[0]
    AuditEvent.objects.filter(seq=last.seq).update(code="changed")
    assert found()["audit_broken"] >= 1
    AuditEvent.objects.filter(seq=last.seq).update(code=last.code)
    assert found() == {}
    AuditEvent.objects.filter(seq__gt=LastCheck.objects.get().audit_seq - 1).delete()
    assert "audit_broken" in found()


def test_a_job_that_nothing_ends_is_found(well: Cast) -> None:
    job = build.job(build.draft(well.wren))
    SuggestionJob.objects.filter(id=job.id).update(status="running", lease_until=timezone.now() - timedelta(minutes=6))
    assert found() == {"job_stuck": 1}


def test_somebody_in_danger_whom_no_supporter_answers_is_found(well: Cast) -> None:
    post = build.post_of_level(2)
    Flag.objects.filter(post=post).update(status="decided")
    Post.objects.filter(id=post.id).update(received_at=timezone.now() - timedelta(minutes=29))
    assert found() == {}
    Post.objects.filter(id=post.id).update(received_at=timezone.now() - timedelta(minutes=31))
    assert found() == {"unanswered_too_long": 1}
    assert take_post(post, well.wren)
    assert found() == {}


def test_the_clock_of_a_post_that_was_held_runs_from_when_it_was_let_through(well: Cast) -> None:
    post = build.post(build.URGENT_POST)
    Post.objects.filter(id=post.id).update(level=3, received_at=timezone.now() - timedelta(hours=1))
    Flag.objects.filter(post=post).update(level=3)
    flag = Flag.objects.get(post=post)
    said: dict[str, Any] = {"outcome": "approve", "policy": "crisis", "reason": "A peer may write.", "danger": False}
    actions.decide(flag, by=well.ash, seen=1, **said)
    assert found() == {}
    Decision.objects.update(at=timezone.now() - timedelta(minutes=16))
    assert found() == {"unanswered_too_long": 1}


def test_one_process_checks_each_minute(cast: Cast) -> None:
    assert [LastCheck.claim(every=notifier.CHECK_EVERY) for _ in range(3)] == [True, False, False]
    LastCheck.objects.update(at=timezone.now() - timedelta(seconds=61))
    assert LastCheck.claim(every=notifier.CHECK_EVERY)


def test_every_check_stands_in_the_document() -> None:
    text = section("docs/moderation/hand-over.md", "What is checked every minute")
    assert all(f"`{code}`" in text for code in invariants.CHECKS)


def test_a_round_does_all_of_it(cast: Cast, relay: PrivateRelay) -> None:
    build.post(build.URGENT_POST)
    Alert.objects.update(since=timezone.now() - timedelta(minutes=5))
    notifier.Notifier().round()
    assert {mail.to[0] for mail in relay.mails} == {"birch@example.org"}
    assert Alert.objects.get().step == 3
    assert LastCheck.objects.exists()
    assert notifier.state() == "ok"
