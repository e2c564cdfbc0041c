"""The rota, what is said while nobody is on duty, and the test alert."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assistant.access import needs
from assistant.actions import Refused
from assistant.views.answers import wants_page
from moderation import actions
from moderation.access import shift_for
from moderation.duty import BE_ALERTED, MANAGE_DUTY
from moderation.duty_page import duty_page, moved_words
from moderation.forms import OutOfHoursForm, ShiftForm
from moderation.rota_page import left_alone


@require_GET
@needs(BE_ALERTED)
def duty(request: HttpRequest) -> HttpResponse:
    return render(request, "moderation/duty.html", duty_page(request.user))


@require_POST
@needs(MANAGE_DUTY)
def add_shift(request: HttpRequest) -> HttpResponse:
    form = ShiftForm(request.POST)
    if not form.is_valid():
        return render(request, "moderation/duty.html", duty_page(request.user, shift_form=form), status=422)
    try:
        shifts = actions.add_shift(**form.cleaned_data, by=request.user)
    except Refused as refusal:
        form.add_error("weeks" if refusal.code == "clocks_change" else "starts_at", str(refusal))
        return render(request, "moderation/duty.html", duty_page(request.user, shift_form=form), status=refusal.status)
    messages.success(request, gettext("Added to the rota."))
    for words in moved_words(shifts):
        messages.warning(request, words)
    return redirect("moderation:duty")


@require_http_methods(["GET", "POST"])
@needs(MANAGE_DUTY)
def remove_shift(request: HttpRequest, shift_id: uuid.UUID) -> HttpResponse:
    """GET asks once more, and says when nobody would be left."""
    shift = shift_for(shift_id)
    if request.method == "GET":
        page = {"shift": shift, "left_alone": left_alone(shift), "zone": settings.TIME_ZONE}
        return render(request, "moderation/remove_shift.html", page)
    actions.remove_shift(shift, by=request.user)
    messages.info(request, gettext("Taken off the rota."))
    return redirect("moderation:duty")


@require_POST
@needs(MANAGE_DUTY)
def out_of_hours(request: HttpRequest) -> HttpResponse:
    form = OutOfHoursForm(request.POST)
    if not form.is_valid():
        return render(request, "moderation/duty.html", duty_page(request.user, text_form=form), status=422)
    actions.say_out_of_hours(form.cleaned_data["text"], by=request.user)
    messages.success(request, gettext("Saved. Supporters read it from now on."))
    return redirect("moderation:duty")


@require_POST
@needs(MANAGE_DUTY)
def test_alert(request: HttpRequest) -> HttpResponse:
    actions.send_test(to=request.user)
    if not wants_page(request):
        return HttpResponse(status=204)  # our script looks for it as for any other
    return redirect("moderation:duty")
