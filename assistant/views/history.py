"""What a draft was like earlier, and how it comes back."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant import access, actions
from assistant.access import WRITE_REPLIES, needs
from assistant.dispatch import prepare_after_commit
from assistant.forms import RestoreForm
from assistant.models import Draft, DraftRevision
from assistant.screens.history import history_page
from assistant.views.answers import first_message


@require_GET
@needs(WRITE_REPLIES)
def history(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    row = access.draft_for(request.user, draft_id)
    return render(request, "assistant/history.html", history_page(row, None))


@require_GET
@needs(WRITE_REPLIES)
def revision(request: HttpRequest, draft_id: uuid.UUID, number: int) -> HttpResponse:
    row = access.draft_for(request.user, draft_id)
    return render(request, "assistant/history.html", history_page(row, access.revision_of(row, number)))


@require_POST
@needs(WRITE_REPLIES)
def restore(request: HttpRequest, draft_id: uuid.UUID, number: int) -> HttpResponse:
    row = access.draft_for(request.user, draft_id)
    wanted = access.revision_of(row, number)
    form = RestoreForm(request.POST)
    if not form.is_valid():
        return again(request, row, wanted, first_message(form), status=400)
    try:
        head = actions.restore_revision(row, revision=wanted, base=form.cleaned_data["base"], by=request.user)
    except actions.Refused as refusal:
        return again(request, row, wanted, str(refusal), status=refusal.status)
    prepare_after_commit(row)
    messages.success(
        request,
        gettext("Revision %(old)s is back, as revision %(new)s. What stood there is in the history.")
        % {"old": number, "new": head.number},
    )
    return redirect("assistant:draft", row.id)


def again(request: HttpRequest, row: Draft, shown: DraftRevision, problem: str, *, status: int) -> HttpResponse:
    row.refresh_from_db()
    page = history_page(row, shown) | {"problem": problem}
    return render(request, "assistant/history.html", page, status=status)
