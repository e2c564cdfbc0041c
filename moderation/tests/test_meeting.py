"""Two people meet at one row, on PostgreSQL, where several write at once: nobody is cut off, and nobody decides on what was."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from assistant import actions as writing
from assistant.actions import Refused
from assistant.models import Worry
from assistant.vault import audit
from moderation import actions
from moderation.actions import alerts
from moderation.models import Alert, Decision, Escalation, Flag, TakeOver
from webapp import test as build
from webapp.accounts import people
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.test import Cast
from webapp.tests.stage import held_reply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(0)]

ROUNDS = int(os.environ.get("DESK_ROUNDS", "6"))


def reached(act: Callable[[], Any], then: Callable[[], Any]) -> list[Any]:
    """`then` begins when `act` is done and not committed yet."""
    is_done = threading.Event()

    def first() -> Any:
        with transaction.atomic():
            answer = act()
            is_done.set()
            time.sleep(0.5)
        return answer

    def second() -> Any:
        is_done.wait(10)
        return then()

    return build.at_once(first, second)


def return_it(by: User) -> Any:
    return actions.decide(Flag.objects.get(), outcome="return", policy="other", by=by, reason="Read.", seen=1)


def test_a_decision_sees_the_claim_that_it_waited_for(own_connections: None) -> None:
    cast = Cast()
    hazel = build.person("hazel", Role.MODERATOR)
    held_reply(cast.wren)
    _, refusal = reached(lambda: actions.claim_flag(Flag.objects.get(), by=cast.ash), lambda: return_it(hazel))
    assert isinstance(refusal, Refused)
    assert refusal.code == "claimed"
    assert not Decision.objects.exists()


def test_a_decision_sees_the_take_over_that_it_waited_for(own_connections: None) -> None:
    cast = Cast()
    hazel = build.person("hazel", Role.MODERATOR)
    held_reply(cast.wren)
    actions.claim_flag(Flag.objects.get(), by=hazel)

    def take_over() -> None:
        actions.take_over(Flag.objects.get(), by=cast.ash, taken_from=str(hazel.pk), reason="She went home.")

    _, refusal = reached(take_over, lambda: return_it(hazel))
    assert isinstance(refusal, Refused)
    assert refusal.code == "claimed"


def test_who_takes_over_sees_the_take_over_that_they_waited_for(own_connections: None) -> None:
    cast = Cast()
    hazel, rowan = build.person("hazel", Role.MODERATOR), build.person("rowan", Role.MODERATOR)
    held_reply(cast.wren)
    actions.claim_flag(Flag.objects.get(), by=hazel)

    def take_over(by: User) -> Callable[[], None]:
        return lambda: actions.take_over(Flag.objects.get(), by=by, taken_from=str(hazel.pk), reason="She went home.")

    _, refusal = reached(take_over(cast.ash), take_over(rowan))
    assert isinstance(refusal, actions.StaleFlag)
    assert TakeOver.objects.get().by == cast.ash


# In one order, so that nobody waits in a circle


def at_once_and_unbroken(*acts: Callable[[], Any]) -> None:
    """None of them was broken off, and none had to be done again: a refusal is an answer."""
    ends = build.at_once(*acts)
    assert [end for end in ends if isinstance(end, Exception) and not isinstance(end, Refused)] == []


def test_a_claim_and_a_hand_over_and_a_post_meet(own_connections: None, caplog: pytest.LogCaptureFixture) -> None:
    cast = Cast()
    for number in range(1, ROUNDS + 1):
        draft = build.draft(cast.wren)
        writing.worry(draft.post, by=cast.wren)
        flag = Flag.objects.get(post=draft.post)
        at_once_and_unbroken(
            partial(actions.claim_flag, flag, by=cast.ash),
            partial(writing.hand_over_post, draft, by=cast.wren),
            partial(build.post, build.URGENT_POST),
        )
        assert Escalation.objects.filter(flag__post=draft.post).count() == 1
        assert Alert.objects.filter(kind=Alert.Kind.HAND_OVER).count() == number
    assert list(audit.faults_in_chain()) == []
    assert again(caplog) == 0


def test_a_decision_and_a_worry_that_cannot_wait_meet(own_connections: None, caplog: pytest.LogCaptureFixture) -> None:
    cast = Cast()
    for _ in range(ROUNDS):
        draft = build.draft(cast.wren)
        writing.worry(draft.post, by=cast.wren)
        flag = Flag.objects.get(post=draft.post)
        said: dict[str, Any] = {
            "outcome": "close",
            "closed_as": "fine",
            "policy": "other",
            "reason": "Read.",
            "seen": flag.version,
        }
        at_once_and_unbroken(
            partial(actions.decide, flag, by=cast.ash, **said),
            partial(writing.worry, draft.post, by=cast.wren, now=True, note="They said goodbye."),
        )
        assert Worry.objects.filter(post=draft.post, now=True).count() == 1
    assert list(audit.faults_in_chain()) == []
    assert again(caplog) == 0


def test_a_worry_that_cannot_wait_and_the_next_step_of_its_alert_meet(
    own_connections: None, caplog: pytest.LogCaptureFixture
) -> None:
    cast = Cast()
    for _ in range(ROUNDS):
        draft = build.draft(cast.wren, level=2)
        writing.worry(draft.post, by=cast.wren)
        later = timezone.now() + timedelta(minutes=31)
        at_once_and_unbroken(
            partial(alerts.advance, now=later),
            partial(writing.worry, draft.post, by=cast.wren, now=True, note="They said goodbye."),
        )
        assert Worry.objects.filter(post=draft.post, now=True).count() == 1
    assert again(caplog) == 0


def test_who_leaves_and_who_takes_over_from_them_meet(own_connections: None, caplog: pytest.LogCaptureFixture) -> None:
    cast = Cast()
    for number in range(ROUNDS):
        hazel = build.person(f"hazel-{number}", Role.MODERATOR)
        flag = Flag.objects.get(post=build.post(build.URGENT_POST))
        actions.claim_flag(flag, by=hazel)
        at_once_and_unbroken(
            partial(people.deactivate, hazel, by=cast.willow),
            partial(actions.take_over, flag, by=cast.ash, taken_from=str(hazel.pk), reason="She leaves today."),
        )
        assert Flag.objects.get(id=flag.id).claimed_by == cast.ash
    assert again(caplog) == 0


def again(caplog: pytest.LogCaptureFixture) -> int:
    return sum(record.msg == "done_again" for record in caplog.get_records("call"))
