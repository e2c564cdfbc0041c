"""For leads: what replays found. They are begun by `manage.py replay`, where the files are."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from assistant.access import needs
from moderation.models import Replay
from moderation.policy import VIEW_QUALITY
from moderation.replay_page import replay_page, replays_page


@require_GET
@needs(VIEW_QUALITY)
def replays(request: HttpRequest) -> HttpResponse:
    return render(request, "moderation/replays.html", replays_page())


@require_GET
@needs(VIEW_QUALITY)
def replay(request: HttpRequest, replay_id: uuid.UUID) -> HttpResponse:
    row = Replay.objects.filter(id=replay_id).select_related("by").first()
    if row is None:
        raise Http404
    return render(request, "moderation/replay.html", replay_page(row))
