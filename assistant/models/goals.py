"""What a supporter may ask a revision to aim for, and every wording in which a model was told of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import models
from django.db.models.functions import Now

from assistant.adherence import Measure
from assistant.inference.aims import Aim

LONGEST_LABEL = 40  # characters: it stands on a button
LONGEST_TOLD = 300


class WritingGoal(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=LONGEST_LABEL + 5, unique=True)  # for good: jobs and trained models name it
    label = models.CharField(max_length=LONGEST_LABEL)
    measure = models.CharField(  # what shows whether a revision does it; empty: only what people decide
        max_length=10, blank=True, choices=[(measure.value, measure.value) for measure in Measure]
    )
    place = models.PositiveSmallIntegerField()
    offered = models.BooleanField(default=True)  # unless the active model cannot be told of it

    class Meta:
        ordering = ["place", "id"]
        permissions = [("manage_goals", "Can add, word, order and switch off goals")]

    @property
    def wording(self) -> GoalWording:
        """The one that counts; `prefetch_related("wordings")` spares the query."""
        return list(self.wordings.all())[-1]


class GoalWording(models.Model):
    """What a model is told of a goal. Never changed again, so that what was measured belongs to these words; the last counts."""

    goal = models.ForeignKey(WritingGoal, on_delete=models.PROTECT, related_name="wordings")
    version = models.PositiveSmallIntegerField()
    told = models.CharField(max_length=LONGEST_TOLD)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["version"]
        constraints = [models.UniqueConstraint(fields=["goal", "version"], name="goal_wordings_are_numbered")]

    @property
    def aim(self) -> Aim:
        return Aim(self.goal.code, self.told)

    @classmethod
    def aims_of(cls, chosen: Sequence[tuple[str, int]]) -> list[Aim]:
        """`chosen`: [code, version] of each, as a job keeps them."""
        if not chosen:
            return []
        rows = cls.objects.filter(goal__code__in=[code for code, _ in chosen]).select_related("goal")
        known = {(row.goal.code, row.version): row.aim for row in rows}
        return [known[code, version] for code, version in chosen if (code, version) in known]
