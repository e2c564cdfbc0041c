"""Items from this deployment: finished replies of people who agreed, seeker and supporter, drawn by chance from a seed.

The rule is the one of `assistant.exports`; in addition nothing is taken on which a moderator still has a question. A copy is
made, scrubbed. When its case is erased, its texts go from the study as well: see `retention.forget_case`.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.exports import finished, own_and_sent, to_learn_from
from assistant.models import CaseKey, Draft
from assistant.safety.scrub import scrub
from assistant.vault import audit
from moderation.models import Escalation, Flag
from webapp.studies.importing import MOST_ITEMS, Row, add_item
from webapp.studies.marks import mark_of
from webapp.studies.models import Arm, Output, Study
from webapp.studies.planning import planned

MOST_PICKED = 100  # at a time


@dataclass(frozen=True, slots=True)
class Eligible:
    draft: Draft
    source: str

    @property
    def stratum(self) -> str:
        return f"level {self.draft.post.level}, {self.draft.post.language}"


def eligible(study: Study) -> list[Eligible]:
    """Everything that may be picked now, in an order that says nothing of when it was written. No text is opened by it."""
    taken = set(study.items.values_list("source", flat=True))
    open_cases = _in_question()
    found = []
    for draft, _agreed in to_learn_from(None)[0]:
        source = mark_of(study, draft.case_id)
        if draft.status == Draft.Status.SENT and draft.case_id not in open_cases and source not in taken:
            found.append(Eligible(draft, source))
            taken.add(source)  # of two replies to one post, the first: an item is a post
    return sorted(found, key=lambda one: one.source)


def _in_question() -> set[uuid.UUID]:
    flagged = set(Flag.objects.filter(status=Flag.Status.OPEN).values_list("case_id", flat=True))
    return flagged | set(Escalation.objects.open().values_list("case_id", flat=True))


def draw(found: list[Eligible], *, seed: int) -> list[Eligible]:
    """In an order whose beginning is as even as can be over the strata: one of each in turn, by chance within each."""
    by_stratum: dict[str, list[Eligible]] = defaultdict(list)
    for one in found:
        by_stratum[one.stratum].append(one)
    chance = Random(f"{seed} pick")  # noqa: S311 the same seed picks the same
    shuffled = [chance.sample(ones, len(ones)) for _stratum, ones in sorted(by_stratum.items())]
    rounds = max(map(len, shuffled), default=0)
    return [ones[turn] for turn in range(rounds) for ones in shuffled if turn < len(ones)]


@transaction.atomic
def pick_items(study: Study, *, count: int, seed: int, by: Any) -> int:
    """How many were added: as many as there are, if there are fewer. Refused where there is none or no arm for them."""
    row = planned(study)
    arms = {arm.key: arm for arm in row.arms.select_related("version")}
    if not any(arm.kind == Arm.Kind.ALONE for arm in arms.values()):
        said = gettext("Picked replies need an arm for the supporter alone. Add it first.")
        raise Refused("no_arm", said, status=422)
    room = MOST_ITEMS - row.items.count()
    fitting = (made for one in draw(eligible(row), seed=seed) if (made := _row_of(one, arms)) is not None)
    chosen = list(islice(fitting, min(count, room)))
    if not chosen:
        said = gettext("There is no finished reply whose seeker and supporter agreed and that fits the arms.")
        raise Refused("none", said, status=422)
    for one in chosen:
        add_item(row, one, arms)
    code, outcome = f"seed {seed}", f"{len(chosen)} item(s)"
    audit.record("study.items_picked", actor=by, object_type="study", object_id=row.id, code=code, outcome=outcome)
    return len(chosen)


def still_agreed(study: Study) -> dict[str, Draft | None]:
    """By the source of each item that was picked here: the reply it was made of, while seeker and supporter agree that a
    model may learn from it; None where one of them took that back, or nobody can say any more which reply it was."""
    sources = set(study.items.values_list("source", flat=True))
    marks = {case: mark_of(study, case) for case in finished(None).values_list("case_id", flat=True).distinct()}
    found: dict[str, Draft | None] = {mark: None for mark in marks.values() if mark in sources}
    alone = Output.objects.filter(item__study=study, arm__kind=Arm.Kind.ALONE).select_related("case", "item")
    words = {row.item.source: row.text for row in alone if row.item.source in found}
    for draft, _agreed in to_learn_from(None)[0]:
        source = marks[draft.case_id]
        if found.get(source, draft) is None and words.get(source) == own_and_sent(draft)[0]:
            found[source] = draft
    return found


def _row_of(one: Eligible, arms: dict[str, Arm]) -> Row | None:
    """None where what was written does not fit the arms: no words of their own, or no help where its text is wanted."""
    # Whoever erases the case waits until the copy stands, and then finds it.
    if CaseKey.objects.select_for_update().filter(id=one.draft.case_id, destroyed_at=None).first() is None:
        return None
    own, sent = own_and_sent(one.draft)
    as_sent = {key for key, arm in arms.items() if arm.kind == Arm.Kind.IMPROVED and arm.version_id is None}
    if not own or (as_sent and not sent):
        return None
    outputs = {key: own for key, arm in arms.items() if arm.kind == Arm.Kind.ALONE}
    post = one.draft.post
    return Row(
        source=one.source,
        post=scrub(post.text),
        outputs=outputs | dict.fromkeys(as_sent, sent),
        draft=own,
        language=post.language,
        level=post.level,
        stratum=one.stratum,
    )
