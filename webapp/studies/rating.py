"""What raters do: agree, answer, skip, comment, withdraw. The audit log says that somebody agreed or withdrew, and nothing of
what they rated."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.vault import audit
from webapp.studies.assigning import assign
from webapp.studies.models import Assignment, Comment, Item, Output, Rater, Rating, Study

PAUSE_AFTER = 10  # texts
MOST_COMMENTS = 20  # of one text, or pair
CLOSED = "closed"  # the code of what is refused because the study is not open


def wording_of(study: Study) -> str:
    """The hash of what raters agree to, so that it can be shown later which wording it was."""
    return hashlib.sha256(study.consent.encode()).hexdigest()


# Taking part


@transaction.atomic
def agree(rater: Rater, *, wording: str, may_train: bool, by: Any) -> None:
    """The second click changes nothing."""
    study = _open_study(rater)
    if wording != wording_of(study):
        raise Refused("wording", gettext("The wording has changed since you opened this page. Read it again, please."))
    agreed = Rater.objects.filter(id=rater.id, consented_at=None, withdrew_at=None)
    if agreed.update(
        consented_at=timezone.now(), consent_sha256=wording, may_train=may_train and study.pairs_for_training
    ):
        audit.record("study.consented", actor=by, object_type="study", object_id=study.id, code=wording[:12])


@transaction.atomic
def let_models_learn(rater: Rater, *, may_train: bool, by: Any) -> None:
    """Say yes later, or take it back; also after the study was closed."""
    changed = Rater.objects.filter(id=rater.id, withdrew_at=None, may_train=not may_train)
    if changed.exclude(consented_at=None).filter(study__pairs_for_training=True).update(may_train=may_train):
        code = "yes" if may_train else "no"
        audit.record("study.training_answered", actor=by, object_type="study", object_id=rater.study_id, code=code)


@transaction.atomic
def withdraw(rater: Rater, *, by: Any) -> None:
    """Delete what they rated and commented, and give their texts to others. The second click changes nothing."""
    left = Rater.objects.filter(id=rater.id, withdrew_at=None)
    if not left.update(withdrew_at=timezone.now(), may_train=False, credentials="", trained_at=None):
        return
    Assignment.objects.filter(rater=rater).delete()
    audit.record("study.withdrew", actor=by, object_type="study", object_id=rater.study_id)
    study = Study.objects.get(id=rater.study_id)
    if study.status in (Study.Status.OPEN, Study.Status.PAUSED):
        assign(study)


# One text after the other


def next_of(rater: Rater) -> Assignment | None:
    return rater.assignments.filter(done_at=None).first()


def may_be_opened(assignment: Assignment) -> bool:
    """What was done, and the next one: nobody reads ahead."""
    if assignment.rater.consented_at is None or assignment.rater.study.status != Study.Status.OPEN:
        return False
    return assignment.done_at is not None or next_of(assignment.rater) == assignment


def note_shown(assignment: Assignment) -> None:
    Assignment.objects.filter(id=assignment.id, shown_at=None).update(shown_at=timezone.now())


def stand_of(assignment: Assignment) -> str:
    """Which answer stands there now: what a page was made from, so that a stale one is recognised. "" before the first."""
    rating = getattr(assignment, "rating", None)
    at = rating.changed_at if rating is not None else assignment.done_at
    return at.isoformat() if at is not None else ""


@transaction.atomic
def answer(assignment: Assignment, said: Mapping[str, Any], *, seen: str, seconds: float | None) -> bool:
    """Keep the values, or which of two is preferred and why. Returns whether it is the first answer to this text.

    `seconds`: how long the page was in front of them, by their browser; None where it does not say.
    """
    row = _to_change(assignment)
    if stand_of(row) != seen:
        if _is_said_already(row, said):
            return False  # the second click
        raise _changed_elsewhere()
    now, is_first = timezone.now(), row.done_at is None
    rating, _made = Rating.objects.update_or_create(assignment=row, defaults={**said, "changed_at": now})
    row.seconds = _bounded(row, seconds, now)
    row.done_at, row.skipped = row.done_at or now, ""
    row.passed = None if row.output.item.role == Item.Role.RATED else is_as_expected(row, rating)
    row.save(update_fields=["seconds", "done_at", "skipped", "passed"])
    _end_training(row.rater, now)
    return is_first


@transaction.atomic
def skip(assignment: Assignment, *, reason: str, seen: str) -> None:
    """Without any penalty; the answer that stood there, if any, is gone."""
    row = _to_change(assignment)
    if stand_of(row) != seen:
        if row.skipped == reason:
            return  # the second click
        raise _changed_elsewhere()
    now = timezone.now()
    Rating.objects.filter(assignment=row).delete()
    row.done_at, row.skipped, row.passed, row.seconds = now, reason, None, None
    row.save(update_fields=["done_at", "skipped", "passed", "seconds"])
    _end_training(row.rater, now)


@transaction.atomic
def comment(assignment: Assignment, output: Output, *, start: int, end: int, dimension: str, note: str) -> None:
    """The second click changes nothing."""
    row = _to_change(assignment)
    there = list(row.comments.select_related("case"))
    place = (output.id, start, end, dimension, note)
    if place in [(one.output_id, one.start, one.end, one.dimension, one.text) for one in there]:
        return
    if len(there) >= MOST_COMMENTS:
        said = gettext("There are %(most)s comments on this text already. Delete one to add another.")
        raise Refused("too_many", said % {"most": MOST_COMMENTS})
    made = Comment(case=output.case, assignment=row, output=output, start=start, end=end, dimension=dimension)
    made.text = note
    made.save(force_insert=True)


@transaction.atomic
def delete_comment(assignment: Assignment, row: Comment) -> None:
    _to_change(assignment)
    row.delete()


def is_as_expected(assignment: Assignment, rating: Rating) -> bool:
    """Of training and attention items: every dimension that counts lies in its range, or the right one is preferred."""
    expected = assignment.output.item.expected
    if assignment.other is not None:
        chosen = rating.preferred.arm.key if rating.preferred is not None else ""
        return bool(chosen == expected.get("preferred", ""))
    asked = {name: between for name, between in expected.items() if name in rating.values}
    return all(low <= rating.values[name] <= high for name, (low, high) in asked.items())


def is_heavy(assignment: Assignment) -> bool:
    return bool(assignment.output.item.level >= settings.CARE_HEAVY_LEVEL)


def is_pause_due(assignment: Assignment) -> bool:
    """Behind a heavy text, and behind every ten; looked up for the rater alone, and stored nowhere."""
    done = assignment.rater.assignments.exclude(done_at=None).exclude(output__item__role=Item.Role.TRAINING).count()
    return is_heavy(assignment) or (done > 0 and done % PAUSE_AFTER == 0)


def _open_study(rater: Rater) -> Study:
    study = Study.objects.get(id=rater.study_id)
    if study.status != Study.Status.OPEN:
        raise Refused(CLOSED, gettext("This study takes no answers at the moment. Nothing was changed."))
    return study


def _to_change(assignment: Assignment) -> Assignment:
    """The row as it is now, for this transaction alone."""
    _open_study(assignment.rater)
    rows = Assignment.objects.select_for_update(of=("self",)).select_related("rater", "output__item", "other", "rating")
    row = rows.filter(id=assignment.id, rater__withdrew_at=None).exclude(rater__consented_at=None).first()
    if row is None:  # they withdrew in another window
        raise Refused(CLOSED, gettext("This text is not yours to rate any more. Nothing was changed."))
    return row


def _is_said_already(row: Assignment, said: Mapping[str, Any]) -> bool:
    rating = getattr(row, "rating", None)
    return rating is not None and all(getattr(rating, name) == value for name, value in said.items())


def _changed_elsewhere() -> Refused:
    said = gettext(
        "You answered this in another window meanwhile. What you chose here stands below and is not kept yet."
    )
    return Refused("newer", said)


def _bounded(row: Assignment, seconds: float | None, now: datetime) -> float:
    """A browser may be wrong about the time, but nothing took longer than since the server showed it."""
    elapsed = (now - row.shown_at).total_seconds() if row.shown_at is not None else 0.0
    told = elapsed if seconds is None and row.seconds is None else (row.seconds or 0.0) + (seconds or 0.0)
    return min(told, elapsed)


def _end_training(rater: Rater, now: datetime) -> None:
    left = rater.assignments.filter(output__item__role=Item.Role.TRAINING, done_at=None)
    if rater.trained_at is None and not left.exists():
        Rater.objects.filter(id=rater.id, trained_at=None).update(trained_at=now)
