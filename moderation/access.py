"""The only door from an id in a URL to a row."""

from __future__ import annotations

import uuid
from typing import Any, TypeVar

from django.db import models
from django.http import Http404

from moderation.models import Alert, Escalation, Flag, Shift

Row = TypeVar("Row", bound=models.Model)


def flag_for(user: Any, flag_id: uuid.UUID) -> Flag:
    """A flag that this person may see; escalated ones only for those who may decide them."""
    flag = Flag.objects.for_person(user).with_subjects().filter(id=flag_id, case__destroyed_at=None).first()
    if flag is None:
        raise Http404
    return flag


def hand_over_for(escalation_id: uuid.UUID) -> Escalation:
    """For those who may decide what was escalated: every one of a case that was not erased."""
    return _found(Escalation.objects.with_flags().filter(id=escalation_id, case__destroyed_at=None))


def alert_for(alert_id: uuid.UUID) -> Alert:
    """Its row says nothing of any case; what it leads to has a door of its own."""
    return _found(Alert.objects.select_related("flag").filter(id=alert_id))


def shift_for(shift_id: uuid.UUID) -> Shift:
    return _found(Shift.objects.filter(id=shift_id))


def _found(rows: models.QuerySet[Row]) -> Row:
    row = rows.first()
    if row is None:
        raise Http404
    return row
