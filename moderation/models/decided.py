"""What comes before and after a decision: a proposal, an undo, an appeal."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from assistant.models import CaseKey
from assistant.vault.fields import EncryptedTextField
from moderation.models.flags import Decision, Flag, Judgement


class Proposal(Judgement):
    """A decision that needs a second person. Nothing is carried out before they confirm it."""

    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True)
    confirmed = models.BooleanField(null=True)
    answer = EncryptedTextField(default="")

    class Meta(Judgement.Meta):
        constraints = [
            *Judgement.Meta.constraints,
            models.UniqueConstraint(fields=["flag"], condition=Q(answered_at=None), name="one_open_proposal_per_flag"),
            models.CheckConstraint(
                name="proposal_is_confirmed_by_another", condition=~Q(confirmed=True, answered_by=models.F("by"))
            ),
        ]


class Undo(models.Model):
    """A decision was taken back before anything came of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="undo")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())


class Appeal(models.Model):
    """A supporter asks another moderator to look at a decision again; the answer is the decision on the flag it opened."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="appeal")
    flag = models.OneToOneField(Flag, on_delete=models.PROTECT, related_name="appeal")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    words = EncryptedTextField()
    at = models.DateTimeField(db_default=Now())

    @classmethod
    def behind(cls, flag: Flag) -> Appeal | None:
        """The appeal that opened this flag."""
        if not flag.is_appeal:
            return None
        return cls.objects.filter(flag=flag).select_related("case", "by", "decision__by", "decision__case").first()

    def answered(self) -> Decision | None:
        return Decision.objects.standing().filter(flag=self.flag_id).select_related("case", "by").first()


class CaseNote(models.Model):
    """What a moderator wants the next one to know. Only added; no supporter sees it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = EncryptedTextField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "id"]
