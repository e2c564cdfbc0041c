"""The way to say that one is worried about somebody."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse

from assistant import triage
from assistant.models import Draft, Worry
from assistant.screens.triage import helplines_for


def worry_part(draft: Draft, user: Any) -> dict[str, Any]:
    """What the supporter said of a worry so far, and where to say more."""
    post = draft.post
    said = Worry.objects.filter(post=post, by=user).order_by("-at")
    cannot_wait = said.filter(now=True).exists()
    # The writing page says it above, before anybody worries, at the levels whose replies are held.
    said_above = draft.is_open and triage.handling(post.level).hold_reply
    return {
        "worry_url": reverse("assistant:worry", args=[draft.id]),
        "worried_at": said.values_list("at", flat=True).first(),
        "worried_now": cannot_wait,
        "say_nobody_on_duty": cannot_wait and not said_above,
        "worry_helplines": helplines_for(post, []) if cannot_wait else [],
        "worry_form": "reply-form" if draft.is_open else "worry-form",
        "worry_limit": settings.MAX_WORRY,
    }


def where_to_read(draft: Draft) -> str:
    """The page that shows this draft's post: the writing page, or the reply once there is one that stands."""
    reply = None if draft.is_open else draft.replies.order_by("-created_at").first()
    if reply is None:
        return reverse("assistant:draft", args=[draft.id])
    return reverse("assistant:reply", args=[reply.id])
