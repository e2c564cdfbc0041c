"""The states that a draft was in, for whoever wrote it: to look at again, and to bring one back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.text import Truncator
from django.utils.translation import gettext, gettext_noop

from assistant.models import Draft, DraftRevision

SITTING = timedelta(seconds=60)  # typing with shorter pauses is one step, shown as it stood at its end
MOST_REVISIONS = 400  # of which steps are made: every one of them is decrypted
OPENING_CHARACTERS = 70

WHAT = {
    DraftRevision.Origin.TYPED: gettext_noop("You wrote"),
    DraftRevision.Origin.ACCEPTED: gettext_noop("A suggestion used"),
    DraftRevision.Origin.UNDONE: gettext_noop("A suggestion taken out again"),
    DraftRevision.Origin.RESTORED: gettext_noop("An earlier state brought back"),
}
KEPT_ASIDE = gettext_noop("Kept aside: written in a window that was behind")


@dataclass(frozen=True, slots=True)
class Step:
    """A revision that is worth showing."""

    number: int
    saved_at: datetime
    what: str
    opening: str  # its first words
    words: int
    is_head: bool


def steps_of(draft: Draft) -> list[Step]:
    """The newest first."""
    return [_step(row, is_head=row.number == draft.head_number) for row in revisions_of(draft)]


def revisions_of(draft: Draft) -> list[DraftRevision]:
    """Those that are worth showing, the newest first."""
    rows = list(draft.revisions.select_related("case").order_by("-number")[:MOST_REVISIONS])
    return list(_ends_of_sittings(rows, draft.head_number))


def _ends_of_sittings(newest_first: Sequence[DraftRevision], head_number: int) -> Iterator[DraftRevision]:
    """Leaves out what typing went through on its way to the next step."""
    later: DraftRevision | None = None
    for row in newest_first:
        typed_on = (
            later is not None
            and later.base_number == row.number
            and later.origin == row.origin == DraftRevision.Origin.TYPED
            and later.saved_at - row.saved_at < SITTING
        )
        if not typed_on or row.branched or row.number == head_number:
            yield row
        later = row


def _step(row: DraftRevision, *, is_head: bool) -> Step:
    return Step(
        number=row.number,
        saved_at=row.saved_at,
        what=gettext(KEPT_ASIDE if row.branched else WHAT[DraftRevision.Origin(row.origin)]),
        opening=Truncator(" ".join(row.text.split())).chars(OPENING_CHARACTERS),
        words=len(row.text.split()),
        is_head=is_head,
    )
