"""What was sent, or waits to be."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from assistant import access, actions, care_screens
from assistant.access import WRITE_REPLIES, needs
from assistant.screens.replies import reply_page, reply_row


@require_GET
@needs(WRITE_REPLIES)
def replies(request: HttpRequest) -> HttpResponse:
    rows = access.replies_of(request.user).order_by("-created_at")[:100]
    return render(request, "assistant/replies.html", {"replies": [reply_row(row) for row in rows]})


@require_GET
@needs(WRITE_REPLIES)
def reply(request: HttpRequest, reply_id: uuid.UUID) -> HttpResponse:
    page = reply_page(access.reply_for(request.user, reply_id), request.user)
    return render(request, "assistant/reply.html", page | care_screens.offer(request))


@require_POST
@needs(WRITE_REPLIES)
def take_back(request: HttpRequest, reply_id: uuid.UUID) -> HttpResponse:
    row = access.reply_for(request.user, reply_id)
    try:
        actions.take_back_reply(row, by=request.user)
    except actions.Refused as refusal:
        messages.warning(request, str(refusal))
        return redirect("assistant:reply", row.id)
    return redirect("assistant:draft", row.draft_id)
