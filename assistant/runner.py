"""Runs one suggestion job: claim, prompt, stream, finish. The same code under every dispatcher.

A runner may die at any point and be started twice for one job. Nothing is lost or doubled, because the claim is one
conditional UPDATE, every later write carries the fence of that claim, and the suggestion is unique per job.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from assistant import actions, gate
from assistant.dispatch import wake
from assistant.inference.engine import Engine, EngineAway, EngineBusy, EngineError
from assistant.inference.prompts import UnknownPrompt, build_prompt
from assistant.inference.types import Mode, Params, Request, StopReason
from assistant.lease import Lease
from assistant.locked import keep_locked
from assistant.models import SuggestionJob
from assistant.models.clock import from_now
from assistant.models.suggestion import JobQuerySet
from assistant.safety.pipeline import in_trouble, screen
from assistant.safety.types import Context, Kind, Level, Screening
from assistant.streaming import chunks, poke
from assistant.streaming.checked import CheckedStream
from assistant.vault.keys import VaultError
from assistant.worker_state import NAME, CandidateUnavailable, Serving, default_params, holder

log = logging.getLogger("lantern.runner")

AGAIN_TEMPERATURE = 0.6


CANDIDATE = SuggestionJob.Arm.CANDIDATE


@dataclass(frozen=True, slots=True)
class Claim:
    job: SuggestionJob
    fence: int

    @property
    def mine(self) -> JobQuerySet:
        return SuggestionJob.objects.mine(self.job.id, self.fence)


def run_job(job_id: uuid.UUID | str, *, engine: Engine | None = None) -> None:
    """Run the job if it is free; return at once if it is not. Never raises for what can go wrong with one job."""
    suspect = SuggestionJob.objects.is_suspect(job_id)
    if suspect is None:
        return
    with gate.here.enter(job_id, alone=suspect) as entered:  # before the claim: while it waits, others may take it
        claim = claim_job(job_id, alone=suspect) if entered else None
        if claim is not None:
            _run(claim, engine)


def claim_job(job_id: uuid.UUID | str, *, alone: bool = True) -> Claim | None:
    """Take the job if it is free. One that a worker died with is taken only by who is alone in its process."""
    jobs = SuggestionJob.objects.all() if alone else SuggestionJob.objects.unsuspected()
    if not jobs.claim(job_id, worker=NAME, last_seq=0, started_at=Now()):
        return None
    related = ("case", "draft__post__case", "revision__case", "canary__candidate")
    job = SuggestionJob.objects.select_related(*related).get(id=job_id)
    return Claim(job, job.fence)


def _run(claim: Claim, engine: Engine | None) -> None:
    job = claim.job
    log.info("job_started", extra={"job": str(job.id), "attempt": job.attempt})
    poke.job_changed(job.id, seq=0)
    try:
        if shut := in_trouble(Kind.SUGGESTION):  # what cannot be checked is not generated
            log.warning("safety_open", extra={"job": str(job.id), "code": ",".join(shut)})
            actions.fail_job(job, fence=claim.fence, reason="safety_open")
            return
        _generate(claim, Serving(engine) if engine else serving_for(claim))
    except EngineError as error:
        _put_back_or_fail(claim, error)
    except VaultError:
        actions.fail_job(job, fence=claim.fence, reason="vault")
    except UnknownPrompt:  # another release registered this model: trying again changes nothing
        log.error("unknown_prompt", extra={"job": str(job.id)})
        _fail(claim, "unknown_prompt")
    except Exception as error:
        # The job stays claimed: when the lease runs out the sweeper gives it another attempt, three in all.
        log.exception("job_crashed", extra={"job": str(job.id), "error": type(error).__name__})
    finally:
        judge_canary_of(job.canary_id)


def serving_for(claim: Claim) -> Serving:
    """What answers this job: the candidate of its canary while that runs and can be asked, else the active model."""
    job = claim.job
    mode = Mode(job.mode)
    if job.arm != CANDIDATE or job.canary is None or not job.canary.is_running:
        return holder.serving(mode)
    died = job.attempt - job.times_put_back - 1  # workers, with this job
    actions.note_deaths(job.canary.id, job.id, died=died)
    if died >= settings.JOB_MAX_ATTEMPTS - 1:  # the last attempt is not the candidate's to lose
        actions.fall_back(job, mine=claim.mine, code="last_attempt", again=False)
        return holder.serving(mode)
    try:
        return holder.candidate(mode, job.canary)
    except CandidateUnavailable as error:
        actions.fall_back(job, mine=claim.mine, code=error.code, again=False)
        return holder.serving(mode)


def judge_canary_of(canary_id: uuid.UUID | None) -> None:
    """After every job of either arm, however it ended; what goes wrong here is left to the sweeper."""
    if canary_id is None:
        return
    try:
        actions.judge(canary_id)
    except Exception as error:
        log.warning("canary_not_judged", extra={"canary": str(canary_id), "error": type(error).__name__})


def _generate(claim: Claim, serving: Serving) -> None:
    request = request_for(claim.job, serving, case=str(claim.job.case_id))
    stream = serving.engine.submit(request)
    checked = CheckedStream(stream, context_of(claim.job))
    with Lease(claim.mine, stream) as lease:
        mine = _write_pieces(claim, checked)
    if lease.lost or not mine:
        return  # cancelled, or somebody else has the job now: whoever holds the fence writes
    _finish(claim, checked, serving=serving, prompt_version=request.prompt.version)


def context_of(job: SuggestionJob) -> Context:
    """What the safety phases may know of what the job asked about."""
    post = job.draft.post
    return Context(
        kind=Kind.SUGGESTION,
        language=post.language,
        country=post.country,
        post=post.text,
        draft=job.original,
        level=Level(post.level),
    )


def request_for(job: SuggestionJob, serving: Serving, *, case: str) -> Request:
    """`case`: whose prepared context may serve it, and be kept; empty: nobody's."""
    mode = Mode(job.mode)
    prompt = build_prompt(
        mode,
        post=job.draft.post.text,
        draft=job.original,
        version=serving.prompt_for(mode),
        goals=job.aims,
        keep=job.locked_sentences,
    )
    return Request(id=str(job.id), prompt=prompt, params=params_for(job), case=case, adapter=serving.adapter)


