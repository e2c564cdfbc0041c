"""Whether a model may learn from what people write here, and what was given away to learn from."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

WORDING = 1  # of what people agree to, on templates/accounts/learning.html: change what it promises and this rises


@dataclass(frozen=True, slots=True)
class Agreed:
    """A supporter's consent as it is in force."""

    wording: int
    since: datetime  # what they wrote before it is not learned from


class LearningConsent(models.Model):
    """A supporter's answer to whether a model may learn from what they write here. Rows are only added; the latest counts."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="learning_consents")
    given = models.BooleanField()
    wording = models.PositiveSmallIntegerField()  # what they read when they answered
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]

    @classmethod
    def of(cls, user: Any) -> Agreed | None:
        return _last(list(cls.objects.filter(user=user)))

    @classmethod
    def in_force(cls) -> dict[uuid.UUID, Agreed]:
        """By person. A closed account is left out: nobody can withdraw for it."""
        answers: dict[uuid.UUID, list[LearningConsent]] = {}
        for row in cls.objects.filter(user__is_active=True):
            answers.setdefault(row.user_id, []).append(row)
        return {person: agreed for person, rows in answers.items() if (agreed := _last(rows)) is not None}


def _last(answers: list[LearningConsent]) -> Agreed | None:
    """What the answers, in their order, come to. Agreeing once more to a new wording goes on from the first time."""
    found: Agreed | None = None
    for answer in answers:
        found = Agreed(answer.wording, found.since if found else answer.at) if answer.given else None
    return found


class PreferenceExport(models.Model):
    """A file that people's decisions were written to, so that a model could learn from them. It holds no words and no names.

    `marks` are keyed hashes of the people and cases in it: with the vault's key file one can ask whether a given person or
    case is among them, and nobody can list who is.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField(max_length=64)  # of the file; manifests of models name it
    lines = models.PositiveIntegerField()
    filters = models.JSONField(default=dict)
    marks = models.JSONField(default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "id"]
