"""Whatever moderators and supporters do in whatever order: rows and plain model say the same, and nothing leaves unapproved."""

from __future__ import annotations

import os
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from assistant import actions, triage
from assistant.actions import Refused
from assistant.models import AuditEvent, CaseKey, Draft, Post, Reply
from assistant.safety.types import Level, Severity
from assistant.signals import Concern
from assistant.tests.effort import runs
from assistant.vault import audit
from moderation import holds
from moderation.actions import (
    add_note,
    answer_proposal,
    appeal,
    claim_flag,
    decide,
    end_claim,
    escalate,
    open_flag,
    undo,
)
from moderation.models import Appeal, Decision, Flag, Outcome, Proposal, Undo
from moderation.tests.desk import Desk, Flagged, Item
from webapp import test as build
from webapp.accounts.roles import Role

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(0)]

STEPS = runs(150)  # for each seed
SEEDS = 5 if "RANDOM_RUNS" in os.environ else 1
MOST_ITEMS = 8
LOOK_CLOSELY = 10  # every so many steps, and at the end
JUMPS = (22.0, 66.0, 600.0, 1300.0)  # never so near to a limit that the seconds which the test takes would matter
MODERATORS = ("ash", "cedar", "birch", "hazel")
OUTCOMES = [str(one) for one in Outcome]
PICK = st.integers(min_value=0, max_value=10_000)
WHO = st.sampled_from(MODERATORS)
counted = 0


