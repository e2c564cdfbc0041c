"""A request for help as a row, the pieces it produced, and the suggestion that came of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assistant.inference.aims import Aim
from assistant.inference.types import Mode
from assistant.models.canary import Canary
from assistant.models.conversation import Draft, DraftRevision, Post, Reply
from assistant.models.goals import GoalWording
from assistant.models.leased import Leased, LeasedQuerySet
from assistant.models.ledger import CaseKey
from assistant.models.registry import ModelVersion
from assistant.safety.sources import source_of
from assistant.safety.types import Severity
from assistant.vault.fields import EncryptedTextField


class JobQuerySet(LeasedQuerySet["SuggestionJob"]):
    pass


class SuggestionJob(Leased):
    """One request for help. The row is the queue; what rings in Celery is only its id."""

    class Arm(models.TextChoices):
        """Of a canary; empty where none concerns the job."""

        CANDIDATE = "candidate"
        ACTIVE = "active"  # what the candidate is compared with
        FELL_BACK = "fell_back"  # the candidate could not, so the active model answers

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="jobs")
    revision = models.ForeignKey(DraftRevision, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    mode = models.CharField(max_length=10, choices=[(mode.value, mode.value) for mode in Mode])
    asked_because = EncryptedTextField(default="")  # why a draft from the post was wanted
    goals = models.JSONField(default=list)  # [code, version] of the wordings that the revision should aim for
    locked = models.JSONField(default=list)  # [start, end) of the revision's sentences that stay as they are
    client_key = models.UUIDField()  # one per click: the same key again is the same job
    worker = models.CharField(max_length=80, blank=True)
    last_seq = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    canary = models.ForeignKey(Canary, null=True, on_delete=models.PROTECT, related_name="jobs")
    arm = models.CharField(max_length=9, choices=Arm.choices, blank=True)  # decided by the case, when it is queued

    objects = JobQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            models.UniqueConstraint(fields=["asked_by", "client_key"], name="one_job_per_click"),
            models.UniqueConstraint(
                fields=["draft"], condition=Q(status__in=["queued", "running"]), name="one_live_job_per_draft"
            ),
        ]

    @property
    def original(self) -> str:
        """The supporter's words that the suggestion revises; none when a draft from the post was asked for."""
        return self.revision.text if self.mode == Mode.IMPROVE else ""

    @property
    def aims(self) -> list[Aim]:
        """The goals in the wording of when they were chosen."""
        return GoalWording.aims_of(self.goals)

    def same_request(self) -> JobQuerySet:
        """This and every other job for the same words with the same wishes."""
        wishes = {"goals": self.goals, "locked": self.locked}
        return SuggestionJob.objects.filter(revision_id=self.revision_id, mode=self.mode, **wishes)

    def join(self, canary: Canary | None) -> None:
        """The arm of this job, by its case; none where it is in no share, or nobody sees what the candidate says."""
        if canary is None or canary.kind != Canary.Kind.CANARY:
            return
        if canary.takes(self.case_id):
            self.canary, self.arm = canary, self.Arm.CANDIDATE
        elif canary.compares(self.case_id):
            self.canary, self.arm = canary, self.Arm.ACTIVE

    @property
    def locked_sentences(self) -> list[str]:
        return [self.original[start:end] for start, end in self.locked]


