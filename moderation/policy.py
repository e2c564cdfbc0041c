"""Which outcomes fit which kind of text, and who may decide what."""

from __future__ import annotations

from typing import Any

from assistant.models import Post, Reply, Suggestion
from moderation.models import Decision, Flag

Outcome = Decision.Outcome

# What was held waits for one of these.
OUTCOMES_HELD: dict[type, tuple[Outcome, ...]] = {
    # A seeker's own words are never edited, and there is nobody to return them to.
    Post: (Outcome.APPROVE, Outcome.REJECT),
    Suggestion: (Outcome.APPROVE, Outcome.EDIT, Outcome.REJECT),
    Reply: (Outcome.APPROVE, Outcome.EDIT, Outcome.RETURN, Outcome.REJECT),
}
# What was only flagged is where it was going already.
OUTCOMES_SHOWN: dict[type, tuple[Outcome, ...]] = {
    Post: (Outcome.APPROVE, Outcome.REJECT),
    Suggestion: (Outcome.APPROVE, Outcome.REJECT),
    Reply: (Outcome.APPROVE,),  # it was sent; nothing brings it back
}

VIEW_FLAGS = "moderation.view_flags"
DECIDE_FLAGS = "moderation.decide_flags"
DECIDE_ESCALATED = "moderation.decide_escalated"
KEEP_INCIDENTS = "moderation.keep_incidents"
SIGN_OFF_INCIDENTS = "moderation.sign_off_incidents"
VIEW_SAFETY = "moderation.view_safety"
ASK_BREAK_GLASS = "moderation.ask_break_glass"
ALLOW_BREAK_GLASS = "moderation.allow_break_glass"


def outcomes_for(flag: Flag) -> tuple[Outcome, ...]:
    return (OUTCOMES_HELD if is_held(flag) else OUTCOMES_SHOWN)[type(flag.subject)]


def is_held(flag: Flag) -> bool:
    return flag.subject.status == "held"


def may_decide(user: Any, flag: Flag) -> bool:
    if flag.reply is not None and flag.reply.draft.author_id == user.pk:
        return False  # nobody approves their own reply
    return bool(user.has_perm(DECIDE_ESCALATED if flag.escalated else DECIDE_FLAGS))
