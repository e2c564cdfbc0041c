"""How the texts of a case came about: replies, drafts and suggestions by revision, and whose words they are made of."""

from __future__ import annotations

from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext, gettext_noop

from assistant import history, provenance
from assistant.actions import visible_suggestions
from assistant.changes import word_changes
from assistant.models import Draft, DraftRevision, Finding, Post, Reply, Suggestion
from assistant.provenance import Whose
from assistant.screens.changes import word_rows
from assistant.translated import reason_words

MOST_STEPS = 40  # of one draft, the newest; each is compared word by word with the one before
_LONGEST_QUOTE = 90

REPLY_STATES = {
    Reply.Status.HELD: gettext_noop("waits for a moderator"),
    Reply.Status.SENT: gettext_noop("sent"),
    Reply.Status.RETURNED: gettext_noop("returned"),
    Reply.Status.WITHHELD: gettext_noop("not sent"),
    Reply.Status.TAKEN_BACK: gettext_noop("taken back"),
}
SUGGESTION_STATES = {
    Suggestion.Status.SHOWN: gettext_noop("shown"),
    Suggestion.Status.HELD: gettext_noop("held"),
    Suggestion.Status.RELEASED: gettext_noop("released"),
    Suggestion.Status.WITHHELD: gettext_noop("never shown"),
}
ORIGINS = {
    DraftRevision.Origin.TYPED: gettext_noop("Written"),
    DraftRevision.Origin.ACCEPTED: gettext_noop("A suggestion used"),
    DraftRevision.Origin.UNDONE: gettext_noop("A suggestion taken out again"),
    DraftRevision.Origin.RESTORED: gettext_noop("An earlier state brought back"),
}
WHOSE = {
    Whose.TYPED: gettext_noop("typed by the supporter"),
    Whose.PASTED: gettext_noop("pasted"),
    Whose.SUGGESTED: gettext_noop("suggested"),
    Whose.EDITED: gettext_noop("suggested and worked on"),
}


def earlier_replies(post: Post, but: Reply | None) -> list[dict[str, Any]]:
    rows = Reply.objects.filter(draft__post=post)
    others = rows.exclude(id=but.id) if but else rows
    return [
        {
            "author": row.draft.author.username,
            "at": row.created_at,
            "state": gettext(REPLY_STATES[Reply.Status(row.status)]),
            "text": row.text,
        }
        for row in others.select_related("case", "draft__author").order_by("created_at")
    ]


def drafts_of(post: Post) -> list[dict[str, Any]]:
    """Every draft that was written to this post, with its states and what was suggested for each."""
    drafts = Draft.objects.filter(post=post).select_related("author").order_by("created_at")
    return [{"id": draft.id, "author": draft.author.username, "steps": steps_of(draft)} for draft in drafts]


def steps_of(draft: Draft) -> list[dict[str, Any]]:
    """Oldest first: each state as it differs from the one before, each suggestion as it differs from its draft."""
    rows = history.revisions_of(draft)[:MOST_STEPS][::-1]
    steps = []
    before = ""
    for row in rows:
        steps.append(
            {
                "at": row.saved_at,
                "number": row.number,
                "what": gettext(history.KEPT_ASIDE)
                if row.branched
                else gettext(ORIGINS[DraftRevision.Origin(row.origin)]),
                "words": word_rows(word_changes(before, row.text)),
            }
        )
        before = before if row.branched else row.text
    return sorted([*steps, *_suggestions(draft)], key=lambda step: step["at"])


def _suggestions(draft: Draft) -> list[dict[str, Any]]:
    rows = Suggestion.objects.filter(job__draft=draft).select_related(
        "case", "job__case", "job__revision__case", "model_version"
    )
    return [
        {
            "at": row.created_at,
            "number": row.job.revision.number,
            "suggestion": True,
            "state": gettext(SUGGESTION_STATES[Suggestion.Status(row.status)]),
            "model": row.model_version.name if row.model_version else "",
            "why": row.job.asked_because,
            "words": word_rows(word_changes(row.job.original, row.text)),
            "findings": findings_in(row.text, list(row.findings.all())),
            "screening": row.screening_version,
            "prompt": row.prompt_version,
        }
        for row in rows.prefetch_related("findings").order_by("-created_at")[:MOST_STEPS]
    ]


def whose_words(reply: Reply) -> dict[str, Any]:
    """Of the words that its author sent, whatever a moderator made of them."""
    marked = reply.revision.marked
    texts = [one.text for one in visible_suggestions(reply.draft)]
    shares = provenance.shares(marked, texts)
    return {
        "ranges": [
            {"text": marked.text[start:end], "whose": str(whose), "label": gettext(WHOSE[whose])}
            for start, end, whose in provenance.ledger(marked, texts)
        ],
        "parts": [
            {"whose": str(whose), "label": gettext(WHOSE[whose]), "percent": round(100 * share)}
            for whose, share in shares.items()
            if round(100 * share)
        ],
        "disclosure": reply.disclosure,
    }


def findings_in(text: str, findings: list[Finding]) -> list[dict[str, Any]]:
    """One line for each rule, with the words it is about."""
    found: dict[str, dict[str, Any]] = {}
    for one in findings:
        row = found.setdefault(
            one.code,
            {
                "reason": reason_words(one.reason),
                "code": one.code,
                "phase": one.phase,
                "source": one.source,
                "quotes": [],
            },
        )
        if one.end > one.start:
            row["quotes"].append(Truncator(text[one.start : one.end]).chars(_LONGEST_QUOTE))
    return list(found.values())