class SuggestionChunk(models.Model):
    """A sentence or clause that the safety phases passed, with everything before it. The rows are the stream."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    job = models.ForeignKey(SuggestionJob, on_delete=models.PROTECT, related_name="chunks")
    attempt = models.PositiveSmallIntegerField()
    seq = models.PositiveIntegerField()  # from 1, without gaps, in each attempt
    text = EncryptedTextField()
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "attempt", "seq"], name="chunk_numbers_are_unique")]


class Suggestion(models.Model):
    """The text that the model offers."""

    class Status(models.TextChoices):
        SHOWN = "shown"
        HELD = "held"
        RELEASED = "released"
        WITHHELD = "withheld"

    VISIBLE = (Status.SHOWN, Status.RELEASED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    job = models.OneToOneField(SuggestionJob, on_delete=models.PROTECT, related_name="suggestion")
    text = EncryptedTextField()
    changes = EncryptedTextField()  # JSON, see assistant.changes: what it changes in the revision it was asked for
    status = models.CharField(max_length=10, choices=Status.choices)
    approval = models.UUIDField(null=True)  # the decision that released it
    model_version = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    prompt_version = models.CharField(max_length=40)
    screening_version = models.CharField(max_length=40)
    stop = models.CharField(max_length=20)
    prompt_tokens = models.PositiveIntegerField()
    output_tokens = models.PositiveIntegerField()
    seconds_to_first = models.FloatField(null=True)
    seconds = models.FloatField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="held_suggestion_released_only_with_approval", condition=~Q(approval=None, status="released")
            ),
        ]
        indexes = [models.Index(fields=["created_at"])]  # how long the latest took tells how long the next will take

    @property
    def is_visible(self) -> bool:
        return self.status in self.VISIBLE


class SuggestionFigures(models.Model):
    """What a suggestion does to the draft, worked out when it was stored: numbers only, so that counting decrypts nothing."""

    suggestion = models.OneToOneField(Suggestion, on_delete=models.PROTECT, primary_key=True, related_name="figures")
    offered = models.PositiveSmallIntegerField()  # changes to decide about
    change = models.JSONField()  # suggestion less draft, by assistant.adherence.Measure


class ChangeVerdict(models.Model):
    """What the supporter decided about one change of a suggestion; the latest row of an index counts."""

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted"
        KEPT = "kept"  # the supporter's own words stay
        UNHELPFUL = "unhelpful"  # they stay, and this is why
        UNDONE = "undone"

    class Reason(models.TextChoices):
        MEANING = "meaning", _("It changes what I mean")
        VOICE = "voice", _("It does not sound like me")
        UNTRUE = "untrue", _("It says something that is not so")
        BESIDE = "beside", _("It does not answer what they wrote")
        TOO_MUCH = "too_much", _("It is too much")
        HARMFUL = "harmful", _("It could hurt")  # a moderator is asked to look

    suggestion = models.ForeignKey(Suggestion, on_delete=models.PROTECT, related_name="verdicts")
    index = models.PositiveSmallIntegerField()
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)  # of an unhelpful one
    revision = models.ForeignKey(DraftRevision, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())


class StoppedKind(models.Model):
    """A supporter wants no more changes that are offered for this reason."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=40)  # of assistant.reasons
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["by", "code"], name="one_row_per_stopped_kind")]


class Finding(models.Model):
    """What one safety phase reported about exactly one text."""

    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    post = models.ForeignKey(Post, null=True, on_delete=models.PROTECT, related_name="findings")
    suggestion = models.ForeignKey(Suggestion, null=True, on_delete=models.PROTECT, related_name="findings")
    reply = models.ForeignKey(Reply, null=True, on_delete=models.PROTECT, related_name="findings")
    phase = models.CharField(max_length=40)
    code = models.CharField(max_length=80)
    severity = models.PositiveSmallIntegerField(choices=[(level.value, level.name.lower()) for level in Severity])
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)  # fixed text of the rule; never quotes

    class Meta:
        ordering = ["-severity", "start", "id"]
        constraints = [
            models.CheckConstraint(
                name="finding_has_one_subject",
                condition=(
                    Q(post__isnull=False, suggestion=None, reply=None)
                    | Q(post=None, suggestion__isnull=False, reply=None)
                    | Q(post=None, suggestion=None, reply__isnull=False)
                ),
            ),
        ]

    @property
    def source(self) -> str:
        """The public guidance that the rule rests on; empty where there is none."""
        return source_of(self.code)


def subject_field(subject: Any) -> str:
    """The name of the foreign key that points to this kind of row: post, suggestion or reply."""
    names: dict[type[models.Model], str] = {Post: "post", Suggestion: "suggestion", Reply: "reply"}
    return names[type(subject)]
