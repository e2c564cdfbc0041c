"""What raters said of texts, as lines that a model can learn from; read by `training/sources/study.py`, which says their form.

Only of a closed study that asked for it, only by raters who agreed to it, and only of texts that count: neither training nor
attention items, nothing skipped, and no rater who passed fewer than two thirds of the attention items, as in the report. A reply
that was picked from this site leaves only while its seeker and its supporter agree.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from assistant.exports import Code, NotExported, coder, refuse_existing, remember, written_whole
from assistant.models import Draft, PreferenceExport
from webapp.studies.dimensions import Dimension
from webapp.studies.models import Assignment, Item, Output, Rater, Study
from webapp.studies.picking import still_agreed

VERSION = 1
EVENT = "ratings.exported"
LEAST_PASSED = 2 / 3  # of the attention items

Values = dict[str, float]


@dataclass(frozen=True, slots=True)
class Count:
    """Raters of a study, and why some of them stay out; each is counted under the first reason that holds."""

    raters: int
    not_agreed: int
    overlooked: int  # attention items
    texts: int  # that somebody who is in it rated
    taken_back: int  # of these: whose seeker or supporter agrees no more


def raters_in_it(study: Study) -> tuple[list[Rater], Count]:
    rows = list(study.raters.filter(consented_at__isnull=False, withdrew_at=None).select_related("user").order_by("id"))
    agreed = [
        one for one in rows if one.may_train and one.user.is_active
    ]  # of a closed account nobody can take it back
    chosen = [one for one in agreed if not overlooks(one)]
    rated, picked = ratings_of(chosen), still_agreed(study)
    taken_back = sum(not _may_leave(text, picked) for text in rated)
    return chosen, Count(len(rows), len(rows) - len(agreed), len(agreed) - len(chosen), len(rated), taken_back)


def _may_leave(text: Output, picked: dict[str, Draft | None]) -> bool:
    return bool(text.sha256) and picked.get(text.item.source, True) is not None


def overlooks(rater: Rater) -> bool:
    found = [
        one.passed
        for one in rater.assignments.filter(output__item__role=Item.Role.ATTENTION).exclude(done_at=None)
        if one.passed is not None
    ]
    return found.count(True) < LEAST_PASSED * len(found)


def ratings_of(raters: Iterable[Rater]) -> dict[Output, dict[Rater, Values]]:
    """By text, in the order of the items."""
    known = {rater.pk: rater for rater in raters}
    rows = Assignment.objects.filter(rater__in=known, output__item__role=Item.Role.RATED, skipped="")
    rows = rows.exclude(done_at=None).filter(rating__isnull=False).order_by("output__item__source", "position")
    paths = ("rating", "output__case", "output__item__case", "other__case", "other__item__case")
    found: dict[Output, dict[Rater, Values]] = defaultdict(dict)
    shares: dict[tuple[Output, Rater], list[float]] = defaultdict(list)
    for row in rows.select_related(*paths):
        rater = known[row.rater_id]
        if row.other is None:
            found[row.output][rater] = _on_scales(row)
        else:
            for text, other in ((row.output, row.other), (row.other, row.output)):
                shares[text, rater].append(_won(row, text, other))
    for (text, rater), won in shares.items():
        found[text][rater] = {"preferred": 1 + 4 * sum(won) / len(won)}
    return dict(found)


def _on_scales(row: Assignment) -> Values:
    return {name: float(value) for name, value in row.rating.values.items() if name in set(Dimension)}


def _won(row: Assignment, text: Output, other: Output) -> float:
    preferred = row.rating.preferred_id
    return 1.0 if preferred == text.pk else 0.0 if preferred == other.pk else 0.5


def write_ratings(study: Study, path: Path, *, by: Any | None = None, salt: bytes | None = None) -> PreferenceExport:
    """The file, for its owner only, and the row that remembers it. Raises NotExported."""
    refuse_existing(path)
    code = coder(salt or secrets.token_bytes(32))
    with transaction.atomic(), written_whole(path) as write:
        study = Study.objects.select_for_update().select_related("case").get(pk=study.pk)
        refuse_unfit(study)
        raters, _count = raters_in_it(study)
        picked = still_agreed(study)
        found = {text: said for text, said in ratings_of(raters).items() if _may_leave(text, picked)}
        lines = [_line(study, text, said, code) for text, said in found.items()]
        if not lines:
            raise NotExported("There is nothing to export: run this without --yes to see why.")
        data = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        whose = {("person", rater.user_id) for said in found.values() for rater in said} | {("case", study.case_id)}
        made_of = [draft for text in found if (draft := picked.get(text.item.source)) is not None]
        whose |= {("person", draft.author_id) for draft in made_of} | {("case", draft.case_id) for draft in made_of}
        row = remember(data, whose, act=EVENT, filters={"what": "ratings", "study": study.plan_sha256}, by=by)
        write(data)
    return row


def refuse_unfit(study: Study) -> None:
    if study.case.destroyed_at is not None:
        raise NotExported(f"{study.name}: it was erased.")
    if study.status != Study.Status.CLOSED:
        raise NotExported(f"{study.name}: it is {study.status}; ratings may change until it is closed. Close it first.")
    if not study.pairs_for_training:
        raise NotExported(f"{study.name}: its raters were not asked whether a model may learn from their ratings.")


def _line(study: Study, text: Output, said: dict[Rater, Values], code: Code) -> dict[str, Any]:
    return {
        "version": VERSION,
        "study": study.plan_sha256,
        "item": code("item", text.item_id),
        "id": code("text", text.pk),
        "post": text.item.post,
        "text": text.text,
        "draft": text.draft,
        "ratings": [
            {"rater": code("rater", rater.pk), "panel": rater.panel, "values": values} for rater, values in said.items()
        ],
        "consent": {"raters": True, "writers": True},
    }
