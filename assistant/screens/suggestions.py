"""What came of asking for help: the change lists, or why there is none."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from django.utils.translation import gettext, gettext_noop

from assistant import actions, hints, why_held
from assistant.actions.suggestions import SAFETY_OPEN
from assistant.changes import Kind, changes_between, split_sentences
from assistant.inference.types import Mode
from assistant.locked import keep_locked
from assistant.models import ChangeVerdict, DraftRevision, StoppedKind, Suggestion, SuggestionJob
from assistant.screens.changes import change_row
from assistant.screens.jobs import hints_first
from assistant.streaming.chunks import read_after, shown_status

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
MOST_VERSIONS = 3


def suggestion_of_job(job: SuggestionJob) -> dict[str, Any]:
    head = job.draft.head()
    return versions_of(job, head) | {
        "draft": job.draft,
        "open": job.draft.is_open,
        "revision": {"number": head.number, "text": head.text} if head else None,
    }


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
    another = done and as_asked and len(versions) < MOST_VERSIONS
    return {"versions": versions, "hints": hints_shown, "another": another, "asked_of": job.original}


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


def changes_so_far(job: SuggestionJob) -> dict[str, Any]:
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
