"""What the page of one flag is given: the text, its case, its history, and what this person may do."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from assistant import triage
from assistant.actions import changes_of
from assistant.changes import word_changes
from assistant.models import Post
from assistant.safety.types import Level
from assistant.screens.changes import word_rows
from assistant.screens.triage import helplines_for, triage_of
from moderation import alert_page, case_history, case_writing, deciders, level_rules, policies, policy
from moderation.actions.undo import may_undo
from moderation.claimed import claim_of
from moderation.duty import BE_ALERTED
from moderation.flagged import flag_row, flagged_text, marked
from moderation.forms import DANGER
from moderation.incident_page import incidents_about
from moderation.models import Appeal, Decision, Flag, Proposal
from moderation.outcome_words import choices_for, label_of, who_reads_reason

HELPLINES_FROM = Level.METHOD


def flag_page(flag: Flag, user: Any) -> dict[str, Any]:
    text, findings = flagged_text(flag)
    post = flag.subject_post
    found = list(post.findings.all())
    suggestion = flag.suggestion
    draft = suggestion.job.draft if suggestion else flag.reply.draft if flag.reply else None
    return (
        {
            "flag": flag,
            "row": flag_row(flag, user),
            "post": post,
            "post_findings": case_writing.findings_in(post.text, found),
            "post_marked": marked(post.text, found),
            "triage": triage_of(post),
            "helplines_wanted": flag.level >= HELPLINES_FROM,
            "helplines": helplines_for(post, []) if flag.level >= HELPLINES_FROM else [],
            "worries": worries_of(post),
            "said": [
                gettext(triage.REASONS[code])
                for code in flag.codes
                if code in triage.REASONS and code != triage.LEVEL_HOLD
            ],
            "is_sample": flag.is_sample,
            "author": draft.author.username if draft else "",
            "suggestion": suggestion,
            "changes": changes_of(suggestion) if suggestion else [],
            "drafts": case_writing.drafts_of(post),
            "earlier": case_writing.earlier_replies(post, flag.reply),
            "whose": case_writing.whose_words(flag.reply) if flag.reply else None,
            "text": text,
            "marked": marked(text, findings),
            "findings": case_writing.findings_in(text, findings),
            "screening": flag.subject.screening_version,
            "history": case_history.history_of(flag),
            "notes": case_history.notes_of(flag),
            "incidents": incidents_about(flag),
            "level_rules": level_rules.lines_for(flag.level, post.country),
            "policies": policies_for({finding.phase for finding in findings}),
            "appeal": appeal_part(flag),
        }
        | acts_for(flag, user, text)
        | alerts_beside(flag, user)
        | decided_part(flag, user)
    )


def alerts_beside(flag: Flag, user: Any) -> dict[str, Any]:
    """In place of those that every page shows."""
    return {"alerts": alert_page.banner(user, at=flag.id)} if user.has_perm(BE_ALERTED) else {}


def worries_of(post: Post) -> list[dict[str, Any]]:
    rows = post.worries.select_related("case", "by")
    return [{"who": row.by.username, "at": row.at, "now": row.now, "note": row.note} for row in rows]


def policies_for(phases: set[str]) -> list[dict[str, Any]]:
    met = policies.met_by(phases)
    return [
        {"code": one.code, "label": gettext(one.label), "rule": gettext(one.rule), "met": one.code in met}
        for one in policies.POLICIES
    ]


def acts_for(flag: Flag, user: Any, text: str) -> dict[str, Any]:
    """What this person may do now."""
    claimer = flag.claimer()
    others = claimer is not None and claimer.pk != user.pk
    mine = flag.is_open and policy.may_decide(user, flag)
    proposal = flag.proposal()
    return {
        "claimed_by": claimer.username if claimer else "",
        "claim": claim_of(flag, user),
        "may_decide": mine and not others and proposal is None,
        "may_answer": mine and not others and proposal is not None,
        "nobody_may": flag.is_open and deciders.nobody_may_end(flag),
        "may_escalate": mine and not flag.escalated,
        "may_note": user.has_perm(policy.DECIDE_FLAGS),
        "proposal": proposal_part(proposal, user, text) if proposal else None,
        "takes_two": flag.is_open and proposal is None and triage.handling(flag.level).two_people,
        "closings": Decision.Closing.choices if Decision.Outcome.CLOSE in policy.outcomes_for(flag) else [],
        "dangers": DANGER if flag.is_open and policy.asks_whether_danger(flag) else [],
        "outcomes": choices_for(flag, user),
        "waits_for_lead": flag.is_open and policy.waits_for_lead(flag, user),
        "reads_reason": who_reads_reason(flag),
    }


def proposal_part(proposal: Proposal, user: Any, text: str) -> dict[str, Any]:
    edited = proposal.edited_text
    return {
        "by": proposal.by.username,
        "mine": proposal.by_id == user.pk,
        "at": proposal.at,
        "what": case_history.said_in_words(proposal),
        "reason": proposal.reason,
        "words": word_rows(word_changes(text, edited)) if edited else [],
    }


def appeal_part(flag: Flag) -> dict[str, Any] | None:
    appeal = Appeal.behind(flag)
    if appeal is None:
        return None
    decision = appeal.decision
    return {
        "words": appeal.words,
        "at": appeal.at,
        "decided": case_history.said_in_words(decision),
        "reason": decision.reason,
        "name": decision.by.username,
    }


def decided_part(flag: Flag, user: Any) -> dict[str, Any]:
    """The decision that closed it, and whether this person can still take it back."""
    decision = (
        Decision.objects.standing().filter(flag=flag).select_related("case", "by", "flag", "revision__case").first()
    )
    if decision is None:
        return {"decision": None}
    decision.flag = flag
    before = decision.revision.text if decision.revision else ""
    return {
        "decision": decision,
        "decided_label": label_of(decision.outcome),
        "decided_policy": policies.label_of(decision.policy),
        "decided_words": word_rows(word_changes(before, decision.edited_text))
        if decision.edited_text and flag.reply
        else [],
        "may_undo": may_undo(decision, user),
    }
