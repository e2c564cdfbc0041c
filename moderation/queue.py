"""What the queue and the page of one flag are given: plain values, decided here so that templates decide nothing."""

from __future__ import annotations

from math import ceil
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from assistant import triage
from assistant.actions import changes_of
from assistant.models import Finding, Post, Reply, Suggestion
from assistant.safety.types import Severity, Tier
from assistant.screens import triage_of
from assistant.translated import finding_rows, reason_words
from moderation import policy, sample
from moderation.models import Decision, Escalation, Flag

EXCERPT = 90  # characters on each side of what decided
PAGE = 50

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
FLAGGED = {
    "post": gettext_noop("flagged the post"),
    "suggestion": gettext_noop("flagged the suggestion"),
    "reply": gettext_noop("flagged the reply"),
}
FILTERS = {
    "": (gettext_noop("All open"), Q()),
    "posts": (gettext_noop("Posts"), Q(post__isnull=False)),
    "replies": (gettext_noop("Replies held"), Q(reply__isnull=False)),
    "suggestions": (gettext_noop("Suggestions"), Q(suggestion__isnull=False)),
    "reported": (gettext_noop("Reported by people"), Q(raised_by__isnull=False)),
    "samples": (gettext_noop("Samples"), Q(post__isnull=False, severity=Severity.NOTE)),
}
OUTCOME_LABELS = {
    Decision.Outcome.APPROVE: gettext_noop("Approve"),
    Decision.Outcome.EDIT: gettext_noop("Edit and approve"),
    Decision.Outcome.RETURN: gettext_noop("Return with note"),
    Decision.Outcome.REJECT: gettext_noop("Reject"),
}
# What an outcome does, in words, for the kind of text and whether it is held.
OUTCOME_EFFECTS: dict[tuple[type, bool, str], str] = {
    (Post, True, "approve"): gettext_noop("Supporters may answer this post."),
    (Post, True, "reject"): gettext_noop("Supporters are not asked to answer; the service takes it from here."),
    (Post, False, "approve"): gettext_noop("Supporters go on answering this post; the flag is closed."),
    (Post, False, "reject"): gettext_noop("Supporters are no longer asked to answer; the service takes it from here."),
    (Suggestion, True, "approve"): gettext_noop("The supporter sees the suggestion as it is."),
    (Suggestion, True, "edit"): gettext_noop("The supporter sees your version."),
    (Suggestion, True, "reject"): gettext_noop("The supporter never sees it."),
    (Suggestion, False, "approve"): gettext_noop("It stays as it is; the flag is closed."),
    (Suggestion, False, "reject"): gettext_noop("The supporter no longer sees it."),
    (Reply, True, "approve"): gettext_noop("The reply is sent as it is."),
    (Reply, True, "edit"): gettext_noop("Your version is sent; the supporter sees what changed and why."),
    (Reply, True, "return"): gettext_noop("The supporter gets it back with your note and writes on."),
    (Reply, True, "reject"): gettext_noop("The reply is not sent; the post goes to somebody else."),
    (Reply, False, "approve"): gettext_noop("It was sent already; the flag is closed with your reason."),
}


def queue_page(user: Any, chosen: str) -> dict[str, Any]:
    chosen = chosen if chosen in FILTERS else ""
    flags = Flag.objects.open().for_person(user)
    counts = flags.aggregate(
        **{f"n_{name or 'all'}": Count("id", filter=where) for name, (_, where) in FILTERS.items()}
    )
    rows = flags.filter(FILTERS[chosen][1]).with_subjects().in_order()[:PAGE]
    return {
        "flags": [flag_row(flag, user) for flag in rows],
        "chosen": chosen,
        "filters": [
            {
                "name": name,
                "label": gettext(label),
                "count": counts[f"n_{name or 'all'}"],
                "current": name == chosen,
                "url": reverse("moderation:queue") + (f"?show={name}" if name else ""),
            }
            for name, (label, _) in FILTERS.items()
        ],
        "total": counts["n_all"],
        "more": max(0, counts[f"n_{chosen or 'all'}"] - PAGE),
        "not_a_diagnosis": gettext(triage.NOT_A_DIAGNOSIS),
        "sample": sample_words() if user.has_perm(policy.DECIDE_ESCALATED) else None,
    }


