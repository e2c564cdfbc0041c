"""For pages of the supporter, which know nothing of moderation, and for what a moderator can still undo."""

from __future__ import annotations

from typing import Any

from django import template

from assistant.models import Reply
from moderation import told
from moderation.models import Decision

register = template.Library()


@register.simple_tag
def told_about(reply: Reply) -> dict[str, Any] | None:
    return told.about(reply)


@register.simple_tag
def undoable(user: Any) -> Decision | None:
    return told.undoable(user)
