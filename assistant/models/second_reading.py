"""The model reads a post that nothing flagged, once, some time after it was stored. It can only raise."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from assistant.models.conversation import Post
from assistant.models.leased import Leased, LeasedQuerySet
from assistant.models.ledger import CaseKey
from assistant.models.registry import ModelVersion


class SecondReadingQuerySet(LeasedQuerySet["SecondReading"]):
    pass


class SecondReading(Leased):
    """One reading to be done, or done. The row is the queue, as it is for suggestion jobs; it holds no words."""

    class Verdict(models.TextChoices):
        RISK = "risk"
        NONE = "none"
        UNCLEAR = "unclear"  # neither yes nor no; nothing follows from it

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    post = models.OneToOneField(Post, on_delete=models.PROTECT, related_name="second_reading")
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True)
    model_version = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    prompt_version = models.CharField(max_length=40, blank=True)

    objects = SecondReadingQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            models.CheckConstraint(
                name="second_reading_has_a_verdict_when_done",
                condition=Q(status="done", verdict__in=["risk", "none", "unclear"])
                | (~Q(status="done") & Q(verdict="")),
            ),
        ]
