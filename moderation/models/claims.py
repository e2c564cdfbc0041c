"""What becomes of claims besides a decision: somebody passes, or somebody takes over."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from assistant.models import CaseKey
from assistant.vault.fields import EncryptedTextField
from moderation.models.flags import Flag


class Pass(models.Model):
    """This person is not handed this flag again. Nobody is told, and nothing counts these rows."""

    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="passes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name_plural = "passes"
        constraints = [models.UniqueConstraint(fields=["flag", "by"], name="one_pass_per_flag_and_person")]


class TakeOver(models.Model):
    """Somebody ended another person's claim by beginning their own, and said why. Rows are only added."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="take_overs")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taken_from = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = EncryptedTextField()
    at = models.DateTimeField(db_default=Now())
