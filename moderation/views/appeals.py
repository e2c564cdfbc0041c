"""The supporter's side of a decision: asking for another look."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from assistant.access import WRITE_REPLIES, needs, reply_for
from assistant.actions import Refused
from assistant.screens.replies import reply_page
from assistant.views.answers import first_message
from moderation import actions
from moderation.forms import AppealForm


@require_POST
@needs(WRITE_REPLIES)
def appeal(request: HttpRequest, reply_id: uuid.UUID) -> HttpResponse:
    """A refusal shows the reply again with what was typed."""
    reply = reply_for(request.user, reply_id)
    form = AppealForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused("words", first_message(form), status=422)
        actions.appeal(reply, words=form.cleaned_data["words"], by=request.user)
    except Refused as refusal:
        typed = {"appeal_words": request.POST.get("words", ""), "appeal_refusal": str(refusal)}
        page = reply_page(reply, request.user) | typed
        return render(request, "assistant/reply.html", page, status=refusal.status)
    messages.success(request, gettext("Another moderator will look at it. The answer comes here."))
    return redirect("assistant:reply", reply.id)
