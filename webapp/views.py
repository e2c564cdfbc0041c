from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from assistant.access import needs
from assistant.safety_watch import troubles_of_site
from assistant.worker_state import help_state
from moderation import notifier
from webapp import engine_page
from webapp.accounts.roles import (
    ENTER_POSTS,
    MANAGE_PEOPLE,
    RATE_REPLIES,
    RUN_STUDIES,
    VIEW_FLAGS,
    VIEW_WORKERS,
    WRITE_REPLIES,
)
from webapp.metrics import exposition

HOMES = [
    (WRITE_REPLIES, "assistant:posts"),
    (VIEW_FLAGS, "moderation:queue"),
    (MANAGE_PEOPLE, "accounts:people"),
    (ENTER_POSTS, "assistant:enter_post"),
    (RATE_REPLIES, "studies:rate"),
    (RUN_STUDIES, "studies:research"),
]


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Send everybody to where their work is."""
    for permission, page in HOMES:
        if request.user.has_perm(permission):
            return redirect(page)
    return render(request, "home.html")


@require_GET
@login_not_required
def healthz(_request: HttpRequest) -> HttpResponse:
    """200 while the site can store and show; whether the model can help, the checks are
    whole and alerts are delivered is said beside it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM assistant_post LIMIT 1")
        shown = help_state()
        safety = "degraded" if troubles_of_site() else "ok"
        alerts = notifier.state()
    except DatabaseError:
        return JsonResponse({"status": "database unavailable", "version": settings.VERSION}, status=503)
    return JsonResponse(
        {
            "status": "ok",
            "version": settings.VERSION,
            "help_available": shown.available,
            "help_reason": shown.reason,
            "safety": safety,
            "alerts": alerts,
        }
    )


def for_scrapers(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Open to whoever brings the token; without one, as any page of the admins."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        token = bearer_token(request)
        if token and not is_metrics_token(token):
            return HttpResponse(
                "This token is not METRICS_TOKEN.\n", status=401, headers={"WWW-Authenticate": "Bearer"}
            )
        if not token and not request.user.is_authenticated:
            return redirect_to_login(request.path)
        if not token and not request.user.has_perm(VIEW_WORKERS):
            raise PermissionDenied
        return view(request)

    return guarded


def bearer_token(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_metrics_token(token: str) -> bool:
    wanted: str = settings.METRICS_TOKEN
    return bool(wanted) and secrets.compare_digest(token.encode(), wanted.encode())


@login_not_required
@for_scrapers
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    try:
        content, content_type = exposition(request.headers.get("Accept", ""))
    except DatabaseError:
        return HttpResponse("database unavailable\n", status=503, content_type="text/plain")
    return HttpResponse(content, content_type=content_type)


@require_GET
@needs(VIEW_WORKERS)
def engine(request: HttpRequest) -> HttpResponse:
    return render(request, "engine.html", engine_page.page() | {"still": "still" in request.GET})


@require_GET
@needs(VIEW_WORKERS)
def engine_state(request: HttpRequest) -> HttpResponse:
    """What changes, alone: the page fetches it again every few seconds."""
    return render(request, "_engine_state.html", engine_page.page())


@login_not_required
def csrf_failure(request: HttpRequest, **_: Any) -> HttpResponse:
    return render(request, "403_csrf.html", status=403)
