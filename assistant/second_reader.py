"""The model as a second reader of posts that nothing flagged. It runs after everything else and can only raise.

The row is the queue, as it is for suggestions: a claim is one conditional UPDATE, every later write carries its fence, and
the sweeper rings again. Whatever is not a plain "yes" leaves the post as it is.
"""

from __future__ import annotations

import logging
import re
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import close_old_connections
from django.db.models import F, Q
from django.db.models.functions import Now

from assistant import actions
from assistant.dispatch import wake_reading
from assistant.inference.engine import Engine, EngineError, ModelUnavailable, Stream
from assistant.inference.prompts import build_triage
from assistant.inference.types import Params, Request, StopReason
from assistant.models import SecondReading, SuggestionJob
from assistant.models.clock import from_now
from assistant.vault.keys import VaultError
from assistant.worker_state import holder

log = logging.getLogger("lantern.second_reader")

LOOK_SECONDS = 0.5  # how soon a reading makes way for a suggestion
# Of a long post the beginning and the end: what is asked for mostly stands there, and a reading has to be short.
MOST_CHARACTERS = 6_000

_one_at_a_time = threading.Lock()  # in this process; the engine serves one request after the other


@dataclass(frozen=True, slots=True)
class Claim:
    reading: SecondReading
    fence: int


def run_readings(first: uuid.UUID | str | None = None, *, engine: Engine | None = None) -> int:
    """Read `first` and then whatever else waits, until a suggestion is wanted. How many were begun; never raises for
    what can go wrong with one of them."""
    if not settings.SECOND_READER or not _one_at_a_time.acquire(blocking=False):
        return 0
    begun = 0
    try:
        engine = engine or holder.engine()
        for reading_id in _waiting(first):
            if suggestions_wait():
                break
            claim = claim_reading(reading_id)
            if claim is not None:
                begun += 1
                if not _read(claim, engine):
                    break
    except ModelUnavailable as error:
        log.info("second_reader_waits", extra={"code": error.code})  # the rows stay queued until there is a model
    finally:
        _one_at_a_time.release()
    return begun


def _waiting(first: uuid.UUID | str | None) -> Iterator[uuid.UUID | str]:
    if first is not None:
        yield first
    seen: set[uuid.UUID] = set()
    while True:
        waiting = SecondReading.objects.filter(status=SecondReading.Status.QUEUED).exclude(id__in=seen)
        reading_id = waiting.order_by("queued_at", "id").values_list("id", flat=True).first()
        if reading_id is None:
            return
        seen.add(reading_id)
        yield reading_id


def suggestions_wait() -> bool:
    return SuggestionJob.objects.live().exists()


def claim_reading(reading_id: uuid.UUID | str) -> Claim | None:
    """Take it: queued, or left behind by a runner whose lease ran out. The attempt is counted here."""
    free = Q(status=SecondReading.Status.QUEUED) | Q(status=SecondReading.Status.RUNNING, lease_until__lt=Now())
    claimed = SecondReading.objects.filter(free, id=reading_id, attempt__lt=settings.JOB_MAX_ATTEMPTS).update(
        status=SecondReading.Status.RUNNING,
        attempt=F("attempt") + 1,
        fence=F("fence") + 1,
        lease_until=from_now(settings.JOB_LEASE),
    )
    if not claimed:
        return None
    reading = SecondReading.objects.select_related("case", "post__case").get(id=reading_id)
    return Claim(reading, reading.fence)


def _read(claim: Claim, engine: Engine) -> bool:
    """Whether the next one can be read."""
    try:
        return _ask(claim, engine)
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
    with _Watch(claim, stream) as watch:
        said = "".join(stream)
    outcome = stream.outcome
    if watch.lost:
        return True
    if outcome is None or outcome.stop is StopReason.CANCELLED:
        _put_back(claim)  # a suggestion is wanted, or the worker goes down
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


def _put_back(claim: Claim) -> None:
    """It was not its fault: the attempt does not count."""
    SecondReading.objects.mine(claim.reading.id, claim.fence).update(
        status=SecondReading.Status.QUEUED, attempt=F("attempt") - 1, lease_until=None, rung_at=Now()
    )


class _Watch:
    """Renews the lease while the model reads, and stops it for a suggestion or when the fence is lost."""

    def __init__(self, claim: Claim, stream: Stream) -> None:
        self.claim = claim
        self.stream = stream
        self.lost = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="reading-watch", daemon=True)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        try:
            while not self._over.wait(LOOK_SECONDS):
                readings = SecondReading.objects.mine(self.claim.reading.id, self.claim.fence)
                self.lost = not readings.update(lease_until=from_now(settings.JOB_LEASE))
                if self.lost or suggestions_wait():
                    self.stream.cancel()
                    return
        except Exception as error:  # the database is away: the lease runs out, or the last write tells
            log.warning("reading_not_watched", extra={"error": type(error).__name__})
        finally:
            close_old_connections()


# Second chances


def sweep(*, ring_after: timedelta) -> None:
    """One round: end what had its attempts, take back what a dead runner left, ring once if anything waits."""
    if not settings.SECOND_READER:
        return
    expired = SecondReading.objects.filter(status=SecondReading.Status.RUNNING, lease_until__lt=Now())
    expired.filter(attempt__gte=settings.JOB_MAX_ATTEMPTS).update(
        status=SecondReading.Status.FAILED,
        reason="attempts_exhausted",
        fence=F("fence") + 1,
        lease_until=None,
        ended_at=Now(),
    )
    expired.update(status=SecondReading.Status.QUEUED, fence=F("fence") + 1, lease_until=None)
    waiting = SecondReading.objects.filter(status=SecondReading.Status.QUEUED, rung_at__lt=from_now(-ring_after))
    oldest = waiting.order_by("queued_at", "id").values_list("id", flat=True).first()
    if oldest is not None:  # one ring: who hears it reads all that waits
        SecondReading.objects.filter(id=oldest).update(rung_at=Now())
        wake_reading(oldest)
