"""What a candidate says to finished jobs, seen by nobody: to be compared in numbers, and gone after a while."""

from __future__ import annotations

import uuid

from django.db import models

from assistant.models.canary import Canary
from assistant.models.leased import Leased, LeasedQuerySet
from assistant.models.ledger import CaseKey
from assistant.models.suggestion import SuggestionJob
from assistant.vault.fields import EncryptedTextField


class ShadowRunQuerySet(LeasedQuerySet["ShadowRun"]):
    pass


class ShadowRun(Leased):
    """One job, once more. The row is the queue. Its text is never streamed, flagged, exported or on a page."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    canary = models.ForeignKey(Canary, on_delete=models.PROTECT, related_name="shadows")
    job = models.ForeignKey(SuggestionJob, on_delete=models.PROTECT, related_name="shadows")
    text = EncryptedTextField(default="")
    held = models.BooleanField(null=True)  # what the safety checks said; None while it has not run
    phases = models.JSONField(default=list)  # of those that held it
    prompt_version = models.CharField(max_length=40, blank=True)
    screening_version = models.CharField(max_length=40, blank=True)
    unchanged = models.BooleanField(null=True)  # it offers no change of the draft; None where there was none
    output_tokens = models.PositiveIntegerField(null=True)
    seconds_to_first = models.FloatField(null=True)
    seconds = models.FloatField(null=True)

    objects = ShadowRunQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            models.UniqueConstraint(fields=["canary", "job"], name="one_shadow_of_a_job"),
        ]
