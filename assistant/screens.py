"""What the supporter's pages and scripts are given: plain values, decided here so that templates decide nothing."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Iterable, Set
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext, gettext_noop

from assistant import actions, attention, disclosure, hints, history, meters, reasons, triage, why_held
from assistant.access import USE_GENERATE
from assistant.actions.suggestions import SAFETY_OPEN
from assistant.changes import Change, Kind, Word, changes_between, sentences_in, split_sentences, word_changes
from assistant.forms import CountryForm
from assistant.growth import HelpLevel
from assistant.inference.types import Mode
from assistant.locked import keep_locked
from assistant.models import (
    ChangeVerdict,
    Draft,
    DraftRevision,
    Finding,
    HelpChoice,
    Post,
    Reply,
    StoppedKind,
    Suggestion,
    SuggestionJob,
    Worry,
)
from assistant.provenance import Marked, Whose, by_model, ledger, model_share, shares
from assistant.safety import helplines
from assistant.safety.sources import source_of
from assistant.safety.types import Level, Screening, Severity, Tier
from assistant.streaming.chunks import StreamState, read_after, shown_status
from assistant.translated import finding_rows, reason_words, why_words
from assistant.waiting import place_of
from assistant.worker_state import help_state

log = logging.getLogger("lantern.screens")

DRAFT_STATES = {
    Draft.Status.WRITING: gettext_noop("You are writing"),
    Draft.Status.RETURNED: gettext_noop("Came back to you"),
    Draft.Status.HELD: gettext_noop("A moderator is reading it"),
    Draft.Status.SENT: gettext_noop("Sent"),
    Draft.Status.WITHHELD: gettext_noop("Not sent"),
    Draft.Status.SET_ASIDE: gettext_noop("Given back"),
}
REPLY_STATES = {
    Reply.Status.HELD: gettext_noop("Waits for a moderator"),
    Reply.Status.SENT: gettext_noop("Sent"),
    Reply.Status.RETURNED: gettext_noop("Came back to you"),
    Reply.Status.WITHHELD: gettext_noop("Not sent"),
    Reply.Status.TAKEN_BACK: gettext_noop("Taken back"),
}
STATES = {  # of a change; static/js/changes.js has the same
    ChangeVerdict.Verdict.ACCEPTED: gettext_noop("used"),
    ChangeVerdict.Verdict.KEPT: gettext_noop("yours stays"),
    ChangeVerdict.Verdict.UNHELPFUL: gettext_noop("yours stays · not helpful"),
}
FAILURES = {
    "model_unavailable": gettext_noop("The model cannot be used right now."),
    "unknown_prompt": gettext_noop(
        "This version of the site does not know how to ask the model that is active. Tell an admin."
    ),
    "prompt_too_long": gettext_noop(
        "The post and the draft together are too long for this model. Shorten the draft, or go on without help."
    ),
    "deadline": gettext_noop("It took too long. The machine may be busy."),
    "repetition": gettext_noop("The model went in circles."),
    "empty": gettext_noop("The model had nothing to say."),
    "attempts_exhausted": gettext_noop("It was tried three times and did not work."),
    "withheld_by_moderator": gettext_noop("A moderator decided not to show this suggestion."),
    "engine_error": gettext_noop("The model stopped with an error."),
    "engine_away": gettext_noop(
        "The server that holds the model does not answer. Try again later; tell an admin if it stays so."
    ),
    "vault": gettext_noop("The text could not be read. Tell an admin."),
    "safety_open": SAFETY_OPEN,
}


def draft_row(draft: Draft) -> dict[str, Any]:
    return {
        "post": draft.post,
        "draft": draft,
        "status_label": gettext(DRAFT_STATES[Draft.Status(draft.status)]),
        "url": reverse("assistant:draft", args=[draft.id]),
        "returned_note": returned_note(draft),
    }


def returned_note(draft: Draft) -> str:
    """The note of the moderator who returned the latest reply; empty when there is none."""
    latest = draft.replies.select_related("case").order_by("-created_at").first()
    return latest.note if latest is not None and latest.status in (Reply.Status.RETURNED, Reply.Status.WITHHELD) else ""


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
            "used_unread": used_unread(suggested),
            "meters": meters_of(draft, text),
            "client_key": uuid.uuid4(),  # for a page without our script: one page is one request for help
        }
        | versions_of(job if job is not None and not job.is_live else None, head)
        | worry_part(draft, user)
    )


def history_page(draft: Draft, shown: DraftRevision | None) -> dict[str, Any]:
    """`shown`: the revision that was chosen, marked with what bringing it back would do to the words of now."""
    head = draft.head()
    page: dict[str, Any] = {"draft": draft, "steps": history.steps_of(draft), "head": head, "shown": shown}
    if shown is not None and head is not None:
        page |= {
            "words": word_rows(word_changes(head.text, shown.text)),
            "is_now": shown.text == head.text,
            "may_restore": draft.is_open and shown.text != head.text,
        }
    return page


def goals_for(job: SuggestionJob | None) -> list[dict[str, Any]]:
    """What a revision may aim for, as chosen the last time; none where the active model can be told of none."""
    chosen = {code for code, _version in job.goals} if job is not None else set()
    return [
        {"value": goal.code, "label": gettext(goal.label), "chosen": goal.code in chosen}
        for goal in actions.offered_goals()
    ]


def sentences_of(text: str, *, locked: Collection[str]) -> list[dict[str, Any]]:
    """Each sentence once, and whether it stays as it is."""
    own = dict.fromkeys(sentences_in(text))
    return [{"text": sentence, "locked": sentence in locked} for sentence in own]


WHAT_FOLLOWS = {
    Severity.HOLD: gettext_noop("A moderator would read it before it leaves"),
    Severity.REVIEW: gettext_noop("It would leave, and a moderator would look at it"),
    Severity.NOTE: gettext_noop("For you to weigh"),
}
_QUOTES = 3
_LONGEST_QUOTE = 90


def checked(text: str, screening: Screening) -> dict[str, Any]:
    """What was found in a reply that is not sent yet, the weightiest first; each rule once, with the words it is about."""
    groups = []
    for severity, heading in WHAT_FOLLOWS.items():
        found: dict[str, dict[str, Any]] = {}
        for finding in screening.findings:
            if finding.severity is severity:
                about = {"reason": reason_words(finding.reason), "source": source_of(finding.code), "quotes": []}
                quotes = found.setdefault(finding.code + finding.reason, about)["quotes"]
                if finding.end > finding.start and len(quotes) < _QUOTES:
                    quotes.append(Truncator(text[finding.start : finding.end]).chars(_LONGEST_QUOTE))
        if found:
            groups.append({"heading": gettext(heading), "findings": list(found.values())})
    return {"groups": groups}


def triage_of(post: Post) -> dict[str, Any]:
    """The post's tier and level in words."""
    level, tier = Level(post.level), Tier(post.tier)
    return {
        "shown": level > Level.NONE or tier is not Tier.NONE,
        "level": int(level),
        "words": gettext("%(words)s; not fully checked, so it may be higher")
        % {"words": gettext(triage.LEVEL_WORDS[level])}
        if post.unscreened
        else gettext(triage.LEVEL_WORDS[level]),
        "tier": str(tier),
        "tier_label": gettext(triage.TIER_WORDS[tier]),
        "not_a_diagnosis": gettext(triage.NOT_A_DIAGNOSIS),
    }


