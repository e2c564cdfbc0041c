"""The claim on one flag: taking it, renewing, ending, passing on, taking over."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant.access import needs
from assistant.actions import Refused
from assistant.views.answers import first_message
from moderation import actions
from moderation.access import flag_for, was_escalated
from moderation.claimed import Seen, claim_state, nobodys
from moderation.forms import TakeOverForm
from moderation.models import Flag
from moderation.policy import DECIDE_FLAGS
from moderation.typed import carries
from moderation.views.case import again
from moderation.views.onward import onward


@require_POST
@needs(DECIDE_FLAGS)
def claim(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    row = flag_for(request.user, flag_id)
    try:
        actions.claim_flag(row, by=request.user)
    except Refused as refusal:
        messages.warning(request, str(refusal))
        return redirect("moderation:flag", row.id)
    return _taken(request, row)


@require_POST
@needs(DECIDE_FLAGS)
def end_claim(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    row = flag_for(request.user, flag_id)
    actions.end_claim(row, by=request.user)
    return after_a_claim(request, row.id)


@require_POST
@needs(DECIDE_FLAGS)
def pass_on(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    row = flag_for(request.user, flag_id)
    actions.pass_flag(row, by=request.user)
    return onward(request)


@require_POST
@needs(DECIDE_FLAGS)
def take_over(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    row = flag_for(request.user, flag_id)
    form = TakeOverForm(request.POST)
    if not form.is_valid():
        return again(request, row, first_message(form), status=422)
    try:
        actions.take_over(
            row, by=request.user, taken_from=form.cleaned_data["taken_from"], reason=form.cleaned_data["why"]
        )
    except Refused as refusal:
        return again(request, row, str(refusal), status=refusal.status)
    return _taken(request, row)


def _taken(request: HttpRequest, row: Flag) -> HttpResponse:
    """With what a refused decision had left on the page, where there was any."""
    if not carries(request.POST.dict()):
        return redirect("moderation:flag", row.id)
    return again(request, row, gettext("It is yours now, and what you had written is back in its fields."), status=200)


@require_POST
@needs(DECIDE_FLAGS)
def renew(request: HttpRequest, flag_id: uuid.UUID) -> JsonResponse:
    """The page says that somebody types or moves there."""
    row = flag_for(request.user, flag_id)
    actions.renew_claim(row, by=request.user)
    return _state(request, row)


@require_GET
@needs(DECIDE_FLAGS)
def state(request: HttpRequest, flag_id: uuid.UUID) -> JsonResponse:
    if was_escalated(request.user, flag_id):
        return JsonResponse(nobodys(gettext("It was escalated meanwhile. What you wrote is still here.")))
    return _state(request, flag_for(request.user, flag_id))


def _state(request: HttpRequest, row: Flag) -> JsonResponse:
    seen = Seen(version=request.GET.get("version", ""), by=request.GET.get("by", ""))
    return JsonResponse(claim_state(flag_for(request.user, row.id), request.user, seen=seen))


def after_a_claim(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    """To the queue, unless a script sent it from a page with words on it."""
    return redirect("moderation:flag", flag_id) if "stay" in request.POST else redirect("moderation:queue")
