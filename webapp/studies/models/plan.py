"""What a study asks: its question, its items, and for each item the texts of its arms. Fixed once it is open."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assistant.inference.types import Mode
from assistant.models import CaseKey, ModelVersion
from assistant.vault.fields import EncryptedTextField


class Study(models.Model):
    """One study has one key, so that destroying it erases every text of it."""

    class Form(models.TextChoices):
        SCALES = "scales", _("One reply at a time, on five scales")
        PAIRS = "pairs", _("Two replies side by side, which one is better")

    class Status(models.TextChoices):
        PLANNED = "planned", _("Being set up")
        OPEN = "open", _("Open to raters")
        PAUSED = "paused", _("Paused")
        CLOSED = "closed", _("Closed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.OneToOneField(CaseKey, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100, unique=True)
    question = models.CharField(max_length=500)
    form = models.CharField(max_length=10, choices=Form.choices, default=Form.SCALES)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    # How many people of each panel rate each text. 0: this panel is not asked.
    lay_ratings = models.PositiveSmallIntegerField(default=3)
    clinician_ratings = models.PositiveSmallIntegerField(default=0)
    most_per_rater = models.PositiveSmallIntegerField(default=60)  # texts, without training and attention checks
    # The comparison that was promised before the first rating: candidate not worse than reference by more than the margin.
    candidate = models.CharField(max_length=20, blank=True)  # keys of arms
    reference = models.CharField(max_length=20, blank=True)
    dimension = models.CharField(max_length=20, blank=True)
    margin = models.FloatField(null=True)  # points of the scale; of pairs: share of wins below one half
    seed = models.PositiveIntegerField()
    consent = models.TextField()  # what raters agree to, as they read it
    pairs_for_training = models.BooleanField(
        default=False
    )  # raters agree, too, that a model may learn from their ratings
    plan = models.JSONField(default=dict)  # all of the above, the arms and items, as they were when it opened
    plan_sha256 = models.CharField(max_length=64, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    writing_at = models.DateTimeField(null=True)  # when texts of models were last asked for, or one was begun or waited
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        permissions = [
            ("run_studies", "Can set up studies and read what they come to"),
            ("rate_replies", "Can be asked to rate replies in a study"),
        ]


class Arm(models.Model):
    """Where one text of every item comes from. Raters never learn it."""

    class Kind(models.TextChoices):
        ALONE = "alone", _("The supporter alone")
        IMPROVED = "improved", _("The supporter with the improvement model")
        GENERATED = "generated", _("The generation model")
        OTHER = "other", _("Another model")
        REFERENCE = "reference", _("A reference that people wrote")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="arms")
    key = models.SlugField(max_length=20)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    version = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    prompt = models.CharField(max_length=80, blank=True)  # the words that the model was asked in, by version

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["study", "key"], name="one_arm_per_key")]

    @property
    def revises(self) -> bool:
        """Whether its model is given a draft, and not the post alone."""
        other = self.kind == self.Kind.OTHER and self.version is not None and self.version.mode == Mode.IMPROVE
        return other or self.kind == self.Kind.IMPROVED


class Item(models.Model):
    """A post that was scrubbed, with what belongs to it in each arm."""

    class Role(models.TextChoices):
        RATED = "rated"
        TRAINING = "training"  # shown first, with feedback; counts for nothing
        ATTENTION = "attention"  # looks like any other and says what to choose

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="items")
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.RATED)
    source = models.CharField(max_length=64)  # as the file that it came with calls it
    post = EncryptedTextField()
    language = models.CharField(max_length=35, default="en")
    level = models.PositiveSmallIntegerField(default=0)
    stratum = models.CharField(max_length=40, blank=True)
    about = models.CharField(max_length=200, blank=True)  # a factual label of what it is about, shown before the text
    # Of training and attention: for each dimension the lowest and highest value that is right, and why.
    expected = models.JSONField(default=dict)
    explanation = EncryptedTextField(default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "source"], name="one_item_per_source")]


class Output(models.Model):
    """The text of one arm for one item. Empty until a model has written it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="outputs")
    arm = models.ForeignKey(Arm, on_delete=models.CASCADE, related_name="outputs")
    draft = EncryptedTextField(default="")  # what an improvement model is given
    text = EncryptedTextField(default="")
    sha256 = models.CharField(max_length=64, blank=True)  # of the text; empty while there is none
    # What the checks of this deployment say: clear, noted or held; allowed: held, and given to raters all the same.
    screened = models.CharField(max_length=10, blank=True)
    problem = models.CharField(max_length=100, blank=True)  # why the model wrote nothing, or why its text is gone

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "arm"], name="one_output_per_item_and_arm"),
            models.CheckConstraint(name="output_has_text_or_problem", condition=Q(problem="") | Q(sha256="")),
        ]


class Allowance(models.Model):
    """A researcher's word that raters see a text which the checks hold."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    output = models.OneToOneField(Output, on_delete=models.CASCADE, related_name="allowance")
    reason = EncryptedTextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
