"""Two people meet at one row, on PostgreSQL, where several write at once: nobody is cut off, and nobody decides on what was."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from assistant.actions import Refused
from moderation import actions
from moderation.models import Decision, Flag, TakeOver
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.test import Cast
from webapp.tests.stage import held_reply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(0)]


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
