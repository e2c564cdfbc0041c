"""Outcomes in words: what they are called, and what each does to which text."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, gettext_noop

from assistant.actions import may_go_after_all
from assistant.models import Post, Reply, Suggestion
from moderation import policy
from moderation.models import Flag, Outcome

LABELS = {
    Outcome.APPROVE: gettext_noop("Approve"),
    Outcome.EDIT: gettext_noop("Edit and approve"),
    Outcome.RETURN: gettext_noop("Return with note"),
    Outcome.REJECT: gettext_noop("Reject"),
    Outcome.CLOSE: gettext_noop("Close"),
    Outcome.UPHOLD: gettext_noop("Uphold"),
    Outcome.OVERTURN: gettext_noop("Overturn"),
}
# What an outcome does, for the kind of text and whether it is held.
EFFECTS: dict[tuple[type, bool, str], str] = {
    (Post, True, Outcome.APPROVE): gettext_noop("Supporters may answer this post."),
    (Post, True, Outcome.REJECT): gettext_noop("Supporters are not asked to answer; the service takes it from here."),
    (Post, False, Outcome.CLOSE): gettext_noop("Supporters go on answering this post; the flag is closed."),
    (Post, False, Outcome.REJECT): gettext_noop(
        "Supporters are no longer asked to answer; the service takes it from here."
    ),
    (Suggestion, True, Outcome.APPROVE): gettext_noop("The supporter sees the suggestion as it is."),
    (Suggestion, True, Outcome.EDIT): gettext_noop("The supporter sees your version."),
    (Suggestion, True, Outcome.REJECT): gettext_noop("The supporter never sees it."),
    (Suggestion, False, Outcome.CLOSE): gettext_noop("It stays as it is; the flag is closed."),
    (Suggestion, False, Outcome.REJECT): gettext_noop("The supporter no longer sees it."),
    (Reply, True, Outcome.APPROVE): gettext_noop("The reply is sent as it is."),
    (Reply, True, Outcome.EDIT): gettext_noop("Your version is sent; the supporter sees what changed and why."),
    (Reply, True, Outcome.RETURN): gettext_noop("The supporter gets it back with your note and writes on."),
    (Reply, True, Outcome.REJECT): gettext_noop(
        "The reply is not sent; the post goes to somebody else. The supporter reads your reason."
    ),
    (Reply, False, Outcome.CLOSE): gettext_noop("It was sent already; the flag is closed with your reason."),
}
UPHELD = gettext_noop("What was decided stands. The supporter reads your reason.")
OVERTURNED = gettext_noop(
    "The supporter reads that they were right, and your reason. The reply cannot be sent any more."
)
SENT_AFTER_ALL = gettext_noop("The reply is sent as its author wrote it. They read your reason.")
RETURNED_AFTER_ALL = gettext_noop("The supporter gets it back with your reason and writes on.")


READ_BY_AUTHOR = gettext_noop("The supporter reads the reason, unless you escalate.")
READ_WHEN_CHANGED = gettext_noop("The supporter reads the reason, unless you approve or escalate.")
READ_BY_MODERATORS = gettext_noop("Only moderators read the reason.")


def who_reads_reason(flag: Flag) -> str:
    if flag.is_appeal:
        return gettext(READ_BY_AUTHOR)
    return gettext(READ_WHEN_CHANGED if flag.reply is not None and policy.is_held(flag) else READ_BY_MODERATORS)


def choices_for(flag: Flag, user: Any) -> list[dict[str, Any]]:
    return [
        {"value": str(outcome), "label": label_of(outcome), "effect": gettext(_effect(flag, outcome))}
        for outcome in policy.outcomes_of(user, flag)
    ]


def label_of(outcome: str) -> str:
    return gettext(LABELS[Outcome(outcome)])


def _effect(flag: Flag, outcome: Outcome) -> str:
    if not flag.is_appeal:
        return EFFECTS[type(flag.subject), policy.is_held(flag), outcome]
    if outcome != Outcome.OVERTURN:
        return UPHELD if outcome == Outcome.UPHOLD else RETURNED_AFTER_ALL
    assert flag.reply is not None
    return SENT_AFTER_ALL if may_go_after_all(flag.reply) else OVERTURNED
