"""Incidents: what went wrong, why, what was done, and who agreed that it is done. Entries are only ever added."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assistant.models import CaseKey
from assistant.vault.fields import EncryptedTextField
from moderation.models.flags import Flag


class Incident(models.Model):
    """Something that should not have happened. Its texts have a key of their own, which can be destroyed alone."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        MITIGATED = "mitigated", _("Mitigated")  # it does no more harm; cause and fix may be missing yet
        CLOSED = "closed", _("Closed")

    class Severity(models.IntegerChoices):
        NOBODY = 1, _("Nobody was affected")
        COULD = 2, _("It could have harmed somebody")
        MAY_HAVE = 3, _("It may have harmed somebody")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.OneToOneField(CaseKey, on_delete=models.PROTECT, related_name="+")
    title = EncryptedTextField()
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-opened_at", "id"]
        permissions = [
            ("keep_incidents", "Can open incidents, read them and add to them"),
            ("sign_off_incidents", "Can sign off an incident whose fix somebody else wrote"),
            ("view_safety", "Can see the figures about safety, which name nobody and quote nothing"),
        ]

    @property
    def is_closed(self) -> bool:
        return self.status == Incident.Status.CLOSED

    def latest(self, kind: str) -> IncidentEntry | None:
        return self.entries.filter(kind=kind).select_related("case", "by").last()

    def was_fixed_by(self, user: Any) -> bool:
        return self.entries.filter(kind=IncidentEntry.Kind.FIX, by=user).exists()


class IncidentEntry(models.Model):
    """One thing that somebody wrote down. Of cause, fix and test the latest counts."""

    class Kind(models.TextChoices):
        HAPPENED = "happened", _("What happened")
        NOTE = "note", _("Note")
        MITIGATED = "mitigated", _("What stopped the harm")
        CAUSE = "cause", _("Cause")
        FIX = "fix", _("Fix")
        TEST = "test", _("Test that would have shown it")
        SIGNED_OFF = "signed_off", _("Signed off")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")  # the incident's
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = EncryptedTextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "incident entries"
        ordering = ["at", "id"]


class IncidentLink(models.Model):
    """A case that the incident is about: the whole of it, or what one flag in it is about."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="links")
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    flag = models.ForeignKey(Flag, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "flag"], name="one_link_per_incident_and_flag"),
            models.UniqueConstraint(
                fields=["incident", "case"], condition=Q(flag=None), name="one_link_per_incident_and_case"
            ),
        ]
