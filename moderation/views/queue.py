"""The queue and its rows."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from assistant.access import needs
from moderation import queue
from moderation.policy import VIEW_FLAGS


@require_GET
@needs(VIEW_FLAGS)
def queue_page(request: HttpRequest) -> HttpResponse:
    return render(request, "moderation/queue.html", queue.queue_page(request.user, request.GET.get("show", "")))


@require_GET
@needs(VIEW_FLAGS)
def queue_rows(request: HttpRequest) -> HttpResponse:
    """The rows alone: the page fetches them again when something changed."""
    return render(request, "moderation/_queue_rows.html", queue.queue_page(request.user, request.GET.get("show", "")))
