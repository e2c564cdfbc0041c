"""What the site checks of itself about flags, decisions and checks: what is found, who is told, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from assistant import actions as writing
from assistant.models import AuditEvent, Post, Reply, Suggestion
from moderation import invariants
from moderation.actions import alerts, appeal, claim_flag, decide, undo
from moderation.models import Alert, Decision, Delivery, Flag
from moderation.tests.test_alerts import on_duty
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.test import Cast
from webapp.tests.stage import held_reply

pytestmark = pytest.mark.django_db


def found() -> dict[str, int]:
    return invariants.check_and_tell()


def opened(*, hours: float) -> None:
    Flag.objects.update(opened_at=timezone.now() - timedelta(hours=hours))


def told_of(code: str) -> list[set[str]]:
    """Who was told on a page, by alert."""
    found = Alert.objects.filter(code=code).order_by("opened_at")
    return [{row.person.username for row in alert.deliveries.all() if row.person} for alert in found]


def settled(flag: Flag, outcome: str, by: Any, **fields: Any) -> Decision:
    flag.refresh_from_db()
    made = decide(flag, outcome=outcome, policy="other", by=by, reason="I read it.", seen=flag.version, **fields)
    assert isinstance(made, Decision)
    return made


# Flags that nobody looks at


def test_a_flag_of_level_one_past_its_clock_is_told_to_moderators_on_duty_and_to_leads(cast: Cast) -> None:
    build.person("hazel", Role.MODERATOR)
    on_duty(cast.ash, "moderator")
    build.post(build.WORRYING_POST)
    assert not Alert.objects.exists()
    opened(hours=23)
    assert found() == {}
    opened(hours=25)
    assert found() == {"flag_overdue": 1}
    assert told_of("flag_overdue") == [{"ash", "birch"}]


def test_whoever_reviews_it_ends_it_and_it_is_told_of_once_an_hour_at_most(cast: Cast) -> None:
    build.post(build.WORRYING_POST)
    opened(hours=25)
    for _ in range(3):
        assert found() == {"flag_overdue": 1}
        claim_flag(Flag.objects.get(), by=cast.ash)
        assert found() == {}
        Flag.objects.update(claimed_by=None, claimed_until=None)
    found()
    alert = Alert.objects.get(code="flag_overdue")
    assert (alert.closed_at, Delivery.objects.count()) == (None, 1)
    assert alerts.advance(now=alert.since + timedelta(minutes=61)) == 1
    assert Delivery.objects.count() == 2
    settled(Flag.objects.get(), "close", cast.ash, closed_as="fine")
    assert found() == {}
    Delivery.objects.update(made_at=timezone.now() - timedelta(minutes=61))
    build.post(build.WORRYING_POST)
    opened(hours=25)
    found()
    assert len(told_of("flag_overdue")) == 2


@pytest.mark.parametrize("what", ["held", "appeal"])
def test_a_held_reply_and_an_appeal_of_level_zero_have_a_day(cast: Cast, what: str) -> None:
    reply = held_reply(cast.wren)
    if what == "appeal":
        settled(Flag.objects.get(), "return", cast.birch)
        asked = Reply.objects.select_related("case", "draft").get(id=reply.id)
        appeal(asked, words="It is about myself.", by=cast.wren)
    opened(hours=23)
    assert found() == {}
    opened(hours=25)
    assert found() == {"flag_overdue": 1}


def test_what_waits_for_nothing_at_level_zero_has_no_clock(cast: Cast) -> None:
    writing.report(build.suggestion(build.draft(cast.wren)), by=cast.wren)
    build.post(draw=build.drawn)
    opened(hours=1000)
    assert found() == {}


def test_what_has_an_alert_of_its_own_is_not_told_of_twice(cast: Cast) -> None:
    build.post(build.URGENT_POST)
    opened(hours=25)
    assert found() == {}


# Texts that no check has looked at


@pytest.mark.parametrize(("status", "count"), [("waiting", 1), ("answered", 1), ("closed", 0)])
def test_a_post_that_no_check_looked_at_is_found(cast: Cast, status: str, count: int) -> None:
    build.post()
    Post.objects.update(screening_version="", status=status)
    assert invariants.post_unscreened() == count


def test_a_suggestion_that_is_shown_although_no_check_looked_at_it_is_found(cast: Cast) -> None:
    build.suggestion(build.draft(cast.wren))
    assert found() == {}
    Suggestion.objects.update(screening_version="")
    assert found() == {"suggestion_unscreened": 1}
    Suggestion.objects.update(status="withheld")
    assert found() == {}


# Decisions


def test_a_decision_that_the_audit_log_does_not_know_is_found(cast: Cast) -> None:
    """Of a flag that was decided twice, each decision has its event."""
    flag = Flag.objects.get(reply=held_reply(cast.wren))
    undo(settled(flag, "return", cast.ash), by=cast.ash)
    settled(flag, "reject", cast.ash)
    assert invariants.decision_without_event() == 0
    AuditEvent.objects.filter(action="flag.decided").latest("seq").delete()
    assert invariants.decision_without_event() == 1
