"""Who is on duty when, and what is said while nobody is."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class ShiftQuerySet(models.QuerySet["Shift"]):
    def at(self, moment: datetime) -> Self:
        """Those that run at this moment, first in line first."""
        return self.filter(starts_at__lte=moment, ends_at__gt=moment).order_by("place", "starts_at", "id")


class Shift(models.Model):
    """One person on duty for a while, in one line of those whom the safety policy tells."""

    class Line(models.TextChoices):  # the words of the policy's `tell`
        MODERATOR = "moderator", _("Moderator")
        LEAD = "lead", _("Lead")
        CLINICIAN = "clinician", _("Clinician")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    line = models.CharField(max_length=9, choices=Line.choices)
    place = models.PositiveSmallIntegerField(default=1)  # in the line: 1 is told first
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    objects = ShiftQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "line", "place", "id"]
        permissions = [("manage_duty", "Can change who is on duty, and send themselves a test alert")]
        indexes = [models.Index(fields=["ends_at", "starts_at"])]
        constraints = [
            models.CheckConstraint(name="shift_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at")))
        ]


class OutOfHours(models.Model):
    """What supporters are told while nobody is on duty. The newest row counts; none: the site's own words alone."""

    text = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "out of hours"
