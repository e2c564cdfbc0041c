"""Incidents: the list, opening one, adding to it, linking cases, signing off, taking it away as a file."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assistant.access import needs
from assistant.actions import Refused
from assistant.vault import audit
from moderation import actions, incident_page
from moderation.access import incident_for
from moderation.incident_forms import EntryForm, IncidentForm, LinksForm, SignOffForm
from moderation.models import Incident
from moderation.policy import KEEP_INCIDENTS, SIGN_OFF_INCIDENTS


@require_GET
@needs(KEEP_INCIDENTS)
def incidents(request: HttpRequest) -> HttpResponse:
    return render(request, "moderation/incidents.html", incident_page.incidents_page())


@require_http_methods(["GET", "POST"])
@needs(KEEP_INCIDENTS)
def open_incident(request: HttpRequest) -> HttpResponse:
    """`?about=ID` links a flag or a post from the start."""
    if request.method == "GET":
        form = IncidentForm(user=request.user, initial={"links": request.GET.get("about", "")})
        return render(request, "moderation/incident_new.html", {"form": form})
    form = IncidentForm(request.POST, user=request.user)
    if not form.is_valid():
        return render(request, "moderation/incident_new.html", {"form": form}, status=422)
    return redirect("moderation:incident", actions.open_incident(**form.cleaned_data, by=request.user).id)


@require_GET
@needs(KEEP_INCIDENTS)
def incident(request: HttpRequest, incident_id: uuid.UUID) -> HttpResponse:
    row = incident_for(incident_id)
    with transaction.atomic():  # who read what is part of the record
        audit.record("incident.viewed", actor=request.user, object_type="incident", object_id=row.id)
    return shown(request, row, status=200)


@require_POST
@needs(KEEP_INCIDENTS)
def add_to_incident(request: HttpRequest, incident_id: uuid.UUID) -> HttpResponse:
    row = incident_for(incident_id)
    form = EntryForm(request.POST, auto_id="entry-%s")
    if form.is_valid():
        try:
            actions.add_to_incident(row, **form.cleaned_data, by=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, gettext("Added."))
            return redirect("moderation:incident", row.id)
    return shown(request, row, entry_form=form)


@require_POST
@needs(KEEP_INCIDENTS)
def link_to_incident(request: HttpRequest, incident_id: uuid.UUID) -> HttpResponse:
    row = incident_for(incident_id)
    form = LinksForm(request.POST, user=request.user, auto_id="links-%s")
    if form.is_valid():
        try:
            actions.link_to_incident(row, form.cleaned_data["links"], by=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, gettext("Linked."))
            return redirect("moderation:incident", row.id)
    return shown(request, row, links_form=form)


@require_POST
@needs(SIGN_OFF_INCIDENTS)
def sign_off(request: HttpRequest, incident_id: uuid.UUID) -> HttpResponse:
    row = incident_for(incident_id)
    form = SignOffForm(request.POST, auto_id="sign-off-%s")
    if form.is_valid():
        try:
            actions.sign_off(row, note=form.cleaned_data["note"], by=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, gettext("Signed off. The incident is closed."))
            return redirect("moderation:incident", row.id)
    return shown(request, row, sign_off_form=form)


@require_GET
@needs(KEEP_INCIDENTS)
def incident_file(request: HttpRequest, incident_id: uuid.UUID) -> HttpResponse:
    row = incident_for(incident_id)
    with transaction.atomic():
        audit.record("incident.taken_away", actor=request.user, object_type="incident", object_id=row.id)
    return HttpResponse(
        incident_page.incident_file(row),
        content_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="incident-{row.id}.md"'},
    )


def shown(
    request: HttpRequest,
    row: Incident,
    *,
    status: int = 422,
    entry_form: EntryForm | None = None,
    links_form: LinksForm | None = None,
    sign_off_form: SignOffForm | None = None,
) -> HttpResponse:
    """The page, with what was typed where something was refused."""
    page = incident_page.incident_page(
        incident_for(row.id), request.user, entry_form=entry_form, links_form=links_form, sign_off_form=sign_off_form
    )
    return render(request, "moderation/incident.html", page, status=status)
