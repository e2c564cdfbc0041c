"""Whether anybody may decide a flag. In a small service all who could may have a part in it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from moderation import duty
from moderation.models import Flag, Proposal
from moderation.policy import needed, with_a_part_in

# Of one flag: its author, who decided what was appealed against, who confirmed that, who proposed what waits for another.
MOST_WITH_A_PART = 4


def able(*, escalated: bool) -> set[Any]:
    """Ids of people with an open account who decide such flags."""
    return set(duty.people_who(needed(escalated=escalated)).values_list("pk", flat=True))


def a_lead_may_decide(flag: Flag) -> bool:
    return not able(escalated=True) <= with_a_part_in(flag)


def nobody_may_end(flag: Flag) -> bool:
    """Decide it or, where a decision waits for a second person, confirm that."""
    proposal = flag.proposal()
    without = with_a_part_in(flag) | ({proposal.by_id} if proposal is not None else set())
    return able(escalated=flag.escalated) <= without


def flags_for_nobody() -> int:
    """How many open flags wait for somebody who is not there."""
    return sum(_for_nobody(escalated=escalated) for escalated in (False, True))


def _for_nobody(*, escalated: bool) -> int:
    people = able(escalated=escalated)
    flags = Flag.objects.open().filter(escalated=escalated)
    if not people:
        return flags.count()
    if len(people) > MOST_WITH_A_PART:
        return 0
    proposer = dict(Proposal.objects.filter(answered_at=None).values_list("flag", "by"))
    rows = flags.filter(Q(post=None) | Q(id__in=proposer)).values_list(
        "id",
        "reply__draft__author",
        "suggestion__job__draft__author",
        "appeal__decision__by",
        "appeal__decision__confirmed_by",
    )
    return sum(people <= {*part, proposer.get(flag_id)} for flag_id, *part in rows)
