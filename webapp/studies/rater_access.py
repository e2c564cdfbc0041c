"""From an id in a rater's address to a row of theirs. Somebody else's, one of a study that is not open yet or was erased, and one
that never was look alike: 404."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from assistant.access import found
from webapp.studies.models import Assignment, Comment, Rater, Study

RATE_REPLIES = "studies.rate_replies"


def raters_of(user: Any) -> models.QuerySet[Rater]:
    """As what this person takes part in studies, the newest first."""
    rows = Rater.objects.filter(user=user, study__case__destroyed_at=None).exclude(study__status=Study.Status.PLANNED)
    return rows.select_related("study").order_by("-study__opened_at", "-id")


def rater_for(user: Any, study_id: uuid.UUID) -> Rater:
    return found(raters_of(user).filter(study_id=study_id))


def assignment_for(user: Any, assignment_id: uuid.UUID) -> Assignment:
    rows = Assignment.objects.filter(id=assignment_id, rater__in=raters_of(user).filter(withdrew_at=None))
    return found(rows.select_related("rater__study", "output__item__case", "output__case", "other__case", "rating"))


def comment_of(assignment: Assignment, comment_id: uuid.UUID) -> Comment:
    """Of an assignment that was loaded for this person."""
    return found(assignment.comments.filter(id=comment_id))
