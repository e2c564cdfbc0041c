"""Where admins try a candidate beside the active model, and see what came of it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant import actions, canary_page
from assistant.access import MANAGE_PEOPLE, needs
from assistant.canary_forms import CanaryForm
from assistant.models import Canary


@require_GET
@needs(MANAGE_PEOPLE)
def canaries(request: HttpRequest) -> HttpResponse:
    return render(request, "assistant/canaries.html", canary_page.page())


@require_POST
@needs(MANAGE_PEOPLE)
def start_canary(request: HttpRequest) -> HttpResponse:
    form = CanaryForm(request.POST)
    if form.is_valid():
        try:
            canary = actions.start_canary(**form.wish, by=request.user)
        except actions.Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, gettext("%(name)s is tried from the next request on.") % {"name": canary.candidate.name}
            )
            return redirect("assistant:canaries")
    return render(request, "assistant/canaries.html", canary_page.page(form), status=422)


@require_POST
@needs(MANAGE_PEOPLE)
def stop_canary(request: HttpRequest, canary_id: uuid.UUID) -> HttpResponse:
    canary = get_object_or_404(Canary, id=canary_id)
    if actions.stop_canary(canary, by=request.user):
        messages.success(request, gettext("Stopped. The active model answers from the next request on."))
    else:
        messages.info(request, gettext("It had ended before."))
    return redirect("assistant:canaries")


@require_POST
@needs(MANAGE_PEOPLE)
def see_canary(request: HttpRequest, canary_id: uuid.UUID) -> HttpResponse:
    """They know that it was rolled back."""
    actions.mark_seen(get_object_or_404(Canary, id=canary_id), by=request.user)
    return redirect("assistant:canaries")
