"""The model reads a post that nothing flagged, once, some time after it was stored. It can only raise."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from assistant.models.conversation import Post
from assistant.models.ledger import CaseKey
from assistant.models.registry import ModelVersion


class SecondReadingQuerySet(models.QuerySet["SecondReading"]):
    def mine(self, reading_id: uuid.UUID, fence: int) -> Self:
        """The reading, if this fence still holds it. Every write of a runner goes through here."""
        return self.filter(id=reading_id, fence=fence, status=SecondReading.Status.RUNNING)


class SecondReading(models.Model):
    """One reading to be done, or done. The row is the queue, as it is for suggestion jobs; it holds no words."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Verdict(models.TextChoices):
        RISK = "risk"
        NONE = "none"
        UNCLEAR = "unclear"  # neither yes nor no; nothing follows from it

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    post = models.OneToOneField(Post, on_delete=models.PROTECT, related_name="second_reading")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)  # counted when claimed, so that a poison post ends
    fence = models.PositiveBigIntegerField(default=0)  # whoever holds a lower one may no longer write
    lease_until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=60, blank=True)  # code of how it ended
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True)
    model_version = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    prompt_version = models.CharField(max_length=40, blank=True)
    queued_at = models.DateTimeField(db_default=Now())
    rung_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    objects = SecondReadingQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["status", "lease_until"])]
        constraints = [
            models.CheckConstraint(
                name="second_reading_has_a_verdict_when_done",
                condition=Q(status="done", verdict__in=["risk", "none", "unclear"])
                | (~Q(status="done") & Q(verdict="")),
            ),
        ]
