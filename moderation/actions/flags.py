"""Opening flags, and raising those that are open."""

from __future__ import annotations

from typing import Any

from assistant import triage
from assistant.models import Post, Reply, Suggestion, subject_field
from assistant.safety.types import Screening, Severity
from assistant.signals import Concern
from assistant.streaming import poke
from assistant.vault import audit
from moderation.actions import alerts
from moderation.actions.escalations import hand_over
from moderation.models import Flag


def open_flag(
    subject: Post | Suggestion | Reply, *, screening: Screening | None, by: Any | None, concern: Concern | None = None
) -> Flag:
    """A flag for what a phase found, or for why somebody wants a look. Called inside the transaction of the text.

    A person has one open flag about one text: asking again raises that one, and never lowers it. What the second reader sees is
    added to a flag about the post that waits already.
    """
    severity, codes = severity_and_codes(subject, screening, concern)
    about = Flag.objects.open().filter(**{subject_field(subject): subject})
    known = None
    if by is not None:
        known = about.filter(raised_by=by).first()
    elif concern is not None and concern.code == triage.SECOND_READER:
        known = about.in_order().first()
    flag = known if known is not None else _new_flag(subject, severity=severity, codes=codes, by=by)
    if known is not None:
        _raise_flag(known, severity=severity, codes=codes, by=by)
    if concern is not None and concern.hand_over:
        hand_over(flag, by=by, reason=triage.REASONS[concern.code])
    else:
        alerts.alert_of_flag(flag)
    poke.queue_changed()
    return flag


def severity_and_codes(
    subject: Post | Suggestion | Reply, screening: Screening | None, concern: Concern | None
) -> tuple[Severity, list[str]]:
    if concern is not None:
        return concern.severity, [concern.code]
    findings = screening.findings if screening is not None else ()
    codes = sorted({finding.code for finding in findings if finding.severity >= Severity.REVIEW})
    severity = (screening.severity if screening is not None else None) or Severity.REVIEW
    if isinstance(subject, Post) and subject.status == Post.Status.HELD:
        severity = Severity.HOLD  # by its level, or handed over: it waits for a person whatever the findings asked for
    return severity, codes


def _new_flag(subject: Post | Suggestion | Reply, *, severity: Severity, codes: list[str], by: Any | None) -> Flag:
    flag = Flag(case=subject.case, severity=severity, codes=codes, raised_by=by, **{subject_field(subject): subject})
    flag.level, flag.language = flag.subject_post.level, flag.subject_post.language
    flag.save(force_insert=True)
    audit.record("flag.opened", actor=by, object_type="flag", object_id=flag.id, code=",".join(codes)[:100])
    return flag


def _raise_flag(flag: Flag, *, severity: Severity, codes: list[str], by: Any) -> None:
    codes = sorted({*flag.codes, *codes})
    if severity <= flag.severity and codes == flag.codes:
        return
    flag.severity, flag.codes = max(severity, flag.severity), codes
    # An older page of it is not stale: it asks for more haste, and the text is the same.
    flag.save(update_fields=["severity", "codes"])
    audit.record("flag.raised", actor=by, object_type="flag", object_id=flag.id, code=",".join(codes)[:100])