def whole_of(job: SuggestionJob, checked: CheckedStream) -> tuple[str, Screening]:
    """What the model said with the locked sentences as they were, which does not depend on the model, and its screening."""
    text, screening = keep_locked(job.original, checked.text, job.locked_sentences), checked.screening
    if text != checked.text and not screening.held:
        screening = screen(text, checked.context)
    return text, screening


def no_answer(checked: CheckedStream) -> str:
    """Why what came is no answer; empty where it is one. Half an answer is none, but what is held is looked at."""
    outcome = checked.stream.outcome
    assert outcome is not None
    said_something = bool(checked.text.strip())
    if said_something and checked.screening.held:
        return ""
    if outcome.stop in (StopReason.CANCELLED, StopReason.DEADLINE, StopReason.REPETITION):
        return str(outcome.stop)
    if said_something:
        return ""
    return str(outcome.stop) if outcome.stop is not StopReason.END else "empty"


def params_for(job: SuggestionJob) -> Params:
    """Another throw for who asks again for the same: the likeliest words would be the same words, or the same circle."""
    params = default_params()
    done, circles = (
        Q(status=SuggestionJob.Status.DONE),
        Q(status=SuggestionJob.Status.FAILED, reason=StopReason.REPETITION),
    )
    again = job.same_request().exclude(id=job.id).filter(done | circles).count()
    if not again:
        return params
    return replace(params, temperature=max(params.temperature, AGAIN_TEMPERATURE), seed=params.seed + again)


def _write_pieces(claim: Claim, checked: CheckedStream) -> bool:
    """Whether the fence held to the end."""
    for piece in checked:
        if chunks.append(claim.job, fence=claim.fence, text=piece) is None:
            checked.stop()
            return False
    return True


def _finish(claim: Claim, checked: CheckedStream, *, serving: Serving, prompt_version: str) -> None:
    job, outcome = claim.job, checked.stream.outcome
    assert outcome is not None
    reason = no_answer(checked)
    if reason == StopReason.CANCELLED:
        _put_back(claim.mine, job, code="cancelled")  # not by its row: the worker goes down, or changes its model
        return
    if reason:
        _fail(claim, reason)
        return
    text, screening = whole_of(job, checked)
    finished = actions.Finished(
        text=text, outcome=outcome, model_version=serving.version, prompt_version=prompt_version
    )
    suggestion = actions.finish_job(job, fence=claim.fence, finished=finished, screening=screening)
    if suggestion is not None:
        actions.keep_figures(suggestion)
        actions.queue_shadow(job)
    log.info("job_finished", extra={"job": str(job.id), "stop": outcome.stop, "tokens": outcome.output_tokens})


def _put_back_or_fail(claim: Claim, error: EngineError) -> None:
    """What is no fault of the job costs it no attempt. For a server that is away it waits as long as for an answer."""
    job, mine = claim.job, claim.mine
    if isinstance(error, EngineAway):
        mine = mine.filter(queued_at__gt=from_now(-timedelta(seconds=settings.JOB_DEADLINE_SECONDS)))
    may_wait = isinstance(error, EngineBusy | EngineAway) or gate.here.closed
    if not (may_wait and _put_back(mine, job, code=error.code)):
        _fail(claim, error.code)


def _fail(claim: Claim, reason: str) -> None:
    """What a candidate cannot do the active model does, unless the person has waited as long as anybody may."""
    job = claim.job
    if job.arm == CANDIDATE and job.canary is not None and job.canary.is_running and reason != StopReason.DEADLINE:
        if actions.fall_back(job, mine=claim.mine, code=reason, again=True):
            poke.job_changed(job.id, seq=0)
            wake(job.id)
        return
    actions.fail_job(job, fence=claim.fence, reason=reason)


def _put_back(jobs: JobQuerySet, job: SuggestionJob, *, code: str) -> bool:
    """The next sweep rings: at once, whoever was busy would be again."""
    if not jobs.put_back(rung_at=from_now(-timedelta(seconds=settings.SWEEP_SECONDS))):
        return False
    log.info("job_put_back", extra={"job": str(job.id), "code": code})
    poke.job_changed(job.id, seq=0)
    return True
