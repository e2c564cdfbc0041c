"""A flag handed over to a lead: who handed it over, who has it, how it ended."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assistant.models import CaseKey, Reply
from assistant.vault.fields import EncryptedTextField
from moderation.models.flags import Flag


class EscalationQuerySet(models.QuerySet["Escalation"]):
    def open(self) -> Self:
        """Those that wait for an outcome. A decision about a reply or a suggestion is one, and so is that its author took it
        back; that a post was decided about says nothing yet of the person who wrote it."""
        return (
            self.filter(closed_at=None, case__destroyed_at=None)
            .exclude(flag__status=Flag.Status.DROPPED)
            .exclude(flag__status=Flag.Status.DECIDED, flag__post=None)
            .exclude(flag__reply__status=Reply.Status.TAKEN_BACK)
        )

    def with_flags(self) -> Self:
        return self.select_related(
            "case",
            "by",
            "acknowledged_by",
            "flag__case",
            "flag__post__case",
            "flag__suggestion__job__draft__post__case",
            "flag__reply__draft__post__case",
        )


class Escalation(models.Model):
    """A hand-over. It ends with an outcome that somebody gives, and can be opened again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="escalations")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = EncryptedTextField()
    at = models.DateTimeField(db_default=Now())
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    objects = EscalationQuerySet.as_manager()

    @property
    def is_open(self) -> bool:
        return Escalation.objects.open().filter(id=self.id).exists()


class EscalationEnd(models.Model):
    """How a hand-over ended. Rows are only added: one that was opened again ends again."""

    class Outcome(models.TextChoices):
        ANSWERED = "answered", _("Somebody of the service answered them")
        HELPLINE = "helpline", _("They were told whom to turn to")
        PASSED_ON = "passed_on", _("Somebody outside has taken it over, and said so")
        EMERGENCY = "emergency", _("Emergency services were called, as the policy for their country says")
        NOT_REACHED = "not_reached", _("They could not be reached")
        NO_DANGER = "no_danger", _("Read again: no sign of danger")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, related_name="ends")
    outcome = models.CharField(max_length=11, choices=Outcome.choices)
    note = EncryptedTextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "id"]
