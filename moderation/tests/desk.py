"""The moderation desk as a plain model: what should become of flags, replies and posts. Knows no Django and no action.

test_random_desk.py does every step here and on real rows, and compares.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

CLAIM = 15 * 60
LEASE = 20 * 60
UNDO = 60
LEADS = ("birch", "hazel")  # hazel writes replies, too
NOTHING_CHANGES = ("close", "uphold")
LOOK, HOLD = 2, 3  # how much a flag asks for: to be looked at, or it holds a text


@dataclass
class Item:
    """A post, with the reply that was written to it, if any."""

    level: int
    post: str
    reply: str = ""
    draft: str = ""
    author: str = ""
    leased_by: str = ""
    leased_until: float = 0
    wrote_on: bool = False  # the author went on after sending
    again: str = ""  # a second reply of the author
    worries: list[Worried] = field(default_factory=list)

    def leased(self, now: float) -> bool:
        return self.leased_until > now

    def leased_to_another(self, who: str, now: float) -> bool:
        return self.leased(now) and self.leased_by != who

    def lease(self, who: str, now: float) -> None:
        self.leased_by, self.leased_until = who, now + LEASE

    def end_lease(self) -> None:
        self.leased_by, self.leased_until = "", 0

    def way_is_free(self, now: float) -> bool:
        if self.reply == "withheld":
            return self.draft == "withheld" and self.post == "waiting" and not self.leased(now)
        if self.reply == "returned" and self.draft == "writing":  # its author left it: anybody may answer
            return self.post == "waiting" and not self.leased_to_another(self.author, now)
        return self.reply == "returned" and self.draft == "returned" and self.post == "answered"


@dataclass
class Worried:
    note: str
    now: bool  # it cannot wait

    def says(self, note: str, *, now: bool) -> bool:
        return note in ("", self.note) and (self.now or not now)


@dataclass
class Said:
    outcome: str
    by: str
    danger: bool | None = None


@dataclass
class Decided:
    flag: Flagged
    outcome: str
    by: tuple[str, ...]
    at: float
    before: str
    undone: bool = False
    appealed: bool = False


@dataclass
class Alarm:
    """That somebody must come because of a flag."""

    for_second: bool = False  # of two people
    holder: str = ""


@dataclass(eq=False)
class Flagged:
    item: Item
    about: str  # post or reply
    raised_by: str = ""
    appeal_of: Decided | None = None
    status: str = "open"
    version: int = 1
    escalated: bool = False
    claimed_by: str = ""
    claimed_until: float = 0
    looked: bool = False  # whoever has it opened it
    passed_by: set[str] = field(default_factory=set)
    proposal: Said | None = None
    severity: int = LOOK
    alarm: Alarm | None = None

    def is_urgent(self) -> bool:
        """By its level, or because a supporter says that it cannot wait."""
        return self.item.level == 4 or (self.about == "post" and bool(self.raised_by) and self.severity == HOLD)

    def waits(self) -> bool:
        return self.status == "open" and not self.taken_back()

    def taken_back(self) -> bool:
        return self.about == "reply" and self.item.reply == "taken_back"

    def state(self) -> str:
        return self.item.post if self.about == "post" else self.item.reply


@dataclass(eq=False)
class HandOver:
    flag: Flagged
    holder: str = ""
    ended: bool = False

    def is_open(self) -> bool:
        """Of a post, somebody says what became of its writer; a reply has its decision, or its author takes it back."""
        return not self.ended if self.flag.about == "post" else self.flag.waits()


@dataclass
class Desk:
    now: float = 0
    items: list[Item] = field(default_factory=list)
    flags: list[Flagged] = field(default_factory=list)
    decisions: list[Decided] = field(default_factory=list)
    hand_overs: list[HandOver] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)  # what leaves no other trace here, and must be on record

    # Who may do what

    def may_decide(self, who: str, flag: Flagged) -> bool:
        if flag.about == "reply" and flag.item.author == who:
            return False
        if flag.appeal_of is not None and who in flag.appeal_of.by:
            return False
        return not flag.escalated or who in LEADS

    def sees(self, who: str, flag: Flagged) -> bool:
        """While it is open: hidden is what waits for a lead, and an appeal against what one decided."""
        hidden = flag.appeal_of is not None and flag.status == "open" and who in flag.appeal_of.by
        return not hidden and (not flag.escalated or who in LEADS)

    def somebody_takes(self, flag: Flagged) -> bool:
        """Whether a lead could decide it, once it is escalated."""
        without = {flag.item.author} if flag.about == "reply" else set()
        without |= set(flag.appeal_of.by) if flag.appeal_of is not None else set()
        return bool(set(LEADS) - without)

    def claimer(self, flag: Flagged) -> str:
        return flag.claimed_by if flag.claimed_until > self.now else ""

    def outcomes(self, flag: Flagged) -> tuple[str, ...]:
        if flag.appeal_of is not None:
            back = flag.item.reply == "withheld" and flag.item.way_is_free(self.now)
            return ("uphold", "overturn", "return") if back else ("uphold", "overturn")
        if flag.about == "post":
            return ("approve", "reject") if flag.item.post == "held" else ("close", "reject")
        return ("return", "edit", "approve", "reject") if flag.item.reply == "held" else ("close",)

    def _lead_decides(self, who: str, flag: Flagged, outcome: str) -> bool:
        return (
            flag.about == "post"
            and outcome in ("approve", "reject")
            and who not in LEADS
            and any(
                one is not flag and one.item is flag.item and one.about == "post" and one.escalated
                for one in self.flags
                if one.status == "open"
            )
        )

    def _stale(self, flag: Flagged, seen: int) -> bool:
        return not flag.waits() or seen != flag.version

    # What comes in

    def open(self, flag: Flagged) -> None:
        self.flags.append(flag)
        self._tell_of(flag)

    def _tell_of(self, flag: Flagged) -> None:
        """Those who have not been told; a lead has been of what was escalated."""
        if flag.is_urgent() and not flag.escalated and flag.alarm is None:
            flag.alarm = Alarm()

    # What people do. Each answers "done" or why not.

    def claim(self, who: str, flag: Flagged, *, taken_from: str = "") -> str:
        """Whoever has the flag is called for it no more; what was handed over stays with the lead who has it, unless it is from
        them that the flag was taken over."""
        if not self.may_decide(who, flag):
            return "not_yours"
        if flag.status != "open" or self.claimer(flag) not in ("", who):
            return "claimed"
        flag.looked = flag.looked and self.claimer(flag) == who
        flag.claimed_by, flag.claimed_until = who, self.now + CLAIM
        for hand_over in self.handed_over(flag):
            if hand_over.holder in ("", taken_from):
                hand_over.holder = who
        if flag.alarm is not None and not (flag.alarm.for_second and self._proposed(who, flag)):
            flag.alarm.holder = who
        self.happened["flag.claimed"] += 1
        return "done"

    def renew(self, who: str, flag: Flagged) -> bool:
        if flag.status != "open" or self.claimer(flag) != who:
            return False
        flag.claimed_until = self.now + CLAIM
        return True

    def end_claim(self, who: str, flag: Flagged) -> str:
        """Others are called, also where the claim ran out before; not where somebody else has the flag since."""
        if self.claimer(flag) == who:
            flag.claimed_by, flag.claimed_until = "", 0
            self.happened["flag.claim_ended"] += 1
        if self.claimer(flag) == "":
            held: list[HandOver | Alarm] = [*self.handed_over(flag)]
            if flag.alarm is not None and flag.waits():
                held.append(flag.alarm)
            for one in held:
                one.holder = "" if one.holder == who else one.holder
        return "done"

    def pass_on(self, who: str, flag: Flagged) -> str:
        flag.passed_by.add(who)
        return self.end_claim(who, flag)

    def take_over(self, who: str, flag: Flagged, *, taken_from: str, reason: bool) -> str:
        if not reason:
            return "reason_missing"
        if not self.may_decide(who, flag):
            return "not_yours"
        other = self.claimer(flag) if self.claimer(flag) != who else ""
        if flag.status != "open" or other not in ("", taken_from):
            return "stale"
        if other:
            flag.claimed_by, flag.claimed_until = "", 0
            self.happened["flag.taken_over"] += 1
        return self.claim(who, flag, taken_from=other)

    def look(self, who: str, flag: Flagged) -> None:
        flag.looked = flag.looked or self.claimer(flag) == who

    def next(self, who: str) -> Flagged | None:
        """What was handed to them and never opened, else the most urgent one that is free and theirs to decide."""
        waiting = [flag for flag in self.flags if self._waits_for(who, flag)]
        kept = [flag for flag in waiting if self.claimer(flag) == who and not flag.looked]
        free = [flag for flag in waiting if self.claimer(flag) == "" and self._may_be_handed(who, flag)]
        chosen = min(kept or free, key=self._place, default=None)
        if chosen is not None and not kept:
            self.claim(who, chosen)
        return chosen

    def _waits_for(self, who: str, flag: Flagged) -> bool:
        return flag.waits() and self.sees(who, flag) and who not in flag.passed_by

    def _may_be_handed(self, who: str, flag: Flagged) -> bool:
        return self.may_decide(who, flag) and not self._proposed(who, flag)

    def _proposed(self, who: str, flag: Flagged) -> bool:
        return flag.proposal is not None and flag.proposal.by == who

    def _place(self, flag: Flagged) -> tuple[int, int, bool, int, int]:
        """Here levels are 0 or 4, and a held post rushes whatever its level."""
        rush = flag.item.level or (3 if flag.about == "post" and flag.severity == HOLD else 0)
        return -rush, -flag.severity, flag.about != "post", -flag.item.level, self.flags.index(flag)

    def decide(
        self, who: str, flag: Flagged, outcome: str, *, seen: int, policy: bool, danger: bool | None = None
    ) -> str:
        if self._stale(flag, seen):
            return "stale"
        if not self.may_decide(who, flag):
            return "not_yours"
        if self.claimer(flag) not in ("", who):
            return "claimed"
        if outcome not in self.outcomes(flag):
            return "unfit_outcome"
        if self._lead_decides(who, flag, outcome):
            return "lead_decides"
        if not policy:
            return "policy_missing"
        asked = flag.about == "post" and flag.item.post == "held"
        if asked and danger is None:
            return "danger_missing"
        danger = danger if asked else danger or None  # a no answers a question, and a yes needs none
        if flag.proposal is not None:
            return "proposed"
        if outcome == "edit" and flag.item.level == 4:
            return "edit_held"  # the words that the moderator of the test writes name nobody to turn to
        if flag.item.level == 4 and outcome not in NOTHING_CHANGES:
            flag.proposal = Said(outcome, who, danger)
            flag.alarm = Alarm(for_second=True)
            self._make_stale(flag)
            return "done"
        self._settle(flag, outcome, (who,), danger=danger)
        return "done"

    def decide_together(self, who: str, chosen: list[tuple[Flagged, int]], outcome: str) -> list[str]:
        """Each by itself: that one is refused changes nothing for the others."""
        return [self._decide_one(who, flag, outcome, seen=seen) for flag, seen in chosen]

    def _decide_one(self, who: str, flag: Flagged, outcome: str, *, seen: int) -> str:
        if not self.sees(who, flag):
            return "not_yours"
        low = flag.severity == LOOK and flag.item.level == 0 and flag.state() != "held" and not flag.escalated
        worried = bool(flag.raised_by) and flag.about == "post"
        if flag.status == "open" and (not low or worried):
            return "alone"
        return self.decide(who, flag, outcome, seen=seen, policy=True)

    def answer(self, who: str, flag: Flagged, *, confirmed: bool, seen: int) -> str:
        if self._stale(flag, seen) or flag.proposal is None:
            return "stale"
        if not self.may_decide(who, flag):
            return "not_yours"
        if self.claimer(flag) not in ("", who):
            return "claimed"
        said = flag.proposal
        if not confirmed:
            flag.proposal = flag.alarm = None
            self._make_stale(flag)
            self._tell_of(flag)
            return "done"
        if said.by == who:
            return "same_person"
        if said.outcome not in self.outcomes(flag):
            return "unfit_outcome"
        if self._lead_decides(who, flag, said.outcome):
            return "lead_decides"
        if flag.about == "post" and flag.item.post == "held" and said.danger is None:
            said.danger = True  # it was not held when this was proposed, so nobody can rule it out
        flag.proposal = None
        self._settle(flag, said.outcome, (said.by, who), danger=said.danger)
        return "done"

    def escalate(self, who: str, flag: Flagged, *, seen: int, reason: bool) -> str:
        if not reason:
            return "reason_missing"
        if not self.may_decide(who, flag):
            return "not_yours"
        if not self.somebody_takes(flag):
            return "nobody_there"
        if flag.escalated and self.handed_over(flag):
            return "escalated"
        if self._stale(flag, seen):
            return "stale"
        if self.handed_over(flag):  # it was opened again, and what its decision began goes on
            self.happened["case.noted"] += 1
        self._hand_over(flag)
        return "done"

    def _hand_over(self, flag: Flagged) -> None:
        """To a lead, who knows nothing of what was said since an earlier one has ended."""
        flag.escalated = True
        if not self.handed_over(flag):
            self.hand_overs.append(HandOver(flag))
        flag.alarm = Alarm(for_second=True) if flag.proposal is not None else None  # fewer may confirm it now
        self._make_stale(flag)

    # What was handed over

    def handed_over(self, flag: Flagged) -> list[HandOver]:
        return [one for one in self.hand_overs if one.flag is flag and one.is_open()]

    def take(self, who: str, hand_over: HandOver, *, taken_from: str, reason: bool) -> str:
        if not hand_over.is_open():
            return "ended"
        if hand_over.holder not in ("", who):
            if hand_over.holder != taken_from:
                return "taken"
            if not reason:
                return "reason_missing"
            self.happened["handover.taken_over"] += 1
        hand_over.holder = who
        return "done"

    def give_up(self, who: str, hand_over: HandOver) -> str:
        if hand_over.holder != who:
            return "not_yours"
        if not hand_over.is_open():
            return "ended"
        hand_over.holder = ""
        return "done"

    def end(self, who: str, hand_over: HandOver, *, note: bool) -> str:
        if not hand_over.is_open():
            return "ended"
        if hand_over.holder != who:
            return "not_yours"
        if hand_over.flag.about == "reply":
            return "ends_with_decision"
        if not note:
            return "note_missing"
        hand_over.ended = True
        self.happened["handover.ended"] += 1
        return "done"

    def reopen(self, who: str, hand_over: HandOver) -> str:
        if not hand_over.ended:
            return "open"
        if self.handed_over(hand_over.flag):
            return "another"
        hand_over.ended = False
        hand_over.holder = who
        self.happened["handover.reopened"] += 1
        return "done"

    # How a decision is carried out

    def _make_stale(self, flag: Flagged) -> None:
        flag.version += 1
        flag.claimed_by, flag.claimed_until = "", 0

    def _settle(self, flag: Flagged, outcome: str, by: tuple[str, ...], *, danger: bool | None) -> None:
        item = flag.item
        if danger and flag.about == "post" and not self.handed_over(flag):
            self.hand_overs.append(HandOver(flag))  # somebody has the person until it has ended
        flag.alarm = None
        self.decisions.append(Decided(flag, outcome, by, self.now, flag.state()))
        flag.status, flag.claimed_by, flag.claimed_until = "decided", "", 0
        flag.version += 1
        if flag.appeal_of is not None:
            if outcome != "uphold" and item.way_is_free(self.now):
                item.reply = item.draft = "sent" if outcome == "overturn" else "returned"
                item.post = "answered"
                self._keep_for_author(item)
        elif flag.about == "post":
            if outcome == "approve":
                item.post = "waiting"
            elif outcome == "reject" and item.post != "answered":
                item.post = "closed"
                item.end_lease()
        elif outcome in ("approve", "edit"):
            item.reply = item.draft = "sent"
        elif outcome == "return":
            item.reply = item.draft = "returned"
            self._keep_for_author(item)
        elif outcome == "reject":
            item.reply = item.draft = "withheld"
            if item.post == "answered":
                item.post = "waiting"
                item.end_lease()

    def _keep_for_author(self, item: Item) -> None:
        """What came back is theirs for a while."""
        item.end_lease()
        if item.draft == "returned":
            item.lease(item.author, self.now)

    def undo(self, who: str, decision: Decided) -> str:
        flag, item, outcome = decision.flag, decision.flag.item, decision.outcome
        inside = {("post", "approve"), ("post", "reject"), ("reply", "return"), ("reply", "reject")}
        stays = outcome in NOTHING_CHANGES or (flag.appeal_of is None and (flag.about, outcome) in inside)
        late = self.now - decision.at > UNDO
        late |= flag.escalated and who not in LEADS
        if flag.status != "decided" or decision.undone or who not in decision.by or not stays or late:
            return "too_late"
        if decision.appealed:
            return "appealed"
        if flag.raised_by and any(
            other.status == "open" and (other.raised_by, other.about) == (flag.raised_by, flag.about)
            for other in self.flags
            if other.item is item
        ):
            return "raised_again"
        if outcome not in NOTHING_CHANGES and self._is_overruled(decision):
            return "moved_on"
        if outcome not in NOTHING_CHANGES and flag.state() != decision.before:
            problem = self._restore(flag, decision)
            if problem:
                return problem
        decision.undone = True
        flag.status = "open"
        flag.version += 1
        self._tell_of(flag)
        if flag.about == "reply":
            for hand_over in self.handed_over(flag):  # which ended with the decision: somebody must take it
                hand_over.holder = ""
        return "done"

    def _is_overruled(self, decision: Decided) -> bool:
        place = next(number for number, one in enumerate(self.decisions) if one is decision)
        return any(
            not one.undone and one.flag.item is decision.flag.item and one.flag.about == decision.flag.about
            for one in self.decisions[place + 1 :]
        )

    def _restore(self, flag: Flagged, decision: Decided) -> str:
        item = flag.item
        if flag.about == "post":
            if item.post != {"approve": "waiting", "reject": "closed"}[decision.outcome]:
                return "moved_on"
            if item.post == "waiting" and item.leased(self.now):
                return "moved_on"
            item.post = decision.before
            return ""
        made = {"return": "returned", "reject": "withheld"}[decision.outcome]
        if item.reply != made or item.draft != made:
            return "moved_on"
        if made == "returned" and item.wrote_on:
            return "moved_on"
        if made == "withheld":
            if item.post == "answered" or (item.post == "waiting" and item.leased(self.now)):
                return "moved_on"
            item.post = "answered" if item.post == "waiting" else item.post
        item.reply = item.draft = "held"
        item.end_lease()
        return ""

    # What supporters do

    def take_back(self, item: Item) -> str:
        if item.reply != "held":
            return "decided"
        item.reply, item.draft = "taken_back", "returned"
        self._keep_for_author(item)
        return "done"

    def write_on(self, item: Item) -> str:
        if item.draft not in ("returned", "writing"):
            return "closed"
        item.wrote_on = True
        self._save(item)
        return "done"

    def _save(self, item: Item) -> None:
        """Their time begins anew, unless somebody else has the post."""
        if item.draft == "returned":
            self._keep_for_author(item)
        elif item.post == "waiting" and not item.leased_to_another(item.author, self.now):
            item.lease(item.author, self.now)

    def send_again(self, item: Item) -> str:
        if item.draft not in ("returned", "writing"):
            return "closed"
        item.wrote_on = True
        self._save(item)
        if item.post not in ("answered", "waiting"):
            return "post_closed"
        if item.post == "answered" and item.draft == "writing":
            return "answered"
        if item.leased_to_another(item.author, self.now):
            return "leased"
        item.draft = item.again = "sent"
        item.post = "answered"
        item.end_lease()
        return "done"

    def let_go(self) -> None:
        """What came back and was left: others answer, and where the level holds posts, somebody looks first."""
        for item in self.items:
            if item.draft == "returned" and not item.leased(self.now):
                item.draft, item.post = "writing", "held" if item.level else "waiting"
                item.end_lease()
                if item.level:
                    self.open(Flagged(item, "post", severity=HOLD))

    def appeal(self, item: Item) -> str:
        about = [
            one
            for one in self.decisions
            if one.flag.item is item and one.flag.about == "reply" and one.flag.appeal_of is None and not one.undone
        ]
        if not about or about[-1].outcome not in ("edit", "return", "reject"):
            return "nothing_to_appeal"
        if about[-1].appealed:
            return "appealed"
        about[-1].appealed = True
        self.open(Flagged(item, "reply", raised_by=item.author, appeal_of=about[-1]))
        return "done"

    def worry(self, item: Item, *, note: str, now: bool) -> None:
        """The same again changes nothing, unless somebody decided, or a lead was done, in between."""
        severity = HOLD if now else LOOK
        more = not any(one.says(note, now=now) for one in item.worries)
        if more:
            item.worries.append(Worried(note, now))
        flag = self._worry_about(item)
        if flag is None:
            self.open(Flagged(item, "post", raised_by="wren", severity=severity))
            return
        if more or severity > flag.severity:
            flag.severity = max(severity, flag.severity)
            flag.version += 1
            self.happened["flag.raised"] += 1
        self._tell_of(flag)
        if flag.escalated and flag.is_urgent() and not self.handed_over(flag):
            self._hand_over(flag)

    def _worry_about(self, item: Item) -> Flagged | None:
        own = [one for one in self.flags if one.item is item and one.about == "post" and one.raised_by == "wren"]
        return next((one for one in own if one.status == "open"), None)

    def take_post(self, item: Item) -> str:
        if item.post != "waiting" or item.leased(self.now):
            return "taken"
        item.lease("robin", self.now)
        return "done"

    def answer_post(self, item: Item) -> None:
        item.post = "answered"
        item.end_lease()
