"""Alerts at the top of every page, and the one address that leads from an alert to where it is decided."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant.access import needs
from moderation import actions, alert_page
from moderation.access import alert_for, ids_in
from moderation.duty import BE_ALERTED


@require_GET
@needs(BE_ALERTED)
def alerts(request: HttpRequest) -> HttpResponse:
    """The rows alone: each page fetches them again when something changed."""
    at = next(iter(ids_in(request.GET.get("at", ""))), None)
    shown = alert_page.banner(request.user, at=at)
    return render(request, "moderation/_alerts.html", {"alerts": shown})


@require_GET
@needs(BE_ALERTED)
def alert(request: HttpRequest, alert_id: uuid.UUID) -> HttpResponse:
    row = alert_for(alert_id)
    return redirect(alert_page.where_it_is_decided(row, request.user) or "moderation:duty")


@require_POST
@needs(BE_ALERTED)
def acknowledge(request: HttpRequest, alert_id: uuid.UUID) -> HttpResponse:
    row = alert_for(alert_id)
    free = row.is_told_to(request.user) and not row.is_hand_over_of_another(request.user)
    if not (free and actions.acknowledge(row, by=request.user)):
        messages.info(request, gettext("Somebody else has it already, or it is over."))
    return redirect("moderation:duty")
