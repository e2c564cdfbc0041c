"""Replays: what other rules would have said about decided cases. Ids, codes and counts; no words."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from moderation.models.flags import Decision


class Replay(models.Model):
    """One run over the last decided cases. Its cases are chosen when it begins, so that it can be gone on with."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    change = (
        models.JSONField()
    )  # what was tried instead, see moderation.replay.Change; a path, a hash, a name, a number
    against = models.CharField(max_length=10)  # "live", or "stored": what was found when the text came
    minutes = models.FloatField(null=True)  # median of a decision at that time; null where too few were timed
    sampled_share = models.FloatField()  # of unflagged posts, at that time
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at", "id"]


class ReplayCase(models.Model):
    """One decided flag in a replay: what becomes of its text by the rules of now, and by the others."""

    class Fate(models.TextChoices):
        PASS = "pass"  # noqa: S105 no password: it goes where it was going
        LOOK = "look"  # flagged, and not kept back
        HOLD = "hold"

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        SKIPPED = "skipped"  # erased meanwhile, or without a suggestion to make again

    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="cases")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    before = models.CharField(max_length=10, choices=Fate.choices, blank=True)
    after = models.CharField(max_length=10, choices=Fate.choices, blank=True)
    level_before = models.PositiveSmallIntegerField(default=0)  # of a post
    level_after = models.PositiveSmallIntegerField(default=0)
    gone = models.JSONField(default=list)  # codes that were found before and are not after
    come = models.JSONField(default=list)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["replay", "decision"], name="one_replay_case_per_decision")]
