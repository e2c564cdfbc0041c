"""Golden items and second looks, at the addresses of flags: whoever decides them should not know before."""

from __future__ import annotations

import uuid
from typing import Protocol

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant.access import needs
from assistant.actions import Refused
from assistant.vault import audit
from assistant.views.answers import first_message
from moderation import actions, review_page
from moderation.actions.decisions import Said
from moderation.actions.stale import StaleFlag
from moderation.claimed import claim_state, nobodys
from moderation.forms import DecisionForm, NoteForm
from moderation.models import Review
from moderation.my_reviews import my_reviews_page
from moderation.policy import DECIDE_FLAGS, VIEW_FLAGS
from moderation.reviews import review_for
from moderation.stand_in import flag_of
from moderation.typed import typed_part
from moderation.views.claims import after_a_claim
from moderation.views.onward import onward


class View(Protocol):
    def __call__(self, request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse: ...


def or_flag(of_review: View, of_flag: View) -> View:
    """The one where the id is that of a review, else the other."""

    def view(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
        chosen = of_review if Review.objects.filter(id=flag_id).exists() else of_flag
        return chosen(request, flag_id=flag_id)

    return view


@require_GET
@needs(VIEW_FLAGS)
def show(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    review = review_for(request.user, flag_id)
    if not review.is_for(request.user):
        return _over(request, review)
    with transaction.atomic():
        audit.record("review.viewed", actor=request.user, object_type="review", object_id=review.id)
    return render(request, "moderation/flag.html", review_page.review_page(review, request.user))


@require_POST
@needs(DECIDE_FLAGS)
def claim(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    """Also where it was to be taken over: whoever has a review is not shown to others."""
    review = review_for(request.user, flag_id)
    try:
        actions.claim_review(review, by=request.user)
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect("moderation:flag", review.id)


@require_POST
@needs(DECIDE_FLAGS)
def end_claim(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    actions.end_review_claim(review_for(request.user, flag_id), by=request.user)
    return after_a_claim(request, flag_id)


@require_POST
@needs(DECIDE_FLAGS)
def pass_on(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    actions.pass_review(review_for(request.user, flag_id), by=request.user)
    return onward(request)


@require_POST
@needs(DECIDE_FLAGS)
def renew(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    """A review stays with who took it: there is nothing to renew, and the answer is that of a flag."""
    return _state(request, flag_id)


@require_GET
@needs(DECIDE_FLAGS)
def state(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    return _state(request, flag_id)


def _state(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    review = review_for(request.user, flag_id)
    if not review.is_for(request.user):  # who has it is not shown to others
        return JsonResponse(nobodys(str(StaleFlag())))
    return JsonResponse(claim_state(flag_of(review), request.user))


@require_POST
@needs(DECIDE_FLAGS)
def note(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    review = review_for(request.user, flag_id)
    if not review.is_for(request.user):
        return _over(request, review)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _again(request, review, first_message(form), status=422)
    actions.add_note(flag_of(review), text=form.cleaned_data["text"], by=request.user)
    return redirect(reverse("moderation:flag", args=[review.id]) + "#notes")


@require_POST
@needs(DECIDE_FLAGS)
def decide(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    """Decided as a flag is; then it is said what it was. A refusal shows the page again with everything that was typed."""
    review = review_for(request.user, flag_id)
    if not review.is_for(request.user):
        return _over(request, review)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _again(request, review, first_message(form), status=422)
    said = Said(**{name: value for name, value in form.cleaned_data.items() if name != "version"})
    try:
        review = actions.decide_review(review, said, by=request.user)
    except Refused as refusal:
        return _again(request, review, str(refusal), status=refusal.status)
    if review.kind == Review.Kind.SECOND:
        messages.success(
            request,
            gettext("That was a second look at something decided before. Nothing was changed by it; thank you."),
        )
        return onward(request)
    messages.success(request, gettext("That was a golden item: nothing was sent or held. Here is what it was about."))
    return redirect("moderation:my_reviews")


@require_GET
@needs(DECIDE_FLAGS)
def my_reviews(request: HttpRequest) -> HttpResponse:
    return render(request, "moderation/my_reviews.html", my_reviews_page(request.user))


def _over(request: HttpRequest, review: Review) -> HttpResponse:
    """Decided, or somebody else has it."""
    if review.by_id == request.user.pk:
        return redirect("moderation:my_reviews")
    messages.warning(request, str(StaleFlag()))
    return redirect("moderation:queue")


def _again(request: HttpRequest, review: Review, message: str, *, status: int) -> HttpResponse:
    page = review_page.review_page(review, request.user)
    refused = typed_part(request.POST.dict(), page) | {"refusal": message}
    return render(request, "moderation/flag.html", page | refused, status=status)
