"""Which outcomes fit which kind of text, who may decide what, and when it takes two."""

from __future__ import annotations

from typing import Any

from assistant import triage
from assistant.actions import may_go_after_all
from assistant.models import Post, Reply, Suggestion
from moderation.models import Appeal, Flag, Outcome

# What was held waits for one of these.
OUTCOMES_HELD: dict[type, tuple[Outcome, ...]] = {
    # A seeker's own words are never edited, and there is nobody to return them to.
    Post: (Outcome.APPROVE, Outcome.REJECT),
    Suggestion: (Outcome.APPROVE, Outcome.EDIT, Outcome.REJECT),
    Reply: (Outcome.RETURN, Outcome.EDIT, Outcome.APPROVE, Outcome.REJECT),
}
# What was only flagged is where it was going already.
OUTCOMES_SHOWN: dict[type, tuple[Outcome, ...]] = {
    Post: (Outcome.CLOSE, Outcome.REJECT),
    Suggestion: (Outcome.CLOSE, Outcome.REJECT),
    Reply: (Outcome.CLOSE,),  # it was sent; nothing brings it back
}
# What becomes of a post: not for everybody while a lead has it.
OF_A_LEAD = (Outcome.APPROVE, Outcome.REJECT)

VIEW_FLAGS = "moderation.view_flags"
DECIDE_FLAGS = "moderation.decide_flags"
DECIDE_ESCALATED = "moderation.decide_escalated"
VIEW_QUALITY = "moderation.view_quality"
KEEP_INCIDENTS = "moderation.keep_incidents"
SIGN_OFF_INCIDENTS = "moderation.sign_off_incidents"
VIEW_SAFETY = "moderation.view_safety"
ASK_BREAK_GLASS = "moderation.ask_break_glass"
ALLOW_BREAK_GLASS = "moderation.allow_break_glass"


def outcomes_for(flag: Flag) -> tuple[Outcome, ...]:
    if flag.is_appeal:
        return _outcomes_of_appeal(flag)
    return (OUTCOMES_HELD if is_held(flag) else OUTCOMES_SHOWN)[type(flag.subject)]


def _outcomes_of_appeal(flag: Flag) -> tuple[Outcome, ...]:
    """A reply that was withheld can also go back to its author: wrong to refuse it, and not yet right to send."""
    assert flag.reply is not None
    back = flag.reply.status == Reply.Status.WITHHELD and may_go_after_all(flag.reply)
    return (Outcome.UPHOLD, Outcome.OVERTURN, *([Outcome.RETURN] if back else []))


def outcomes_of(user: Any, flag: Flag) -> tuple[Outcome, ...]:
    """Those that this person may choose."""
    fitting = outcomes_for(flag)
    return tuple(one for one in fitting if one not in OF_A_LEAD) if waits_for_lead(flag, user) else fitting


def waits_for_lead(flag: Flag, user: Any) -> bool:
    """Whether the post was given to a lead through another flag: what supporters may do with it is not for others to say then."""
    if flag.post_id is None or user.has_perm(DECIDE_ESCALATED):
        return False
    return Flag.objects.open().filter(post=flag.post_id, escalated=True).exclude(id=flag.id).exists()


def is_held(flag: Flag) -> bool:
    return flag.subject.status == "held"


def asks_whether_danger(flag: Flag) -> bool:
    """Of a post that was held: whether it may be answered does not say whether the signs in it were real."""
    return flag.post is not None and is_held(flag)


def may_decide(user: Any, flag: Flag) -> bool:
    return has_the_role(user, flag) and user.pk not in with_a_part_in(flag)


def has_the_role(user: Any, flag: Flag) -> bool:
    return bool(user.has_perm(needed_for(flag)))


def needed_for(flag: Flag) -> str:
    return needed(escalated=flag.escalated)


def needed(*, escalated: bool) -> str:
    return DECIDE_ESCALATED if escalated else DECIDE_FLAGS


def with_a_part_in(flag: Flag) -> set[object]:
    """Ids of people who do not decide it, whatever their role: who wrote the reply, whose draft the suggestion was for, and, of
    an appeal, who made the decision that it is about."""
    appeal = Appeal.behind(flag)
    decided = (appeal.decision.by_id, appeal.decision.confirmed_by_id) if appeal is not None else ()
    draft = flag.reply.draft if flag.reply else flag.suggestion.job.draft if flag.suggestion else None
    return {*decided, draft.author_id if draft is not None else None} - {None}


def takes_two(flag: Flag, outcome: str) -> bool:
    """Whether a second person confirms it first: at the levels that the safety policy names, whatever changes something."""
    return triage.handling(flag.level).two_people and outcome not in (Outcome.CLOSE, Outcome.UPHOLD)
