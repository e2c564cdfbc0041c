"""Findings become rows, and "a person must look" becomes the one signal."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from assistant.models import Finding, Post, Reply, Suggestion, subject_field
from assistant.safety.types import Screening
from assistant.signals import text_flagged
from assistant.vault import audit


@transaction.atomic
def report(subject: Post | Suggestion, *, by: Any) -> None:
    """A person says that somebody should look at this. Nothing is held by it."""
    text_flagged.send(sender=type(subject), subject=subject, screening=None, by=by)
    audit.record("reported", actor=by, object_type=subject_field(subject), object_id=subject.id)


def keep_screening(subject: Post | Suggestion | Reply, screening: Screening) -> None:
    """Store the findings and, when a person has to look, send the one signal; both in the caller's transaction."""
    field = subject_field(subject)
    Finding.objects.bulk_create(
        Finding(
            case=subject.case,
            phase=finding.phase,
            code=finding.code,
            severity=finding.severity,
            start=finding.start,
            end=finding.end,
            reason=finding.reason,
            **{field: subject},
        )
        for finding in screening.findings
    )
    if screening.flagged:
        text_flagged.send(sender=type(subject), subject=subject, screening=screening, by=None)
