"""One outcome for several flags: low ones alone, each by itself, and each with its own answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assistant.actions import report, send_reply, worry
from assistant.models import Draft, Post
from assistant.retention import erase_case
from assistant.safety import policy
from moderation.actions import claim_flag, decide, escalate, undo
from moderation.models import Decision, Flag, Undo
from webapp import test as build
from webapp.private_policy import policy_in_force
from webapp.test import Cast

pytestmark = pytest.mark.django_db


def low(**fields: Any) -> Flag:
    """A post of level 1 that asks for a look."""
    return Flag.objects.get(post=build.post(build.WORRYING_POST, **fields))


def reported(cast: Cast) -> Flag:
    suggestion = build.suggestion(build.draft(cast.wren))
    report(suggestion, by=cast.wren)
    return Flag.objects.get(suggestion=suggestion)


def choose(client: Client, *flags: Flag, outcome: str = "close", reason: str = "Nothing in these.") -> Any:
    chosen = [f"{flag.id}:1" for flag in flags]
    return client.post(
        "/moderation/together",
        {"chosen": chosen, "outcome": outcome, "policy": "crisis", "closed_as": "fine", "reason": reason},
    )


def labels(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [result["label"] for result in answer.context["results"]]


@pytest.fixture
def ash(cast: Cast, client: Client) -> Client:
    client.force_login(cast.ash)
    return client


def test_each_gets_its_own_decision_with_the_reason(cast: Cast, ash: Client) -> None:
    flags = [low(), low(), reported(cast)]
    answer = choose(ash, *flags)
    assert labels(answer) == ["Decided"] * 3
    assert "3 decided" in build.read(answer)
    decisions = Decision.objects.select_related("case")
    assert {decision.flag_id for decision in decisions} == {flag.id for flag in flags}
    assert {decision.reason for decision in decisions} == {"Nothing in these."}
    assert not Flag.objects.open().exists()


def test_what_changed_meanwhile_stays_and_the_others_are_decided(cast: Cast, ash: Client) -> None:
    decided, taken, escalated, erased, fine = low(), low(), low(), low(), low()
    choose(ash, decided)
    claim_flag(taken, by=cast.birch)
    escalate(escalated, by=cast.birch, reason="Hm.", seen=1)
    Flag.objects.filter(id=erased.id).delete()
    answer = choose(ash, decided, taken, escalated, erased, fine)
    assert labels(answer) == ["Changed meanwhile", "With somebody else", "Not yours", "Not yours", "Decided"]
    assert "1 decided, 4 left as they were" in build.read(answer)
    assert Decision.objects.count() == 2


def test_a_post_that_is_rejected_together_is_closed(ash: Client) -> None:
    choose(ash, low(), low(), outcome="reject")
    assert set(Post.objects.values_list("status", flat=True)) == {"closed"}


def urgent(_cast: Cast) -> Flag:
    return Flag.objects.get(post=build.post(build.URGENT_POST))


def higher(_cast: Cast) -> Flag:
    flag = low()
    Flag.objects.filter(id=flag.id).update(level=2)
    return flag


def held(cast: Cast) -> Flag:
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY)
    return Flag.objects.get(reply=send_reply(draft, by=cast.wren, revision=build.head_of(draft)))


def worried(cast: Cast) -> Flag:
    draft: Draft = build.draft(cast.wren)
    worry(draft.post, by=cast.wren)
    return Flag.objects.get(post=draft.post)


def sampled(_cast: Cast) -> Flag:
    return Flag.objects.get(post=build.post(draw=build.drawn))


@pytest.mark.parametrize("make", [urgent, higher, held, worried, sampled])
def test_what_is_held_high_sampled_or_a_worry_is_decided_by_itself(
    cast: Cast, ash: Client, make: Callable[[Cast], Flag]
) -> None:
    flag = make(cast)
    assert 'name="chosen"' not in ash.get("/moderation/").content.decode()
    assert labels(choose(ash, flag)) == ["Only by itself"]
    assert Flag.objects.open().filter(id=flag.id).exists()


def test_an_outcome_that_fits_one_of_them_is_for_that_one(cast: Cast, ash: Client) -> None:
    cast_reply = build.draft(cast.wren, text=build.KIND_DRAFT + " You clearly have bipolar disorder.")
    sent = send_reply(cast_reply, by=cast.wren, revision=build.head_of(cast_reply))
    assert labels(choose(ash, Flag.objects.get(reply=sent), low(), outcome="reject")) == ["Does not fit", "Decided"]
    assert labels(choose(ash, low(), outcome="edit")) == ["Does not fit"]


def test_a_form_that_is_refused_comes_back_as_it_was(ash: Client) -> None:
    flag = low()
    answer = ash.post(
        "/moderation/together?level=1",
        {"chosen": [f"{flag.id}:1"], "outcome": "close", "policy": "crisis", "closed_as": "fine", "reason": " "},
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'role="alert"' in page
    assert page.count(" checked>") == 1
    assert answer.context["query"] == "level=1"
    assert choose(ash).status_code == 422  # nothing chosen
    assert not Decision.objects.exists()


def test_a_flag_that_is_named_twice_is_decided_once(ash: Client) -> None:
    flag = low()
    assert labels(choose(ash, flag, flag)) == ["Decided"]


def test_where_it_takes_two_people_it_says_proposed(cast: Cast, ash: Client, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(policy.SHIPPED.read_text().replace("[levels.1]", "[levels.1]\ntwo_people = true"))
    with policy_in_force(file):
        first, second = low(), low()
        answer = choose(ash, first, second, outcome="reject")
        assert labels(answer) == ["Proposed"] * 2
        assert "0 decided, 2 proposed" in build.read(answer)
        assert "Nothing happens until somebody else confirms it." in build.read(answer)
        assert not Decision.objects.exists()
        again = ash.post(
            "/moderation/together",
            {"chosen": [f"{first.id}:2"], "outcome": "reject", "policy": "crisis", "reason": "Nothing in these."},
        )
        assert labels(again) == ["Proposed before"]
        assert labels(choose(ash, low())) == ["Decided"]  # closing changes nothing


# Taking it back


def undo_all(client: Client, answer: Any) -> Any:
    """As the form on the page of the results says it."""
    page = answer.content.decode()
    action = re.search(r'action="(/moderation/together/undo[^"]*)"', page)
    assert action is not None
    return client.post(action[1], {"chosen": re.findall(r'name="chosen" value="([^"]+)"', page)})


def test_all_of_them_are_undone_at_once_and_wait_again(cast: Cast, ash: Client) -> None:
    flags = [low(), low(), reported(cast)]
    answer = choose(ash, *flags)
    assert "Undo all 3" in build.read(answer)
    after = undo_all(ash, answer)
    assert labels(after) == ["Undone"] * 3
    assert "3 undone, and they wait again" in build.read(after)
    assert Flag.objects.open().count() == Decision.objects.count() == Undo.objects.count() == 3
    assert labels(undo_all(ash, answer)) == ["Undone"] * 3  # pressed twice
    assert Undo.objects.count() == 3


def test_posts_that_were_rejected_wait_for_supporters_again(ash: Client) -> None:
    answer = choose(ash, low(), low(), outcome="reject")
    undo_all(ash, answer)
    assert set(Post.objects.values_list("status", flat=True)) == {"waiting"}


def test_what_came_of_some_is_said_of_each_and_the_others_are_undone(cast: Cast, ash: Client) -> None:
    late, again, erased, fine = low(), low(), low(), low()
    answer = choose(ash, late, again, erased, fine)
    Decision.objects.filter(flag=late).update(at=timezone.now() - timedelta(seconds=61))
    undo(Decision.objects.get(flag=again), by=cast.ash)
    decide(again, outcome="close", policy="crisis", closed_as="fine", by=cast.ash, reason="Looked again.", seen=3)
    erase_case(erased.subject_post, by=None)
    after = undo_all(ash, answer)
    assert labels(after) == ["Not undone", "Not undone", "Not yours", "Undone"]
    assert "1 undone, and it waits again, 3 stay as decided" in build.read(after)
    assert "What was decided stands." in build.read(after)
    assert {flag.id for flag in Flag.objects.open()} == {
        fine.id
    }  # what was decided since is another decision, and stays


def test_nobody_undoes_what_others_decided_together(cast: Cast, ash: Client) -> None:
    answer = choose(ash, low(), low())
    ash.force_login(cast.birch)
    assert labels(undo_all(ash, answer)) == ["Not yours"] * 2
    assert not Undo.objects.exists()


def test_undoing_is_offered_for_what_was_decided_and_as_long_as_it_can_be(cast: Cast, ash: Client) -> None:
    flag, taken = low(), low()
    claim_flag(taken, by=cast.birch)
    assert "Undo it" in build.read(choose(ash, flag, taken))
    assert "Undo" not in build.read(choose(ash, flag, taken))
    assert ash.post("/moderation/together/undo", {"chosen": ["x:1"]}).status_code == 422


def test_what_came_of_them_is_said_by_somebody_and_not_by_the_form(cast: Cast, ash: Client) -> None:
    flag = low()
    fields = {"chosen": [f"{flag.id}:1"], "policy": "crisis", "reason": "Nothing in these."}
    answer = ash.post("/moderation/together", fields | {"outcome": "close", "closed_as": ""})
    assert answer.status_code == 422
    assert "Say what came of them, then close them." in build.read(answer)
    assert "Nothing in these." in build.read(answer)
    assert not Decision.objects.exists()
    assert labels(ash.post("/moderation/together", fields | {"outcome": "reject"})) == ["Decided"]
