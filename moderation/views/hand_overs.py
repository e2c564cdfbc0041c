"""One hand-over: its packet, taking it, saying how it ended."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant.access import needs
from assistant.actions import Refused
from assistant.vault import audit
from assistant.views.answers import first_message
from moderation import actions
from moderation.access import hand_over_for
from moderation.forms import HandOverEndForm, TakeHandOverForm
from moderation.hand_over_page import hand_over_page
from moderation.models import Escalation
from moderation.policy import DECIDE_ESCALATED


@require_GET
@needs(DECIDE_ESCALATED)
def hand_over(request: HttpRequest, escalation_id: uuid.UUID) -> HttpResponse:
    row = hand_over_for(escalation_id)
    with transaction.atomic():  # who saw which case is part of the record
        audit.record("handover.viewed", actor=request.user, object_type="escalation", object_id=row.id)
    return render(request, "moderation/handover.html", hand_over_page(row, request.user))


@require_POST
@needs(DECIDE_ESCALATED)
def take_hand_over(request: HttpRequest, escalation_id: uuid.UUID) -> HttpResponse:
    """A refusal shows the page again with the reason that was typed."""
    row = hand_over_for(escalation_id)
    form = TakeHandOverForm(request.POST)
    if not form.is_valid():
        return again(request, row, first_message(form), status=422)
    said = form.cleaned_data
    try:
        actions.take_hand_over(row, by=request.user, taken_from=said["taken_from"], reason=said["why"])
    except Refused as refusal:
        return again(request, row, str(refusal), status=refusal.status)
    return redirect("moderation:hand_over", row.id)


@require_POST
@needs(DECIDE_ESCALATED)
def give_up_hand_over(request: HttpRequest, escalation_id: uuid.UUID) -> HttpResponse:
    return act(request, escalation_id, actions.give_up_hand_over)


@require_POST
@needs(DECIDE_ESCALATED)
def reopen_hand_over(request: HttpRequest, escalation_id: uuid.UUID) -> HttpResponse:
    return act(request, escalation_id, actions.reopen_hand_over)


@require_POST
@needs(DECIDE_ESCALATED)
def end_hand_over(request: HttpRequest, escalation_id: uuid.UUID) -> HttpResponse:
    """A refusal shows the page again with everything that was typed."""
    row = hand_over_for(escalation_id)
    form = HandOverEndForm(request.POST)
    if not form.is_valid():
        message = " ".join(str(errors[0]) for errors in form.errors.values())
        return again(request, row, message, status=422)
    try:
        actions.end_hand_over(row, **form.cleaned_data, by=request.user)
    except Refused as refusal:
        return again(request, row, str(refusal), status=refusal.status)
    messages.success(request, gettext("Ended. What you wrote is kept with the case."))
    return redirect("moderation:hand_over", row.id)


def act(request: HttpRequest, escalation_id: uuid.UUID, action: Callable[..., None]) -> HttpResponse:
    row = hand_over_for(escalation_id)
    try:
        action(row, by=request.user)
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect("moderation:hand_over", row.id)


def again(request: HttpRequest, row: Escalation, message: str, *, status: int) -> HttpResponse:
    typed = {name: request.POST.get(name, "") for name in ("outcome", "note", "why")}
    page = hand_over_page(hand_over_for(row.id), request.user) | {"typed": typed, "refusal": message}
    return render(request, "moderation/handover.html", page, status=status)
