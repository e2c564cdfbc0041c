"""What a person is told about their own writing is kept, and how much help they are shown is chosen.

None of it is an audit event: the audit log is read by others, and this is for one person alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils import timezone

from assistant import growth, meters, reasons
from assistant.actions.suggestions import changes_of, verdicts_of
from assistant.changes import Change, Kind
from assistant.growth import Changes, HelpLevel, Numbers
from assistant.inference.types import Mode
from assistant.language.manner import manner_of
from assistant.models import ChangeVerdict, Draft, HelpChoice, Reply, ReplyNumbers, StoppedKind, Suggestion
from assistant.safety.english import is_english
from assistant.transactions import one_transaction

log = logging.getLogger("lantern.growth")


def keep_numbers(reply: Reply) -> None:
    """In the transaction of sending. Never raises: no reply stays behind because something could not be counted."""
    try:
        with transaction.atomic():
            _keep(reply)
    except Exception as error:
        log.exception("numbers_not_kept", extra={"error": type(error).__name__})


def _keep(reply: Reply) -> None:
    draft = reply.draft
    choice = HelpChoice.of(draft.author_id)
    if not choice.counts:
        return
    known = ReplyNumbers.objects.filter(draft=draft).select_related("case").first()
    row = known or ReplyNumbers(case=draft.case, draft=draft, by_id=draft.author_id)
    row.numbers, row.at = numbers_of(reply).to_json(), timezone.now()
    row.save()
    if choice.is_stepped_by_rule and (level := next_level(choice)):
        stepped = {"stepped": level, "changed_at": timezone.now()}  # and nothing that the person chose meanwhile
        HelpChoice.objects.update_or_create(by_id=choice.by_id, defaults=stepped)


def next_level(choice: HelpChoice) -> HelpLevel | None:
    """Where the rule would go from what this person is shown now; None: it says nothing."""
    rows = ReplyNumbers.latest_of(choice.by_id, growth.DOWN_OF)
    return growth.step(choice.since_change(rows), level=choice.shown)


def numbers_of(reply: Reply) -> Numbers:
    post, text = reply.draft.post, reply.text
    asked = reply.draft.jobs.select_related("revision__case").order_by("queued_at", "id").first()
    english = is_english(post.language)
    return Numbers(
        own_share=100 - round(100 * reply.model_share),
        asked=asked is not None,
        own=_held(asked.revision.text if asked else text) if english else None,
        sent=_held(text) if english else None,
        grade=_rounded(meters.grade_of(text)) if english else None,
        kinds=_kinds(reply.draft, text),
        manner=manner_of(text, post=post.text, language=post.language),
    )


def _held(text: str) -> frozenset[meters.Mechanism] | None:
    return meters.mechanisms_in(text) if text.strip() else None


def _rounded(grade: float | None) -> float | None:
    return None if grade is None else round(grade, 1)


def _kinds(draft: Draft, text: str) -> dict[str, Changes]:
    kinds: dict[str, Changes] = {}
    for change, verdict in _offered(draft):
        kind = growth.SAFETY if reasons.is_finding(change.why) else change.why or growth.NO_REASON
        kinds[kind] = kinds.get(kind, Changes()) + _became(change, verdict, text)
    return kinds


def _offered(draft: Draft) -> Iterator[tuple[Change, str]]:
    """Every change of this draft's words that was shown, with what was decided about it; not those that were put aside."""
    stopped = set(StoppedKind.objects.filter(by=draft.author_id).values_list("code", flat=True))
    shown = Suggestion.objects.filter(job__draft=draft, job__mode=Mode.IMPROVE, status__in=Suggestion.VISIBLE)
    for suggestion in shown.select_related("case").order_by("created_at"):
        verdicts = verdicts_of(suggestion)
        for change in changes_of(suggestion):
            row = verdicts.get(change.index)
            if change.kind is not Kind.KEEP and (row is not None or change.why not in stopped):
                yield change, row.verdict if row else ""


def _became(change: Change, verdict: str, text: str) -> Changes:
    left = not verdict and bool(change.before.strip())
    return Changes(
        offered=1,
        used=int(verdict == ChangeVerdict.Verdict.ACCEPTED),
        kept=int(verdict == ChangeVerdict.Verdict.KEPT),
        unhelpful=int(verdict == ChangeVerdict.Verdict.UNHELPFUL),
        rewritten=int(
            left and change.before.strip() not in text and (change.after.strip() or change.before) not in text
        ),
    )


@one_transaction
def choose_help(level: str, *, by: Any) -> HelpChoice:
    """`level`: of HelpLevel; empty goes with the deployment. Chosen anew, the steps count from here."""
    choice, _ = HelpChoice.objects.select_for_update().get_or_create(by=by)
    choice.level, choice.stepped, choice.changed_at = level, "", timezone.now()
    choice.save(update_fields=["level", "stepped", "changed_at"])
    return choice


@one_transaction
def switch_numbers(*, on: bool, by: Any) -> None:
    choice, _ = HelpChoice.objects.select_for_update().get_or_create(by=by)
    choice.counts = on
    choice.save(update_fields=["counts"])


def delete_numbers(*, by: Any) -> int:
    return ReplyNumbers.objects.filter(by=by).delete()[0]