class RandomDesk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.rolled_back = transaction.atomic()
        self.rolled_back.__enter__()
        roles = {"ash": Role.MODERATOR, "cedar": Role.MODERATOR, "birch": Role.LEAD, "hazel": Role.LEAD}
        roles |= {"wren": Role.SUPPORTER, "robin": Role.SUPPORTER}
        self.people = {name: build.person(name, role) for name, role in roles.items()}
        self.desk = Desk()
        self.rows: dict[int, Any] = {}  # the row behind each part of the model, by id()
        self.notes = self.steps = 0
        self.first_event = audit.head()[0]

    def teardown(self) -> None:
        self.look_closely()
        assert list(audit.faults_in_chain()) == []
        transaction.set_rollback(True)
        self.rolled_back.__exit__(None, None, None)

    # Choosing

    def flag(self, pick: int) -> Flagged:
        return self.desk.flags[pick % len(self.desk.flags)]

    def item(self, pick: int) -> Item:
        return self.desk.items[pick % len(self.desk.items)]

    def row(self, part: object) -> Any:
        return self.rows[id(part)]

    def do(self, act: Any, *args: Any, **fields: Any) -> str:
        """On real rows, read anew as a request does."""
        global counted
        counted += 1
        try:
            with transaction.atomic():
                act(*args, **fields)
        except Refused as refusal:
            return refusal.code
        return "done"

    def fresh(self, flag: Flagged) -> Flag:
        return Flag.objects.with_subjects().get(id=self.row(flag))

    # What comes in

    @precondition(lambda self: len(self.desk.items) < MOST_ITEMS)
    @rule(level=st.sampled_from([0, 4]), author=st.sampled_from(["wren", "hazel"]), held=st.booleans())
    def a_reply_is_flagged(self, level: int, author: str, held: bool) -> None:
        post = self.new_post(level, "answered")
        draft = Draft.objects.create(case=post.case, post=post, author=self.people[author])
        head, _ = actions.save_revision(draft, text=build.HURTFUL_REPLY, base=0)
        status = Reply.Status.HELD if held else Reply.Status.SENT
        reply = Reply(case=post.case, draft=draft, revision=head, text=head.text, status=status, model_share=0)
        reply.was_held, reply.screening_version = held, "test"
        reply.save(force_insert=True)
        Draft.objects.filter(id=draft.id).update(status=status)
        item = Item(level, "answered", reply=str(status), draft=str(status), author=author)
        self.rows[id(item)] = (post.id, reply.id, draft.id)
        self.flagged(item, "reply", reply)

    @precondition(lambda self: len(self.desk.items) < MOST_ITEMS)
    @rule(level=st.sampled_from([0, 4]))
    def a_post_is_held(self, level: int) -> None:
        post = self.new_post(level, "held")
        item = Item(level, "held")
        self.rows[id(item)] = (post.id, None, None)
        self.flagged(item, "post", post)

    @precondition(lambda self: len(self.desk.items) < MOST_ITEMS)
    @rule()
    def a_post_waits(self) -> None:
        post = self.new_post(0, "waiting")
        item = Item(0, "waiting")
        self.rows[id(item)] = (post.id, None, None)
        self.desk.items.append(item)

    def new_post(self, level: int, status: str) -> Post:
        held = status == "held"
        approval = uuid.uuid4() if level >= Level.METHOD and not held else None
        post = Post(case=CaseKey.open_case(), text=build.CALM_POST, received_at="2026-11-29T12:00Z", status=status)
        post.level, post.tier, post.was_held, post.approval = level, "urgent" if held else "none", held, approval
        post.screening_version = "test"
        post.save(force_insert=True)
        return post

    def flagged(self, item: Item, about: str, row: Any) -> None:
        flag = open_flag(row, screening=None, by=None, concern=Concern(triage.LEVEL_HOLD, Severity.HOLD))
        self.desk.items.append(item)
        part = Flagged(item, about)
        self.desk.flags.append(part)
        self.rows[id(part)] = flag.id

    # What moderators do

    @precondition(lambda self: self.desk.flags)
    @rule(pick=PICK, who=WHO, ends=st.booleans())
    def somebody_claims(self, pick: int, who: str, ends: bool) -> None:
        flag = self.flag(pick)
        if not self.desk.may_decide(who, flag) or flag.state() == "taken_back":
            return
        expected = self.desk.end_claim(who, flag) if ends else self.desk.claim(who, flag)
        assert self.do(end_claim if ends else claim_flag, self.fresh(flag), by=self.people[who]) == expected

    @precondition(lambda self: self.desk.flags)
    @rule(
        pick=PICK,
        who=WHO,
        outcome=st.sampled_from(OUTCOMES),
        fits=st.sampled_from([True, True, True, False]),
        stale=st.sampled_from([0, 0, 0, 0, 1]),
        policy=st.sampled_from(["other", "other", "other", ""]),
    )
    def somebody_decides(self, pick: int, who: str, outcome: str, fits: bool, stale: int, policy: str) -> None:
        flag = self.flag(pick)
        if fits:
            outcomes = self.desk.outcomes(flag)
            outcome = outcomes[pick % len(outcomes)]
        seen = flag.version - stale
        before = len(self.desk.decisions)
        row = self.fresh(flag)
        expected = self.desk.decide(who, flag, outcome, seen=seen, policy=bool(policy))
        said = {"outcome": outcome, "policy": policy, "reason": "Read twice.", "closed_as": "fine", "danger": False}
        said["edited_text"] = build.KIND_DRAFT
        assert self.do(decide, row, by=self.people[who], seen=seen, **said) == expected
        self.know_decisions(before)

    @precondition(lambda self: any(flag.proposal for flag in self.desk.flags))
    @rule(pick=PICK, who=WHO, confirmed=st.sampled_from([True, True, False]), stale=st.sampled_from([0, 0, 0, 1]))
    def somebody_answers(self, pick: int, who: str, confirmed: bool, stale: int) -> None:
        waiting = [flag for flag in self.desk.flags if flag.proposal]
        flag = waiting[pick % len(waiting)]
        seen, row, before = flag.version - stale, self.fresh(flag), len(self.desk.decisions)
        expected = self.desk.answer(who, flag, confirmed=confirmed, seen=seen)
        fields = {"confirmed": confirmed, "reason": "No.", "seen": seen}
        assert self.do(answer_proposal, row, by=self.people[who], **fields) == expected
        self.know_decisions(before)

    @precondition(lambda self: self.desk.flags)
    @rule(pick=PICK, who=WHO, stale=st.sampled_from([0, 0, 1]))
    def somebody_escalates(self, pick: int, who: str, stale: int) -> None:
        flag = self.flag(pick)
        if not self.desk.may_decide(who, flag) or flag.state() == "taken_back" or flag.escalated:
            return
        seen, row = flag.version - stale, self.fresh(flag)
        expected = self.desk.escalate(who, flag, seen=seen)
        assert self.do(escalate, row, by=self.people[who], reason="A lead.", seen=seen) == expected

    @precondition(lambda self: self.desk.decisions)
    @rule(pick=PICK, who=WHO, own=st.sampled_from([True, True, True, False]), latest=st.booleans())
    def somebody_undoes(self, pick: int, who: str, own: bool, latest: bool) -> None:
        decision = self.desk.decisions[-1 if latest else pick % len(self.desk.decisions)]
        who = decision.by[pick % len(decision.by)] if own else who
        expected = self.desk.undo(who, decision)
        row = Decision.objects.select_related("flag").get(id=self.row(decision))
        assert self.do(undo, row, by=self.people[who]) == expected

    @precondition(lambda self: self.desk.flags)
    @rule(pick=PICK, who=WHO)
    def somebody_notes(self, pick: int, who: str) -> None:
        assert self.do(add_note, self.fresh(self.flag(pick)), text="Seen.", by=self.people[who]) == "done"
        self.notes += 1

    def know_decisions(self, before: int) -> None:
        for decision in self.desk.decisions[before:]:
            self.rows[id(decision)] = Decision.objects.latest("at").id

    # What supporters do

    @precondition(lambda self: any(item.reply for item in self.desk.items))
    @rule(pick=PICK, what=st.sampled_from(["take_back", "write_on", "send_again", "appeal", "appeal"]))
    def an_author_acts(self, pick: int, what: str) -> None:
        written = [item for item in self.desk.items if item.reply]
        item = written[pick % len(written)]
        if what == "send_again" and item.level:
            return  # which would be held, as another reply
        _, reply_id, draft_id = self.row(item)
        by = self.people[item.author]
        reply = Reply.objects.select_related("case", "draft").get(id=reply_id)
        draft = Draft.objects.select_related("case", "post__case").get(id=draft_id)
        flags = len(self.desk.flags)
        expected = getattr(self.desk, what)(item)
        if what == "take_back":
            assert self.do(actions.take_back_reply, reply, by=by) == expected
        elif what == "appeal":
            assert self.do(appeal, reply, words="Look again.", by=by) == expected
            for flag in self.desk.flags[flags:]:
                self.rows[id(flag)] = Appeal.objects.latest("at").flag_id
        elif what == "write_on":
            text = f"{build.KIND_DRAFT} And more, {draft.last_number}."
            assert self.do(actions.head_after_saving, draft, text=text, base=draft.head_number) == expected
        else:
            kind = build.head_of(draft)
            if draft.is_open:
                kind, _ = actions.save_revision(draft, text=build.KIND_DRAFT, base=draft.head_number)
            assert self.do(actions.send_reply, draft, by=by, revision=kind) == expected
            if expected != "done" and draft.status == "returned":
                item.wrote_on = True

    @precondition(lambda self: self.desk.items)
    @rule(pick=PICK)
    def a_supporter_worries(self, pick: int) -> None:
        item = self.item(pick)
        post = Post.objects.select_related("case").get(id=self.row(item)[0])
        opens = self.desk.worry(item)
        assert self.do(actions.worry, post, by=self.people["wren"]) == "done"
        if opens:
            rows = Flag.objects.filter(post=post, raised_by=self.people["wren"], status="open")
            self.rows[id(self.desk.flags[-1])] = rows.get().id

    @precondition(lambda self: any(item.post == "waiting" for item in self.desk.items))
    @rule(pick=PICK, answers=st.booleans())
    def another_supporter_takes_a_post(self, pick: int, answers: bool) -> None:
        waiting = [item for item in self.desk.items if item.post == "waiting"]
        item = waiting[pick % len(waiting)]
        post = Post.objects.select_related("case").get(id=self.row(item)[0])
        expected = self.desk.take_post(item)
        robin = self.people["robin"]
        draft = actions.take_post(post, robin) if expected == "done" or not item.leased(self.desk.now) else None
        assert (draft is not None) == (expected == "done")
        if draft is not None and answers and not item.level and draft.status == "writing":
            head, _ = actions.save_revision(draft, text=build.KIND_DRAFT, base=draft.head_number)
            self.desk.answer_post(item)
            assert self.do(actions.send_reply, draft, by=robin, revision=head) == "done"

    @rule(seconds=st.sampled_from(JUMPS))
    def time_passes(self, seconds: float) -> None:
        """The clock stands where it is; what was stored moves back instead."""
        self.desk.now += seconds
        gone = timedelta(seconds=seconds)
        for flag in Flag.objects.exclude(claimed_until=None):
            Flag.objects.filter(id=flag.id).update(claimed_until=flag.claimed_until - gone)  # type: ignore[operator]
        for decision in Decision.objects.all():
            Decision.objects.filter(id=decision.id).update(at=decision.at - gone)
        for post in Post.objects.exclude(leased_until=None):
            Post.objects.filter(id=post.id).update(leased_until=post.leased_until - gone)  # type: ignore[operator]

    # What holds after every step

    @invariant()
    def rows_are_as_the_model_says(self) -> None:
        self.steps += 1
        fields = ("id", "status", "version", "escalated", "claimed_by__username", "claimed_until")
        flags = {row[0]: row[1:] for row in Flag.objects.values_list(*fields)}
        assert len(flags) == len(self.desk.flags)
        for part in self.desk.flags:
            status, version, escalated, claimer, until = flags[self.row(part)]
            assert (status, version, escalated) == (part.status, part.version, part.escalated)
            if status == "open":
                claimed = until is not None and until > timezone.now()
                assert (claimer if claimed else "") == self.desk.claimer(part)
        posts, replies, drafts = (dict(of.objects.values_list("id", "status")) for of in (Post, Reply, Draft))
        for item in self.desk.items:
            post_id, reply_id, draft_id = self.row(item)
            assert posts[post_id] == item.post
            if reply_id is not None:
                assert (replies[reply_id], drafts[draft_id]) == (item.reply, item.draft)
        if self.steps % LOOK_CLOSELY == 0:
            self.look_closely()

    def look_closely(self) -> None:
        self.nothing_is_lost_or_doubled()
        self.nothing_left_without_whom_it_takes()
        self.every_act_is_on_record()
        assert list(holds.held_without_flag()) == []

    def nothing_is_lost_or_doubled(self) -> None:
        standing = [one for one in self.desk.decisions if not one.undone]
        assert Decision.objects.count() == len(self.desk.decisions)
        assert Decision.objects.standing().count() == len(standing)
        assert Undo.objects.count() == len(self.desk.decisions) - len(standing)
        waiting = [flag for flag in self.desk.flags if flag.proposal]
        assert Proposal.objects.filter(answered_at=None).count() == len(waiting)
        decided = [flag for flag in self.desk.flags if flag.status == "decided"]
        assert sorted(id(one.flag) for one in standing) == sorted(map(id, decided))  # each exactly once

    def nothing_left_without_whom_it_takes(self) -> None:
        standing = {row.id: row for row in Decision.objects.standing().select_related("flag")}
        for reply in Reply.objects.filter(status="sent", was_held=True):
            decision = standing[reply.approval]  # type: ignore[index]
            assert decision.outcome in ("approve", "edit", "overturn")
            assert (decision.confirmed_by_id is not None) == (decision.flag.level == Level.PLAN)
            assert decision.confirmed_by_id != decision.by_id

    def every_act_is_on_record(self) -> None:
        acts = AuditEvent.objects.filter(seq__gt=self.first_event)
        undone = sum(one.undone for one in self.desk.decisions)
        expected = {
            "flag.decided": len(self.desk.decisions),
            "flag.confirmed": sum(len(one.by) == 2 for one in self.desk.decisions),
            "flag.proposed": Proposal.objects.count(),
            "flag.proposal_refused": Proposal.objects.filter(confirmed=False).count(),
            "flag.undone": undone,
            "flag.opened": len(self.desk.flags),
            "reply.appealed": sum(flag.appeal_of is not None for flag in self.desk.flags),
            "case.noted": self.notes,
        }
        names = list(acts.filter(action__in=expected).values_list("action", flat=True))
        assert {name: names.count(name) for name in expected} == expected


def effort(examples: int, *phases: Phase) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=60,
        deadline=None,
        database=None,
        phases=phases or tuple(Phase),
        suppress_health_check=list(HealthCheck),
    )


def test_rows_and_model_agree_whatever_happens_in_whatever_order() -> None:
    global counted
    for number in range(SEEDS):
        counted = rounds = 0
        while counted < STEPS:
            run_state_machine_as_test(seed(1000 * number + rounds)(RandomDesk), settings=effort(10))
            rounds += 1
        print(f"seed {number}: {counted} acts on real rows in {10 * rounds} runs, no difference")  # noqa: T201


def test_the_machine_notices_a_model_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or it would prove nothing: here anybody may decide about anything."""
    monkeypatch.setattr(Desk, "may_decide", lambda *_: True)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(seed(1)(RandomDesk), settings=effort(20, Phase.generate))
