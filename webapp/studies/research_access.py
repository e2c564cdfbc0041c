"""From an id in a researcher's address to a row of a study. What is not there, what was erased, and what they rate themselves
look alike: 404."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from assistant.access import found
from webapp.studies.models import Arm, Item, Output, Rater, Report, Study

RUN_STUDIES = "studies.run_studies"


def study_for(user: Any, study_id: uuid.UUID) -> Study:
    """For everybody who runs studies: they look over each other's shoulder. Not for who rates in it, until it is closed: the arms
    stand on its pages."""
    rows = Study.objects.filter(id=study_id, case__destroyed_at=None).exclude(id__in=rated_by(user))
    return found(rows.select_related("case", "by"))


def rated_by(user: Any) -> models.QuerySet[Rater, uuid.UUID]:
    """Ids of the studies that this person rates in, and that go on."""
    rows = Rater.objects.filter(user=user, withdrew_at=None).exclude(study__status=Study.Status.CLOSED)
    return rows.values_list("study_id", flat=True)


def arm_of(study: Study, key: str) -> Arm:
    return found(study.arms.filter(key=key))


def item_of(study: Study, item_id: uuid.UUID) -> Item:
    return found(study.items.filter(id=item_id).select_related("case"))


def output_of(study: Study, output_id: uuid.UUID) -> Output:
    return found(Output.objects.filter(id=output_id, item__study=study).select_related("case", "item", "arm"))


def rater_of(study: Study, number: int) -> Rater:
    return found(study.raters.filter(id=number).select_related("user"))


def latest_report(study: Study) -> Report | None:
    """The one that counts: the last that was finished, else the last that was asked for."""
    done = study.reports.filter(status=Report.Status.DONE).first()
    return done or study.reports.first()
