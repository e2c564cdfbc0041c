"""Help that is on its way."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from assistant import hints
from assistant.models import HelpChoice, SuggestionJob
from assistant.streaming.chunks import StreamState
from assistant.waiting import place_of


def live_job(job: SuggestionJob | None) -> dict[str, Any] | None:
    if job is None or not job.is_live:
        return None
    return job_started(job)


def job_started(job: SuggestionJob) -> dict[str, Any]:
    place = place_of(job)
    return {
        "job": str(job.id),
        "id": str(job.id),
        "attempt": job.attempt,
        "status": job.status,
        "revision": job.revision.number,
        "ahead": place.ahead if place else None,
        "seconds": place.seconds if place else None,
        "words": gettext("Waiting for the model · %(words)s") % {"words": place.words}
        if place
        else gettext("Being written"),
        "hints": hints_first(job),
        "stream_url": reverse("assistant:stream", args=[job.id]),
        "cancel_url": reverse("assistant:cancel", args=[job.id]),
        "suggestion_url": reverse("assistant:suggestion", args=[job.id]),
        "so_far_url": reverse("assistant:so_far", args=[job.id]),
    }


def hints_first(job: SuggestionJob) -> bool:
    return hints.holds_back(HelpChoice.of(job.asked_by_id).shown, job.mode)


def stream_state(state: StreamState) -> dict[str, Any]:
    return {
        "v": 1,
        "job": state.job,
        "attempt": state.attempt,
        "status": state.status,
        "reason": state.reason,
        "last_seq": state.last_seq,
        "ahead": state.ahead,
        "seconds": state.seconds,
        "chunks": [{"seq": chunk.seq, "text": chunk.text} for chunk in state.chunks],
    }
