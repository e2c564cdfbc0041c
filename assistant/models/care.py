"""Care for who writes: topics of posts and who leaves which to others, check-ins, and asking a lead to talk.

How much somebody read is no table: it is counted from their drafts and replies when they look (assistant/exposure.py).
"""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assistant.models.conversation import Post
from assistant.models.ledger import CaseKey
from assistant.vault.fields import EncryptedTextField


class PostTopic(models.Model):
    """A topic that the wording of a post, or its level, points to; found when it arrived."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="topics")
    topic = models.CharField(max_length=20)  # a code of assistant.safety.topics

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "topic"], name="one_row_per_topic_of_a_post")]


class LeftOutTopic(models.Model):
    """A supporter would rather leave posts of this topic to others."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="left_out_topics")
    topic = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["by", "topic"], name="one_row_per_left_out_topic")]


class CheckIn(models.Model):
    """How a supporter is, before or after a shift. For them alone; leads read it while it is shared."""

    class Moment(models.TextChoices):
        BEFORE = "before", _("Before a shift")
        AFTER = "after", _("After a shift")

    class Feeling(models.TextChoices):
        WELL = "well", _("Well")
        ALL_RIGHT = "all_right", _("All right")
        TIRED = "tired", _("Tired")
        HEAVY = "heavy", _("Weighed down")
        NOT_WELL = "not_well", _("Not well")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")  # a key of its own, that goes with it
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="check_ins")
    moment = models.CharField(max_length=6, choices=Moment.choices)
    feeling = EncryptedTextField()  # a Feeling
    words = EncryptedTextField(default="")
    at = models.DateTimeField(db_default=Now())
    shared_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at", "id"]

    @property
    def feeling_label(self) -> str:
        return str(CheckIn.Feeling(self.feeling).label)


class TalkRequestQuerySet(models.QuerySet["TalkRequest"]):
    def open(self) -> Self:
        return self.filter(taken_at=None, by__is_active=True)

    def open_for(self, lead: Any) -> Self:
        """Nobody takes up their own."""
        return self.open().exclude(by=lead)


class TalkRequest(models.Model):
    """Somebody would like to talk to a lead. It says nothing of why."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="talk_requests")
    at = models.DateTimeField(db_default=Now())
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(null=True)

    objects = TalkRequestQuerySet.as_manager()

    class Meta:
        ordering = ["at", "id"]
        permissions = [("hear_supporters", "Can see who asked to talk, and check-ins that were shared with leads")]
        constraints = [
            models.UniqueConstraint(fields=["by"], condition=Q(taken_at=None), name="one_open_talk_request_per_person")
        ]
