"""The way to say that one is worried about somebody."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse

from assistant.models import Draft, Worry


def worry_part(draft: Draft, user: Any) -> dict[str, Any]:
    """What the supporter said of a worry so far, and where to say more."""
    said = Worry.objects.filter(post=draft.post, by=user).order_by("-at")
    return {
        "worry_url": reverse("assistant:worry", args=[draft.id]),
        "worried_at": said.values_list("at", flat=True).first(),
        "worried_now": said.filter(now=True).exists(),
        "worry_form": "reply-form" if draft.is_open else "worry-form",
        "worry_limit": settings.MAX_WORRY,
    }


def where_to_read(draft: Draft) -> str:
    """The page that shows this draft's post: the writing page, or the reply once there is one that stands."""
    reply = None if draft.is_open else draft.replies.order_by("-created_at").first()
    if reply is None:
        return reverse("assistant:draft", args=[draft.id])
    return reverse("assistant:reply", args=[reply.id])
