"""Who rates, what they were given, and what they said."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assistant.models import CaseKey
from assistant.vault.fields import EncryptedTextField
from webapp.studies.dimensions import FIVE, HIGHEST, LOWEST, ON_THE_SCALE
from webapp.studies.models.plan import Output, Study


class Rater(models.Model):
    """One person in one study. Exports know them by their code."""

    class Panel(models.TextChoices):
        LAY = "lay", _("lay panel")
        CLINICIAN = "clinician", _("clinician panel")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="raters")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="studies_rated")
    panel = models.CharField(max_length=10, choices=Panel.choices)
    code = models.CharField(max_length=12)  # made at random, so that nothing tells who it is
    credentials = models.CharField(max_length=200, blank=True)  # in their own words; a report says them
    added_at = models.DateTimeField(db_default=Now())
    consented_at = models.DateTimeField(null=True)
    consent_sha256 = models.CharField(max_length=64, blank=True)  # of the wording they agreed to
    may_train = models.BooleanField(default=False)  # and that a model may learn from their ratings
    trained_at = models.DateTimeField(null=True)  # finished the training items
    withdrew_at = models.DateTimeField(null=True)  # their ratings are deleted, and they are asked nothing more

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "user"], name="one_rater_per_person_and_study"),
            models.UniqueConstraint(fields=["study", "code"], name="one_rater_per_code"),
        ]

    @property
    def asked(self) -> tuple[str, ...]:
        """The scales, in the order in which they are asked."""
        return ON_THE_SCALE if self.panel == self.Panel.CLINICIAN else FIVE


class Assignment(models.Model):
    """One text, or one pair, given to one rater at one place of their order."""

    class Skip(models.TextChoices):
        TOO_HARD = "too_hard", _("I do not want to read this now")
        KNOWN = "known", _("I know this text or who wrote it")
        UNCLEAR = "unclear", _("I cannot tell from what is here")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="assignments")
    position = models.PositiveSmallIntegerField()
    output = models.ForeignKey(Output, on_delete=models.CASCADE, related_name="+")  # of a pair: the one shown first
    other = models.ForeignKey(Output, null=True, on_delete=models.CASCADE, related_name="+")
    shown_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)  # that the page was in front of them; None until it is done
    skipped = models.CharField(max_length=10, choices=Skip.choices, blank=True)
    passed = models.BooleanField(null=True)  # of training and attention: as expected

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["rater", "position"], name="one_assignment_per_place"),
            models.UniqueConstraint(fields=["rater", "output"], name="a_text_is_given_once", condition=Q(other=None)),
        ]


def _scale() -> models.PositiveSmallIntegerField[int | None, int | None]:
    return models.PositiveSmallIntegerField(
        null=True, validators=[MinValueValidator(LOWEST), MaxValueValidator(HIGHEST)]
    )


class Rating(models.Model):
    """What a rater said of one assignment: a value for each dimension they were asked, or which of two is better."""

    assignment = models.OneToOneField(Assignment, primary_key=True, on_delete=models.CASCADE, related_name="rating")
    readability = _scale()
    empathy = _scale()
    connection = _scale()
    actionability = _scale()
    safety = _scale()
    escalation = _scale()  # clinicians alone
    preferred = models.ForeignKey(
        Output, null=True, on_delete=models.CASCADE, related_name="+"
    )  # None of a pair: neither
    reason = models.CharField(max_length=20, blank=True)  # of a pair: the dimension that told
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name=f"rating_of_{name}_is_on_the_scale",
                condition=Q(**{name: None}) | Q(**{f"{name}__gte": LOWEST, f"{name}__lte": HIGHEST}),
            )
            for name in ON_THE_SCALE
        ]

    @property
    def values(self) -> dict[str, int]:
        return {name: value for name in ON_THE_SCALE if (value := getattr(self, name)) is not None}


class Comment(models.Model):
    """What a rater says of some words of a text."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="comments")
    output = models.ForeignKey(Output, on_delete=models.CASCADE, related_name="+")
    start = models.PositiveIntegerField()  # characters into the text
    end = models.PositiveIntegerField()
    dimension = models.CharField(max_length=20, blank=True)
    text = EncryptedTextField(default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["start", "end"]
        constraints = [models.CheckConstraint(name="comment_has_words", condition=Q(end__gt=models.F("start")))]


class Report(models.Model):
    """What a study came to, counted from an export of it by `evaluation.studies`. The latest one counts."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="reports")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    export_sha256 = models.CharField(max_length=64, blank=True)
    found = models.JSONField(default=dict)  # report.json: figures, tables, verdicts; no text of an item
    plots = models.JSONField(default=dict)  # SVG by name
    problem = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at"]
