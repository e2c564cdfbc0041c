"""One flag: looking at it, deciding, escalating."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant.access import needs
from assistant.actions import Refused
from assistant.dispatch import forget_after_commit
from assistant.vault import audit
from moderation import actions, case_page
from moderation.access import flag_for
from moderation.forms import ESCALATE, DecisionForm
from moderation.models import Decision
from moderation.policy import DECIDE_FLAGS, VIEW_FLAGS
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
def decide(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    """Decide or escalate. A refusal shows the page again with everything that was typed."""
    row = flag_for(request.user, flag_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return again(request, row, str(next(iter(form.errors.values()))[0]), status=422)
    wanted = form.cleaned_data
    try:
        if wanted["outcome"] == ESCALATE:
            actions.escalate(row, by=request.user, reason=wanted["reason"], seen=wanted["version"])
        else:
            actions.decide(
                row,
                outcome=wanted["outcome"],
                by=request.user,
                reason=wanted["reason"],
                seen=wanted["version"],
                edited_text=wanted["edited_text"],
                missed=wanted["missed"],
            )
            if wanted["outcome"] == Decision.Outcome.REJECT:  # of a post: nobody writes to it any more
                forget_after_commit(row.case_id)
    except Refused as refusal:
        return again(request, row, str(refusal), status=refusal.status)
    messages.success(request, gettext("Escalated to a lead.") if wanted["outcome"] == ESCALATE else "Decided.")
    return onward(request)


def again(request: HttpRequest, row: Any, message: str, *, status: int) -> HttpResponse:
    row = flag_for(request.user, row.id)
    typed = {name: request.POST.get(name, "") for name in ("outcome", "reason", "edited_text", "missed")}
    page = case_page.flag_page(row, request.user) | {"typed": typed, "refusal": message}
    return render(request, "moderation/flag.html", page, status=status)
