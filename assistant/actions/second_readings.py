"""The model's second look at a post: queued with the post, ended with a verdict that can only raise."""

from __future__ import annotations

import uuid

from django.conf import settings

from assistant import triage
from assistant.actions.screenings import raise_concern
from assistant.inference.types import ModelInfo
from assistant.models import ModelVersion, Post, SecondReading
from assistant.safety.types import Severity, Tier
from assistant.signals import Concern
from assistant.transactions import one_transaction
from assistant.vault import audit


def queue_reading(post: Post) -> SecondReading | None:
    """In the transaction that stores the post. None where the model is not to read it."""
    if not settings.SECOND_READER or post.human_only:
        return None
    return SecondReading.objects.create(case=post.case, post=post)


@one_transaction
def finish_reading(
    reading: SecondReading, *, fence: int, verdict: SecondReading.Verdict, model: ModelInfo, prompt_version: str
) -> bool:
    """Keep the verdict; whether this fence still held the reading. A risk raises the post, nothing ever lowers it.

    It is told of although a person raised the post before: their worry may have been closed before the model read it.
    """
    ended = SecondReading.objects.mine(reading.id, fence).end(
        SecondReading.Status.DONE,
        verdict=verdict,
        model_version=ModelVersion.objects.filter(sha256=model.sha256).first(),
        prompt_version=prompt_version,
    )
    if not ended:
        return False
    if verdict == SecondReading.Verdict.RISK:
        reading.post.raise_tier(Tier.REVIEW)
        raise_concern(reading.post, Concern(triage.SECOND_READER, Severity.REVIEW), by=None)
    audit.record("post.second_reading", actor=None, object_type="post", object_id=reading.post_id, outcome=verdict)
    return True


def fail_reading(reading: SecondReading, *, fence: int, reason: str) -> bool:
    """End it without a verdict: the post stays as it is."""
    return SecondReading.objects.mine(reading.id, fence).end(SecondReading.Status.FAILED, reason=reason) > 0


def cancel_reading(case_id: uuid.UUID, *, reason: str) -> None:
    SecondReading.objects.live().filter(case_id=case_id).end(SecondReading.Status.CANCELLED, reason=reason)
