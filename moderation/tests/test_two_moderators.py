"""Two people act at the same moment: one of them does, the other is told."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection

from assistant.actions import Refused, send_reply, take_back_reply
from assistant.models import AuditEvent, Post, Reply
from moderation.actions import claim_flag, decide, take_next
from moderation.models import Decision, Flag
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.test import Cast

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Run them together; "done" or the code of the refusal for each."""
    return [code_of(end) for end in build.at_once(*acts)]


def code_of(end: object) -> str:
    if isinstance(end, Exception) and not isinstance(end, Refused):
        raise end
    return end.code if isinstance(end, Refused) else "done"


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


def test_of_a_hundred_who_ask_for_the_next_nobody_gets_what_another_has() -> None:
    people = [build.person(f"m{number}", Role.MODERATOR) for number in range(100)]
    for _ in range(2):
        build.post(build.URGENT_POST)
    post = Post.objects.latest("stored_at")
    flags = [Flag(case=post.case, post=post, severity=3, level=number % 5) for number in range(298)]
    Flag.objects.bulk_create(flags)
    got: list[list[uuid.UUID]] = [[] for _ in people]
    at_work = threading.BoundedSemaphore(60)  # the private server has a hundred connections

    def work(number: int) -> None:
        with at_work:
            try:
                for _ in range(3):
                    flag = take_next(people[number])
                    if flag is not None:
                        got[number].append(flag.id)
            finally:
                connection.close()

    at_once(*(partial(work, number) for number in range(len(people))))
    taken = [flag_id for of_one in got for flag_id in of_one]
    assert len(taken) == len(set(taken)) == 300
    for number, of_one in enumerate(got):
        assert set(Flag.objects.filter(claimed_by=people[number]).values_list("id", flat=True)) == set(of_one)
    assert AuditEvent.objects.filter(action="flag.claimed").count() == 300
    assert take_next(people[0]) is None
