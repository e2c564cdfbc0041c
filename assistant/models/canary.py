"""A candidate tried beside the active model: on a share of the jobs, or in their shadow. Its stop rules are written first."""

from __future__ import annotations

import hashlib
import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from assistant.inference.types import Mode
from assistant.models.registry import ModelVersion

MOST_SHARE = 50  # percent: as many cases again are what the candidate is compared with
MOST_JOBS = 2000
MOST_DAYS = 28  # shadow texts live a little longer, so that none goes before it was compared
PARTS = 10_000


class CanaryQuerySet(models.QuerySet["Canary"]):
    def running(self) -> Self:
        return self.filter(outcome=Canary.Outcome.RUNNING)


class Canary(models.Model):
    """One trial. Rules, share and limits are written when it starts and never changed; only its end is added."""

    class Kind(models.TextChoices):
        CANARY = "canary"  # its jobs are answered by the candidate
        SHADOW = "shadow"  # the candidate runs on finished jobs once more, and nobody sees it

    class Outcome(models.TextChoices):
        RUNNING = "running"
        ROLLED_BACK = "rolled_back"  # a stop rule fired
        ENDED = "ended"
        PROMOTED = "promoted"  # the candidate was activated meanwhile

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    mode = models.CharField(max_length=10, choices=[(mode.value, mode.value) for mode in Mode])
    candidate = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="canaries")
    active = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")  # when it started
    share = models.PositiveSmallIntegerField()  # percent of the cases
    rules = models.JSONField()  # see assistant.stop_rules
    most_jobs = models.PositiveIntegerField()  # of the candidate
    most_days = models.PositiveSmallIntegerField()
    passed = models.JSONField(default=dict)  # what let it through, as of a deployment
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField(db_default=Now())
    outcome = models.CharField(max_length=11, choices=Outcome.choices, default=Outcome.RUNNING)
    reason = models.CharField(max_length=40, blank=True)  # the rule that fired, or a code of why it ended
    figures = models.JSONField(default=dict)  # of both arms, when it ended
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    ended_at = models.DateTimeField(null=True)
    seen_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    seen_at = models.DateTimeField(null=True)  # an admin knows of the rollback; until then people are told again

    objects = CanaryQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "id"]
        verbose_name_plural = "canaries"
        constraints = [
            models.UniqueConstraint(
                fields=["mode"], condition=Q(outcome="running"), name="one_running_canary_per_mode"
            ),
            models.CheckConstraint(
                name="canary_share_is_from_1_to_50", condition=Q(share__gte=1, share__lte=MOST_SHARE)
            ),
        ]

    @property
    def is_running(self) -> bool:
        return self.outcome == self.Outcome.RUNNING

    @classmethod
    def running_in(cls, mode: str, kind: Kind | None = None) -> Canary | None:
        rows = cls.objects.running().filter(mode=mode, **({"kind": kind} if kind else {}))
        return rows.select_related("candidate").first()

    @classmethod
    def unseen(cls) -> models.QuerySet[Canary]:
        """Rolled back by themselves, and no admin has said that they know."""
        return cls.objects.filter(outcome=cls.Outcome.ROLLED_BACK, seen_at=None)

    def part_of(self, case_id: uuid.UUID) -> int:
        """Where this case falls, from 0 to 9,999: by a hash with this canary's id as its key, so that a case stays where it
        is and the next canary draws anew."""
        drawn = hashlib.blake2b(case_id.bytes, key=self.id.bytes, digest_size=8).digest()
        return int.from_bytes(drawn, "big") * PARTS >> 64

    def takes(self, case_id: uuid.UUID) -> bool:
        """Whether the candidate is to answer in this case."""
        return self.part_of(case_id) < self.share * PARTS // 100

    def compares(self, case_id: uuid.UUID) -> bool:
        """Whether this case is among the as many others that the candidate is compared with."""
        width = self.share * PARTS // 100
        return width <= self.part_of(case_id) < 2 * width


class CanaryTrouble(models.Model):
    """Once, the candidate could not do a job: not loaded, an error of the engine, a worker that died with it."""

    canary = models.ForeignKey(Canary, on_delete=models.PROTECT, related_name="troubles")
    job_id = models.UUIDField()  # of the job or the shadow run
    code = models.CharField(max_length=60)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "id"]
