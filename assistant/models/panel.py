"""The sample that the clinician panel reads: outputs of a version among those of others, without who wrote which."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assistant.models.ledger import CaseKey
from assistant.models.registry import ModelVersion
from assistant.models.suggestion import Suggestion
from assistant.vault.fields import EncryptedTextField


class PanelSample(models.Model):
    """Drawn once, with a seed, and never changed. Its key is that of the texts that came with a file."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.OneToOneField(CaseKey, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="samples")  # which it is about
    seed = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)  # of who wrote what, in its order
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "id"]


class PanelItem(models.Model):
    """One output. A live suggestion is read where it lies, so that it goes with its case; a file's texts are kept here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sample = models.ForeignKey(PanelSample, on_delete=models.PROTECT, related_name="items")
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")  # which wrote it
    suggestion = models.ForeignKey(Suggestion, null=True, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=64)  # the suggestion, or the line of the file, by its id
    language = models.CharField(max_length=35, default="en")
    level = models.PositiveSmallIntegerField(default=0)
    post = EncryptedTextField(default="")
    draft = EncryptedTextField(default="")
    text = EncryptedTextField(default="")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["sample", "position"], name="one_item_per_place")]


class PanelMark(models.Model):
    """What one member says of one output."""

    class Verdict(models.TextChoices):
        FINE = "fine", _("Fine")
        CONCERN = "concern", _("A concern")
        UNSAFE = "unsafe", _("Unsafe")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    item = models.ForeignKey(PanelItem, on_delete=models.PROTECT, related_name="marks")
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")  # the item's: a note may quote
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    note = EncryptedTextField(default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["item", "by"], name="one_mark_per_person_and_output")]
