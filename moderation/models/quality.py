"""Golden items, and the reviews that show how far moderators agree. Nothing here sends or holds a text."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from assistant.models import CaseKey
from assistant.safety.types import Level
from assistant.vault.fields import EncryptedTextField
from moderation.models.flags import Decision

OFFERED_FOR = timedelta(days=14)
HIGHEST_LEVEL = Level.ACTIVE  # above it nothing is mixed in, and nothing is shown twice


def judged(outcome: str, closed_as: str) -> str:
    """What two people are compared by: of a closed flag, what came of it, too."""
    return f"{outcome} {closed_as}".strip()


class GoldenItem(models.Model):
    """A text with the outcome that leads agreed on: a decided flag, or an invented text with a case of its own."""

    class Kind(models.TextChoices):
        POST = "post"
        REPLY = "reply"
        FLAG = "flag"  # the text of a decided flag

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    decision = models.OneToOneField(Decision, null=True, on_delete=models.PROTECT, related_name="golden")
    text = EncryptedTextField(default="")  # empty for a decided flag, whose own text is shown
    post_text = EncryptedTextField(default="")  # what an invented reply answers
    explanation = EncryptedTextField()
    language = models.CharField(max_length=35, default="en")
    level = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=10)  # of Decision.Outcome, or "escalate"
    closed_as = models.CharField(max_length=10, blank=True)  # where the outcome is to close it
    policy = models.CharField(max_length=20)  # of moderation.policies
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [("view_quality", "Can see how far people and checks agree, and keep golden items")]
        constraints = [
            models.CheckConstraint(
                name="golden_item_is_a_flag_or_invented",
                condition=Q(kind="flag", decision__isnull=False) | (~Q(kind="flag") & Q(decision=None)),
            ),
            models.CheckConstraint(name="golden_item_is_not_urgent", condition=Q(level__lte=HIGHEST_LEVEL.value)),
        ]


class ReviewQuerySet(models.QuerySet["Review"]):
    def decided(self) -> Self:
        return self.exclude(decided_at=None)

    def for_person(self, user: Any) -> Self:
        """Meant for them, or a second look that is not at what they decided, confirmed or wrote themselves."""
        decided = Q(decision__by=user) | Q(decision__confirmed_by=user)
        own = decided | Q(decision__flag__reply__draft__author=user)
        return self.filter(Q(meant_for=user) | (Q(kind=Review.Kind.SECOND) & ~own), case__destroyed_at=None)

    def waiting_for(self, user: Any) -> Self:
        """What this person may be shown now: open, not too old, and nobody else has it."""
        free = Q(by=None) | Q(by=user)
        rows = self.for_person(user).filter(free, decided_at=None, offered_at__gte=timezone.now() - OFFERED_FOR)
        return rows.filter(decision__undo=None, item__decision__undo=None)

    def with_subjects(self) -> Self:
        decisions = ("decision", "item__decision")
        texts = ("case", "post", "suggestion__job__revision", "suggestion__job__draft__post")
        replies = ("reply__draft__post", "reply__revision", "raised_by")
        flags = (f"{decision}__flag__{path}" for decision in decisions for path in (*texts, *replies))
        return self.select_related("case", "item__case", "item__by", *flags)


class Review(models.Model):
    """One look at a golden item or, a second time, at a decided flag. What is decided here changes nothing else."""

    class Kind(models.TextChoices):
        GOLDEN = "golden"
        SECOND = "second"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    decision = models.OneToOneField(Decision, null=True, on_delete=models.PROTECT, related_name="second_review")
    item = models.ForeignKey(GoldenItem, null=True, on_delete=models.PROTECT, related_name="reviews")
    meant_for = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    offered_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True)
    passed_by = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    outcome = models.CharField(max_length=10, blank=True)
    closed_as = models.CharField(max_length=10, blank=True)
    policy = models.CharField(max_length=20, blank=True)  # of moderation.policies; none where it was to be escalated
    reason = EncryptedTextField(default="")
    same = models.BooleanField(null=True)  # as the right outcome, or as the first decision
    decided_at = models.DateTimeField(null=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["decided_at", "offered_at"])]
        constraints = [
            models.CheckConstraint(
                name="review_is_of_an_item_or_a_flag",
                condition=(
                    Q(kind="golden", item__isnull=False, decision=None, meant_for__isnull=False)
                    | Q(kind="second", item=None, decision__isnull=False)
                ),
            ),
            models.UniqueConstraint(fields=["item", "meant_for"], name="a_golden_item_is_shown_once_to_each"),
        ]

    @property
    def first(self) -> Decision | None:
        """The decision behind it; None for an invented text."""
        return self.decision or (self.item.decision if self.item is not None else None)

    @property
    def judged(self) -> str:
        return judged(self.outcome, self.closed_as)

    @property
    def expected(self) -> str:
        """What was decided first, or what is right."""
        right = self.item or self.decision
        assert right is not None
        return judged(right.outcome, right.closed_as)

    def is_for(self, user: Any) -> bool:
        """Whether this person may still decide it."""
        return self.decided_at is None and self.by_id in (None, user.pk)

    def take(self, user: Any) -> bool:
        """Once more is no change. The rows are named by a query of their own: an update takes no joins."""
        waiting = Review.objects.waiting_for(user).filter(id=self.id)
        since = Coalesce("claimed_at", Now())
        return (
            Review.objects.filter(id__in=waiting.values("id"), decided_at=None).update(by=user, claimed_at=since) == 1
        )

    def let_go(self, user: Any) -> bool:
        """False when this person did not have it."""
        mine = Review.objects.filter(id=self.id, by=user, decided_at=None)
        return mine.update(by=None, claimed_at=None) == 1
