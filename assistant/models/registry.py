"""Which models are known, which one answers in which mode, and which workers are there."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from assistant.inference.types import Mode


class ModelVersion(models.Model):
    """One registered GGUF: where it lies and what it must hash to before it is opened. Or a model on another server."""

    class Kind(models.TextChoices):
        BASE = "base"
        ADAPTER = "adapter"
        REMOTE = "remote"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.BASE)
    path = models.CharField(max_length=500, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)  # bytes
    layout = models.CharField(max_length=20, blank=True)  # how the weights are stored, as llama.cpp calls it: "Q4_0"
    base = models.ForeignKey(  # of an adapter: what it was trained on
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="adapters"
    )
    mode = models.CharField(max_length=10, blank=True)  # of an adapter, or of a file that one was merged into
    derived_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="derivatives"
    )
    url = models.CharField(max_length=300, blank=True)  # of a remote model
    served_model = models.CharField(max_length=200, blank=True)  # what that server calls it
    prompt = models.CharField(max_length=80, blank=True)  # the words it was trained on, "improve-2"; several by commas
    shipped = models.BooleanField(default=False)  # came with the release: a start may put its successor in its place
    manifest = models.JSONField(default=dict)  # of an adapter: what made it
    manifest_path = models.CharField(max_length=500, blank=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    report = models.JSONField(default=dict)  # of an adapter: what was measured before it was registered
    report_path = models.CharField(max_length=500, blank=True)
    report_sha256 = models.CharField(max_length=64, blank=True)
    figures = models.JSONField(default=dict)  # measured speed and quality, with the machine they were measured on
    registered_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["registered_at"]

    @property
    def root(self) -> ModelVersion:
        """The base as it was registered: an adapter fits it and every other layout of it, but nothing it was merged into."""
        version: ModelVersion = self.base if self.kind == self.Kind.ADAPTER and self.base else self
        while version.derived_from is not None and not version.mode:
            version = version.derived_from
        return version

    @property
    def taught_by(self) -> ModelVersion | None:
        """The adapter that answers where this version is active: itself, or the one that was merged into it."""
        if self.kind == self.Kind.ADAPTER:
            return self
        name = self.figures.get("adapter") if self.mode else ""
        return ModelVersion.objects.filter(kind=self.Kind.ADAPTER, name=name).first() if name else None

    def prompt_for(self, mode: Mode) -> str:
        """The words to ask it in, by version; empty where it has to be shown what to do."""
        return next((one for one in self.prompt.split(",") if one.startswith(f"{mode}-")), "")


class Deployment(models.Model):
    """The act of making a version active. The latest row of a mode, or of both, counts; going back is another row."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="deployments")
    mode = models.CharField(max_length=10, blank=True)  # empty: both
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(db_default=Now())
    passed = models.JSONField(
        default=dict
    )  # what let it through: a gate, an admin's reason, the release; empty: nothing to pass

    class Meta:
        ordering = ["id"]

    @classmethod
    def history(cls, mode: Mode) -> models.QuerySet[Deployment]:
        """What counted for this mode, latest first; without the papers of the versions, which are long."""
        rows = cls.objects.filter(Q(mode=mode) | Q(mode="")).select_related("version__base").order_by("-id")
        return rows.defer(*(f"version__{more}{paper}" for more in ("", "base__") for paper in ("manifest", "report")))

    @classmethod
    def active_version(cls, mode: Mode = Mode.IMPROVE) -> ModelVersion | None:
        latest = cls.history(mode).first()
        return latest.version if latest else None

    @classmethod
    def base_for(cls, adapter: ModelVersion) -> ModelVersion:
        """The file that an adapter is attached to: of its base, the layout that was last made active."""
        root = adapter.root
        rows = cls.objects.filter(version__kind=ModelVersion.Kind.BASE).select_related("version").order_by("-id")
        return next((row.version for row in rows if row.version.root.id == root.id), root)

    @classmethod
    def loaded_for(cls, version: ModelVersion) -> ModelVersion:
        """What a worker loads where this version is active: itself, or the file that carries the adapter."""
        return cls.base_for(version) if version.kind == ModelVersion.Kind.ADAPTER else version


class Worker(models.Model):
    """A process that runs jobs, as it last reported itself. The web reads here whether help is available."""

    name = models.CharField(max_length=80, primary_key=True)
    seen_at = models.DateTimeField()
    model = models.CharField(max_length=100, blank=True)  # empty while none is usable
    problem = models.CharField(max_length=300, blank=True)  # why, as a sentence for people
    loading = models.BooleanField(default=False)
    safety = models.JSONField(default=list)  # checks of this process that are not trusted now; names and times only
    state = models.JSONField(default=dict)  # what its engine is doing: `EngineState`, and the hashes of what it loaded

    @classmethod
    def recent(cls, *, within: Any) -> models.QuerySet[Worker]:
        from django.utils import timezone

        return cls.objects.filter(seen_at__gte=timezone.now() - within)
