"""The list of versions, the page of one, the sample that the panel reads, and what is said there."""

from __future__ import annotations

import secrets
import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from assistant import panel
from assistant.access import needs
from assistant.actions import Refused
from assistant.actions.overrides import confirm_override, propose_override, withdraw_override
from assistant.actions.sign_offs import sign_off, withdraw_sign_off
from assistant.inference.engine import ModelUnavailable
from webapp.accounts.roles import MANAGE_PEOPLE, SIGN_OFF_MODELS, VIEW_MODELS
from webapp.panel import model_page, sample_page
from webapp.panel.access import item_of_id, override_of_id, own_sign_off, sample_of_id, version_of_id
from webapp.panel.forms import CONFIRM, AnswerForm, MarkForm, OverrideForm, SignOffForm


@require_GET
@needs(VIEW_MODELS)
def models(request: HttpRequest) -> HttpResponse:
    return render(request, "models/models.html", model_page.list_page())


@require_GET
@needs(VIEW_MODELS)
def model(request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
    return render(request, "models/model.html", model_page.page(version_of_id(version_id), request.user))


# The panel


@require_POST
@needs(SIGN_OFF_MODELS)
def draw(request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
    """Of live suggestions; those of a candidate come from a file, by command."""
    version = version_of_id(version_id)
    own, others = panel.live_outputs(version), panel.live_outputs_of_others(version)
    try:
        drawn = panel.draw_sample(version, own, others, seed=secrets.randbelow(2**31), by=request.user)
    except Refused as refusal:
        messages.warning(request, str(refusal))
        return redirect("panel:model", version.id)
    return redirect("panel:sample", drawn.id)


@require_GET
@needs(SIGN_OFF_MODELS)
def sample(request: HttpRequest, sample_id: uuid.UUID) -> HttpResponse:
    return render(request, "models/sample.html", sample_page.page(sample_of_id(sample_id), request.user))


@require_POST
@needs(SIGN_OFF_MODELS)
def mark(request: HttpRequest, output_id: uuid.UUID) -> HttpResponse:
    item = item_of_id(output_id)
    form = MarkForm(request.POST)
    if not form.is_valid():
        page = sample_page.page(item.sample, request.user, marking=(item, form))
        return render(request, "models/sample.html", page, status=422)
    try:
        panel.mark_output(item, **form.cleaned_data, by=request.user)
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect("panel:sample", item.sample_id)


@require_POST
@needs(SIGN_OFF_MODELS)
def sign(request: HttpRequest, sample_id: uuid.UUID) -> HttpResponse:
    read = sample_of_id(sample_id)
    form = SignOffForm(request.POST, studies=model_page.studies_to_rest_on(read.version))
    if form.is_valid():
        said = {key: form.cleaned_data[key] for key in ("verdict", "reason", "days")}
        try:
            sign_off(read.version, sample=read, study_sha256=form.cleaned_data["study"], by=request.user, **said)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, gettext("What you said stands on this page."))
            return redirect("panel:model", read.version_id)
    page = sample_page.page(read, request.user, signing=form)
    return render(request, "models/sample.html", page, status=422)


@require_POST
@needs(SIGN_OFF_MODELS)
def withdraw(request: HttpRequest, sign_off_id: uuid.UUID) -> HttpResponse:
    row = own_sign_off(request.user, sign_off_id)
    try:
        withdraw_sign_off(row, by=request.user)
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect("panel:model", row.version_id)


# Without the gate


@require_POST
@needs(MANAGE_PEOPLE)
def propose(request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
    version = version_of_id(version_id)
    form = OverrideForm(request.POST)
    if form.is_valid():
        try:
            propose_override(version, reason=form.cleaned_data["reason"], by=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, gettext("Proposed. Nothing has changed yet: another admin has to confirm it."))
            return redirect("panel:model", version.id)
    page = model_page.page(version, request.user, override_form=form)
    return render(request, "models/model.html", page, status=422)


@require_POST
@needs(MANAGE_PEOPLE)
def answer(request: HttpRequest, override_id: uuid.UUID) -> HttpResponse:
    row = override_of_id(override_id)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.warning(request, gettext("Say whether you confirm it or withdraw it. Nothing was done."))
        return redirect("panel:model", row.version_id)
    try:
        if form.cleaned_data["answer"] == CONFIRM:
            confirm_override(row, by=request.user)
            messages.success(request, gettext("%(name)s answers from the next job on.") % {"name": row.version.name})
        else:
            withdraw_override(row, by=request.user)
    except (Refused, ModelUnavailable) as refusal:
        messages.warning(request, str(refusal))
    return redirect("panel:model", row.version_id)
