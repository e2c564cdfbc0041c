"""Each act of moderators and of who appeals is an event of the audit log, with its person; the chain stays whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assistant.models import AuditEvent, Reply
from assistant.safety.types import Level
from assistant.vault import audit
from moderation import actions
from moderation.models import Decision, Flag
from webapp import test as build
from webapp.test import Cast
from webapp.tests.stage import held_reply

pytestmark = pytest.mark.django_db
WORDS = "Words that stand nowhere in the log."


def flag_of(cast: Cast, level: int | None = None) -> Flag:
    return Flag.objects.get(reply=held_reply(cast.wren, level=level))


def decided(flag: Flag, outcome: str, by: Any, **fields: Any) -> Any:
    seen = Flag.objects.get(id=flag.id).version
    return actions.decide(flag, outcome=outcome, policy="other", by=by, reason=WORDS, seen=seen, **fields)


def settle(outcome: str) -> Callable[[Cast], None]:
    fields = {"edit": {"edited_text": build.KIND_DRAFT}}.get(outcome, {})

    def act(cast: Cast) -> None:
        decided(flag_of(cast), outcome, cast.ash, **fields)

    return act


def close(cast: Cast) -> None:
    row = build.post(draw=build.drawn)
    decided(Flag.objects.get(post=row), "close", cast.ash, closed_as="fine")


def appealed(cast: Cast) -> Flag:
    flag = flag_of(cast)
    decided(flag, "reject", cast.birch)
    reply = Reply.objects.select_related("case").get(flags=flag)
    return actions.appeal(reply, words=WORDS, by=cast.wren).flag


def answer(outcome: str) -> Callable[[Cast], None]:
    return lambda cast: decided(appealed(cast), outcome, cast.ash)


def propose(cast: Cast) -> None:
    decided(flag_of(cast, Level.PLAN), "return", cast.ash)


def second(*, confirmed: bool) -> Callable[[Cast], None]:
    def act(cast: Cast) -> None:
        flag = flag_of(cast, Level.PLAN)
        decided(flag, "return", cast.birch)
        actions.answer_proposal(flag, confirmed=confirmed, by=cast.ash, reason=WORDS, seen=2)

    return act


def undo(cast: Cast) -> None:
    flag = flag_of(cast)
    actions.undo(decided(flag, "return", cast.ash), by=cast.ash)


def end_claim(cast: Cast) -> None:
    flag = flag_of(cast)
    actions.claim_flag(flag, by=cast.ash)
    actions.end_claim(flag, by=cast.ash)


ACTS: dict[str, tuple[Callable[[Cast], Any], str, str, str]] = {
    # act: who does it, the event, its outcome
    **{name: (settle(name), "ash", "flag.decided", name) for name in ("approve", "edit", "return", "reject")},
    "close": (close, "ash", "flag.decided", "close"),
    "uphold": (answer("uphold"), "ash", "flag.decided", "uphold"),
    "overturn": (answer("overturn"), "ash", "flag.decided", "overturn"),
    "propose": (propose, "ash", "flag.proposed", "return"),
    "confirm": (second(confirmed=True), "ash", "flag.confirmed", "return"),
    "refuse": (second(confirmed=False), "ash", "flag.proposal_refused", "return"),
    "undo": (undo, "ash", "flag.undone", "return"),
    "appeal": (appealed, "wren", "reply.appealed", "reject"),
    "escalate": (
        lambda cast: actions.escalate(flag_of(cast), by=cast.ash, reason=WORDS, seen=1),
        "ash",
        "flag.escalated",
        "done",
    ),
    "claim": (lambda cast: actions.claim_flag(flag_of(cast), by=cast.ash), "ash", "flag.claimed", "done"),
    "end_claim": (end_claim, "ash", "flag.claim_ended", "done"),
    "note": (lambda cast: actions.add_note(flag_of(cast), text=WORDS, by=cast.ash), "ash", "case.noted", "done"),
}


@pytest.mark.parametrize("name", ACTS)
def test_it_is_on_record_with_who_did_it_and_without_words(cast: Cast, name: str) -> None:
    act, who, action, outcome = ACTS[name]
    act(cast)
    event = AuditEvent.objects.get(action=action, actor=str(getattr(cast, who).pk))
    assert event.outcome == outcome
    assert WORDS not in str(list(AuditEvent.objects.values_list()))
    assert list(audit.faults_in_chain()) == []


def test_every_outcome_that_there_is_is_among_them() -> None:
    assert set(Decision.Outcome) <= set(ACTS)
