"""What people are told of decisions: a supporter about their reply, a moderator about what can still be undone."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from assistant.models import Reply
from moderation import policies
from moderation.actions.appeals import APPEALABLE, decision_about
from moderation.actions.undo import WINDOW, may_undo
from moderation.models import Appeal, Decision, Outcome
from moderation.models.flags import DecisionQuerySet

HEADINGS = {
    Outcome.APPROVE: gettext_noop("A moderator read it and sent it as it is"),
    Outcome.EDIT: gettext_noop("A moderator changed it and sent it"),
    Outcome.RETURN: gettext_noop("A moderator sent it back to you"),
    Outcome.REJECT: gettext_noop("A moderator decided not to send it"),
}
UNANSWERED = gettext_noop("You asked for another look. Another moderator will answer here.")
ANSWERS = {
    Outcome.UPHOLD: gettext_noop("Another moderator looked again: what was decided stands."),
    Outcome.RETURN: gettext_noop("Another moderator looked again: it comes back to you, and you can write on."),
    Outcome.OVERTURN: gettext_noop("Another moderator looked again, and you were right."),
}
SENT_AFTER_ALL = gettext_noop("Another moderator looked again, and you were right: it is sent as you wrote it.")


def about(reply: Reply) -> dict[str, Any] | None:
    """For its author; None as long as nothing was decided that concerns them."""
    decision = decision_about(reply)
    if decision is None or decision.outcome not in HEADINGS:
        return None
    asked = Appeal.objects.filter(decision=decision).first()
    appealable = decision.outcome in APPEALABLE
    return {
        "heading": gettext(HEADINGS[Outcome(decision.outcome)]),
        "reason": decision.reason if appealable else "",
        "policy": policies.label_of(decision.policy),
        "rule": gettext(policies.BY_CODE[decision.policy].rule) if decision.policy in policies.BY_CODE else "",
        "may_appeal": appealable and asked is None,
        "appeal": _answer(asked, reply) if asked is not None else None,
    }


def _answer(asked: Appeal, reply: Reply) -> dict[str, str]:
    answer = asked.answered()
    if answer is None:
        return {"state": gettext(UNANSWERED), "answer": ""}
    sent = answer.outcome == Outcome.OVERTURN and reply.approval == answer.id
    words = SENT_AFTER_ALL if sent else ANSWERS[Outcome(answer.outcome)]
    return {"state": gettext(words), "answer": answer.reason}


def undoable(user: Any) -> Decision | None:
    """The latest decision of theirs that can still be taken back."""
    latest = _lately(user).order_by("-at").first()
    return latest if latest is not None and may_undo(latest, user) else None


def undoable_among(flag_ids: Iterable[uuid.UUID], user: Any) -> list[Decision]:
    return [decision for decision in _lately(user).filter(flag__in=flag_ids) if may_undo(decision, user)]


def _lately(user: Any) -> DecisionQuerySet:
    rows = Decision.objects.standing().filter(Q(by=user) | Q(confirmed_by=user), at__gte=timezone.now() - WINDOW)
    return rows.select_related("flag__post", "flag__suggestion", "flag__reply")
