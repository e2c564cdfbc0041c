"""From an id in a researcher's address to a row of a study. What is not there and what was erased look alike: 404."""

from __future__ import annotations

import uuid

from assistant.access import found
from webapp.studies.models import Arm, Item, Output, Rater, Report, Study

RUN_STUDIES = "studies.run_studies"


def study_for(study_id: uuid.UUID) -> Study:
    """For everybody who runs studies: they look over each other's shoulder."""
    return found(Study.objects.filter(id=study_id, case__destroyed_at=None).select_related("case", "by"))


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