def worry_part(draft: Draft, user: Any) -> dict[str, Any]:
    """What the supporter said of a worry so far, and where to say more."""
    said = Worry.objects.filter(post=draft.post, by=user).order_by("-at")
    return {
        "worry_url": reverse("assistant:worry", args=[draft.id]),
        "worried_at": said.values_list("at", flat=True).first(),
        "worried_now": said.filter(now=True).exists(),
        "worry_form": "reply-form" if draft.is_open else "worry-form",
        "worry_limit": settings.MAX_WORRY,
    }


def where_to_read(draft: Draft) -> str:
    """The page that shows this draft's post: the writing page, or the reply once there is one that stands."""
    reply = None if draft.is_open else draft.replies.order_by("-created_at").first()
    if reply is None:
        return reverse("assistant:draft", args=[draft.id])
    return reverse("assistant:reply", args=[reply.id])


def helplines_for(post: Post, findings: list[Finding]) -> list[dict[str, Any]]:
    """Helplines of the seeker's country when anything about the post asks for a second look; never another country's."""
    looked_at = post.tier != Tier.NONE or post.level > Level.NONE
    if looked_at or any(finding.severity >= Severity.REVIEW for finding in findings):
        today = timezone.localdate()
        lines = helplines.for_country(post.country, post.language)
        return [asdict(line) | {"state": str(line.state(today))} for line in lines]
    return []


def live_job(job: SuggestionJob | None) -> dict[str, Any] | None:
    if job is None or not job.is_live:
        return None
    return job_started(job)


def job_started(job: SuggestionJob) -> dict[str, Any]:
    place = place_of(job)
    return {
        "job": str(job.id),
        "id": str(job.id),
        "attempt": job.attempt,
        "status": job.status,
        "revision": job.revision.number,
        "ahead": place.ahead if place else None,
        "seconds": place.seconds if place else None,
        "words": gettext("Waiting for the model · %(words)s") % {"words": place.words}
        if place
        else gettext("Being written"),
        "hints": hints_first(job),
        "stream_url": reverse("assistant:stream", args=[job.id]),
        "cancel_url": reverse("assistant:cancel", args=[job.id]),
        "suggestion_url": reverse("assistant:suggestion", args=[job.id]),
        "so_far_url": reverse("assistant:so_far", args=[job.id]),
    }


