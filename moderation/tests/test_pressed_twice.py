"""A button that is pressed twice, or whose answer was lost on its way, does what it does once: nothing is claimed unseen, and
nobody is told that nothing was done about what they have just decided."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from moderation.models import Alert, Decision, Flag, Pass, Proposal
from webapp import test as build
from webapp.test import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def ash(cast: Cast, client: Client) -> Client:
    client.force_login(cast.ash)
    return client


def urgent() -> Flag:
    return Flag.objects.get(post=build.post(build.URGENT_POST))


def said(flag: Flag, **fields: Any) -> dict[str, Any]:
    seen = Flag.objects.get(id=flag.id).version
    return {"policy": "crisis", "reason": "A lead is in touch.", "version": seen, "danger": "no", **fields}


def claimed(cast: Cast) -> set[Any]:
    return set(Flag.objects.open().filter(claimed_by=cast.ash).values_list("id", flat=True))


def test_the_second_press_opens_what_the_first_one_took(cast: Cast, ash: Client) -> None:
    first, second = urgent(), urgent()
    for _ in range(2):
        assert str(first.id) in ash.post("/moderation/next").headers["Location"]
    assert claimed(cast) == {first.id}
    assert Alert.objects.get(flag=second).holder is None  # nobody has it, so it goes up the ladder
    ash.get(f"/moderation/flags/{first.id}/")
    assert str(second.id) in ash.post("/moderation/next").headers["Location"]  # who has read the first may want another


def test_a_claim_that_was_let_go_or_passed_on_is_not_handed_again(cast: Cast, ash: Client) -> None:
    first, second = urgent(), urgent()
    ash.post("/moderation/next")
    ash.post(f"/moderation/flags/{first.id}/pass")
    assert str(second.id) in ash.post("/moderation/next").headers["Location"]


def test_a_decision_that_is_sent_twice_is_one_and_takes_one_next_flag(cast: Cast, ash: Client) -> None:
    first, following = [Flag.objects.get(post=build.post(build.WORRYING_POST)) for _ in range(2)]
    third = Flag.objects.get(post=build.post(build.WORRYING_POST))
    fields = said(first, outcome="close", closed_as="fine", onward="1")
    for _ in range(2):
        answer = ash.post(f"/moderation/flags/{first.id}/decide", fields)
        assert str(following.id) in answer.headers["Location"]
    assert Decision.objects.count() == 1
    assert claimed(cast) == {following.id}
    assert third.claimer() is None


def test_a_proposal_that_is_sent_twice_is_one(cast: Cast, ash: Client) -> None:
    flag = urgent()
    fields = said(flag, outcome="approve")
    for _ in range(2):
        assert ash.post(f"/moderation/flags/{flag.id}/decide", fields).headers["Location"] == "/moderation/"
    assert Proposal.objects.count() == 1


def test_other_words_about_a_page_that_is_behind_are_refused_as_ever(cast: Cast, ash: Client) -> None:
    flag = Flag.objects.get(post=build.post(build.WORRYING_POST))
    fields = said(flag, outcome="close", closed_as="fine")
    ash.post(f"/moderation/flags/{flag.id}/decide", fields)
    answer = ash.post(f"/moderation/flags/{flag.id}/decide", fields | {"reason": "Something else."})
    assert answer.status_code == 409
    assert "This changed after you opened it" in build.read(answer)
    birch = Client()
    birch.force_login(cast.birch)
    assert birch.post(f"/moderation/flags/{flag.id}/decide", fields).status_code == 409


def test_passing_twice_passes_one(cast: Cast, ash: Client) -> None:
    first, second = urgent(), urgent()
    ash.post("/moderation/next")
    for _ in range(2):
        answer = ash.post(f"/moderation/flags/{first.id}/pass", {"onward": "1"})
        assert str(second.id) in answer.headers["Location"]
    assert list(Pass.objects.values_list("flag", flat=True)) == [first.id]
