"""The packet of a hand-over: all that somebody needs who takes it now, on one page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, gettext_noop

from assistant.models import Draft, Post, Reply
from assistant.safety import policy
from assistant.safety.phases.links import lines_named_in
from assistant.screens.triage import helplines_for, triage_of
from moderation.alert_page import outcome_due
from moderation.case_history import reason_of
from moderation.flagged import flagged_text, reasons_of
from moderation.incident_page import incidents_about
from moderation.models import Alert, Escalation, EscalationEnd

EMERGENCY_RULES = {
    "ask-the-person": gettext_noop("Emergency services are called when the person agrees."),
    "person-then-lead": gettext_noop(
        "Ask the person first; without an answer a lead decides about emergency services."
    ),
    "lead-decides": gettext_noop("A lead decides whether emergency services are called."),
}


def hand_over_page(row: Escalation, person: Any) -> dict[str, Any]:
    flag, post = row.flag, row.flag.subject_post
    _text, findings = flagged_text(flag)
    said = said_so_far(post)
    is_open = row.is_open
    mine = is_open and row.acknowledged_by_id == person.pk
    alert = Alert.objects.filter(escalation=row).first()
    reason = reason_of(row)
    return {
        "row": row,
        "reason": reason,
        "flag": flag,
        "post": post,
        "triage": triage_of(post),
        "reasons": [line for line in reasons_of(flag, findings) if line != reason],
        "worries": post.worries.select_related("case", "by"),
        "said": said,
        "given": named_to_them(said, post.country),
        "helplines": helplines_for(post, findings),
        "incidents": incidents_about(flag),
        "emergency_rule": emergency_rule(post.country),
        "is_open": is_open,
        "mine": mine,
        "ends_with_decision": flag.post_id is None,
        "holder": row.acknowledged_by.username if row.acknowledged_by else "",
        "take_overs": [
            {"who": over.by.username, "from": over.taken_from.username, "why": over.reason, "at": over.at}
            for over in flag.take_overs.filter(at__gte=row.at).select_related("case", "by", "taken_from").order_by("at")
        ],
        "outcome_due": outcome_due(alert) if alert is not None and is_open else None,
        "overdue": alert is not None and is_open and alert.step > 0,
        "outcomes": EscalationEnd.Outcome.choices,
        "ends": [
            {"what": end.get_outcome_display(), "note": end.note, "who": end.by.username, "at": end.at}
            for end in row.ends.select_related("case", "by")
        ],
        # One that ended with a decision about a reply is not opened again: that decision stands.
        "may_reopen": row.closed_at is not None and not Escalation.objects.open().filter(flag=row.flag_id).exists(),
    }


def emergency_rule(country: str) -> str:
    try:
        rule = policy.current().emergency_rule(country)
    except policy.PolicyError:
        rule = "lead-decides"
    return gettext(EMERGENCY_RULES[rule])


def named_to_them(said: list[dict[str, Any]], country: str) -> list[str]:
    """Lines of the book in what was sent. One number may stand for lines of several countries: then theirs."""
    lines = lines_named_in("\n".join(one["text"] for one in said if one["sent"]))
    return [line.name for line in lines if line.country == country] or [line.name for line in lines]


def said_so_far(post: Post) -> list[dict[str, Any]]:
    """What was written to them, oldest first: replies that were sent, and drafts that were not."""
    replies = Reply.objects.filter(draft__post=post).select_related("case", "draft__author")
    said = [
        {
            "who": reply.draft.author.username,
            "at": reply.sent_at or reply.created_at,
            "text": reply.text,
            "sent": reply.status == Reply.Status.SENT,
        }
        for reply in replies
    ]
    unsent = Draft.objects.filter(post=post).exclude(replies__in=replies).select_related("author", "case")
    for draft in unsent:
        head = draft.head()
        if head is not None and head.text.strip():
            said.append({"who": draft.author.username, "at": head.saved_at, "text": head.text, "sent": False})
    return sorted(said, key=lambda one: one["at"])
