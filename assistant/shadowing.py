"""A candidate runs on finished jobs once more, when nobody waits for anything. Only numbers of it are shown, to admins.

The row is the queue, as it is for second readings: a claim is one conditional UPDATE, every later write carries its fence, the
sweeper rings again. What the candidate says is screened and stored under the key of its case; no piece of it is streamed.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import timedelta

from django.db.models.functions import Now

from assistant import actions, gate, idle
from assistant.changes import Kind as ChangeKind
from assistant.changes import changes_between
from assistant.dispatch import modes_here, wake_shadow
from assistant.inference.engine import EngineAway, EngineBusy, EngineError, ModelUnavailable
from assistant.inference.prompts import UnknownPrompt
from assistant.inference.types import Mode, StopReason
from assistant.lease import Lease
from assistant.models import SecondReading, ShadowRun, SuggestionJob
from assistant.models.clock import from_now
from assistant.models.shadow import ShadowRunQuerySet
from assistant.runner import context_of, judge_canary_of, no_answer, request_for, whole_of
from assistant.safety.pipeline import in_trouble
from assistant.safety.types import Kind, Severity
from assistant.streaming.checked import CheckedStream
from assistant.vault.keys import VaultError
from assistant.worker_state import CandidateUnavailable, Serving, holder

log = logging.getLogger("lantern.shadowing")

GIVEN_UP_AFTER = timedelta(days=1)  # a site on which somebody always waits has no room for shadows

_one_at_a_time = threading.Lock()  # in this process


@dataclass(frozen=True, slots=True)
class Claim:
    shadow: ShadowRun
    fence: int

    @property
    def mine(self) -> ShadowRunQuerySet:
        return ShadowRun.objects.mine(self.shadow.id, self.fence)


def run_shadows() -> int:
    """Whatever waits, until somebody waits for the model. How many were begun; never raises for what goes wrong with one."""
    if gate.here.closed or not _one_at_a_time.acquire(blocking=False):
        return 0
    try:
        waiting = idle.in_turn(ShadowRun.objects.filter(canary__mode__in=modes_here()))
        return idle.go_through(waiting, ShadowRun.objects.all(), somebody_waits=_has_to_wait, take=_take)
    finally:
        _one_at_a_time.release()


def _take(shadow_id: idle.RowId, alone: bool) -> bool | None:
    claim = claim_shadow(shadow_id, alone=alone)
    return None if claim is None else _run(claim)


def _has_to_wait() -> bool:
    return somebody_waits() or bool(in_trouble(Kind.SUGGESTION))


def somebody_waits() -> bool:
    """For a suggestion, or for a post to be read once more."""
    return SuggestionJob.objects.live().exists() or SecondReading.objects.live().exists()


def claim_shadow(shadow_id: idle.RowId, *, alone: bool = True) -> Claim | None:
    """Take it if it is free. One that a worker died with is taken only by who is alone in its process."""
    rows = ShadowRun.objects.all() if alone else ShadowRun.objects.unsuspected()
    if not rows.claim(shadow_id):
        return None
    related = ("case", "canary__candidate", "job__case", "job__draft__post__case", "job__revision__case")
    shadow = ShadowRun.objects.select_related(*related).get(id=shadow_id)
    return Claim(shadow, shadow.fence)


def _run(claim: Claim) -> bool:
    """Whether the next one can be run."""
    shadow, fence = claim.shadow, claim.fence
    actions.note_deaths(shadow.canary_id, shadow.id, died=shadow.attempt - shadow.times_put_back - 1)
    if shadow.case.destroyed_at is not None or shadow.job.draft.post.human_only:
        ShadowRun.objects.mine(shadow.id, fence).end(ShadowRun.Status.CANCELLED, reason="not_allowed")
        return True
    try:
        return _ask(claim, holder.candidate(Mode(shadow.canary.mode), shadow.canary))
    except (EngineBusy, EngineAway):
        claim.mine.put_back(rung_at=Now())
        return False
    except CandidateUnavailable as error:
        actions.fail_shadow(shadow, fence=fence, reason=error.code, error=True)
    except ModelUnavailable as error:
        log.info("shadows_wait", extra={"code": error.code})
        claim.mine.put_back(rung_at=Now())
        return False
    except EngineError as error:
        actions.fail_shadow(shadow, fence=fence, reason=error.code, error=True)
    except (VaultError, UnknownPrompt):
        actions.fail_shadow(shadow, fence=fence, reason="not_asked")
    except Exception as error:
        # It stays claimed: when the lease runs out it gets another attempt, three in all.
        log.exception("shadow_crashed", extra={"job": str(shadow.job_id), "error": type(error).__name__})
    finally:
        judge_canary_of(shadow.canary_id)
    return True


def _ask(claim: Claim, serving: Serving) -> bool:
    job, shadow = claim.shadow.job, claim.shadow
    request = request_for(job, serving, case="")  # nothing of it is kept in the engine
    stream = serving.engine.submit(request)
    checked = CheckedStream(stream, context_of(job))
    with Lease(claim.mine, stream, should_yield=somebody_waits) as lease:
        for _piece in checked:
            pass
    if lease.lost:
        return True
    reason, outcome = no_answer(checked), stream.outcome
    assert outcome is not None
    if reason == StopReason.CANCELLED:
        claim.mine.put_back(rung_at=Now())  # somebody waits, or the worker goes down
        return False
    if reason:
        actions.fail_shadow(shadow, fence=claim.fence, reason=reason)
        return True
    text, screening = whole_of(job, checked)
    actions.finish_shadow(
        shadow,
        fence=claim.fence,
        text=text,
        held=screening.held,
        phases=sorted({one.phase for one in screening.findings if one.severity >= Severity.HOLD}),
        unchanged=is_unchanged(job.original, text, whole=outcome.stop == StopReason.END),
        prompt_version=request.prompt.version,
        screening_version=screening.version,
        output_tokens=outcome.output_tokens,
        seconds_to_first=outcome.seconds_to_first,
        seconds=outcome.seconds,
    )
    return True


def is_unchanged(original: str, text: str, *, whole: bool) -> bool | None:
    """Whether it offers nothing to decide about, as `SuggestionFigures.offered` counts; None where no draft was asked about."""
    if not original:
        return None
    return all(change.kind is ChangeKind.KEEP for change in changes_between(original, text, whole=whole))


# Second chances


def _end_exhausted() -> None:
    for shadow in ShadowRun.objects.exhausted()[:200]:
        if ShadowRun.objects.exhausted().filter(id=shadow.id).end(ShadowRun.Status.FAILED, reason="attempts_exhausted"):
            actions.note_deaths(shadow.canary_id, shadow.id, died=shadow.attempt - shadow.times_put_back)


def sweep(*, ring_after: timedelta) -> None:
    """One round: end what had its attempts or waited too long, take back what a dead runner left, ring once for each mode."""
    _end_exhausted()
    too_old = ShadowRun.objects.queued().filter(queued_at__lt=from_now(-GIVEN_UP_AFTER))
    too_old.end(ShadowRun.Status.CANCELLED, reason="no_room")
    ShadowRun.objects.expired().requeue()
    waiting = ShadowRun.objects.queued().filter(rung_at__lt=from_now(-ring_after))
    modes = list(waiting.order_by().values_list("canary__mode", flat=True).distinct())
    if modes and not somebody_waits():
        waiting.update(rung_at=Now())
        for mode in modes:
            wake_shadow(mode)