def sample_words() -> dict[str, Any]:
    """What the sample of unflagged posts tells a lead: this week, and since the start."""
    return {
        "week": share_words(sample.last_week()),
        "all": share_words(sample.since_the_start()),
        "waiting": sample.waiting(),
    }


def share_words(estimate: sample.Estimate) -> dict[str, Any]:
    return {"read": estimate.read, "missed": estimate.missed, "at_most": ceil(100 * estimate.at_most)}


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


def flag_page(flag: Flag, user: Any) -> dict[str, Any]:
    text, findings = flagged_text(flag)
    post = flag.subject_post
    claimer = flag.claimer()
    suggestion = flag.suggestion
    draft = suggestion.job.draft if suggestion else flag.reply.draft if flag.reply else None
    decision = Decision.objects.filter(flag=flag).select_related("case", "by").first()
    return {
        "flag": flag,
        "row": flag_row(flag, user),
        "post": post,
        "post_findings": finding_rows(post.findings.all()),
        "triage": triage_of(post),
        "worries": [
            {"who": worry.by.username, "at": worry.at, "now": worry.now, "note": worry.note}
            for worry in post.worries.select_related("case", "by")
        ],
        "said": [
            gettext(triage.REASONS[code]) for code in flag.codes if code in triage.REASONS and code != triage.LEVEL_HOLD
        ],
        "is_sample": flag.is_sample,
        "revision": flag.revision_seen,
        "draft": draft,
        "author": draft.author.username if draft else "",
        "suggestion": suggestion,
        "changes": changes_of(suggestion) if suggestion else [],
        "reply": flag.reply,
        "text": text,
        "marked": marked(text, findings),
        "findings": finding_rows(one_of_each(findings)),
        "model_percent": round(100 * flag.reply.model_share) if flag.reply else None,
        "history": history_of(flag),
        "decision": decision,
        "claimed_by": claimer.username if claimer else "",
        "claimed_by_me": claimer is not None and claimer.pk == user.pk,
        "may_claim": flag.is_open and policy.may_decide(user, flag) and (claimer is None or claimer.pk == user.pk),
        "may_decide": flag.is_open and policy.may_decide(user, flag) and (claimer is None or claimer.pk == user.pk),
        "may_escalate": flag.is_open and not flag.escalated and policy.may_decide(user, flag),
        "outcomes": [
            {
                "value": str(outcome),
                "label": gettext(OUTCOME_LABELS[outcome]),
                "effect": gettext(OUTCOME_EFFECTS[type(flag.subject), policy.is_held(flag), str(outcome)]),
            }
            for outcome in policy.outcomes_for(flag)
        ],
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


def reason_of(escalation: Escalation) -> str:
    """As somebody wrote it; a supporter who hands over writes none, and the site's own words stand for it."""
    written = escalation.reason
    return gettext(written) if written in triage.REASONS.values() else written


def history_of(flag: Flag) -> list[dict[str, Any]]:
    """What people did in this case, oldest first."""
    events: list[dict[str, Any]] = []
    for other in Flag.objects.filter(case=flag.case).select_related("case", "raised_by"):
        events.append(
            {
                "at": other.opened_at,
                "who": other.raised_by.username if other.raised_by else "Lantern",
                "what": gettext(FLAGGED[kind_of(other)]),
                "why": ", ".join(other.codes),
            }
        )
        for escalation in other.escalations.select_related("case", "by", "acknowledged_by"):
            events.append(
                {
                    "at": escalation.at,
                    "who": escalation.by.username,
                    "what": gettext("escalated"),
                    "why": reason_of(escalation),
                }
            )
            if escalation.acknowledged_by is not None:
                events.append(
                    {
                        "at": escalation.acknowledged_at,
                        "who": escalation.acknowledged_by.username,
                        "what": gettext("took the escalation"),
                        "why": "",
                    }
                )
    for decision in Decision.objects.filter(case=flag.case).select_related("case", "by"):
        events.append(
            {
                "at": decision.at,
                "who": decision.by.username,
                "what": gettext(OUTCOME_LABELS[Decision.Outcome(decision.outcome)]).lower(),
                "why": decision.reason,
            }
        )
    return sorted(events, key=lambda event: event["at"])
