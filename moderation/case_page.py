"""What the page of one flag is given: the text, its case, its history, and what this person may do."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, gettext_noop

from assistant import triage
from assistant.actions import changes_of
from assistant.models import Post, Reply, Suggestion
from assistant.screens.triage import triage_of
from assistant.translated import finding_rows
from moderation import policy
from moderation.claimed import claim_of
from moderation.flagged import flag_row, flagged_text, kind_of, marked, one_of_each
from moderation.models import Decision, Escalation, Flag

FLAGGED = {
    "post": gettext_noop("flagged the post"),
    "suggestion": gettext_noop("flagged the suggestion"),
    "reply": gettext_noop("flagged the reply"),
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
        "claim": claim_of(flag, user),
        "claimed_by": claimer.username if claimer else "",
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
        for over in other.take_overs.select_related("case", "by", "taken_from"):
            what = gettext("took this over from %(name)s") % {"name": over.taken_from.username}
            events.append({"at": over.at, "who": over.by.username, "what": what, "why": over.reason})
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
