"""Two people act at the same moment: one of them does, the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection

from assistant.actions import Refused, send_reply, take_back_reply
from assistant.models import Reply
from moderation.actions import claim_flag, decide
from moderation.models import Decision, Flag
from webapp import test as build
from webapp.accounts.models import User
from webapp.test import Cast

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Run them together; "done" or the code of the refusal for each."""
    together = threading.Barrier(len(acts))
    ends = [""] * len(acts)

    def run(number: int) -> None:
        together.wait()
        try:
            acts[number]()
            ends[number] = "done"
        except Refused as refusal:
            ends[number] = refusal.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def held_reply(cast: Cast) -> Flag:
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY)
    send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    return Flag.objects.latest("opened_at")


# Each reads the row anew, as a request does.


def decide_as(user: User, flag: Flag, outcome: str) -> None:
    decide(Flag.objects.get(id=flag.id), outcome=outcome, policy="other", by=user, reason="Read twice.", seen=1)


def claim_as(user: User, flag: Flag) -> None:
    claim_flag(Flag.objects.get(id=flag.id), by=user)


def take_back(user: User, reply: Reply) -> None:
    take_back_reply(Reply.objects.get(id=reply.id), by=user)


def test_only_one_of_two_decisions_counts() -> None:
    cast = build.Cast()
    for _ in range(ROUNDS):
        flag = held_reply(cast)
        ends = at_once(
            partial(decide_as, cast.ash, flag, "approve"),
            partial(decide_as, cast.birch, flag, "reject"),
        )
        assert sorted(ends) == ["done", "stale"]
        outcome = Decision.objects.get(flag=flag).outcome
        assert Reply.objects.get(flags=flag).status == ("sent" if outcome == "approve" else "withheld")


def test_a_reply_is_either_taken_back_or_sent_never_both() -> None:
    cast = build.Cast()
    for _ in range(ROUNDS):
        flag = held_reply(cast)
        reply = Reply.objects.get(flags=flag)
        ends = at_once(
            partial(decide_as, cast.ash, flag, "approve"),
            partial(take_back, cast.wren, reply),
        )
        reply.refresh_from_db()
        assert ends in (["done", "decided"], ["stale", "done"])
        assert reply.status == ("sent" if ends[0] == "done" else "taken_back")


def test_only_one_of_two_claims_holds() -> None:
    cast = build.Cast()
    for _ in range(ROUNDS):
        flag = held_reply(cast)
        ends = at_once(
            partial(claim_as, cast.ash, flag),
            partial(claim_as, cast.birch, flag),
        )
        assert sorted(ends) == ["claimed", "done"]
