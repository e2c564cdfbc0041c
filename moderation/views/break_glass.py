"""Break-glass: asking, answering, reading one case, reviewing."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant.access import needs
from assistant.actions import Refused
from moderation import actions, break_glass_page
from moderation.access import case_open_to, request_to_read, review_of_reading
from moderation.break_glass_forms import ALLOW, AskForm, ReadingAnswerForm, ReviewForm
from moderation.policy import ALLOW_BREAK_GLASS, ASK_BREAK_GLASS


@require_GET
@needs(ASK_BREAK_GLASS)
def break_glass(request: HttpRequest) -> HttpResponse:
    return render(request, "moderation/break_glass.html", break_glass_page.asking_page(request.user))


@require_POST
@needs(ASK_BREAK_GLASS)
def ask_break_glass(request: HttpRequest) -> HttpResponse:
    form = AskForm(request.POST)
    if not form.is_valid():
        page = break_glass_page.asking_page(request.user, form)
        return render(request, "moderation/break_glass.html", page, status=422)
    actions.ask_to_read(form.cleaned_data["about"], reason=form.cleaned_data["reason"], by=request.user)
    messages.success(request, gettext("Asked. A lead answers; the answer stands on this page."))
    return redirect("moderation:break_glass")


@require_GET
@needs(ASK_BREAK_GLASS)
def break_glass_case(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Read-only, and on the record each time."""
    row = case_open_to(request.user, request_id)
    actions.note_break_glass_reading(row, by=request.user)
    return render(request, "moderation/break_glass_case.html", break_glass_page.case_page(row))


@require_GET
@needs(ALLOW_BREAK_GLASS)
def break_glass_requests(request: HttpRequest) -> HttpResponse:
    return render(request, "moderation/break_glass_requests.html", break_glass_page.answering_page(request.user))


@require_POST
@needs(ALLOW_BREAK_GLASS)
def answer_break_glass(request: HttpRequest, asked_id: uuid.UUID) -> HttpResponse:
    row = request_to_read(asked_id)
    form = ReadingAnswerForm(request.POST)
    if not form.is_valid():
        messages.warning(request, gettext("Say whether you allow it or refuse it. Nothing was done."))
        return redirect("moderation:break_glass_requests")
    try:
        if form.cleaned_data["answer"] == ALLOW:
            actions.allow_reading(row, by=request.user)
        else:
            actions.refuse_reading(row, by=request.user)
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect("moderation:break_glass_requests")


@require_POST
@needs(ALLOW_BREAK_GLASS)
def review_break_glass(request: HttpRequest, review_id: uuid.UUID) -> HttpResponse:
    review = review_of_reading(review_id)
    form = ReviewForm(request.POST, auto_id=f"review-{review.id}-%s")
    if form.is_valid():
        try:
            actions.review_reading(review, **form.cleaned_data, by=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, gettext("Reviewed."))
            return redirect("moderation:break_glass_requests")
    page = break_glass_page.answering_page(request.user, reviewing=(review.id, form))
    return render(request, "moderation/break_glass_requests.html", page, status=422)
