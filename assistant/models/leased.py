"""A row that is work for a worker. One takes it at a time, and it is free again when that one dies.

Claimed by one conditional update, which counts the attempt, raises the fence and sets a lease. Every later write carries the
fence, so whoever lost the row writes nothing.
"""

from __future__ import annotations

import uuid
from typing import Any, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from assistant.models.clock import from_now


class Leased(models.Model):
    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    LIVE = (Status.QUEUED, Status.RUNNING)

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)  # counted when claimed, so that what kills workers ends
    times_put_back = models.PositiveSmallIntegerField(default=0)  # attempts that ended by no fault of the row
    fence = models.PositiveBigIntegerField(default=0)  # whoever holds a lower one may no longer write
    lease_until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=60, blank=True)  # code of how it ended
    queued_at = models.DateTimeField(db_default=Now())
    rung_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["status", "lease_until"]), models.Index(fields=["ended_at"])]

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE


Row = TypeVar("Row", bound=Leased)


class LeasedQuerySet(models.QuerySet[Row]):
    def live(self) -> Self:
        return self.filter(status__in=Leased.LIVE)

    def queued(self) -> Self:
        return self.filter(status=Leased.Status.QUEUED)

    def running(self) -> Self:
        return self.filter(status=Leased.Status.RUNNING)

    def expired(self) -> Self:
        """Left behind by a worker that died: its lease ran out."""
        return self.running().filter(lease_until__lt=Now())

    def exhausted(self) -> Self:
        """Left behind, and it had all its attempts."""
        return self.expired().filter(attempt__gte=F("times_put_back") + settings.JOB_MAX_ATTEMPTS)

    def free(self) -> Self:
        """Queued, or left behind with an attempt to go."""
        left_behind = Q(status=Leased.Status.RUNNING, lease_until__lt=Now())
        return self.filter(
            Q(status=Leased.Status.QUEUED) | left_behind, attempt__lt=F("times_put_back") + settings.JOB_MAX_ATTEMPTS
        )

    def unsuspected(self) -> Self:
        """No worker died while it had one of these."""
        return self.filter(attempt=F("times_put_back"))

    def is_suspect(self, row_id: uuid.UUID | str) -> bool | None:
        """Whether a worker died while it had this row; None when it is not free."""
        counts = self.free().filter(id=row_id).values_list("attempt", "times_put_back").first()
        return None if counts is None else counts[0] > counts[1]

    def claim(self, row_id: uuid.UUID | str, **also: Any) -> bool:
        """Take the row if it is free. The attempt is counted here."""
        taken = self.free().filter(id=row_id)
        return (
            taken.update(
                status=Leased.Status.RUNNING,
                attempt=F("attempt") + 1,
                fence=F("fence") + 1,
                lease_until=from_now(settings.JOB_LEASE),
                **also,
            )
            == 1
        )

    def mine(self, row_id: uuid.UUID, fence: int) -> Self:
        """The row, if this fence still holds it. Every write of a runner goes through here."""
        return self.running().filter(id=row_id, fence=fence)

    def renew(self, **also: Any) -> bool:
        return self.update(lease_until=from_now(settings.JOB_LEASE), **also) == 1

    def put_back(self, **also: Any) -> bool:
        """Free for the next one, and this attempt does not count: it ended by no fault of the row."""
        return self.requeue(times_put_back=F("times_put_back") + 1, **also) == 1

    def requeue(self, **also: Any) -> int:
        return self.update(status=Leased.Status.QUEUED, fence=F("fence") + 1, lease_until=None, **also)

    def end(self, status: Leased.Status, **also: Any) -> int:
        """Over, and nobody holds it any more."""
        return self.update(status=status, fence=F("fence") + 1, lease_until=None, ended_at=Now(), **also)
