"""For researchers: the plan, the exports and the report of a study."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_POST

from assistant.access import needs
from assistant.actions import Refused
from assistant.vault import audit
from webapp.studies import report_page, reporting
from webapp.studies.exports import export_study, export_texts
from webapp.studies.models import Report, Study
from webapp.studies.research_access import RUN_STUDIES, latest_report, study_for


@require_GET
@needs(RUN_STUDIES)
def plan(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    """What was fixed when it opened."""
    row = study_for(request.user, study_id)
    if not row.plan_sha256:
        raise Http404
    return _file(row, json.dumps(row.plan, ensure_ascii=False, indent=1).encode(), "plan")


@require_GET
@needs(RUN_STUDIES)
def study_file(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    return _export(row, lambda: export_study(row, by=request.user), "study", request)


@require_GET
@needs(RUN_STUDIES)
def texts_file(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    return _export(row, lambda: export_texts(row, by=request.user), "texts", request)


def _export(row: Study, make: Callable[[], bytes], what: str, request: HttpRequest) -> HttpResponse:
    try:
        return _file(row, make(), what)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("studies:research_study", row.id)


def _file(row: Study, data: bytes, what: str) -> HttpResponse:
    name = f"{slugify(row.name) or 'study'}-{what}.json"
    return HttpResponse(
        data,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_POST
@needs(RUN_STUDIES)
def make(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    try:
        reporting.ask_for_report(row, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("studies:research_study", row.id)
    return redirect("studies:research_report", row.id)


@require_GET
@needs(RUN_STUDIES)
def state(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    """Whether it is there: asked for by its pages, which stop asking when it is."""
    row = study_for(request.user, study_id)
    found = {"study": row, "alone": True, **report_page.state_of(row, latest_report(row))}
    return render(request, "studies/_research_report_state.html", found)


@require_GET
@needs(RUN_STUDIES)
def for_deciding(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    return render(request, "studies/research_report.html", report_page.report_page(row))


@require_GET
@needs(RUN_STUDIES)
def for_checking(request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
    row = study_for(request.user, study_id)
    with transaction.atomic():  # it has examples: who read what is part of the record
        audit.record("study.report_viewed", actor=request.user, object_type="study", object_id=row.id)
    return render(request, "studies/research_report_check.html", report_page.check_page(row))


@require_GET
@needs(RUN_STUDIES)
def plot(request: HttpRequest, study_id: uuid.UUID, plot: str) -> HttpResponse:
    """As an image: under the site's policy no script in it would run, opened by itself or not."""
    report = latest_report(study_for(request.user, study_id))
    drawing = report.plots.get(plot) if report is not None and report.status == Report.Status.DONE else None
    if drawing is None:
        raise Http404
    return HttpResponse(drawing, content_type="image/svg+xml")
