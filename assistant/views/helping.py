"""Help from the model: asked for, followed, decided on change by change."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant import access, actions
from assistant.access import WRITE_REPLIES, needs
from assistant.dispatch import (
    prepare_after_commit,
    wake_after_commit,
)
from assistant.forms import AskForm, SentencesForm, VerdictForm
from assistant.inference.types import Mode
from assistant.models import SuggestionJob
from assistant.screens.changes import stopped_kinds
from assistant.screens.jobs import hints_first, job_started, stream_state
from assistant.screens.suggestions import changes_so_far, suggestion_of_job
from assistant.screens.writing import saved, sentences_of
from assistant.streaming.chunks import read_after
from assistant.views.answers import invalid, refused, wants_page


@require_POST
@needs(WRITE_REPLIES)
def ask(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Ask the model for help with this draft."""
    row = access.draft_for(request.user, draft_id)
    form = AskForm(request.POST)
    if not form.is_valid():
        return invalid(request, row, form)
    asked = form.cleaned_data
    try:
        job = actions.ask_for_help(
            row,
            by=request.user,
            text=asked["text"],
            base=asked["base"],
            mode=Mode(asked["mode"]),
            client_key=asked["client_key"],
            because=asked["reason"],
            goals=asked["goals"],
            locked=asked["locked"],
            anyway=asked["anyway"],
        )
    except actions.Refused as refusal:
        return refused(request, row, refusal)
    if job.status == SuggestionJob.Status.QUEUED:
        wake_after_commit(job)
    if wants_page(request):
        return redirect("assistant:draft", row.id)
    return JsonResponse(job_started(job), status=202)


@require_POST
@needs(WRITE_REPLIES)
def sentences(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """The sentences of the draft as it is typed, to choose those that stay as they are. Nothing is stored."""
    row = access.draft_for(request.user, draft_id)
    form = SentencesForm(request.POST)
    if not form.is_valid():
        return invalid(request, row, form)
    chosen = sentences_of(form.cleaned_data["text"], locked=form.cleaned_data["locked"])
    return render(request, "assistant/_sentences.html", {"sentences": chosen})


@require_GET
@needs(WRITE_REPLIES)
def stream(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The HTTP twin of the socket: the same pieces, asked for once a second."""
    row = access.job_for(request.user, job_id)
    try:
        after, attempt = int(request.GET.get("after", 0)), int(request.GET.get("attempt", 0))
    except ValueError:
        return JsonResponse({"error": "bad_number", "message": "after and attempt are whole numbers."}, status=400)
    state = read_after(row.id, attempt=attempt, seq=after)
    if state is None:
        return JsonResponse({"error": "missing", "message": gettext("This is no longer there.")}, status=404)
    return JsonResponse(stream_state(state))


@require_POST
@needs(WRITE_REPLIES)
def cancel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    row = access.job_for(request.user, job_id)
    actions.cancel_job(row, by=request.user)
    row.refresh_from_db()
    if wants_page(request):
        return redirect("assistant:draft", row.draft_id)
    return JsonResponse({"job": str(row.id), "status": row.status})


@require_GET
@needs(WRITE_REPLIES)
def so_far(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The change list of a job that is being written, as a fragment to read. Nothing where hints come first."""
    row = access.job_for(request.user, job_id)
    if not row.is_live or hints_first(row):
        return HttpResponse(status=204)
    return render(request, "assistant/_so_far.html", changes_so_far(row))


@require_GET
@needs(WRITE_REPLIES)
def suggestion(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The change list of a finished job, as a fragment."""
    row = access.job_for(request.user, job_id)
    return render(request, "assistant/_versions.html", suggestion_of_job(row))


@require_POST
@needs(WRITE_REPLIES)
def decide_change(request: HttpRequest, suggestion_id: uuid.UUID, index: int) -> HttpResponse:
    """Use one change, keep one's own words, or undo; the text as it is after that comes along."""
    row = access.suggestion_for(request.user, suggestion_id)
    draft_row = access.draft_for(request.user, row.job.draft_id)
    form = VerdictForm(request.POST)
    if not form.is_valid():
        return invalid(request, draft_row, form)
    decided = form.cleaned_data
    try:
        head = actions.decide_change(
            row,
            draft=draft_row,
            index=index,
            verdict=decided["verdict"],
            text=decided["text"],
            base=decided["base"],
            applied=not wants_page(request),
            by=request.user,
            reason=decided["reason"],
        )
    except actions.Refused as refusal:
        return refused(request, draft_row, refusal)
    if wants_page(request):
        return redirect("assistant:draft", draft_row.id)
    prepare_after_commit(draft_row)
    return JsonResponse(
        saved(draft_row, head, request.user, actions.visible_suggestions(draft_row))
        | {"verdict": decided["verdict"], "index": index}
    )


@require_POST
@needs(WRITE_REPLIES)
def stop_kind(request: HttpRequest, suggestion_id: uuid.UUID, index: int) -> HttpResponse:
    """Suggest no more changes for the reason of this one."""
    row = access.suggestion_for(request.user, suggestion_id)
    try:
        code = actions.stop_kind(row, index=index, by=request.user)
    except actions.Refused as refusal:
        return refused(request, access.draft_for(request.user, row.job.draft_id), refusal)
    if wants_page(request):
        return redirect("assistant:draft", row.job.draft_id)
    return JsonResponse({"code": code})


@require_GET
@needs(WRITE_REPLIES)
def kinds(request: HttpRequest) -> HttpResponse:
    """What this person wanted no more of."""
    return render(request, "assistant/kinds.html", {"kinds": stopped_kinds(request.user)})


@require_POST
@needs(WRITE_REPLIES)
def suggest_kind_again(request: HttpRequest, code: str) -> HttpResponse:
    actions.suggest_kind_again(code, by=request.user)
    return redirect("assistant:kinds")


@require_POST
@needs(WRITE_REPLIES)
def report_suggestion(request: HttpRequest, suggestion_id: uuid.UUID) -> HttpResponse:
    row = access.suggestion_for(request.user, suggestion_id)
    actions.report(row, by=request.user)
    messages.success(request, gettext("Thank you. A moderator has been asked to look at this suggestion."))
    return redirect("assistant:draft", row.job.draft_id)
