"""One flag: looking at it, deciding, escalating, noting."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant.access import needs
from assistant.actions import Refused
from assistant.dispatch import forget_after_commit
from assistant.vault import audit
from assistant.views.answers import first_message
from moderation import actions, case_page
from moderation.access import decision_of, flag_for
from moderation.forms import ESCALATE, DecisionForm, NoteForm, ProposalAnswerForm
from moderation.models import Decision, Flag, Proposal
from moderation.policy import DECIDE_FLAGS, VIEW_FLAGS
from moderation.pressed_twice import was_said
from moderation.typed import typed_part
from moderation.views.escalated import unless_escalated
from moderation.views.onward import onward


@require_GET
@needs(VIEW_FLAGS)
def flag(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    row = flag_for(request.user, flag_id)
    with transaction.atomic():  # who saw which case is part of the record
        audit.record("flag.viewed", actor=request.user, object_type="flag", object_id=row.id)
    return render(request, "moderation/flag.html", case_page.flag_page(row, request.user))


@require_POST
@needs(DECIDE_FLAGS)
@unless_escalated
def decide(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    """Decide or escalate. A refusal shows the page again with everything that was typed."""
    row = flag_for(request.user, flag_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return again(request, row, first_message(form), status=422)
    wanted = form.cleaned_data
    seen = wanted.pop("version")
    try:
        if wanted["outcome"] == ESCALATE:
            actions.escalate(row, by=request.user, reason=wanted["reason"], seen=seen)
            done = gettext("Escalated to a lead.")
        elif isinstance(actions.decide(row, by=request.user, seen=seen, **wanted), Proposal):
            done = gettext("Proposed. Nothing happens until somebody else confirms it.")
        else:
            forget_closed(row, wanted["outcome"])
            done = (
                gettext("Decided. A lead is told: it stays open until somebody says how it ended.")
                if wanted["danger"]
                else gettext("Decided.")
            )
    except actions.StaleFlag as stale:
        if not was_said(row, by=request.user, outcome=wanted["outcome"], reason=wanted["reason"], seen=seen):
            return again(request, row, str(stale), status=stale.status)
        return onward(request)  # pressed twice: the first press has said it
    except Refused as refusal:
        return again(request, row, str(refusal), status=refusal.status)
    messages.success(request, done)
    return onward(request)


@require_POST
@needs(DECIDE_FLAGS)
@unless_escalated
def answer(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    """Confirm what somebody else proposed, or refuse it."""
    row = flag_for(request.user, flag_id)
    form = ProposalAnswerForm(request.POST)
    if not form.is_valid():
        return again(request, row, first_message(form), status=422)
    wanted = form.cleaned_data
    confirmed = wanted["answer"] == "confirm"
    try:
        decision = actions.answer_proposal(
            row, confirmed=confirmed, by=request.user, reason=wanted["reason"], seen=wanted["version"]
        )
    except Refused as refusal:
        return again(request, row, str(refusal), status=refusal.status)
    if decision is not None:
        forget_closed(row, decision.outcome)
    messages.success(request, gettext("Confirmed, and done.") if confirmed else gettext("Refused. It waits again."))
    return redirect("moderation:queue")


def forget_closed(row: Flag, outcome: str) -> None:
    """Of a post that was closed: nobody writes to it any more."""
    if outcome == Decision.Outcome.REJECT:
        forget_after_commit(row.case_id)


@require_POST
@needs(DECIDE_FLAGS)
def undo(request: HttpRequest, decision_id: uuid.UUID) -> HttpResponse:
    decision = decision_of(request.user, decision_id)
    try:
        actions.undo(decision, by=request.user)
    except Refused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, gettext("Undone. It waits again."))
    return redirect("moderation:flag", decision.flag_id)


@require_POST
@needs(DECIDE_FLAGS)
@unless_escalated
def note(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    row = flag_for(request.user, flag_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return again(request, row, first_message(form), status=422)
    actions.add_note(row, text=form.cleaned_data["text"], by=request.user)
    return redirect(reverse("moderation:flag", args=[row.id]) + "#notes")


def again(request: HttpRequest, row: Flag, message: str, *, status: int) -> HttpResponse:
    page = case_page.flag_page(flag_for(request.user, row.id), request.user)
    refused = typed_part(request.POST.dict(), page) | {"refusal": message}
    return render(request, "moderation/flag.html", page | refused, status=status)
