"""What the database broke off, because two waited for each other, is done again: as a whole, and once."""

from __future__ import annotations

import ast
import threading
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction

from assistant.models import AuditEvent
from assistant.transactions import one_transaction, was_broken_off
from assistant.vault import audit
from webapp import test as build
from webapp.accounts.models import User
from webapp.test import Cast

ACTIONS = ("assistant/actions", "moderation/actions")


class Circle:
    """Two who lock the same two people, each the other one first: the first time they wait for each other."""

    def __init__(self, *people: User) -> None:
        self.people = people
        self.both_have_one = threading.Barrier(2)
        self.begun: Counter[int] = Counter()
        self.told: list[int] = []

    def act(self, number: int) -> int:
        first, second = self.people[number], self.people[1 - number]
        self.begun[number] += 1
        transaction.on_commit(lambda: self.told.append(number))
        User.objects.select_for_update().get(pk=first.pk)
        if sum(self.begun.values()) <= 2:
            self.both_have_one.wait(10)
        User.objects.select_for_update().get(pk=second.pk)
        audit.record("test.done", actor=None, object_type="test", object_id=number)
        return number


def done_count() -> Counter[str]:
    return Counter(AuditEvent.objects.filter(action="test.done").values_list("object_id", flat=True))


@pytest.mark.django_db(transaction=True)
def test_both_of_two_who_waited_for_each_other_are_done_once(own_connections: None) -> None:
    cast = Cast()
    circle = Circle(cast.wren, cast.robin)
    ends = build.at_once(*(lambda number=number: one_transaction(circle.act)(number) for number in (0, 1)))
    assert ends == [0, 1]
    assert sorted(circle.begun.values()) == [1, 2]  # one of them twice
    assert sorted(circle.told) == [0, 1]
    assert done_count() == {"0": 1, "1": 1}


@pytest.mark.django_db(transaction=True)
def test_inside_another_transaction_it_is_left_to_whoever_began_that(own_connections: None) -> None:
    cast = Cast()
    circle = Circle(cast.wren, cast.robin)

    def inside(number: int) -> int:
        with transaction.atomic():
            return one_transaction(circle.act)(number)

    ends = build.at_once(*(lambda number=number: inside(number) for number in (0, 1)))
    [broken] = [end for end in ends if not isinstance(end, int)]
    assert isinstance(broken, OperationalError)
    assert was_broken_off(broken)
    assert circle.begun == {0: 1, 1: 1}
    assert len(circle.told) == sum(done_count().values()) == 1


@pytest.mark.django_db(transaction=True)
def test_any_other_fault_of_the_database_is_not_tried_again() -> None:
    begun = []

    @one_transaction
    def act() -> None:
        begun.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    with pytest.raises(DatabaseError):
        act()
    assert begun == [1]


@pytest.mark.parametrize("folder", ACTIONS)
def test_every_act_that_is_one_transaction_is_done_again(folder: str) -> None:
    for path in (Path(settings.BASE_DIR) / folder).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                how = [ast.unparse(decorator) for decorator in node.decorator_list]
                assert "transaction.atomic" not in how, f"{path.name}: {node.name} wants @one_transaction"
