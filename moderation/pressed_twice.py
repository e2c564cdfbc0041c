"""Whether somebody said the very same of a flag already: they pressed twice, or the answer to the first press was lost."""

from __future__ import annotations

from typing import Any

from moderation.models import Decision, Flag, Proposal


def was_said(flag: Flag, *, by: Any, outcome: str, reason: str, seen: int) -> bool:
    """`seen`: the version of the flag on the page that was sent."""
    about = {"flag": flag, "by": by, "outcome": outcome, "flag_version": seen}
    decided = Decision.objects.standing().filter(**about).select_related("case")
    proposed = Proposal.objects.filter(**about, answered_at=None).select_related("case")
    return any(one.reason == reason for one in [*decided, *proposed])