def suggestion_of_job(job: SuggestionJob) -> dict[str, Any]:
    head = job.draft.head()
    return versions_of(job, head) | {
        "draft": job.draft,
        "open": job.draft.is_open,
        "revision": {"number": head.number, "text": head.text} if head else None,
    }


MOST_VERSIONS = 3


def versions_of(job: SuggestionJob | None, head: DraftRevision | None) -> dict[str, Any]:
    """What came of a job, beside what came before of the same words and wishes; and whether one more may be asked for."""
    if job is None:
        return {"versions": [None], "hints": False, "another": False}
    before = job.same_request().filter(suggestion__status__in=Suggestion.VISIBLE, queued_at__lt=job.queued_at)
    latest = [
        job,
        *before.select_related("case", "revision__case", "draft").order_by("-queued_at")[: MOST_VERSIONS - 1],
    ]
    stopped = set(StoppedKind.objects.filter(by=job.asked_by).values_list("code", flat=True))
    hinted = job.draft.is_open and hints_first(job)
    versions = _different([suggestion_context(one, stopped=stopped, hinted=hinted) for one in reversed(latest)])
    done = job.mode == Mode.IMPROVE and job.draft.is_open and job.status == SuggestionJob.Status.DONE
    as_asked = head is not None and head.text == job.original  # else asking is about other words
    hints_shown = hinted and any(one and one["changes"] for one in versions)
    return {"versions": versions, "hints": hints_shown, "another": done and as_asked and len(versions) < MOST_VERSIONS}


def _different(versions: list[dict[str, Any] | None]) -> list[dict[str, Any] | None]:
    """Each text once: two throws may end in the same words."""
    return list({one["text"] if one and "text" in one else number: one for number, one in enumerate(versions)}.values())


def suggestion_context(job: SuggestionJob, *, stopped: Set[str], hinted: bool) -> dict[str, Any] | None:
    """The change list of a job, or why there is none. `stopped`: kinds that its reader wants no more of."""
    row = Suggestion.objects.filter(job=job).select_related("case").first()
    status, reason = shown_status(job, row)
    base: dict[str, Any] = {
        "id": row.id if row else None,
        "job_id": job.id,
        "status": status,
        "mode": job.mode,
        "changes": [],
    }
    base["reason"] = gettext(FAILURES.get(reason, "")) if status == "failed" else ""
    if row is None or not row.is_visible:
        if row is not None and status == "held":
            base["waits_for"] = why_held.kinds_of(row.findings.all())
        return base if status in ("held", "failed") else None
    verdicts = actions.verdicts_of(row)
    changes = actions.changes_of(row)
    locked = set(job.locked_sentences)
    base["hints"] = hinted
    base["changes"] = [
        change_row(one, verdicts.get(one.index), stopped=stopped, locked=locked)
        | {"hint": hinted and hints.is_hint(one), "stands_after": hints.stands_after(changes, one.index)}
        for one in changes
    ]
    base["why_not"] = ChangeVerdict.Reason.choices
    base["nothing_to_change"] = all(change.kind == "keep" for change in changes)
    base["released"] = row.status == Suggestion.Status.RELEASED
    base["text"] = row.text
    base["model"] = row.model_version.name if row.model_version else ""
    return base


def hints_first(job: SuggestionJob) -> bool:
    return hints.holds_back(HelpChoice.of(job.asked_by_id).shown, job.mode)


def so_far(job: SuggestionJob) -> dict[str, Any]:
    """The changes that the sentences which have come so far make. What is not reached yet is left out, and so is the why:
    both are only known at the end."""
    state = read_after(job.id, attempt=0, seq=0)
    text = "".join(chunk.text for chunk in state.chunks) if state is not None else ""
    ends = [one.end for one in split_sentences(job.original)][: len(split_sentences(text))]
    begun = job.original[: ends[-1]] if ends else ""  # as many sentences of the draft as came
    changes = changes_between(begun, keep_locked(begun, text, job.locked_sentences))
    while changes and changes[-1].kind == Kind.REMOVE:
        changes.pop()
    return {"changes": [change_row(one, None, stopped=set(), locked=set()) for one in changes]}


def change_row(change: Change, verdict: ChangeVerdict | None, *, stopped: Set[str], locked: Set[str]) -> dict[str, Any]:
    return {
        "index": change.index,
        "number": change.index + 1,
        "kind": str(change.kind),
        "start": change.start,
        "before": change.before,
        "after": change.after,
        "words": word_rows(change.words),
        "why": why_words(change.why),
        "code": change.why,
        "stoppable": change.why in reasons.STOPPABLE,
        "stopped": change.why in stopped and verdict is None,
        "locked": change.before.strip() in locked,
        "state": verdict.verdict if verdict else "",
        "state_label": gettext(STATES[ChangeVerdict.Verdict(verdict.verdict)]) if verdict else "",
    }


