"""At the top level a decision is a proposal until somebody else confirms it; nothing happens before."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from assistant.actions import Refused, take_back_reply, worry
from assistant.models import Post, Reply
from assistant.safety.types import Level
from moderation.actions import StaleFlag, answer_proposal, decide, escalate
from moderation.models import Decision, Escalation, Flag, Proposal
from webapp import test as build
from webapp.test import Cast
from webapp.tests.stage import held_reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def flag(cast: Cast) -> Flag:
    """Of a held reply to a post of the top level."""
    reply = held_reply(cast.wren, level=Level.PLAN)
    return Flag.objects.get(reply=reply)


def proposed(flag: Flag, by: Any, outcome: str = "approve", **fields: Any) -> Proposal:
    seen = Flag.objects.get(id=flag.id).version
    said: dict[str, Any] = {"outcome": outcome, "policy": "crisis", "reason": "Asks plainly.", "danger": False}
    made = decide(flag, by=by, seen=seen, **said, **fields)
    assert isinstance(made, Proposal)
    return made


def answered(flag: Flag, by: Any, *, confirmed: bool = True, reason: str = "") -> Decision | None:
    seen = Flag.objects.get(id=flag.id).version
    return answer_proposal(flag, confirmed=confirmed, by=by, reason=reason, seen=seen)


@pytest.mark.parametrize("outcome", ["approve", "edit", "return", "reject"])
def test_nothing_happens_before_somebody_else_confirms_it(flag: Flag, cast: Cast, outcome: str) -> None:
    edited = build.KIND_DRAFT + " Are you thinking about suicide? Please ring the emergency services or a helpline now."
    proposed(flag, cast.ash, outcome, edited_text=edited if outcome == "edit" else "")
    reply = Reply.objects.get()
    assert (reply.status, Flag.objects.get(id=flag.id).status, Decision.objects.count()) == ("held", "open", 0)
    with pytest.raises(Refused) as refused:
        answered(flag, cast.ash)
    assert refused.value.code == "same_person"
    decision = answered(flag, cast.birch)
    assert decision is not None
    assert (decision.by, decision.confirmed_by, decision.reason) == (cast.ash, cast.birch, "Asks plainly.")
    reply.refresh_from_db()
    ends = {"approve": "sent", "edit": "sent", "return": "returned", "reject": "withheld"}
    assert reply.status == ends[outcome]
    assert reply.text == (edited if outcome == "edit" else build.HURTFUL_REPLY)


def test_what_is_refused_waits_for_another_decision(flag: Flag, cast: Cast) -> None:
    proposed(flag, cast.ash)
    with pytest.raises(Refused) as refused:
        answered(flag, cast.birch, confirmed=False)
    assert refused.value.code == "reason_missing"
    assert answered(flag, cast.birch, confirmed=False, reason="It does not ask.") is None
    assert Reply.objects.get().status == "held"
    with pytest.raises(StaleFlag):
        answered(flag, cast.birch)
    proposed(flag, cast.birch, "return")
    answered(flag, cast.ash)
    assert Reply.objects.get().status == "returned"


def test_who_proposed_it_can_take_it_back(flag: Flag, cast: Cast) -> None:
    proposed(flag, cast.ash)
    answered(flag, cast.ash, confirmed=False, reason="I misread it.")
    assert Flag.objects.get(id=flag.id).proposal() is None


def test_no_second_proposal_stands_beside_the_first(flag: Flag, cast: Cast) -> None:
    first = proposed(flag, cast.ash)
    with pytest.raises(Refused) as refused:
        proposed(flag, cast.birch, "reject")
    assert refused.value.code == "proposed"
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.filter(id=first.id).update(confirmed=True, answered_by=cast.ash)


def test_a_page_from_before_the_proposal_decides_nothing(flag: Flag, cast: Cast) -> None:
    proposed(flag, cast.ash)
    for act in (
        lambda: decide(flag, outcome="reject", policy="other", by=cast.birch, reason="No.", seen=1),
        lambda: answer_proposal(flag, confirmed=True, by=cast.birch, reason="", seen=1),
    ):
        with pytest.raises(StaleFlag):
            act()


def test_a_reply_that_its_author_took_back_is_not_sent_by_confirming(flag: Flag, cast: Cast) -> None:
    proposed(flag, cast.ash)
    take_back_reply(Reply.objects.get(), by=cast.wren)
    with pytest.raises(StaleFlag):
        answered(flag, cast.birch)
    assert Reply.objects.get().status == "taken_back"


def test_once_it_is_escalated_only_a_lead_confirms(flag: Flag, cast: Cast) -> None:
    proposed(flag, cast.birch)
    escalate(flag, by=cast.ash, reason="A clinician should see this.", seen=2)
    with pytest.raises(Refused) as refused:
        answered(flag, cast.ash)
    assert refused.value.code == "not_yours"
    assert Reply.objects.get().status == "held"


def test_closing_what_waits_for_nothing_takes_one(cast: Cast) -> None:
    draft = build.draft(cast.wren, level=Level.PLAN)
    worry(draft.post, by=cast.wren)
    flag = Flag.objects.get(post=draft.post, raised_by=cast.wren)
    decide(flag, outcome="close", closed_as="service", policy="crisis", by=cast.ash, reason="Known to us.", seen=1)
    assert Decision.objects.get().closed_as == "service"


def test_below_the_top_level_one_is_enough(cast: Cast) -> None:
    reply = held_reply(cast.wren, level=Level.METHOD)
    flag = Flag.objects.get(reply=reply)
    assert isinstance(
        decide(flag, outcome="return", policy="crisis", by=cast.ash, reason="Ask plainly.", seen=1), Decision
    )


def test_the_page_says_that_it_takes_two_and_shows_what_was_proposed(flag: Flag, cast: Cast, client: Client) -> None:
    client.force_login(cast.ash)
    assert "somebody else confirms what you decide" in build.read(client.get(f"/moderation/flags/{flag.id}/"))
    said = {"outcome": "approve", "policy": "crisis", "reason": "Asks plainly.", "version": 1}
    page = build.read(client.post(f"/moderation/flags/{flag.id}/decide", said, follow=True))
    assert "Proposed. Nothing happens until somebody else confirms it." in page
    mine = client.get(f"/moderation/flags/{flag.id}/").content.decode()
    assert 'value="confirm"' not in mine
    client.force_login(cast.birch)
    page = build.read(client.get(f"/moderation/flags/{flag.id}/"))
    assert "ash proposes: approve · Signs of danger" in page
    assert "Asks plainly." in page
    client.post(f"/moderation/flags/{flag.id}/answer", {"answer": "confirm", "version": 2})
    assert Reply.objects.get().status == "sent"
    assert "and confirmed by birch" in build.read(client.get(f"/moderation/flags/{flag.id}/"))


def test_the_queue_says_which_one_waits_for_a_second_person(flag: Flag, cast: Cast, client: Client) -> None:
    said = {"ash": "You proposed; a second person confirms", "birch": "Waits for a second person"}
    for person in (cast.ash, cast.birch):
        client.force_login(person)
        assert said["birch"] not in client.get("/moderation/").content.decode()
    proposed(flag, cast.ash)
    for person in (cast.ash, cast.birch):
        client.force_login(person)
        page = client.get("/moderation/").content.decode()
        assert [words for words in said.values() if words in page] == [said[person.username]]


def test_a_post_at_the_top_level_stays_held_until_the_second_person(cast: Cast) -> None:
    row = build.post(build.URGENT_POST)
    flag = Flag.objects.get(post=row)
    assert flag.level == Level.PLAN
    proposed(flag, cast.ash)
    assert Post.objects.get(id=row.id).status == "held"
    answered(flag, cast.birch)
    assert Post.objects.get(id=row.id).status == "waiting"


def test_where_nobody_was_asked_about_danger_a_lead_has_the_person_all_the_same(cast: Cast) -> None:
    """Proposed before the question was asked, or while the post was not held."""
    flag = Flag.objects.get(post=build.post(build.URGENT_POST))
    proposed(flag, cast.ash)
    Proposal.objects.update(danger=None)
    decision = answered(flag, cast.birch)
    assert decision is not None
    assert decision.danger
    assert Escalation.objects.get(flag=flag).is_open
