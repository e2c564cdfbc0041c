from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from assistant.safety_watch import troubles_of_site
from assistant.worker_state import help_state
from webapp.accounts.roles import ENTER_POSTS, MANAGE_PEOPLE, VIEW_FLAGS, WRITE_REPLIES

HOMES = [
    (WRITE_REPLIES, "assistant:posts"),
    (VIEW_FLAGS, "moderation:queue"),
    (MANAGE_PEOPLE, "accounts:people"),
    (ENTER_POSTS, "assistant:enter_post"),
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
    """200 while the site can store and show; whether the model can help and the checks are whole is said beside it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM assistant_post LIMIT 1")
        shown = help_state()
        safety = "degraded" if troubles_of_site() else "ok"
    except DatabaseError:
        return JsonResponse({"status": "database unavailable", "version": settings.VERSION}, status=503)
    return JsonResponse(
        {
            "status": "ok",
            "version": settings.VERSION,
            "help_available": shown.available,
            "help_reason": shown.reason,
            "safety": safety,
        }
    )


@login_not_required
def csrf_failure(request: HttpRequest, **_: Any) -> HttpResponse:
    return render(request, "403_csrf.html", status=403)
