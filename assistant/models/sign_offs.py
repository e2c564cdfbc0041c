"""What speaks for a model version, and against it: verdicts of the gate, two admins without it, the clinician panel."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistant.models.panel import PanelSample
from assistant.models.registry import ModelVersion

OVERRIDE_LIVES = timedelta(hours=24)  # then nobody confirms it any more
LONGEST_SIGN_OFF = 180  # days: what people ask for, and what is known of models, changes


class GateVerdict(models.Model):
    """What the gate said of a version when somebody wanted to activate it, passed or not."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="verdicts")
    over = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")  # what it was compared with
    sha256 = models.CharField(max_length=64)  # of the file
    passed = models.BooleanField()
    said = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [models.UniqueConstraint(fields=["version", "sha256"], name="one_row_per_verdict")]


class GateOverrideQuerySet(models.QuerySet["GateOverride"]):
    def open(self) -> Self:
        """Waiting for another admin."""
        return self.filter(confirmed_at=None, withdrawn_at=None, until__gt=timezone.now())


class GateOverride(models.Model):
    """One admin wants to do without the gate, and another one agrees. It counts for one activation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="overrides")
    over = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")  # the adapter that answers now
    reason = models.CharField(max_length=100)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField()
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = GateOverrideQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["version"],
                condition=Q(confirmed_at=None, withdrawn_at=None),
                name="one_override_waits_per_version",
            ),
            models.CheckConstraint(
                name="override_is_confirmed_by_another",
                condition=Q(confirmed_by=None, confirmed_at=None)
                | (Q(confirmed_by__isnull=False, confirmed_at__isnull=False) & ~Q(confirmed_by=models.F("by"))),
            ),
        ]

    @property
    def is_open(self) -> bool:
        return self.confirmed_at is None and self.withdrawn_at is None and self.until > timezone.now()


class SignOffQuerySet(models.QuerySet["SignOff"]):
    def standing(self) -> Self:
        return self.filter(withdrawn_at=None, expires_at__gt=timezone.now())


class SignOff(models.Model):
    """What one member of the clinician panel says of one file, after reading outputs of it. The latest of a person counts."""

    class Verdict(models.TextChoices):
        SIGNED = "signed", _("May answer people")
        REFUSED = "refused", _("May not answer people")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="sign_offs")
    sha256 = models.CharField(max_length=64)  # of the file that was read
    sample = models.ForeignKey(PanelSample, on_delete=models.PROTECT, related_name="sign_offs")
    sample_sha256 = models.CharField(max_length=64)
    study_sha256 = models.CharField(max_length=64, blank=True)  # of the export that a study's report was counted from
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    reason = models.CharField(max_length=500)  # about the model; the page asks not to write about people
    at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    objects = SignOffQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "id"]
        permissions = [("sign_off_models", "Reads outputs of models for the clinician panel, and signs versions off")]
        indexes = [models.Index(fields=["sha256", "at"])]

    @property
    def stands(self) -> bool:
        return self.withdrawn_at is None and self.expires_at > timezone.now()
