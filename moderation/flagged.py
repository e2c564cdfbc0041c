"""A flag in words: its kind and haste, why it waits, and the stretch of the text that decided."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from assistant import triage
from assistant.models import Finding
from assistant.safety.types import Severity, Tier
from assistant.translated import reason_words
from moderation.models import Flag

EXCERPT = 90  # characters on each side of what decided

# A post says how much haste there is, a text of ours whether it waits.
POST_LABELS = {
    Severity.HOLD: triage.TIER_WORDS[Tier.URGENT],
    Severity.REVIEW: triage.TIER_WORDS[Tier.REVIEW],
    Severity.NOTE: gettext_noop("Sample"),
}
SEVERITY_LABELS = {
    Severity.HOLD: gettext_noop("Held"),
    Severity.REVIEW: gettext_noop("To look at"),
    Severity.NOTE: gettext_noop("Note"),
}
KINDS = {"post": gettext_noop("Post"), "suggestion": gettext_noop("Suggestion"), "reply": gettext_noop("Reply")}


def flag_row(flag: Flag, user: Any) -> dict[str, Any]:
    text, findings = flagged_text(flag)
    claimer = flag.claimer()
    return {
        "id": flag.id,
        "severity": flag.get_severity_display(),
        "severity_label": severity_label(flag),
        "level": flag.level,
        "kind": kind_of(flag),
        "kind_label": gettext(KINDS[kind_of(flag)]),
        "reasons": reasons_of(flag, findings),
        "marked": excerpt(text, findings),
        "waited": timezone.now() - flag.opened_at,
        "opened_at": flag.opened_at,
        "claimed_by": claimer.username if claimer else "",
        "claimed_by_me": claimer is not None and claimer.pk == user.pk,
        "escalated": flag.escalated,
        "url": reverse("moderation:flag", args=[flag.id]),
    }


def severity_label(flag: Flag) -> str:
    return gettext((POST_LABELS if flag.post_id else SEVERITY_LABELS)[Severity(flag.severity)])


def kind_of(flag: Flag) -> str:
    return "post" if flag.post_id else "suggestion" if flag.suggestion_id else "reply"


def flagged_text(flag: Flag) -> tuple[str, list[Finding]]:
    subject = flag.subject
    subject.case = flag.case
    return subject.text, list(subject.findings.all())


def reasons_of(flag: Flag, findings: list[Finding]) -> list[str]:
    """One line per rule that asks for a person; what somebody or something else than a rule said comes first."""
    lines = [gettext(triage.REASONS[code]) for code in flag.codes if code in triage.REASONS]
    if flag.raised_by_id is not None and not lines:
        lines.append(gettext(triage.REASONS[triage.REPORTED]))
    lines += [reason_words(finding.reason) for finding in findings if finding.severity >= Severity.REVIEW]
    return list(dict.fromkeys(lines))


def one_of_each(findings: list[Finding]) -> list[Finding]:
    """The first finding of each code: a rule that was met three times is one reason."""
    return list({finding.code: finding for finding in reversed(findings)}.values())[::-1]


def marked(text: str, findings: list[Finding]) -> list[dict[str, Any]]:
    """The text in pieces, each marked or not: what a finding points to is marked."""
    spans = sorted((finding.start, finding.end) for finding in findings if finding.end > finding.start)
    pieces: list[dict[str, Any]] = []
    done = 0
    for first, last in spans:
        start, end = max(first, done), min(last, len(text))
        if start >= end:
            continue
        if start > done:
            pieces.append({"text": text[done:start], "mark": False})
        pieces.append({"text": text[start:end], "mark": True})
        done = end
    if done < len(text):
        pieces.append({"text": text[done:], "mark": False})
    return pieces


def excerpt(text: str, findings: list[Finding]) -> list[dict[str, Any]]:
    """The shortest stretch around what decided; the beginning when nothing points anywhere."""
    pointing = [finding for finding in findings if finding.end > finding.start]
    if not pointing:
        return [{"text": text[: 2 * EXCERPT] + ("…" if len(text) > 2 * EXCERPT else ""), "mark": False}]
    first = pointing[0]  # findings come most severe first
    start, end = max(0, first.start - EXCERPT), min(len(text), first.end + EXCERPT)
    return [
        {"text": ("…" if start else "") + text[start : first.start], "mark": False},
        {"text": text[first.start : first.end], "mark": True},
        {"text": text[first.end : end] + ("…" if end < len(text) else ""), "mark": False},
    ]
