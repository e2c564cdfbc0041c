"""The safety page, its figures as files, and what somebody looked at."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from assistant.access import needs
from moderation import safety_page
from moderation.figures import Figure
from moderation.policy import VIEW_FLAGS, VIEW_SAFETY


@require_GET
@needs(VIEW_SAFETY)
def safety(request: HttpRequest) -> HttpResponse:
    return render(request, "moderation/safety.html", safety_page.safety_page(request.user))


@require_GET
@needs(VIEW_SAFETY)
def safety_csv(_request: HttpRequest, code: str) -> HttpResponse:
    return HttpResponse(
        figure_for(code).as_csv(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{code}.csv"'},
    )


@require_GET
@needs(VIEW_SAFETY)
def safety_json(_request: HttpRequest, code: str) -> HttpResponse:
    return JsonResponse(
        figure_for(code).as_json(at=timezone.now()),
        headers={"Content-Disposition": f'attachment; filename="{code}.json"'},
    )


@require_GET
@needs(VIEW_FLAGS)
def looked_at(request: HttpRequest) -> HttpResponse:
    return render(request, "moderation/looked_at.html", safety_page.looked_at(request.user))


def figure_for(code: str) -> Figure:
    found = safety_page.figure_of(code)
    if found is None:
        raise Http404
    return found
