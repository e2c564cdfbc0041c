"""A form about a flag that was escalated while its page was open: its sender sees nothing of the case, and keeps their words."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from moderation.access import was_escalated
from moderation.typed import had_written

View = Callable[..., HttpResponse]


def unless_escalated(view: View) -> View:
    @wraps(view)
    def wrapped(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
        try:
            return view(request, flag_id=flag_id)
        except Http404:
            if not was_escalated(request.user, flag_id):
                raise
            return render(request, "moderation/escalated.html", {"had": had_written(request.POST.dict())}, status=409)

    return wrapped
