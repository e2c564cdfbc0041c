"""One outcome and one reason for several flags, and taking that back; each is decided, undone or refused by itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.transactions import one_transaction
from moderation.actions.decisions import Said, decide, kept
from moderation.actions.reviews import decide_review
from moderation.actions.stale import StaleFlag
from moderation.actions.undo import undo
from moderation.models import Decision, Flag, Proposal, Review, Undo
from moderation.models.flags import FlagQuerySet
from moderation.stand_in import flag_of
from moderation.together import may_be_decided_together


@dataclass(frozen=True, slots=True)
class Result:
    flag_id: uuid.UUID
    flag: Flag | None  # None: not there for this person
    code: str  # "done", "second" where another person has to confirm it, or that of the refusal
    message: str


def decide_together(
    chosen: Iterable[tuple[uuid.UUID, int]], *, outcome: str, policy: str, by: Any, reason: str, closed_as: str = ""
) -> list[Result]:
    """`chosen`: each flag with its version that the person saw."""
    said = Said(outcome, policy, reason, closed_as=closed_as)
    return [_decide(flag_id, seen=seen, said=said, by=by) for flag_id, seen in chosen]


def _decide(flag_id: uuid.UUID, *, seen: int, said: Said, by: Any) -> Result:
    rows = Flag.objects.for_person(by).with_subjects().filter(id=flag_id, case__destroyed_at=None)
    flag = rows.first()
    if flag is None:
        return _decide_review(flag_id, seen=seen, said=said, by=by)
    try:
        made = _decide_one(flag, rows, seen=seen, said=said, by=by)
    except Flag.DoesNotExist:  # escalated, or erased, a moment ago
        stale = StaleFlag()
        return Result(flag_id, None, stale.code, str(stale))
    except Refused as refusal:
        return Result(flag_id, flag, refusal.code, str(refusal))
    if isinstance(made, Proposal):
        return Result(flag_id, flag, "second", gettext("Nothing happens until somebody else confirms it."))
    return Result(flag_id, flag, "done", "")


@one_transaction
def _decide_one(flag: Flag, rows: FlagQuerySet, *, seen: int, said: Said, by: Any) -> Decision | Proposal:
    kept(flag)  # it may be raised while this runs
    now = rows.get()
    if now.is_open and not may_be_decided_together(now):
        raise Refused("alone", gettext("This one is decided by itself: open it."))
    return decide(now, by=by, seen=seen, **asdict(said))


def _decide_review(flag_id: uuid.UUID, *, seen: int, said: Said, by: Any) -> Result:
    """Rows of reviews can be chosen like any other, or the missing box would tell what they are."""
    review = Review.objects.for_person(by).with_subjects().filter(id=flag_id).first()
    if review is None:
        return Result(flag_id, None, "not_yours", gettext("It is not there any more, or it is not yours to decide."))
    flag = flag_of(review)
    try:
        if seen != flag.version:
            raise StaleFlag
        if not may_be_decided_together(flag):
            raise Refused("alone", gettext("This one is decided by itself: open it."))
        decide_review(review, said, by=by)
    except Refused as refusal:
        return Result(flag_id, flag, refusal.code, str(refusal))
    return Result(flag_id, flag, "done", gettext("That was a golden item or a second look: nothing was changed by it."))


def undo_together(chosen: Iterable[tuple[uuid.UUID, int]], *, by: Any) -> list[Result]:
    """`chosen`: each flag with the version that was decided. What was decided since then is another decision, and stays."""
    return [_undo(flag_id, seen=seen, by=by) for flag_id, seen in chosen]


def _undo(flag_id: uuid.UUID, *, seen: int, by: Any) -> Result:
    rows = Decision.objects.filter(flag=flag_id, flag_version=seen, case__destroyed_at=None)
    decision = rows.select_related("case").first()
    if decision is None or not decision.is_by(by):
        return Result(flag_id, None, "not_yours", gettext("It is not there any more, or it is not yours to decide."))
    try:
        if not _was_undone(decision, by):  # else it was pressed twice
            undo(decision, by=by)
    except (Flag.DoesNotExist, Decision.DoesNotExist):  # erased a moment ago
        stale = StaleFlag()
        return Result(flag_id, None, stale.code, str(stale))
    except Refused as refusal:
        return Result(flag_id, _seen_by(by, flag_id), refusal.code, str(refusal))
    return Result(flag_id, _seen_by(by, flag_id), "done", "")


def _was_undone(decision: Decision, by: Any) -> bool:
    return Undo.objects.filter(decision=decision, by=by, decision__flag__status=Flag.Status.OPEN).exists()


def _seen_by(user: Any, flag_id: uuid.UUID) -> Flag | None:
    return Flag.objects.for_person(user).with_subjects().filter(id=flag_id).first()
