"""What people did in a case, oldest first."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext, gettext_noop

from assistant import triage
from assistant.models import AuditEvent
from moderation import policies
from moderation.flagged import kind_of
from moderation.models import Appeal, CaseNote, Decision, Escalation, Flag, Judgement, Proposal, TakeOver, Undo
from moderation.outcome_words import label_of

FLAGGED = {
    "post": gettext_noop("flagged the post"),
    "suggestion": gettext_noop("flagged the suggestion"),
    "reply": gettext_noop("flagged the reply"),
}
CLAIMS = {
    "flag.claimed": gettext_noop("took it"),
    "flag.claim_ended": gettext_noop("let somebody else take it"),
}
DANGER_SAID = {True: gettext_noop("somebody may be in danger"), False: gettext_noop("nobody is in danger")}
Event = dict[str, Any]


def history_of(flag: Flag) -> list[Event]:
    case = flag.case_id
    flags = list(Flag.objects.filter(case=case).select_related("case", "raised_by"))
    events = [
        *_flags(flags),
        *_claims(flags),
        *_take_overs(case),
        *_escalations(case),
        *_proposals(case),
        *_decisions(case),
        *_appeals(case),
    ]
    return sorted(events, key=lambda event: event["at"])


def notes_of(flag: Flag) -> list[Event]:
    rows = CaseNote.objects.filter(case=flag.case_id).select_related("case", "by")
    return [_event(row.at, row.by, "", row.text) for row in rows]


def _event(
    at: datetime | None, who: Any | None, what: str, why: str = "", *, handled: uuid.UUID | None = None
) -> Event:
    """`handled`: the flag about which somebody did this; None of what opened one."""
    name = who.username if who is not None else "Lantern"
    return {"at": at, "who": name, "what": what, "why": why, "handled": handled}


def _flags(flags: list[Flag]) -> Iterator[Event]:
    for flag in flags:
        if not flag.is_appeal:  # which is told with its words
            yield _event(flag.opened_at, flag.raised_by, gettext(FLAGGED[kind_of(flag)]), ", ".join(flag.codes))


def _claims(flags: list[Flag]) -> Iterator[Event]:
    """From the audit log; who renews a claim says nothing new."""
    ids = [str(flag.id) for flag in flags]
    rows = list(AuditEvent.objects.filter(object_id__in=ids, action__in=CLAIMS).order_by("seq"))
    people = {str(one.pk): one for one in get_user_model().objects.filter(pk__in={row.actor for row in rows} - {""})}
    latest: dict[str, tuple[str, str]] = {}
    for row in rows:
        if latest.get(row.object_id) != (row.actor, row.action):
            handled = uuid.UUID(row.object_id)
            yield _event(row.at, people.get(row.actor), gettext(CLAIMS[row.action]), handled=handled)
        latest[row.object_id] = (row.actor, row.action)


def _take_overs(case: uuid.UUID) -> Iterator[Event]:
    for row in TakeOver.objects.filter(case=case).select_related("case", "by", "taken_from"):
        words = gettext("took this over from %(name)s") % {"name": row.taken_from.username}
        yield _event(row.at, row.by, words, row.reason, handled=row.flag_id)


def _escalations(case: uuid.UUID) -> Iterator[Event]:
    for row in Escalation.objects.filter(case=case).select_related("case", "by", "acknowledged_by"):
        yield _event(row.at, row.by, gettext("escalated"), reason_of(row), handled=row.flag_id)
        if row.acknowledged_by is not None:
            words = gettext("took the escalation")
            yield _event(row.acknowledged_at, row.acknowledged_by, words, handled=row.flag_id)


def reason_of(escalation: Escalation) -> str:
    """As somebody wrote it; a supporter who hands over writes none, and the site's own words stand for it."""
    written = escalation.reason
    return gettext(written) if written in triage.REASONS.values() else written


def _proposals(case: uuid.UUID) -> Iterator[Event]:
    for row in Proposal.objects.filter(case=case).select_related("case", "by", "answered_by"):
        words = gettext("proposed: %(what)s") % {"what": said_in_words(row)}
        yield _event(row.at, row.by, words, row.reason, handled=row.flag_id)
        if row.answered_by is not None and not row.confirmed:
            words = gettext("refused what was proposed")
            yield _event(row.answered_at, row.answered_by, words, row.answer, handled=row.flag_id)


def _decisions(case: uuid.UUID) -> Iterator[Event]:
    for row in Decision.objects.filter(case=case).select_related("case", "by", "confirmed_by"):
        words = gettext("decided: %(what)s") % {"what": said_in_words(row)}
        if row.confirmed_by is not None:
            words = gettext("%(decided)s; %(name)s confirmed it") % {
                "decided": words,
                "name": row.confirmed_by.username,
            }
        yield _event(row.at, row.by, words, row.reason, handled=row.flag_id)
    for undone in Undo.objects.filter(case=case).select_related("by", "decision"):
        what = label_of(undone.decision.outcome).lower()
        words = gettext("undid the decision: %(what)s") % {"what": what}
        yield _event(undone.at, undone.by, words, handled=undone.decision.flag_id)


def said_in_words(row: Judgement) -> str:
    closing = f" ({row.get_closed_as_display()})" if row.closed_as else ""
    danger = f" · {gettext(DANGER_SAID[row.danger])}" if row.danger is not None else ""
    return f"{label_of(row.outcome).lower()}{closing} · {policies.label_of(row.policy)}{danger}"


def _appeals(case: uuid.UUID) -> Iterator[Event]:
    for row in Appeal.objects.filter(case=case).select_related("case", "by", "decision"):
        words = gettext("asked for another look")
        yield _event(row.at, row.by, words, row.words, handled=row.decision.flag_id)
