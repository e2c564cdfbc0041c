"""The rows are the stream: append a piece, read what came after a number. See docs/streaming.md."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from assistant.models import Suggestion, SuggestionChunk, SuggestionJob
from assistant.streaming import poke
from assistant.waiting import Place, place_of

PAGE = 64  # chunks in one read; the reader comes back for more


@dataclass(frozen=True, slots=True)
class Chunk:
    seq: int
    text: str


@dataclass(frozen=True, slots=True)
class StreamState:
    """What a reader is told: where the job stands, and the pieces that it has not seen."""

    job: str
    attempt: int
    status: str  # queued, running, done, held, failed, cancelled
    reason: str
    last_seq: int
    place: Place | None  # while it waits
    chunks: tuple[Chunk, ...]

    @property
    def ahead(self) -> int | None:
        return self.place.ahead if self.place else None

    @property
    def seconds(self) -> int | None:
        return self.place.seconds if self.place else None

    @property
    def is_over(self) -> bool:
        return self.status not in ("queued", "running") and not (self.chunks and self.chunks[-1].seq < self.last_seq)


def append(job: SuggestionJob, *, fence: int, text: str) -> int | None:
    """Write the next piece and renew the lease; its number, or None when this fence no longer holds the job."""
    with transaction.atomic():
        if not SuggestionJob.objects.mine(job.id, fence).renew(last_seq=F("last_seq") + 1):
            return None
        seq, attempt = SuggestionJob.objects.values_list("last_seq", "attempt").get(id=job.id)
        SuggestionChunk.objects.create(case=job.case, job=job, attempt=attempt, seq=seq, text=text)
        poke.job_changed(job.id, seq=seq)
    return int(seq)


def read_after(job_id: uuid.UUID | str, *, attempt: int, seq: int) -> StreamState | None:
    """State of a job and its pieces after `seq` of `attempt`; from the start when another attempt is under way.

    None when there is no such job, or its case was erased.
    """
    job = SuggestionJob.objects.select_related("case").filter(id=job_id, case__destroyed_at=None).first()
    if job is None:
        return None
    suggestion = Suggestion.objects.filter(job_id=job.id).only("id", "status").first()
    status, reason = shown_status(job, suggestion)
    chunks: tuple[Chunk, ...] = ()
    if status in ("running", "done", "cancelled"):  # what is held or failed is shown to nobody
        after = seq if attempt == job.attempt else 0
        rows = SuggestionChunk.objects.filter(job=job, attempt=job.attempt, seq__gt=after).order_by("seq")[:PAGE]
        for row in rows:
            row.case = job.case
        chunks = tuple(Chunk(row.seq, row.text) for row in rows)
    return StreamState(
        job=str(job.id),
        attempt=job.attempt,
        status=status,
        reason=reason,
        last_seq=job.last_seq,
        place=place_of(job),
        chunks=chunks,
    )


def shown_status(job: SuggestionJob, suggestion: Suggestion | None) -> tuple[str, str]:
    """The job's state as the supporter sees it: a finished job whose suggestion waits for a moderator is `held`."""
    if job.status == SuggestionJob.Status.DONE and suggestion is not None:
        if suggestion.status == Suggestion.Status.HELD:
            return "held", "held_for_moderator"
        if suggestion.status == Suggestion.Status.WITHHELD:
            return "failed", "withheld_by_moderator"
    return str(job.status), job.reason
