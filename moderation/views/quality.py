"""For leads: how far people and checks agree, and the golden items."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assistant.access import needs
from assistant.actions import Refused
from assistant.vault import audit
from moderation import actions
from moderation.access import flag_for
from moderation.flagged import flagged_text
from moderation.golden_forms import GoldenForm, MarkForm
from moderation.models import GoldenItem
from moderation.policy import VIEW_QUALITY
from moderation.quality import LOOKED
from moderation.quality_page import quality_page


@require_GET
@needs(VIEW_QUALITY)
def quality(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():  # whoever is told of a check that changed, is told until somebody looked
        audit.record(LOOKED, actor=request.user, object_type="quality", object_id="")
    return render(request, "moderation/quality.html", quality_page() | {"form": GoldenForm()})


@require_POST
@needs(VIEW_QUALITY)
def write_golden(request: HttpRequest) -> HttpResponse:
    form = GoldenForm(request.POST)
    if not form.is_valid():
        return render(request, "moderation/quality.html", quality_page() | {"form": form}, status=422)
    actions.write_golden(**form.cleaned_data, by=request.user)
    messages.success(request, gettext("Added. Moderators meet it among their flags, once each."))
    return redirect("moderation:quality")


@require_http_methods(["GET", "POST"])
@needs(VIEW_QUALITY)
def mark_golden(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    flag = flag_for(request.user, flag_id)
    form = MarkForm(request.POST if request.method == "POST" else None)
    status, refusal = (422 if form.is_bound else 200), ""
    if form.is_valid():
        try:
            actions.mark_golden(flag, **form.cleaned_data, by=request.user)
        except Refused as refused:
            status, refusal = refused.status, str(refused)
        else:
            messages.success(request, gettext("Added. Moderators meet it among their flags, once each."))
            return redirect("moderation:quality")
    with transaction.atomic():
        audit.record("flag.viewed", actor=request.user, object_type="flag", object_id=flag.id)
    page = {"flag": flag, "text": flagged_text(flag)[0], "form": form, "refusal": refusal}
    return render(request, "moderation/mark_golden.html", page, status=status)


@require_POST
@needs(VIEW_QUALITY)
def retire_golden(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    item = GoldenItem.objects.filter(id=item_id).first()
    if item is None:
        raise Http404
    actions.retire_golden(item, by=request.user)
    messages.success(request, gettext("It is shown to nobody from now on. What was decided about it stays counted."))
    return redirect("moderation:quality")