def word_rows(words: Iterable[Word]) -> list[dict[str, str]]:
    return [{"op": str(word.op), "text": word.text} for word in words]


def stopped_kinds(user: Any) -> list[dict[str, Any]]:
    rows = StoppedKind.objects.filter(by=user)
    return [{"code": row.code, "why": why_words(row.code)} for row in rows]


def saved(draft: Draft, head: DraftRevision) -> dict[str, Any]:
    head.refresh_from_db(fields=["saved_at"])
    suggested = actions.visible_suggestions(draft)
    return {
        "revision": head.number,
        "saved_at": head.saved_at.isoformat(),
        "whose": whose_words(head, suggested),
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


WHOSE = {
    Whose.TYPED: gettext_noop("typed by you"),
    Whose.PASTED: gettext_noop("pasted"),
    Whose.SUGGESTED: gettext_noop("suggested"),
    Whose.EDITED: gettext_noop("suggested and worked on"),
}


def whose_words(head: DraftRevision | None, suggestions: list[Suggestion]) -> dict[str, Any]:
    """Percents of the visible characters, together 100; what is not there is left out. `suggestions`: of the draft."""
    told = shares(head.marked if head is not None else Marked(""), [one.text for one in suggestions])
    percents = _percents(told)
    own = percents.get(Whose.TYPED, 0)
    most = round(100 * settings.MAX_SUGGESTED_SHARE)
    parts = [{"whose": str(whose), "percent": part, "label": gettext(WHOSE[whose])} for whose, part in percents.items()]
    return {
        "parts": parts,
        "words": " · ".join(f"{part['percent']} % {part['label']}" for part in parts),
        "own": own,
        "own_and_pasted": own + percents.get(Whose.PASTED, 0),
        "too_much": gettext(
            "At most %(most)s %% may be suggested. Say more of it in your own words before you send it."
        )
        % {"most": most}
        if disclosure.is_too_much(by_model(told))
        else "",
    }


def _percents(told: dict[Whose, float]) -> dict[Whose, int]:
    percents = {whose: round(100 * share) for whose, share in told.items()}
    if whole := sum(percents.values()):
        percents[Whose.TYPED] += 100 - whole  # rounding is the writer's
    return {whose: percent for whose, percent in percents.items() if percent}


def whose_page(draft: Draft) -> dict[str, Any]:
    """The draft with whose words stand where, and what would be said of that when it is sent."""
    head = draft.head()
    suggested = actions.visible_suggestions(draft)
    ranges = ledger(head.marked, [one.text for one in suggested]) if head is not None else []
    return {
        "draft": draft,
        "whose": whose_words(head, suggested),
        "ranges": [
            {"text": head.text[start:end], "whose": str(whose), "label": gettext(WHOSE[whose])}
            for start, end, whose in ranges
            if head is not None
        ],
        "disclosure": disclosure.line_for(model_share(head.marked)) if head is not None else "",
    }


def used_unread(suggestions: list[Suggestion]) -> bool:
    """Of the latest one."""
    return any(attention.used_unread(one) for one in suggestions[-1:])


def stream_state(state: StreamState) -> dict[str, Any]:
    return {
        "v": 1,
        "job": state.job,
        "attempt": state.attempt,
        "status": state.status,
        "reason": state.reason,
        "last_seq": state.last_seq,
        "ahead": state.ahead,
        "seconds": state.seconds,
        "chunks": [{"seq": chunk.seq, "text": chunk.text} for chunk in state.chunks],
    }


def reply_row(reply: Reply) -> dict[str, Any]:
    return {
        "reply": reply,
        "status_label": gettext(REPLY_STATES[Reply.Status(reply.status)]),
        "model_percent": round(100 * reply.model_share),
        "disclosure": reply.disclosure,
        "url": reverse("assistant:reply", args=[reply.id]),
    }


def reply_page(reply: Reply, user: Any) -> dict[str, Any]:
    edited = reply.edited_by_moderator
    return (
        reply_row(reply)
        | worry_part(reply.draft, user)
        | {
            "post": reply.draft.post,
            "triage": triage_of(reply.draft.post),
            "draft": reply.draft,
            "text": reply.text,
            "words": word_rows(word_changes(reply.revision.text, reply.text)) if edited else [],
            "may_take_back": reply.status == Reply.Status.HELD,
            "waits_for": why_held.kinds_of(reply.findings.all()) if reply.status == Reply.Status.HELD else [],
            "may_write_on": reply.draft.is_open,
        }
    )
