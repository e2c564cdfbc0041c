"""Break-glass: who may read no case asks to read one, somebody else allows it for a while, and it is looked at afterwards."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistant.models import CaseKey
from assistant.vault.fields import EncryptedTextField

ASKING_LIVES = timedelta(hours=24)  # then nobody allows it any more: whoever still needs it asks again


class BreakGlassQuerySet(models.QuerySet["BreakGlass"]):
    def asked(self) -> Self:
        """Waiting for an answer."""
        return self.filter(
            status=BreakGlass.Status.ASKED, asked_at__gt=timezone.now() - ASKING_LIVES, subject__destroyed_at=None
        )

    def open_to(self, user: Any) -> Self:
        """What this person may read right now."""
        return self.filter(
            by=user, status=BreakGlass.Status.ALLOWED, until__gt=timezone.now(), subject__destroyed_at=None
        )


class BreakGlass(models.Model):
    """One person's request to read one case. Its texts have a key of their own: the review outlives an erased case."""

    class Status(models.TextChoices):
        ASKED = "asked", _("Asked")
        ALLOWED = "allowed", _("Allowed")
        REFUSED = "refused", _("Refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.OneToOneField(CaseKey, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")  # the case to be read
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = EncryptedTextField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ASKED)
    asked_at = models.DateTimeField(db_default=Now())
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)

    objects = BreakGlassQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "id"]
        permissions = [
            ("ask_break_glass", "Can ask to read one case for a while"),
            ("allow_break_glass", "Can allow somebody else to read one case for a while, and review that afterwards"),
        ]
        indexes = [models.Index(fields=["status", "asked_at"])]
        constraints = [
            models.CheckConstraint(
                name="break_glass_is_allowed_by_somebody_else",
                condition=~Q(status="allowed")
                | (Q(answered_by__isnull=False, until__isnull=False) & ~Q(answered_by=models.F("by"))),
            ),
        ]

    @property
    def can_be_answered(self) -> bool:
        return self.status == BreakGlass.Status.ASKED and self.asked_at > timezone.now() - ASKING_LIVES

    @property
    def is_open(self) -> bool:
        """Whether whoever asked can read the case right now."""
        return self.until is not None and self.until > timezone.now() and self.subject.destroyed_at is None


class BreakGlassReviewQuerySet(models.QuerySet["BreakGlassReview"]):
    def waiting(self) -> Self:
        """Those whose reading is over: before that nobody knows what was read."""
        over = Q(about__until__lte=timezone.now()) | Q(about__subject__destroyed_at__isnull=False)
        return self.filter(over, closed_at=None)

    def overdue(self) -> Self:
        return self.waiting().filter(due_at__lt=timezone.now())


class BreakGlassReview(models.Model):
    """Made when reading was allowed: a lead says afterwards whether it was right."""

    class Outcome(models.TextChoices):
        JUSTIFIED = "justified", _("It was justified")
        NOT_JUSTIFIED = "not", _("It was not justified")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")  # the request's
    about = models.OneToOneField(BreakGlass, on_delete=models.PROTECT, related_name="review")
    due_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    note = EncryptedTextField(default="")
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)

    objects = BreakGlassReviewQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [models.Index(fields=["closed_at", "due_at"])]

    @property
    def is_overdue(self) -> bool:
        return self.closed_at is None and self.due_at < timezone.now()
