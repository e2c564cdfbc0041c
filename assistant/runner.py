"""Runs one suggestion job: claim, prompt, stream, finish. The same code under every dispatcher.

A runner may die at any point and be started twice for one job. Nothing is lost or doubled, because the claim is one
conditional UPDATE, every later write carries the fence of that claim, and the suggestion is unique per job.
"""

from __future__ import annotations

import logging
import threading
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from assistant import actions
from assistant.inference.engine import Engine, EngineError, ModelUnavailable, Stream
from assistant.inference.prompts import build_prompt
from assistant.inference.types import Mode, ModelInfo, Request, StopReason
from assistant.models import SuggestionJob
from assistant.models.clock import from_now
from assistant.safety.pipeline import in_trouble
from assistant.safety.types import Context, Kind, Level
from assistant.streaming import chunks, poke
from assistant.streaming.checked import CheckedStream
from assistant.vault.keys import VaultError
from assistant.worker_state import NAME, default_params, holder

log = logging.getLogger("lantern.runner")

LOOK_SECONDS = 0.5  # how soon a cancel is noticed while no piece is written


@dataclass(frozen=True, slots=True)
class Claim:
    job: SuggestionJob
    fence: int


def run_job(job_id: uuid.UUID | str, *, engine: Engine | None = None) -> None:
    """Run the job if it is free; return at once if it is not. Never raises for what can go wrong with one job."""
    claim = claim_job(job_id)
    if claim is None:
        return
    log.info("job_started", extra={"job": str(job_id), "attempt": claim.job.attempt})
    poke.job_changed(claim.job.id, seq=0)
    try:
        if shut := in_trouble(Kind.SUGGESTION):  # what cannot be checked is not generated
            log.warning("safety_open", extra={"job": str(job_id), "code": ",".join(shut)})
            actions.fail_job(claim.job, fence=claim.fence, reason="safety_open")
            return
        _generate(claim, engine or holder.engine())
    except (ModelUnavailable, EngineError) as error:
        actions.fail_job(claim.job, fence=claim.fence, reason=error.code)
    except VaultError:
        actions.fail_job(claim.job, fence=claim.fence, reason="vault")
    except Exception as error:
        # The job stays claimed: when the lease runs out the sweeper gives it another attempt, three in all.
        log.exception("job_crashed", extra={"job": str(job_id), "error": type(error).__name__})


def claim_job(job_id: uuid.UUID | str) -> Claim | None:
    """Take the job: queued, or left behind by a runner whose lease ran out. The attempt is counted here."""
    free = Q(status=SuggestionJob.Status.QUEUED) | Q(status=SuggestionJob.Status.RUNNING, lease_until__lt=Now())
    with transaction.atomic():
        claimed = SuggestionJob.objects.filter(free, id=job_id, attempt__lt=settings.JOB_MAX_ATTEMPTS).update(
            status=SuggestionJob.Status.RUNNING,
            attempt=F("attempt") + 1,
            fence=F("fence") + 1,
            lease_until=from_now(settings.JOB_LEASE),
            worker=NAME,
            last_seq=0,
            started_at=Now(),
        )
        if not claimed:
            return None
        job = SuggestionJob.objects.select_related("case", "draft__post__case", "revision__case").get(id=job_id)
    return Claim(job, job.fence)


def _generate(claim: Claim, engine: Engine) -> None:
    job = claim.job
    post, mode = job.draft.post, Mode(job.mode)
    draft_text = job.original
    context = Context(
        kind=Kind.SUGGESTION,
        language=post.language,
        country=post.country,
        post=post.text,
        draft=draft_text,
        level=Level(post.level),
    )
    prompt = build_prompt(mode, post=post.text, draft=draft_text)
    params = default_params()
    stream = engine.submit(Request(id=str(job.id), prompt=prompt, params=params))
    checked = CheckedStream(stream, context)
    with _Lease(claim, stream) as lease:
        mine = _write_pieces(claim, checked)
    if lease.lost or not mine:
        return  # cancelled, or somebody else has the job now: whoever holds the fence writes
    _finish(claim, checked, model=engine.model, prompt_version=prompt.version)


def _write_pieces(claim: Claim, checked: CheckedStream) -> bool:
    """Whether the fence held to the end."""
    for piece in checked:
        if chunks.append(claim.job, fence=claim.fence, text=piece) is None:
            checked.stop()
            return False
    return True


def _finish(claim: Claim, checked: CheckedStream, *, model: ModelInfo, prompt_version: str) -> None:
    job, outcome = claim.job, checked.stream.outcome
    assert outcome is not None
    said_something = bool(checked.text.strip())
    if not (said_something and checked.screening.held):
        if outcome.stop is StopReason.CANCELLED:
            return  # not by the row, so the worker is going down: the lease runs out and another one tries
        if outcome.stop in (StopReason.DEADLINE, StopReason.REPETITION) or not said_something:
            reason = str(outcome.stop) if said_something or outcome.stop is not StopReason.END else "empty"
            actions.fail_job(job, fence=claim.fence, reason=reason)  # half an answer is no answer
            return
    finished = actions.Finished(text=checked.text, outcome=outcome, model=model, prompt_version=prompt_version)
    actions.finish_job(job, fence=claim.fence, finished=finished, screening=checked.screening)
    log.info("job_finished", extra={"job": str(job.id), "stop": outcome.stop, "tokens": outcome.output_tokens})


class _Lease:
    """Renews the lease while prefill and decoding run, and cancels the stream when the fence is lost."""

    def __init__(self, claim: Claim, stream: Stream) -> None:
        self.claim = claim
        self.stream = stream
        self.lost = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="job-lease", daemon=True)

    def __enter__(self) -> _Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _renew(self) -> None:
        try:
            while not self._over.wait(LOOK_SECONDS):
                if not self._renewed():
                    self.lost = True
                    self.stream.cancel()
                    return
        finally:
            close_old_connections()

    def _renewed(self) -> bool:
        jobs = SuggestionJob.objects.mine(self.claim.job.id, self.claim.fence)
        try:
            return jobs.update(lease_until=from_now(settings.JOB_LEASE)) == 1
        except Exception as error:  # the database is away: writing a piece will tell, or the lease runs out
            log.warning("lease_not_renewed", extra={"job": str(self.claim.job.id), "error": type(error).__name__})
            close_old_connections()
            return True
