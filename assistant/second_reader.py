"""The model as a second reader of posts that nothing flagged. It runs after everything else and can only raise.

The row is the queue, as it is for suggestions: a claim is one conditional UPDATE, every later write carries its fence, and
the sweeper rings again. Whatever is not a plain "yes" leaves the post as it is.
"""

from __future__ import annotations

import logging
import re
import threading
import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import chain

from django.conf import settings
from django.db.models.functions import Now

from assistant import actions, gate, idle
from assistant.dispatch import wake_reading
from assistant.inference.engine import Engine, EngineAway, EngineBusy, EngineError, ModelUnavailable
from assistant.inference.prompts import build_triage
from assistant.inference.types import Params, Request, StopReason
from assistant.lease import Lease
from assistant.models import SecondReading, SuggestionJob
from assistant.models.clock import from_now
from assistant.models.second_reading import SecondReadingQuerySet
from assistant.vault.keys import VaultError
from assistant.worker_state import holder

log = logging.getLogger("lantern.second_reader")

# Of a long post the beginning and the end: what is asked for mostly stands there, and a reading has to be short.
MOST_CHARACTERS = 6_000

_one_at_a_time = threading.Lock()  # in this process; the engine serves one request after the other


@dataclass(frozen=True, slots=True)
class Claim:
    reading: SecondReading
    fence: int

    @property
    def mine(self) -> SecondReadingQuerySet:
        return SecondReading.objects.mine(self.reading.id, self.fence)


def run_readings(first: uuid.UUID | str | None = None, *, engine: Engine | None = None) -> int:
    """Read `first` and then whatever else waits, until a suggestion is wanted. How many were begun; never raises for
    what can go wrong with one of them."""
    if not settings.SECOND_READER or gate.here.closed or not _one_at_a_time.acquire(blocking=False):
        return 0
    try:
        reader = engine or holder.engine()
        waiting = chain([] if first is None else [first], idle.in_turn(SecondReading.objects.all()))
        take = partial(_take, engine=reader)
        return idle.go_through(waiting, SecondReading.objects.all(), somebody_waits=suggestions_wait, take=take)
    except ModelUnavailable as error:
        log.info("second_reader_waits", extra={"code": error.code})  # the rows stay queued until there is a model
        return 0
    finally:
        _one_at_a_time.release()


def _take(reading_id: idle.RowId, alone: bool, *, engine: Engine) -> bool | None:
    claim = claim_reading(reading_id, alone=alone)
    return None if claim is None else _read(claim, engine)


def suggestions_wait() -> bool:
    return SuggestionJob.objects.live().exists()


def claim_reading(reading_id: uuid.UUID | str, *, alone: bool = True) -> Claim | None:
    """Take it if it is free. One that a worker died with is taken only by who is alone in its process."""
    readings = SecondReading.objects.all() if alone else SecondReading.objects.unsuspected()
    if not readings.claim(reading_id):
        return None
    reading = SecondReading.objects.select_related("case", "post__case").get(id=reading_id)
    return Claim(reading, reading.fence)


def _read(claim: Claim, engine: Engine) -> bool:
    """Whether the next one can be read."""
    try:
        return _ask(claim, engine)
    except (EngineBusy, EngineAway) as error:
        log.info("second_reader_waits", extra={"code": error.code})
        claim.mine.put_back(rung_at=Now())
        return False
    except EngineError as error:
        actions.fail_reading(claim.reading, fence=claim.fence, reason=error.code)
    except VaultError:
        actions.fail_reading(claim.reading, fence=claim.fence, reason="vault")
    except Exception as error:
        # It stays claimed: when the lease runs out the sweeper gives it another attempt, three in all.
        log.exception("second_reading_crashed", extra={"reading": str(claim.reading.id), "error": type(error).__name__})
    return engine.usable


def _ask(claim: Claim, engine: Engine) -> bool:
    reading = claim.reading
    request = request_for(reading.id, reading.post.text)
    stream = engine.submit(request)
    with Lease(claim.mine, stream, should_yield=suggestions_wait) as lease:
        said = "".join(stream)
    outcome = stream.outcome
    if lease.lost:
        return True
    if outcome is None or outcome.stop is StopReason.CANCELLED:
        claim.mine.put_back(rung_at=Now())  # a suggestion is wanted, or the worker goes down
        return False
    whole = outcome.stop in (StopReason.END, StopReason.LENGTH)
    verdict = verdict_of(said) if whole else SecondReading.Verdict.UNCLEAR
    actions.finish_reading(
        reading, fence=claim.fence, verdict=verdict, model=engine.model, prompt_version=request.prompt.version
    )
    return True


def request_for(reading_id: uuid.UUID | str, text: str) -> Request:
    """The question, put so that the likeliest word answers it."""
    params = Params(max_tokens=3, temperature=0.0, repeat_penalty=1.0, deadline_seconds=settings.JOB_DEADLINE_SECONDS)
    return Request(id=str(reading_id), prompt=build_triage(post=beginning_and_end(text)), params=params)


def beginning_and_end(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    half = MOST_CHARACTERS // 2
    return f"{text[:half]}\n…\n{text[-half:]}"


def verdict_of(said: str) -> SecondReading.Verdict:
    """Yes or no as the first word; anything else is unclear."""
    first = re.match(r"\W{0,3}(yes|no)\b", said.casefold())
    if first is None:
        return SecondReading.Verdict.UNCLEAR
    return SecondReading.Verdict.RISK if first[1] == "yes" else SecondReading.Verdict.NONE


# Second chances


def sweep(*, ring_after: timedelta) -> None:
    """One round: end what had its attempts, take back what a dead runner left, ring once if anything waits."""
    if not settings.SECOND_READER:
        return
    SecondReading.objects.exhausted().end(SecondReading.Status.FAILED, reason="attempts_exhausted")
    SecondReading.objects.expired().requeue()
    waiting = SecondReading.objects.queued().filter(rung_at__lt=from_now(-ring_after))
    oldest = waiting.order_by("queued_at", "id").values_list("id", flat=True).first()
    if oldest is not None:  # one ring: who hears it reads all that waits
        SecondReading.objects.filter(id=oldest).update(rung_at=Now())
        wake_reading(oldest)
