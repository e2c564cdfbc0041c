"""Replies that were sent, wait, or came back."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from assistant import why_held
from assistant.changes import word_changes
from assistant.models import Reply
from assistant.screens.changes import word_rows
from assistant.screens.triage import triage_of
from assistant.screens.worry import worry_part

REPLY_STATES = {
    Reply.Status.HELD: gettext_noop("Waits for a moderator"),
    Reply.Status.SENT: gettext_noop("Sent"),
    Reply.Status.RETURNED: gettext_noop("Came back to you"),
    Reply.Status.WITHHELD: gettext_noop("Not sent"),
    Reply.Status.TAKEN_BACK: gettext_noop("Taken back"),
}


def reply_row(reply: Reply) -> dict[str, Any]:
    return {
        "reply": reply,
        "status_label": gettext(REPLY_STATES[Reply.Status(reply.status)]),
        "model_percent": round(100 * reply.model_share),
        "disclosure": reply.disclosure,
        "url": reverse("assistant:reply", args=[reply.id]),
    }


def reply_page(reply: Reply, user: Any) -> dict[str, Any]:
    edited = reply.edited_by_moderator
    return (
        reply_row(reply)
        | worry_part(reply.draft, user)
        | {
            "post": reply.draft.post,
            "triage": triage_of(reply.draft.post),
            "draft": reply.draft,
            "text": reply.text,
            "words": word_rows(word_changes(reply.revision.text, reply.text)) if edited else [],
            "waits_for": why_held.kinds_of(reply.findings.all()) if reply.status == Reply.Status.HELD else [],
            "may_take_back": reply.status == Reply.Status.HELD,
            "may_write_on": reply.draft.is_open,
        }
    )
