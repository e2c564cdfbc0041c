"""A draft in a list, and what its writer was told about it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from assistant.models import Draft, Reply

DRAFT_STATES = {
    Draft.Status.WRITING: gettext_noop("You are writing"),
    Draft.Status.RETURNED: gettext_noop("Came back to you"),
    Draft.Status.HELD: gettext_noop("A moderator is reading it"),
    Draft.Status.SENT: gettext_noop("Sent"),
    Draft.Status.WITHHELD: gettext_noop("Not sent"),
    Draft.Status.SET_ASIDE: gettext_noop("Given back"),
}


def draft_row(draft: Draft) -> dict[str, Any]:
    return {
        "post": draft.post,
        "draft": draft,
        "status_label": gettext(DRAFT_STATES[Draft.Status(draft.status)]),
        "url": reverse("assistant:draft", args=[draft.id]),
        "returned_note": returned_note(draft),
    }


def returned_note(draft: Draft) -> str:
    """The note of the moderator who returned the latest reply; empty when there is none."""
    latest = draft.replies.select_related("case").order_by("-created_at").first()
    return latest.note if latest is not None and latest.status in (Reply.Status.RETURNED, Reply.Status.WITHHELD) else ""
