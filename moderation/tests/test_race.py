"""A hundred moderators reach for the same flags at the same moment: each is decided once, by one of them."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter

import pytest
from django.db import connection, transaction

from assistant.actions import Refused
from assistant.models import AuditEvent, Post, Reply
from assistant.vault import audit
from moderation.actions import decide, escalate
from moderation.models import Decision, Flag
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.privacy import erase_post
from webapp.tests.stage import held_reply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(0)]

MODERATORS = 100
ITEMS = int(os.environ.get("DESK_ITEMS", "20"))
ENDS = {"approve": "sent", "return": "returned", "reject": "withheld"}


def test_every_flag_is_decided_once_by_one_of_a_hundred(own_connections: None) -> None:
    author = build.person("wren", Role.SUPPORTER)
    people = [build.person(f"moderator-{number}", Role.MODERATOR) for number in range(MODERATORS)]
    for _ in range(ITEMS):
        held_reply(author)
    flags = list(Flag.objects.values_list("id", "version"))
    together = threading.Barrier(MODERATORS)
    ends: Counter[str] = Counter()
    broken: list[str] = []

    def moderate(who: User, number: int) -> None:
        dice = random.Random(number)
        own = dice.sample(flags, len(flags))[: max(2, len(flags) // 10)] if number else flags
        together.wait()
        try:
            for flag_id, seen in own:
                try:
                    flag = Flag.objects.get(id=flag_id)
                    decide(flag, outcome=dice.choice(list(ENDS)), policy="other", by=who, reason="Read.", seen=seen)
                    ends["done"] += 1
                except Refused as refusal:
                    ends[refusal.code] += 1
        except Exception as error:
            broken.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    threads = [threading.Thread(target=moderate, args=(who, number)) for number, who in enumerate(people)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    print(f"{MODERATORS} moderators, {ITEMS} flags, {sum(ends.values())} tries in {seconds:.1f} s: {dict(ends)}")  # noqa: T201
    assert broken == []
    assert ends == {"done": ITEMS, "stale": sum(ends.values()) - ITEMS}
    assert Decision.objects.count() == AuditEvent.objects.filter(action="flag.decided").count() == ITEMS
    for decision in Decision.objects.all():
        assert Reply.objects.get(flags=decision.flag_id).status == ENDS[decision.outcome]
    assert list(audit.faults_in_chain()) == []


def test_a_flag_that_is_escalated_while_its_case_is_erased_does_not_stay_open(own_connections: None) -> None:
    ash = build.person("ash", Role.MODERATOR)
    build.person("birch", Role.LEAD)
    post = build.post(build.URGENT_POST)
    flag = Flag.objects.get(post=post)
    erasing = threading.Thread(target=erase, args=(post,))
    with transaction.atomic():
        escalate(flag, by=ash, reason="A lead.", seen=flag.version)
        erasing.start()
        time.sleep(1)  # it waits for this transaction
    erasing.join()
    assert Flag.objects.get(id=flag.id).status == Flag.Status.DROPPED


def erase(post: Post) -> None:
    try:
        erase_post(post)
    finally:
        connection.close()
