"""Looking after oneself, and the page where leads hear of it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant import access, actions, care_screens, shift
from assistant.access import HEAR_SUPPORTERS, WRITE_REPLIES, needs
from assistant.care_forms import CheckInForm, GoOnForm, ShareForm, TopicsForm
from assistant.models import CheckIn


@require_GET
@needs(WRITE_REPLIES)
def care(request: HttpRequest) -> HttpResponse:
    return render(request, "assistant/care.html", care_screens.care_page(request.user))


@require_POST
@needs(WRITE_REPLIES)
def check_in(request: HttpRequest) -> HttpResponse:
    form = CheckInForm(request.POST)
    if not form.is_valid():
        page = care_screens.care_page(request.user, check_in_form=form)
        return render(request, "assistant/care.html", page, status=422)
    row = actions.check_in(**form.cleaned_data, by=request.user)
    if row.moment == CheckIn.Moment.AFTER:
        shift.end(request)
    messages.success(request, gettext("Kept, for you alone. You can share it with the leads, or delete it, below."))
    return to_part("check-ins")


@require_POST
@needs(WRITE_REPLIES)
def share_check_in(request: HttpRequest, check_in_id: uuid.UUID) -> HttpResponse:
    row = access.check_in_of(request.user, check_in_id)
    form = ShareForm(request.POST)
    form.is_valid()  # a box is ticked or it is not
    actions.share_check_in(row, shared=form.cleaned_data["shared"], by=request.user)
    return to_part("check-ins")


@require_POST
@needs(WRITE_REPLIES)
def delete_check_in(request: HttpRequest, check_in_id: uuid.UUID) -> HttpResponse:
    row = access.check_in_of(request.user, check_in_id)
    actions.delete_check_ins(CheckIn.objects.filter(id=row.id))
    return to_part("check-ins")


@require_POST
@needs(WRITE_REPLIES)
def choose_topics(request: HttpRequest) -> HttpResponse:
    form = TopicsForm(request.POST)
    if not form.is_valid():
        messages.warning(request, gettext("One of these topics is not known here. Nothing was changed."))
        return to_part("topics")
    actions.leave_out_topics(form.cleaned_data["topics"], by=request.user)
    messages.success(request, gettext("Saved. It counts from the next post on."))
    return to_part("topics")


@require_POST
@needs(WRITE_REPLIES)
def ask_to_talk(request: HttpRequest) -> HttpResponse:
    if care_screens.talk(request.user)["leads"]:
        actions.ask_to_talk(request.user)
    return to_part("talk")


@require_POST
@needs(WRITE_REPLIES)
def take_back_talk(request: HttpRequest) -> HttpResponse:
    actions.take_back_talk(request.user)
    return to_part("talk")


@require_POST
@needs(WRITE_REPLIES)
def pause(request: HttpRequest) -> HttpResponse:
    shift.pause(request)
    return redirect("assistant:posts")


@require_POST
@needs(WRITE_REPLIES)
def go_on(request: HttpRequest) -> HttpResponse:
    form = GoOnForm(request.POST)
    form.is_valid()
    shift.go_on(request, remind=not form.cleaned_data["quiet"])
    return redirect("assistant:posts")


@require_GET
@needs(WRITE_REPLIES)
def export_care(request: HttpRequest) -> HttpResponse:
    answer = JsonResponse(care_screens.export(request.user), json_dumps_params={"indent": 1, "ensure_ascii": False})
    answer["Content-Disposition"] = 'attachment; filename="looking-after-yourself.json"'
    return answer


@require_POST
@needs(WRITE_REPLIES)
def erase_care(request: HttpRequest) -> HttpResponse:
    actions.erase_care(request.user)
    shift.end(request)
    messages.success(request, gettext("Erased. Nothing is kept here of you any more."))
    return redirect("assistant:care")


@require_GET
@needs(HEAR_SUPPORTERS)
def supporters(request: HttpRequest) -> HttpResponse:
    """For leads: who asked to talk, and what was shared."""
    return render(request, "assistant/supporters.html", care_screens.supporters_page(request.user))


@require_POST
@needs(HEAR_SUPPORTERS)
def take_up_talk(request: HttpRequest, talk_id: uuid.UUID) -> HttpResponse:
    row = access.talk_request_for(request.user, talk_id)
    if not actions.take_up_talk(row, by=request.user):
        messages.info(request, gettext("Another lead was first, or it was taken back."))
    return redirect("assistant:supporters")


@require_GET
@needs(HEAR_SUPPORTERS)
def shared_check_in(request: HttpRequest, check_in_id: uuid.UUID) -> HttpResponse:
    row = access.shared_check_in(check_in_id)
    actions.note_reading(row, by=request.user)
    return render(request, "assistant/shared_check_in.html", {"check_in": row})


def to_part(name: str) -> HttpResponse:
    return redirect(f"{reverse('assistant:care')}#{name}")
