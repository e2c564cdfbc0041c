"""What stayed inside can be taken back for a minute, by who decided; what went out never."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assistant.actions import Refused, report, save_revision, take_next_post, worry
from assistant.models import AuditEvent, Draft, Post, Reply, Suggestion
from moderation import sample
from moderation.actions import answer_proposal, appeal, decide, escalate, undo
from moderation.models import Decision, Flag, Undo
from webapp import test as build
from webapp.test import Cast
from webapp.tests.stage import held_reply

pytestmark = pytest.mark.django_db


def decided(flag: Flag, outcome: str, by: Any, **fields: Any) -> Decision:
    if outcome == "close":
        fields["closed_as"] = "fine"
    said: dict[str, Any] = {"outcome": outcome, "policy": "other", "reason": "So it is.", "danger": False}
    made = decide(flag, by=by, seen=flag.version, **said, **fields)
    assert isinstance(made, Decision)
    return made


def refusal_of(decision: Decision, by: Any) -> str:
    with pytest.raises(Refused) as refused:
        undo(decision, by=by)
    return refused.value.code


@pytest.mark.parametrize("outcome", ["return", "reject"])
def test_a_reply_that_came_back_or_was_refused_is_held_again(cast: Cast, outcome: str) -> None:
    reply = held_reply(cast.wren)
    flag = Flag.objects.get(reply=reply)
    decision = decided(flag, outcome, cast.ash)
    undo(decision, by=cast.ash)
    reply.refresh_from_db()
    draft = Draft.objects.get(id=reply.draft_id)
    assert (reply.status, reply.note, draft.status, draft.post.status) == ("held", "", "held", "answered")
    flag.refresh_from_db()
    assert (flag.status, flag.version) == ("open", 3)
    assert Decision.objects.count() == Undo.objects.count() == 1  # nothing was removed
    again = decided(flag, "approve", cast.birch)
    assert (again.flag_version, Reply.objects.get().status) == (3, "sent")
    assert list(Decision.objects.standing()) == [again]


@pytest.mark.parametrize("outcome", ["approve", "edit"])
def test_a_reply_that_was_sent_stays_sent(cast: Cast, outcome: str) -> None:
    reply = held_reply(cast.wren)
    fields = {"edited_text": build.KIND_DRAFT} if outcome == "edit" else {}
    decision = decided(Flag.objects.get(reply=reply), outcome, cast.ash, **fields)
    assert refusal_of(decision, cast.ash) == "too_late"
    assert Reply.objects.get().status == "sent"


def test_what_a_lead_confirmed_of_an_escalated_flag_is_not_undone_by_the_moderator_who_proposed_it(
    cast: Cast, client: Client
) -> None:
    flag = Flag.objects.get(reply=held_reply(cast.wren, level=4))
    said: dict[str, Any] = {"outcome": "return", "policy": "other", "reason": "So it is."}
    decide(flag, by=cast.ash, seen=flag.version, **said)
    flag.refresh_from_db()
    escalate(flag, by=cast.ash, reason="For a lead.", seen=flag.version)
    flag.refresh_from_db()
    decision = answer_proposal(flag, confirmed=True, by=cast.birch, reason="", seen=flag.version)
    assert decision is not None
    client.force_login(cast.ash)
    assert f"/decisions/{decision.id}/undo" not in client.get("/moderation/").content.decode()
    assert refusal_of(decision, cast.ash) == "too_late"
    undo(decision, by=cast.birch)
    assert Flag.objects.get(id=flag.id).is_open


def test_after_a_minute_it_stands(cast: Cast) -> None:
    decision = decided(Flag.objects.get(reply=held_reply(cast.wren)), "reject", cast.ash)
    Decision.objects.update(at=timezone.now() - timedelta(seconds=61))
    assert refusal_of(decision, cast.ash) == "too_late"


def test_nobody_undoes_what_others_decided(cast: Cast, client: Client) -> None:
    decision = decided(Flag.objects.get(reply=held_reply(cast.wren)), "reject", cast.ash)
    assert refusal_of(decision, cast.birch) == "too_late"
    client.force_login(cast.birch)
    assert client.post(f"/moderation/decisions/{decision.id}/undo").status_code == 404
    client.force_login(cast.ash)
    assert client.post(f"/moderation/decisions/{decision.id}/undo").status_code == 302
    assert Reply.objects.get().status == "held"
    assert refusal_of(decision, cast.ash) == "too_late"  # once


def test_a_supporter_who_writes_on_is_not_interrupted(cast: Cast) -> None:
    reply = held_reply(cast.wren)
    decision = decided(Flag.objects.get(reply=reply), "return", cast.ash)
    draft = Draft.objects.get(id=reply.draft_id)
    save_revision(draft, text=build.KIND_DRAFT, base=draft.head_number)
    assert refusal_of(decision, cast.ash) == "moved_on"


def test_a_post_that_somebody_took_meanwhile_stays_theirs(cast: Cast) -> None:
    reply = held_reply(cast.wren)
    decision = decided(Flag.objects.get(reply=reply), "reject", cast.ash)
    assert take_next_post(cast.robin) is not None
    assert refusal_of(decision, cast.ash) == "moved_on"
    assert Reply.objects.get().status == "withheld"


def held_post() -> Post:
    """Of level 2, held because somebody handed it over."""
    row = build.post_of_level(2)
    Post.objects.filter(id=row.id).update(status="held", tier="urgent", was_held=True, approval=None)
    return Post.objects.select_related("case").get(id=row.id)


def flag_of(row: Post, by: Any) -> Flag:
    worry(row, by=by)
    return Flag.objects.get(post=row, raised_by=by)


@pytest.mark.parametrize("outcome", ["approve", "reject"])
def test_a_held_post_is_held_again(cast: Cast, outcome: str) -> None:
    row = held_post()
    undo(decided(flag_of(row, cast.wren), outcome, cast.ash), by=cast.ash)
    row.refresh_from_db()
    assert (row.status, row.approval) == ("held", None)


def test_a_post_that_was_taken_is_not_held_again(cast: Cast) -> None:
    row = held_post()
    decision = decided(flag_of(row, cast.wren), "approve", cast.ash)
    draft = take_next_post(cast.robin)
    assert draft is not None
    assert draft.post_id == row.id
    assert refusal_of(decision, cast.ash) == "moved_on"


@pytest.mark.parametrize("outcome", ["close", "reject"])
def test_a_post_that_waited_waits_again(cast: Cast, outcome: str) -> None:
    row = build.post()
    undo(decided(flag_of(row, cast.wren), outcome, cast.ash), by=cast.ash)
    row.refresh_from_db()
    assert row.status == "waiting"


def test_a_reported_suggestion_is_seen_again(cast: Cast) -> None:
    suggestion = build.suggestion(build.draft(cast.wren))
    report(suggestion, by=cast.wren)
    flag = Flag.objects.get(suggestion=suggestion)
    decision = decided(flag, "reject", cast.ash)
    assert Suggestion.objects.get().status == "withheld"
    undo(decision, by=cast.ash)
    assert Suggestion.objects.get().status == "shown"


def test_it_is_not_undone_over_a_new_flag_of_the_same_person(cast: Cast) -> None:
    row = build.post()
    decision = decided(flag_of(row, cast.wren), "close", cast.ash)
    worry(row, by=cast.wren, note="There is more.")
    assert refusal_of(decision, cast.ash) == "raised_again"


def test_it_is_not_undone_once_its_author_appealed(cast: Cast) -> None:
    reply = held_reply(cast.wren)
    decision = decided(Flag.objects.get(reply=reply), "reject", cast.ash)
    appeal(reply, words="Please look again.", by=cast.wren)
    assert refusal_of(decision, cast.ash) == "appealed"


def test_it_does_not_reverse_what_somebody_else_decided_since_about_the_same_post(cast: Cast) -> None:
    row = build.post()
    first, second = flag_of(row, cast.wren), flag_of(row, cast.robin)
    decision = decided(first, "reject", cast.ash)
    later = decided(second, "reject", cast.birch)
    assert refusal_of(decision, cast.ash) == "moved_on"
    assert Post.objects.get().status == "closed"
    undo(later, by=cast.birch)
    undo(decision, by=cast.ash)  # which nobody overruled any more
    assert Post.objects.get().status == "waiting"


def test_what_was_undone_counts_in_no_sample(cast: Cast) -> None:
    row = build.post(draw=build.drawn)
    decision = decided(Flag.objects.get(post=row), "close", cast.ash, missed=True)
    assert sample.estimates()[1].read == 1
    undo(decision, by=cast.ash)
    assert sample.estimates()[1].read == 0


def test_the_queue_and_the_page_offer_it_for_a_minute(cast: Cast, client: Client) -> None:
    flag = Flag.objects.get(reply=held_reply(cast.wren))
    client.force_login(cast.ash)
    said = {"outcome": "reject", "policy": "other", "reason": "It blames.", "version": 1}
    page = client.post(f"/moderation/flags/{flag.id}/decide", said, follow=True).content.decode()
    address = f"/moderation/decisions/{Decision.objects.get().id}/undo"
    assert address in page
    assert address in client.get(f"/moderation/flags/{flag.id}/").content.decode()
    Decision.objects.update(at=timezone.now() - timedelta(seconds=61))
    assert address not in client.get("/moderation/").content.decode()
    Decision.objects.update(at=timezone.now())
    client.post(address)
    assert "undid the decision: reject" in build.read(client.get(f"/moderation/flags/{flag.id}/"))
    assert AuditEvent.objects.filter(action="flag.undone").count() == 1
