"""Which model files are known, and which one is in use."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class ModelVersion(models.Model):
    """One registered GGUF: where it lies and what it must hash to before it is opened."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    path = models.CharField(max_length=500)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()  # bytes
    registered_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["registered_at"]


class Deployment(models.Model):
    """The act of making a version active. The latest row counts; going back is another row."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="deployments")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]

    @classmethod
    def active_version(cls) -> ModelVersion | None:
        latest = cls.objects.select_related("version").order_by("-id").first()
        return latest.version if latest else None


class Worker(models.Model):
    """A process that runs jobs, as it last reported itself. The web reads here whether help is available."""

    name = models.CharField(max_length=80, primary_key=True)
    seen_at = models.DateTimeField()
    model = models.CharField(max_length=100, blank=True)  # empty while none is usable
    problem = models.CharField(max_length=300, blank=True)  # why, as a sentence for people
    loading = models.BooleanField(default=False)
    safety = models.JSONField(default=list)  # checks of this process that are not trusted now; names and times only

    @classmethod
    def recent(cls, *, within: Any) -> models.QuerySet[Worker]:
        from django.utils import timezone

        return cls.objects.filter(seen_at__gte=timezone.now() - within)
