"""The page on which a reply is written."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext

from assistant import actions, meters, triage
from assistant.access import USE_GENERATE
from assistant.changes import sentences_in
from assistant.forms import CountryForm
from assistant.growth import HelpLevel
from assistant.inference.types import Mode
from assistant.locked import locked_now
from assistant.models import Draft, DraftRevision, HelpChoice, Suggestion, SuggestionJob
from assistant.safety import helplines
from assistant.screens.drafts import DRAFT_STATES, returned_note
from assistant.screens.jobs import live_job
from assistant.screens.suggestions import versions_of
from assistant.screens.triage import helplines_for, triage_of
from assistant.screens.whose import used_unread, whose_words
from assistant.screens.worry import worry_part
from assistant.translated import finding_rows
from assistant.worker_state import help_state

log = logging.getLogger("lantern.screens")


def writing_page(draft: Draft, user: Any) -> dict[str, Any]:
    post, head = draft.post, draft.head()
    text = head.text if head else ""
    job = draft.jobs.select_related("case", "revision__case").order_by("-queued_at").first()
    findings = list(post.findings.all())
    handling = triage.handling(post.level)
    shown_help = help_state()
    suggested = actions.visible_suggestions(draft)
    available = shown_help.available and not post.human_only
    return (
        {
            "post": post,
            "triage": triage_of(post),
            "handling": handling,
            "findings": finding_rows({finding.code: finding for finding in findings}.values()),  # each reason once
            "helplines": helplines_for(post, findings),
            "country_unknown": not post.country,
            "country_form": CountryForm(),
            "country_without_lines": bool(post.country) and not helplines.for_country(post.country),
            "draft": draft,
            "open": draft.is_open,
            "status_label": gettext(DRAFT_STATES[Draft.Status(draft.status)]),
            "revision": {"number": head.number, "text": text, "saved_at": head.saved_at} if head else None,
            "note": returned_note(draft),
            "help": {
                "available": available,
                "reason": gettext("The person who wrote this asked for human words only.")
                if post.human_only
                else shown_help.reason,
            },
            "may_generate": user.has_perm(USE_GENERATE)
            and handling.may_generate
            and not post.human_only
            and not post.unscreened
            and help_state(Mode.GENERATE).available,
            "no_drafting": user.has_perm(USE_GENERATE) and not handling.may_generate,
            "too_short": not actions.enough_to_ask(text),
            "on_request": HelpChoice.of(user).shown is HelpLevel.REQUEST,
            "goals": goals_for(job) if available else [],
            "sentences": sentences_of(text, locked=job.locked_sentences if job is not None else ()),
            "job": live_job(job),
            "whose": whose_words(head, suggested),
            "unsendable": actions.why_unsendable(draft, by=user),
            "used_unread": used_unread(suggested),
            "meters": meters_of(draft, text),
            "client_key": uuid.uuid4(),  # for a page without our script: one page is one request for help
        }
        | versions_of(job if job is not None and not job.is_live else None, head)
        | worry_part(draft, user)
    )


def goals_for(job: SuggestionJob | None) -> list[dict[str, Any]]:
    """What a revision may aim for, as chosen the last time; none where the active model can be told of none."""
    chosen = {code for code, _version in job.goals} if job is not None else set()
    return [
        {"value": goal.code, "label": gettext(goal.label), "chosen": goal.code in chosen}
        for goal in actions.offered_goals()
    ]


def sentences_of(text: str, *, locked: Collection[str]) -> list[dict[str, Any]]:
    """Each sentence once, and whether it stays as it is."""
    own, kept = dict.fromkeys(sentences_in(text)), locked_now(text, locked)
    return [{"text": sentence, "locked": sentence in kept} for sentence in own]


def saved(draft: Draft, head: DraftRevision, user: Any, suggested: list[Suggestion]) -> dict[str, Any]:
    """`suggested`: of this draft, what may be shown."""
    head.refresh_from_db(fields=["saved_at"])
    return {
        "revision": head.number,
        "saved_at": head.saved_at.isoformat(),
        "whose": whose_words(head, suggested),
        "unsendable": actions.why_unsendable(draft, by=user),
        "used_unread": used_unread(suggested),
        "may_ask": actions.enough_to_ask(head.text),
        "meters": meters_of(draft, head.text),
    }


def meters_of(draft: Draft, text: str) -> list[dict[str, Any]]:
    """None when they cannot be had: nothing that is typed may be lost for them."""
    post = draft.post
    at_risk = triage.handling(post.level).ask_plainly
    try:
        measured = meters.measure(text, post=post.text, language=post.language, country=post.country, at_risk=at_risk)
    except Exception as error:
        log.exception("meters_failed", extra={"draft": str(draft.id), "error": type(error).__name__})
        return []
    return [asdict(meter) | {"label": gettext(meter.label), "value": gettext(meter.value)} for meter in measured]
