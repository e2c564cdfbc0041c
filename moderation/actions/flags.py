"""Opening flags, and raising those that are open."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from assistant import triage
from assistant.models import Post, Reply, Suggestion, subject_field
from assistant.safety.types import Screening, Severity
from assistant.signals import Concern
from assistant.streaming import poke
from assistant.vault import audit
from moderation.actions import alerts
from moderation.actions.escalations import hand_over, tell_of
from moderation.models import Flag


def open_flag(
    subject: Post | Suggestion | Reply, *, screening: Screening | None, by: Any | None, concern: Concern | None = None
) -> Flag:
    """A flag for what a phase found, or for why somebody wants a look. Called inside the transaction of the text.

    A person has one open flag about one text: asking again raises that one, and never lowers it. What the second reader sees is
    added to a flag about the post that waits already.
    """
    severity, codes = severity_and_codes(subject, screening, concern)
    known = _known(subject, by=by, concern=concern)
    flag = known if known is not None else _new_flag(subject, severity=severity, codes=codes, by=by)
    more = concern is not None and concern.more
    pressing = known is not None and _raise_flag(known, severity=severity, codes=codes, more=more, by=by)
    tell = hand_over if concern is not None and concern.hand_over else tell_of
    tell(flag, by=by, reason=triage.REASONS[concern.code] if concern is not None else "", pressing=pressing)
    poke.queue_changed()
    return flag


def _known(subject: Post | Suggestion | Reply, *, by: Any | None, concern: Concern | None) -> Flag | None:
    about = Flag.objects.open().filter(**{subject_field(subject): subject})
    if by is not None:
        about = about.filter(raised_by=by)
    elif concern is None or concern.code != triage.SECOND_READER:
        return None
    flag = about.in_order().select_for_update(of=("self",), no_key=True).first()
    if flag is not None:
        alerts.lock(flag)
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


def _raise_flag(flag: Flag, *, severity: Severity, codes: list[str], more: bool, by: Any) -> bool:
    """Whether it cannot wait from now on. An older page of it is stale: who decides there has not read what was said since."""
    codes = sorted({*flag.codes, *codes})
    if severity <= flag.severity and codes == flag.codes and not more:
        return False
    pressing = flag.severity < Severity.HOLD <= severity
    raised = {"severity": max(severity, flag.severity), "codes": codes}
    Flag.objects.filter(id=flag.id).update(**raised, version=F("version") + 1)
    flag.refresh_from_db(fields=["severity", "codes", "version"])
    audit.record("flag.raised", actor=by, object_type="flag", object_id=flag.id, code=",".join(codes)[:100])
    return pressing
