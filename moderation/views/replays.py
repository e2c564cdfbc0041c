"""For leads: other thresholds tried on decided cases, and what replays found. `manage.py replay` tries files and models."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from assistant import dispatch
from assistant.access import needs
from moderation import replaying
from moderation.models import Replay
from moderation.other_rules import CannotTry, Change
from moderation.policy import VIEW_QUALITY
from moderation.replay_forms import ReplayForm
from moderation.replay_page import replay_page, replays_page


@require_GET
@needs(VIEW_QUALITY)
def replays(request: HttpRequest) -> HttpResponse:
    return render(request, "moderation/replays.html", replays_page() | {"form": ReplayForm()})


@require_POST
@needs(VIEW_QUALITY)
def begin_replay(request: HttpRequest) -> HttpResponse:
    form = ReplayForm(request.POST)
    if form.is_valid():
        wanted = form.cleaned_data
        try:
            row = replaying.begin(
                Change(review_at=wanted["review_at"], urgent_at=wanted["urgent_at"]),
                last=wanted["last"],
                by=request.user,
            )
        except CannotTry as refusal:
            form.add_error(None, str(refusal))
        else:
            dispatch.wake_replay(row.id)
            return redirect("moderation:replay", row.id)
    return render(request, "moderation/replays.html", replays_page() | {"form": form}, status=422)


@require_GET
@needs(VIEW_QUALITY)
def replay(request: HttpRequest, replay_id: uuid.UUID) -> HttpResponse:
    row = Replay.objects.filter(id=replay_id).select_related("by").first()
    if row is None:
        raise Http404
    return render(request, "moderation/replay.html", replay_page(row))


@require_POST
@needs(VIEW_QUALITY)
def go_on_with_replay(_request: HttpRequest, replay_id: uuid.UUID) -> HttpResponse:
    """For one that nothing goes on with: a worker died, or none was there. Twice does no harm."""
    if not Replay.objects.filter(id=replay_id).exists():
        raise Http404
    dispatch.wake_replay(replay_id)
    return redirect("moderation:replay", replay_id)
