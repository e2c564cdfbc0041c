"""A flag in words: its kind and haste, why it waits, and the stretch of the text that decided."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from assistant import triage
from assistant.models import Finding
from assistant.safety.types import Severity, Tier
from assistant.translated import reason_words
from moderation.due import clock_words, due, lasted_words
from moderation.models import Flag
from moderation.together import may_be_decided_together, outcomes_together

EXCERPT = 90  # characters on each side of what decided, less what would be half a word
LONGEST_WORD = 30  # a longer one is cut: not every language puts spaces between its words

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
        "opened_at": flag.opened_at,
        "due": due(flag),
        "claimed_by": claimer.username if claimer else "",
        "claimed_by_me": claimer is not None and claimer.pk == user.pk,
        "claimed_at": flag.claimed_at if claimer else None,
        "claimed_for": lasted_words(flag.claimed_at) if claimer and flag.claimed_at else "",
        "clock": clock_words(flag),
        "escalated": flag.escalated,
        "waits_for_second": flag.proposed_by is not None,
        "proposed_by_me": flag.proposed_by == user.pk,
        "is_urgent": flag.severity == Severity.HOLD,
        "together": ",".join(outcomes_together(flag)) if may_be_decided_together(flag) else "",
        "chosen_value": f"{flag.id}:{flag.version}",
        "state": state_of(flag, claimer),
        "url": reverse("moderation:flag", args=[flag.id]),
    }


def state_of(flag: Flag, claimer: Any) -> str:
    """Another one whenever the row would look different; time alone changes only words that the page keeps fresh itself."""
    claim = f"{claimer.pk}.{flag.claimed_at}" if claimer else ""
    return f"{flag.version}.{flag.severity}.{flag.level}.{len(flag.codes)}.{claim}"


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
    """The shortest stretch of whole words around what decided; the beginning when nothing points anywhere."""
    pointing = [finding for finding in findings if finding.end > finding.start]
    if not pointing:
        end = last_whole_word(text, 2 * EXCERPT)
        return [{"text": text[:end].rstrip() + (" …" if end < len(text) else ""), "mark": False}]
    first = pointing[0]  # findings come most severe first
    start = first_whole_word(text, first.start - EXCERPT, first.start)
    end = last_whole_word(text, first.end + EXCERPT, first.end)
    return [
        {"text": ("… " if start else "") + text[start : first.start], "mark": False},
        {"text": text[first.start : first.end], "mark": True},
        {"text": text[first.end : end].rstrip() + (" …" if end < len(text) else ""), "mark": False},
    ]


def first_whole_word(text: str, wanted: int, before: int) -> int:
    """Where the first word begins at or after `wanted`."""
    if wanted <= 0:
        return 0
    for place in range(wanted, min(before, wanted + LONGEST_WORD) + 1):
        if text[place - 1].isspace():
            return place
    return wanted


def last_whole_word(text: str, wanted: int, after: int = 0) -> int:
    """Where the last word ends at or before `wanted`."""
    if wanted >= len(text):
        return len(text)
    for place in range(wanted, max(after, wanted - LONGEST_WORD) - 1, -1):
        if text[place].isspace():
            return place
    return wanted
