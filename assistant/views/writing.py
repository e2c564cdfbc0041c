"""The writing page, and what becomes of a draft."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant import access, actions, shift
from assistant.access import WRITE_REPLIES, needs
from assistant.dispatch import (
    forget_after_commit,
    prepare_after_commit,
)
from assistant.forms import CountryForm, DraftForm, SendForm, WorryForm
from assistant.models import Reply
from assistant.screens.checked import what_was_found
from assistant.screens.worry import where_to_read, worry_part
from assistant.screens.writing import saved, writing_page
from assistant.views.answers import first_message, invalid, keep_typed, page_again, refused, wants_page


@require_GET
@needs(WRITE_REPLIES)
def draft(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """The writing page."""
    row = access.draft_for(request.user, draft_id)
    prepare_after_commit(row)
    return render(request, "assistant/draft.html", writing_page(row, request.user))


@require_POST
@needs(WRITE_REPLIES)
def save_draft(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    row = access.draft_for(request.user, draft_id)
    form = DraftForm(request.POST)
    if not form.is_valid():
        return invalid(request, row, form)
    suggested = actions.visible_suggestions(row)
    try:
        head = actions.head_after_saving(row, **form.cleaned_data, suggested=suggested)
    except actions.Refused as refusal:
        return refused(request, row, refusal)
    if wants_page(request):
        return redirect("assistant:draft", row.id)
    prepare_after_commit(row)
    return JsonResponse(saved(row, head, request.user, suggested))


@require_POST
@needs(WRITE_REPLIES)
def check(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """What the checks find in the reply as it is typed, before it is sent. Nothing is stored, and nobody is told."""
    row = access.draft_for(request.user, draft_id)
    form = SendForm(request.POST)
    is_fragment = bool(request.headers.get("HX-Request"))
    if not form.is_valid():
        if is_fragment:
            return render(request, "assistant/_checked.html", {"problem": first_message(form)})
        return invalid(request, row, form)
    text = form.cleaned_data["text"]
    checked = what_was_found(text, actions.screen_reply(text, row.post))
    if is_fragment:
        return render(request, "assistant/_checked.html", {"checked": checked})
    page = writing_page(row, request.user) | {"checked": checked}
    if row.is_open:
        page |= {"unsent": True, "unsent_text": text, "unsent_base": form.cleaned_data["base"]}
    return render(request, "assistant/draft.html", page)


@require_POST
@needs(WRITE_REPLIES)
def send(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Send the reply, or hold it for a moderator. Works as a plain form: on a refusal the page comes back with the text."""
    row = access.draft_for(request.user, draft_id)
    form = SendForm(request.POST)
    if not form.is_valid():
        return invalid(request, row, form)
    try:
        head = actions.head_after_saving(row, **form.cleaned_data)
        reply = actions.send_reply(row, by=request.user, revision=head)
    except actions.Refused as refusal:
        return refused(request, row, refusal)
    forget_after_commit(row.case_id)
    shift.finished_with(request, row.post)
    if reply.status == Reply.Status.HELD:
        messages.info(
            request, gettext("A moderator will read this reply before it is sent. You will see here what they decided.")
        )
    else:
        messages.success(request, gettext("Sent. Thank you for being there."))
    return redirect("assistant:reply", reply.id)


@require_POST
@needs(WRITE_REPLIES)
def set_country(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    row = access.draft_for(request.user, draft_id)
    form = CountryForm(request.POST)
    if not form.is_valid():
        return invalid(request, row, form)
    try:
        actions.set_country(row, country=form.cleaned_data["country"], by=request.user)
    except actions.Refused as refusal:
        return refused(request, row, refusal)
    return redirect("assistant:draft", row.id)


@require_POST
@needs(WRITE_REPLIES)
def give_back(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    row = access.draft_for(request.user, draft_id)
    keep_typed(request, row)
    actions.give_back_post(row, by=request.user)
    forget_after_commit(row.case_id)
    shift.finished_with(request, row.post)
    messages.info(request, gettext("Given back. Somebody else will answer. What you wrote is kept with the post."))
    return redirect("assistant:posts")


@require_POST
@needs(WRITE_REPLIES)
def hand_over(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Give the post to a lead. What was typed is kept with it."""
    row = access.draft_for(request.user, draft_id)
    keep_typed(request, row)
    try:
        actions.hand_over_post(row, by=request.user)
    except actions.Refused as refusal:
        return page_again(request, row, str(refusal), status=refusal.status)
    forget_after_commit(row.case_id)
    shift.finished_with(request, row.post)
    messages.success(request, gettext("Handed over, and what you wrote is kept with the post. Thank you."))
    return redirect("assistant:posts")


@require_POST
@needs(WRITE_REPLIES)
def worry(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """The supporter's own "I'm worried": a moderator looks at the post. A note or a draft that cannot be stored is no reason
    to lose the worry: it is recorded first."""
    row = access.draft_for(request.user, draft_id)
    form = WorryForm(request.POST)
    form.is_valid()
    said = {"note": form.cleaned_data.get("note", ""), "now": form.cleaned_data.get("now", False)}
    actions.worry(row.post, by=request.user, **said)
    problem = (
        ""
        if not form.errors
        else gettext("A moderator was asked; your note was not kept. %(problem)s") % {"problem": first_message(form)}
    )
    if request.headers.get("HX-Request"):
        part = worry_part(row, request.user) | {
            "problem": problem,
            "worry_note": problem and request.POST["note"],
        }
        return render(request, "assistant/_worry.html", part)
    problem = problem or keep_typed(request, row)
    if problem:
        return page_again(request, row, problem, status=422)
    messages.success(request, gettext("Thank you. A moderator has been asked to look at this post."))
    return redirect(where_to_read(row))
