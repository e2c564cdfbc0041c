"""One outcome and one reason for several flags; each is decided, or refused, by itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from assistant.actions import Refused
from moderation.actions.decisions import Said, decide
from moderation.actions.reviews import decide_review
from moderation.actions.stale import StaleFlag
from moderation.models import Flag, Proposal, Review
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
        with transaction.atomic():
            now = rows.select_for_update(of=("self",)).get()  # it may be raised while this runs
            if now.is_open and not may_be_decided_together(now):
                raise Refused("alone", gettext("This one is decided by itself: open it."))
            made = decide(now, by=by, seen=seen, **asdict(said))
    except Flag.DoesNotExist:  # escalated, or erased, a moment ago
        stale = StaleFlag()
        return Result(flag_id, None, stale.code, str(stale))
    except Refused as refusal:
        return Result(flag_id, flag, refusal.code, str(refusal))
    if isinstance(made, Proposal):
        return Result(flag_id, flag, "second", gettext("Nothing happens until somebody else confirms it."))
    return Result(flag_id, flag, "done", "")


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
