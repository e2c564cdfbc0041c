"""Help is asked for, runs, ends, and is decided on change by change."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from assistant import changes as change_list
from assistant import main_point, reasons, triage, waiting
from assistant.actions.drafts import enough_to_ask, head_after_saving, refuse_if_closed, save_revision
from assistant.actions.goals import wordings_of
from assistant.actions.refused import Refused, StaleRevision
from assistant.actions.screenings import keep_screening, report
from assistant.inference.types import Mode, Outcome, StopReason
from assistant.locked import locked_now
from assistant.models import (
    Canary,
    ChangeVerdict,
    Draft,
    DraftRevision,
    ModelVersion,
    Post,
    StoppedKind,
    Suggestion,
    SuggestionJob,
)
from assistant.models.suggestion import JobQuerySet
from assistant.safety.pipeline import in_trouble
from assistant.safety.types import Kind, Screening
from assistant.streaming import poke
from assistant.transactions import one_transaction
from assistant.vault import audit

SAFETY_IN_TROUBLE = gettext_noop("The safety checks are in trouble, so nothing is suggested right now.")
SAFETY_OPEN = gettext_noop(
    "The safety checks are in trouble, so nothing is suggested right now. Your draft is saved, and you can write and send."
)

ORIGIN_OF = {
    ChangeVerdict.Verdict.ACCEPTED: DraftRevision.Origin.ACCEPTED,
    ChangeVerdict.Verdict.KEPT: DraftRevision.Origin.TYPED,
    ChangeVerdict.Verdict.UNHELPFUL: DraftRevision.Origin.TYPED,
    ChangeVerdict.Verdict.UNDONE: DraftRevision.Origin.UNDONE,
}


def find_request(user: Any, *, client_key: uuid.UUID, draft: Draft, mode: str) -> SuggestionJob | None:
    """The job that this click made before. Raises Refused when the key was used for something else."""
    job = SuggestionJob.objects.filter(asked_by=user, client_key=client_key).first()
    if job is not None and (job.draft_id != draft.id or job.mode != mode):
        raise Refused(
            "key_reused",
            gettext("This request was already used for something else. Reload the page and ask again."),
            status=422,
        )
    return job


def ask_for_help(
    draft: Draft,
    *,
    by: Any,
    text: str,
    base: int,
    mode: Mode,
    client_key: uuid.UUID,
    because: str = "",
    goals: Sequence[str] = (),
    locked: Collection[str] = (),
    anyway: bool = False,
) -> SuggestionJob:
    """Save the draft and queue a job for that revision, in one transaction.

    A draft that takes up nothing of its post is answered with a question to its writer, unless it is to be revised `anyway`.
    `goals`: codes of what a revision should aim for. `locked`: sentences of the text that must come back byte for byte; what
    is no sentence of it is nobody's to keep. A draft from the post knows neither.

    One click (`client_key`) is one job however often it arrives, and one draft has one live job: asking again while it runs
    answers with that job. Raises Refused or StaleRevision; the text is saved all the same.
    """
    known = find_request(by, client_key=client_key, draft=draft, mode=mode)
    if known is not None:
        return known
    refuse_if_closed(draft)
    wish = _Wish(mode, client_key, because, goals, locked, anyway)
    job = _save_and_queue(draft, wish, by=by, text=text, base=base)
    if isinstance(job, Refused):
        raise job  # after the commit: what was typed stays saved
    return job


@dataclass(frozen=True, slots=True)
class _Wish:
    mode: Mode
    client_key: uuid.UUID
    because: str
    goals: Sequence[str]
    locked: Collection[str]
    anyway: bool


@one_transaction
def _save_and_queue(draft: Draft, wish: _Wish, *, by: Any, text: str, base: int) -> SuggestionJob | Refused:
    head, branch = save_revision(draft, text=text, base=base)
    if branch is not None:
        return StaleRevision(head=head, branch=branch)
    try:
        job = SuggestionJob(mode=wish.mode, asked_because=wish.because, client_key=wish.client_key)
        if wish.mode == Mode.IMPROVE:
            if not wish.anyway and not SuggestionJob.objects.filter(revision=head).exists():
                _ask_back(text, draft.post)
            job.goals, job.locked = wordings_of(wish.goals), _spans_of(text, wish.locked)
        return _queue_job(job, draft, by=by, revision=head)
    except Refused as refusal:
        return refusal


def _ask_back(text: str, post: Post) -> None:
    if post.human_only:
        return  # refused for that, whatever it says
    if main_point.only_repeats(text, post.text):
        question = gettext(
            "Your draft holds sentences of the post alone so far. They write: “%(point)s” What would you say to that? "
            "Or ask once more, and changes are suggested all the same."
        )
        raise Refused("question_back", question % {"point": main_point.point_of(post.text)}, status=422)
    point = main_point.left_aside(text, post.text, language=post.language)
    if point:
        question = gettext(
            "Your draft takes up nothing of this post yet. They write: “%(point)s” What would you say to that? "
            "Or ask once more, and changes are suggested all the same."
        )
        raise Refused("question_back", question % {"point": point}, status=422)


def _spans_of(text: str, sentences: Collection[str]) -> list[list[int]]:
    own, kept = change_list.split_sentences(text), locked_now(text, sentences)
    return [[one.start, one.end] for one in own if text[one.start : one.end] in kept]


def _queue_job(job: SuggestionJob, draft: Draft, *, by: Any, revision: DraftRevision) -> SuggestionJob:
    job.case, job.draft, job.revision, job.asked_by = draft.case, draft, revision, by
    _refuse_unfit(draft, by=by, revision=revision, mode=Mode(job.mode), because=job.asked_because)
    job.join(Canary.running_in(job.mode))
    try:
        with transaction.atomic():
            job.save(force_insert=True)
            audit.record("suggestion.requested", actor=by, object_type="job", object_id=job.id, code=job.mode)
    except IntegrityError:
        # Somebody, most likely this person's other click, was first.
        first = find_request(by, client_key=job.client_key, draft=draft, mode=job.mode)
        first = first or SuggestionJob.objects.live().filter(draft=draft).first()
        if first is None:
            raise
        return first
    job.refresh_from_db(fields=["queued_at", "status"])
    return job


def _refuse_unfit(draft: Draft, *, by: Any, revision: DraftRevision, mode: Mode, because: str) -> None:
    if draft.post.human_only:
        raise Refused(
            "human_only",
            gettext("The person who wrote this post asked for human words only. Help by the model is off here."),
            status=403,
        )
    if mode == Mode.GENERATE and not triage.handling(draft.post.level).may_generate:
        raise Refused(
            "level",
            gettext("The model does not draft for a post of this level. Write in your own words first."),
            status=403,
        )
    if mode == Mode.GENERATE and draft.post.unscreened:
        raise Refused(
            "unscreened",
            gettext(
                "This post was not fully checked, so the model does not draft for it. Write in your own words first."
            ),
            status=403,
        )
    if mode == Mode.IMPROVE and not enough_to_ask(revision.text):
        raise Refused(
            "too_short",
            gettext("Write at least %(sentences)s sentences or %(words)s words of your own first.")
            % {"sentences": settings.MIN_ASK_SENTENCES, "words": settings.MIN_ASK_WORDS},
            status=422,
        )
    if mode == Mode.GENERATE and not by.has_perm("assistant.use_generate"):
        raise Refused(
            "not_allowed",
            gettext("Asking for a draft from the post is not switched on for you. Ask an admin."),
            status=403,
        )
    if mode == Mode.GENERATE and not because.strip():
        raise Refused("reason_missing", gettext("Say in a few words why you want a draft from the post."), status=422)
    if in_trouble(Kind.SUGGESTION):
        raise Refused("safety_open", gettext(SAFETY_OPEN), status=503)
    if not draft.jobs.live().exists():
        _refuse_if_busy(mode)
    recent = SuggestionJob.objects.filter(asked_by=by, queued_at__gte=timezone.now() - timedelta(minutes=10)).count()
    if recent >= settings.SUGGESTIONS_PER_TEN_MINUTES:
        raise Refused(
            "too_many",
            gettext("You asked very often in the last ten minutes. Wait a little; your draft is saved."),
            status=429,
        )


def _refuse_if_busy(mode: Mode) -> None:
    """Better a no at once than an answer that comes when nobody waits for it any more."""
    seconds = waiting.seconds_for_one_more(mode)
    if seconds is not None and seconds > settings.JOB_DEADLINE_SECONDS:
        wait = waiting.about(waiting.rounded(seconds))
        raise Refused(
            "busy",
            gettext(
                "Many people ask the model right now, and it would take %(wait)s. Your draft is saved: write on and send, "
                "or ask again later."
            )
            % {"wait": wait},
            status=503,
        )


@one_transaction
def cancel_job(job: SuggestionJob, *, by: Any) -> bool:
    """Stop a live job. The runner notices within a second: its fence no longer holds."""
    stopped = cancel_jobs(SuggestionJob.objects.filter(id=job.id), reason="cancelled_by_supporter")
    if stopped:
        audit.record("suggestion.cancelled", actor=by, object_type="job", object_id=job.id)
    return stopped > 0


def cancel_jobs_of(user: Any) -> int:
    """Stop everything that runs for this person; called when they are deactivated."""
    return cancel_jobs(SuggestionJob.objects.filter(asked_by=user), reason="account_closed")


def cancel_jobs(jobs: JobQuerySet, *, reason: str) -> int:
    live = list(jobs.live().values_list("id", flat=True))
    stopped = 0
    for job_id in live:
        still_live = SuggestionJob.objects.live().filter(id=job_id)
        stopped += still_live.end(SuggestionJob.Status.CANCELLED, reason=reason)
        poke.job_changed(job_id, seq=0)
    return stopped


@one_transaction
def fail_job(job: SuggestionJob, *, fence: int, reason: str) -> bool:
    """End a job without a suggestion; the draft is untouched."""
    ended = SuggestionJob.objects.mine(job.id, fence).end(SuggestionJob.Status.FAILED, reason=reason)
    if ended:
        audit.record("suggestion.failed", actor=None, object_type="job", object_id=job.id, code=reason)
        poke.job_changed(job.id, seq=0)
    return ended > 0


@dataclass(frozen=True, slots=True)
class Finished:
    """What a run produced."""

    text: str
    outcome: Outcome
    model_version: ModelVersion | None  # None: an engine that is not registered, at the terminal or in tests
    prompt_version: str


def finish_job(job: SuggestionJob, *, fence: int, finished: Finished, screening: Screening) -> Suggestion | None:
    """Store the suggestion with its screening and end the job; None when this fence no longer holds it."""
    changes = explained_changes(job, finished.text, whole=finished.outcome.stop == StopReason.END)
    return _keep_suggestion(job, changes, fence=fence, finished=finished, screening=screening)


@one_transaction
def _keep_suggestion(
    job: SuggestionJob, changes: list[change_list.Change], *, fence: int, finished: Finished, screening: Screening
) -> Suggestion | None:
    mine = SuggestionJob.objects.mine(job.id, fence)
    if not mine.end(SuggestionJob.Status.DONE, reason=finished.outcome.stop):
        return None
    suggestion = Suggestion(
        case=job.case,
        job=job,
        text=finished.text,
        changes=change_list.to_json(changes),
        status=Suggestion.Status.HELD if screening.held else Suggestion.Status.SHOWN,
        model_version=finished.model_version,
        prompt_version=finished.prompt_version,
        screening_version=screening.version,
        stop=finished.outcome.stop,
        prompt_tokens=finished.outcome.prompt_tokens,
        output_tokens=finished.outcome.output_tokens,
        seconds_to_first=finished.outcome.seconds_to_first,
        seconds=finished.outcome.seconds,
    )
    suggestion.save(force_insert=True)
    keep_screening(suggestion, screening)
    audit.record("suggestion.finished", actor=None, object_type="job", object_id=job.id, outcome=suggestion.status)
    poke.job_changed(job.id, seq=0)
    return suggestion


def explained_changes(job: SuggestionJob, text: str, *, whole: bool = True) -> list[change_list.Change]:
    """What `text` changes in the words that help was asked for, and why."""
    post = job.draft.post
    changes = change_list.changes_between(job.original, text, whole=whole)
    return reasons.explained(changes, post=post.text, language=post.language, country=post.country)


def changes_of(suggestion: Suggestion) -> list[change_list.Change]:
    return change_list.from_json(suggestion.changes)


def verdicts_of(suggestion: Suggestion) -> dict[int, ChangeVerdict]:
    """The verdict that counts for each change index; an undone one counts as none."""
    return verdicts_by_suggestion(suggestion.verdicts.all()).get(suggestion.id, {})


def verdicts_by_suggestion(rows: QuerySet[ChangeVerdict]) -> dict[uuid.UUID, dict[int, ChangeVerdict]]:
    """The same, of many suggestions with one query."""
    latest: dict[uuid.UUID, dict[int, ChangeVerdict]] = {}
    for row in rows.order_by("id"):
        latest.setdefault(row.suggestion_id, {})[row.index] = row
    undone = ChangeVerdict.Verdict.UNDONE
    return {of: {index: row for index, row in each.items() if row.verdict != undone} for of, each in latest.items()}


def decide_change(
    suggestion: Suggestion,
    *,
    draft: Draft,
    index: int,
    verdict: str,
    text: str,
    base: int,
    applied: bool,
    by: Any,
    reason: str = "",
) -> DraftRevision:
    """Save the text as it is after the verdict and record the verdict; the new head.

    `applied` says that the page has made the change in `text` already. `reason`: why it was not helpful; for one that could
    hurt a moderator is asked to look. Raises Refused or StaleRevision.
    """
    changes = changes_of(suggestion)
    if index >= len(changes):
        raise Refused(
            "no_such_change",
            gettext("This suggestion has no change number %(number)s.") % {"number": index + 1},
            status=404,
        )
    known = verdicts_of(suggestion).get(index)
    was_accepted = known is not None and known.verdict == ChangeVerdict.Verdict.ACCEPTED
    if not applied and (verdict != ChangeVerdict.Verdict.UNDONE or was_accepted):
        text = text_with_verdict(text, changes[index], verdict)
    accepted = changes[index].after if verdict == ChangeVerdict.Verdict.ACCEPTED else ""
    head = head_after_saving(
        draft, text=text, base=base, origin=ORIGIN_OF[ChangeVerdict.Verdict(verdict)], accepted=accepted
    )
    _keep_verdict(suggestion, index=index, verdict=verdict, reason=reason, head=head, by=by)
    return head


@one_transaction
def _keep_verdict(
    suggestion: Suggestion, *, index: int, verdict: str, reason: str, head: DraftRevision, by: Any
) -> None:
    ChangeVerdict.objects.create(suggestion=suggestion, index=index, verdict=verdict, reason=reason, revision=head)
    audit.record(f"change.{verdict}", actor=by, object_type="suggestion", object_id=suggestion.id, code=str(index))
    if reason == ChangeVerdict.Reason.HARMFUL:
        report(suggestion, by=by)


@one_transaction
def stop_kind(suggestion: Suggestion, *, index: int, by: Any) -> str:
    """This person is shown no more changes for the reason of this one; its code. Raises Refused where it has none to stop."""
    changes = changes_of(suggestion)
    code = changes[index].why if index < len(changes) else ""
    if code not in reasons.STOPPABLE:
        raise Refused(
            "not_a_kind", gettext("Changes like this one cannot be stopped: keep yours each time."), status=422
        )
    _, made = StoppedKind.objects.get_or_create(by=by, code=code)
    if made:
        audit.record("kind.stopped", actor=by, object_type="person", object_id=by.pk, code=code)
    return code


@one_transaction
def suggest_kind_again(code: str, *, by: Any) -> None:
    if StoppedKind.objects.filter(by=by, code=code).delete()[0]:
        audit.record("kind.suggested_again", actor=by, object_type="person", object_id=by.pk, code=code)


def text_with_verdict(text: str, change: change_list.Change, verdict: str) -> str:
    """The text after a verdict, for a page without our script: the change is made where its sentence stands now.

    Raises Refused when the sentence was rewritten meanwhile: a change is set aside rather than forced.
    """
    if verdict in (ChangeVerdict.Verdict.KEPT, ChangeVerdict.Verdict.UNHELPFUL):
        return text
    old, new = (
        (change.before, change.after) if verdict == ChangeVerdict.Verdict.ACCEPTED else (change.after, change.before)
    )
    place = _place_of(old, text, near=change.start)
    if place is None:
        raise Refused(
            "no_longer_fits",
            gettext("You changed this sentence since, so the suggestion no longer fits. Your words stay."),
        )
    return text[:place] + new + text[place + len(old) :]


def _place_of(words: str, text: str, *, near: int) -> int | None:
    """Where `words` stand in `text`, nearest to where they stood; empty words stand anywhere inside."""
    if not words:
        return min(near, len(text))
    places = []
    start = text.find(words)
    while start != -1:
        places.append(start)
        start = text.find(words, start + 1)
    return min(places, key=lambda place: abs(place - near), default=None)
