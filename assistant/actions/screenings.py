"""Findings become rows, and "a person must look" becomes the one signal."""

from __future__ import annotations

from typing import Any

from assistant import triage
from assistant.models import Finding, Post, Reply, Suggestion, Worry, subject_field
from assistant.safety.types import Screening, Severity, Tier
from assistant.signals import Concern, text_flagged
from assistant.transactions import one_transaction
from assistant.vault import audit


@one_transaction
def report(suggestion: Suggestion, *, by: Any) -> None:
    """A person says that somebody should look at this suggestion. Nothing is held by it."""
    raise_concern(suggestion, Concern(triage.REPORTED, Severity.REVIEW), by=by)
    audit.record("reported", actor=by, object_type="suggestion", object_id=suggestion.id)


@one_transaction
def worry(post: Post, *, by: Any, note: str = "", now: bool = False) -> Worry:
    """A supporter worries about who wrote this post: a moderator looks, at once if it cannot wait. Nothing is held by it.

    The same click again changes nothing, as long as nobody has decided in between; more to say adds to the first.
    """
    post = Post.objects.select_for_update(of=("self",), no_key=True).select_related("case").get(id=post.id)
    note = note.strip()
    known = list(Worry.objects.filter(post=post, by=by).select_related("case"))
    said = [row for row in known if (not note or row.note == note) and (row.now or not now)]
    row = said[-1] if said else Worry(case=post.case, post=post, by=by, note=note, now=now)
    if not said:
        row.save(force_insert=True)
    post.raise_tier(Tier.URGENT if now else Tier.REVIEW)
    severity = Severity.HOLD if now else Severity.REVIEW
    raise_concern(post, Concern(triage.WORRIED, severity, more=not said), by=by)
    if not said:
        audit.record(
            "post.worried", actor=by, object_type="post", object_id=post.id, outcome="urgent" if now else "review"
        )
    return row


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
        text_flagged.send(sender=type(subject), subject=subject, screening=screening, concern=None, by=None)


def raise_concern(subject: Post | Suggestion | Reply, concern: Concern, *, by: Any | None) -> None:
    """Send the one signal for what no phase found; in the caller's transaction."""
    text_flagged.send(sender=type(subject), subject=subject, screening=None, concern=concern, by=by)
