"""What the queue is given: plain values, decided here so that templates decide nothing."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from math import ceil
from typing import Any

from django.utils.translation import gettext, gettext_noop

from assistant import triage
from moderation import policies, policy, reviews, sample, told
from moderation.actions.together import Result
from moderation.flagged import flag_row
from moderation.models import Decision, Flag
from moderation.models.flags import FlagQuerySet
from moderation.queue_filters import Chosen, count, fits, groups_of_links, narrow

PAGE = 40  # all of them can be chosen in one form, see DATA_UPLOAD_MAX_NUMBER_FIELDS
MOST = 400  # rows that a page keeps fresh; further ones are a page of their own


def queue_page(user: Any, query: Mapping[str, str]) -> dict[str, Any]:
    """The rows behind the flag `after`, and as many as reach to the flag `upto`, which the page shows already."""
    chosen = Chosen.of(query)
    flags = Flag.objects.open().for_person(user)
    offered = reviews.offered(user)
    counts = count(flags, chosen, user, offered=offered)
    after, upto = (_flag_named(query.get(name, ""), user) for name in ("after", "upto"))
    found = narrow(flags, chosen, user)
    if after is not None:
        found = found.behind(after)
    ids, more = _ids(found, upto)
    rows = _rows(ids)
    fitting = [flag for flag in offered if fits(flag, chosen, user)]
    rows = reviews.mixed(rows, _of_this_page(fitting, after, rows[-1] if more else None))
    return {
        "flags": [flag_row(flag, user) for flag in rows],
        "filters": groups_of_links(chosen, counts),
        "filtered": chosen.any,
        "chosen_count": sum(bool(group) for group in chosen.query().split("&")),
        "query": chosen.query(),
        "rows_query": chosen.query(after=str(after.id) if after is not None else ""),
        "more_query": chosen.query(after=str(ids[-1])) if more else "",
        "in_the_middle": after is not None,
        "total": counts.total,
        "shown": counts.shown,
        "urgent_outside": counts.urgent_outside,
        "held_outside": counts.held_outside,
        "samples": counts.samples,
        "may_decide": user.has_perm(policy.DECIDE_FLAGS),
        "may_see_quality": user.has_perm(policy.VIEW_QUALITY),
        "policies": [{"code": one.code, "label": gettext(one.label)} for one in policies.POLICIES],
        "closings": Decision.Closing.choices,
        "not_a_diagnosis": gettext(triage.NOT_A_DIAGNOSIS),
    }


def with_sample(page: dict[str, Any], user: Any) -> dict[str, Any]:
    may_see = user.has_perm(policy.DECIDE_ESCALATED)
    return page | {"sample": sample_words(waiting=page["samples"]) if may_see else None}


def _flag_named(text: str, user: Any) -> Flag | None:
    """One that the address names, open or not; only its place in the order is used."""
    try:
        flag_id = uuid.UUID(text)
    except ValueError:
        return None
    return Flag.objects.filter(id=flag_id).first() or reviews.flag_at(user, flag_id)


def _of_this_page(offered: list[Flag], after: Flag | None, last: Flag | None) -> list[Flag]:
    """Those whose place is behind `after` and not behind `last`, where further rows follow on another page."""
    start, end = (reviews.place_of(flag) if flag is not None else None for flag in (after, last))
    return [
        flag
        for flag in offered
        if (start is None or reviews.place_of(flag) > start) and (end is None or reviews.place_of(flag) < end)
    ]


def _ids(found: FlagQuerySet, upto: Flag | None) -> tuple[list[uuid.UUID], bool]:
    """First the ids alone: sorting ten thousand ids is cheap, and ten thousand rows with their texts is not."""
    ids = list(found.in_order().values_list("id", flat=True)[: MOST + 1])
    wanted = PAGE
    if upto is not None:
        reached = ids.index(upto.id) + 1 if upto.id in ids else found.count() - found.behind(upto).count()
        wanted = min(MOST, max(PAGE, reached))
    return ids[:wanted], len(ids) > wanted


def _rows(ids: list[uuid.UUID]) -> list[Flag]:
    flags = (
        Flag.objects.filter(id__in=ids)
        .with_proposer()
        .select_related("case", "post", "suggestion", "reply__draft", "claimed_by")
        .prefetch_related("post__findings", "suggestion__findings", "reply__findings")
    )
    return sorted(flags, key=lambda flag: ids.index(flag.id))


def sample_words(*, waiting: int) -> dict[str, Any]:
    """What the sample of unflagged posts tells a lead: this week, and since the start."""
    week, since_the_start = sample.estimates()
    return {
        "week": share_words(week),
        "all": share_words(since_the_start),
        "waiting": waiting,
    }


def share_words(estimate: sample.Estimate) -> dict[str, Any]:
    return {"read": estimate.read, "missed": estimate.missed, "at_most": ceil(100 * estimate.at_most)}


RESULTS = {
    "done": gettext_noop("Decided"),
    "second": gettext_noop("Proposed"),
    "proposed": gettext_noop("Proposed before"),
    "stale": gettext_noop("Changed meanwhile"),
    "claimed": gettext_noop("With somebody else"),
    "not_yours": gettext_noop("Not yours"),
    "unfit_outcome": gettext_noop("Does not fit"),
    "alone": gettext_noop("Only by itself"),
}
NOT_DECIDED = gettext_noop("Not decided")
RESULTS_OF_UNDOING = {"done": gettext_noop("Undone"), "not_yours": RESULTS["not_yours"]}
NOT_UNDONE = gettext_noop("Not undone")


def results_page(results: list[Result], user: Any) -> dict[str, Any]:
    """With what can still be undone of them, for as long as it can: each flag with the version that was decided."""
    done = [result.flag_id for result in results if result.code == "done"]
    undoable = told.undoable_among(done, user)
    return _of_each(results, user, RESULTS, NOT_DECIDED) | {
        "undoable": [f"{decision.flag_id}:{decision.flag_version}" for decision in undoable]
    }


def undone_page(results: list[Result], user: Any) -> dict[str, Any]:
    return _of_each(results, user, RESULTS_OF_UNDOING, NOT_UNDONE) | {"undone": True}


def _of_each(results: list[Result], user: Any, labels: Mapping[str, str], otherwise: str) -> dict[str, Any]:
    codes = Counter(result.code for result in results)
    return {
        "results": [
            {
                "row": flag_row(result.flag, user) if result.flag is not None else None,
                "done": result.code == "done",
                "label": gettext(labels.get(result.code, otherwise)),
                "message": result.message,
            }
            for result in results
        ],
        "done": codes["done"],
        "proposed": codes["second"],
        "left": codes.total() - codes["done"] - codes["second"],
    }
