"""What only the person themselves sees of their writing, and how much help they want to be shown."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from assistant.growth import HelpLevel, Numbers
from assistant.models.conversation import Draft
from assistant.models.ledger import CaseKey
from assistant.vault.fields import EncryptedTextField


class ReplyNumbers(models.Model):
    """Numbers of a reply that was sent, for its author alone. One row a draft: of one that is sent again, the last counts.

    Encrypted with the case, so that nobody reads them in the database, and that they go when the case is erased.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    draft = models.OneToOneField(Draft, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    numbers = EncryptedTextField()  # JSON of growth.Numbers
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "reply numbers"
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["by", "at"])]

    @property
    def opened(self) -> Numbers:
        return Numbers.from_json(self.numbers)

    @classmethod
    def latest_of(cls, person: Any, most: int | None = None) -> list[Self]:
        """The oldest first."""
        rows = cls.objects.filter(by=person, case__destroyed_at=None).select_related("case").order_by("-at", "-id")
        return list(rows[:most])[::-1]


class HelpChoice(models.Model):
    """How much help a person wants to be shown, and whether numbers of their replies are kept. Without a row: the defaults."""

    by = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    level = models.CharField(max_length=10, choices=[(level.value, level.name) for level in HelpLevel], blank=True)
    stepped = models.CharField(max_length=10, choices=[(level.value, level.name) for level in HelpLevel], blank=True)
    changed_at = models.DateTimeField(
        null=True
    )  # one of the two; what was sent before says nothing about the next step
    counts = models.BooleanField(default=True)

    @classmethod
    def of(cls, person: Any) -> Self:
        """A new one where nothing was chosen yet. `person`: a user or the id of one."""
        user_id = getattr(person, "pk", person)
        return cls.objects.filter(by_id=user_id).first() or cls(by_id=user_id)

    @property
    def shown(self) -> HelpLevel:
        """The own choice, else where the steps have led, else what the deployment begins with."""
        stepped = self.stepped if self.is_stepped_by_rule else ""
        return HelpLevel(self.level or stepped or settings.HELP_LEVEL)

    @property
    def is_stepped_by_rule(self) -> bool:
        return not self.level and settings.HELP_POLICY == "steps" and settings.HELP_STEPS == "set"

    def since_change(self, rows: list[ReplyNumbers]) -> list[Numbers]:
        return [row.opened for row in rows if self.changed_at is None or row.at > self.changed_at]
