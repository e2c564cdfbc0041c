"""A closed study as a file: what was planned and what was rated, by codes. No name, no account, no text of an item.

The format is read by `python -m evaluation.studies`; docs/studies/README.md says what each field means. The same study gives the
same bytes, every time, until somebody withdraws. Texts go into a file of their own, and only when they are asked for.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.safety.scrub import scrub
from assistant.vault import audit
from webapp.studies.dimensions import HIGHEST, LOWEST, ON_THE_SCALE
from webapp.studies.models import Assignment, Comment, Item, Output, Rater, Study
from webapp.studies.opening import arms_of, planned_comparison

FORMAT = 1


def export_study(study: Study, *, by: Any | None) -> bytes:
    """Refused while raters may still change something."""
    with transaction.atomic():
        data = to_bytes(study_of(_closed(study)))
        audit.record("study.exported", actor=by, object_type="study", object_id=study.id)
    return data


def export_texts(study: Study, *, by: Any | None) -> bytes:
    """The scrubbed posts, outputs and comments, for paired examples and for training."""
    with transaction.atomic():
        data = to_bytes(texts_of(_closed(study)))
        audit.record("study.texts_exported", actor=by, object_type="study", object_id=study.id)
    return data


def to_bytes(data: dict[str, Any]) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def _closed(study: Study) -> Study:
    row = Study.objects.select_related("case").get(id=study.id)
    if row.status != Study.Status.CLOSED or row.plan_sha256 == "" or row.case.destroyed_at is not None:
        raise Refused("not_closed", gettext("A study can be exported once it is closed: until then answers change."))
    return row


# Without texts


def study_of(study: Study) -> dict[str, Any]:
    raters = list(study.raters.select_related("user").order_by("code"))
    staying = [rater for rater in raters if rater.withdrew_at is None]
    rows = [row for row in _assignments(study) if row.rater.withdrew_at is None]
    answered = [row for row in rows if row.done_at is not None and not row.skipped and hasattr(row, "rating")]
    pairs = study.form == Study.Form.PAIRS
    return {
        "format": FORMAT,
        "name": study.name,
        "question": study.question,
        "form": study.form,
        "seed": study.seed,
        "opened": _iso(study.opened_at),
        "closed": _iso(study.closed_at),
        "plan_sha256": study.plan_sha256,
        "planned": planned_comparison(study),
        "scale": [LOWEST, HIGHEST],
        "dimensions": list(ON_THE_SCALE),
        "arms": arms_of(study),
        "items": [_item(item) for item in _items(study)],
        "raters": [_rater(rater, study, _counts(rater, rows)) for rater in raters],
        "ratings": [] if pairs else [_rating(row) for row in answered],
        "choices": [_choice(row) for row in answered] if pairs else [],
        "skips": [_skip(row) for row in rows if row.skipped],
        "comments": [_place(comment) for comment in _comments(staying)],
        "outputs": [_output(output) for output in _outputs(study)],
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _items(study: Study) -> QuerySet[Item]:
    return study.items.select_related("case").order_by("source")


def _outputs(study: Study) -> QuerySet[Output]:
    rows = Output.objects.filter(item__study=study).exclude(sha256="").select_related("case", "item", "arm")
    return rows.order_by("item__source", "arm__key")


def _assignments(study: Study) -> QuerySet[Assignment]:
    related = ("rater__user", "output__item", "output__arm", "other__arm", "rating__preferred__arm")
    rows = Assignment.objects.filter(rater__study=study).select_related(*related)
    return rows.defer("output__text", "output__draft", "other__text", "other__draft").order_by(
        "rater__code", "position"
    )


def _comments(raters: Iterable[Rater]) -> QuerySet[Comment]:
    rows = Comment.objects.filter(assignment__rater__in=[rater.pk for rater in raters])
    related = ("case", "assignment__rater", "output__item", "output__arm")
    return rows.select_related(*related).order_by(
        "assignment__rater__code", "assignment__position", "output__arm__key", "start", "end", "at", "id"
    )


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "source": item.source,
        "role": item.role,
        "language": item.language,
        "level": item.level,
        "stratum": item.stratum,
    }


def _counts(rater: Rater, rows: list[Assignment]) -> Counter[str]:
    mine = [row for row in rows if row.rater_id == rater.pk]
    return Counter(
        given=len(mine),
        done=sum(1 for row in mine if row.done_at is not None and not row.skipped),
        skipped=sum(1 for row in mine if row.skipped),
    )


def _rater(rater: Rater, study: Study, counts: Counter[str]) -> dict[str, Any]:
    """Of a closed account no model learns: nobody could take it back."""
    return {
        "code": rater.code,
        "panel": rater.panel,
        "credentials": scrub(rater.credentials),
        "consented": rater.consented_at is not None,
        "withdrew": rater.withdrew_at is not None,
        "trained": rater.trained_at is not None,
        "given": counts["given"],
        "done": counts["done"],
        "skipped": counts["skipped"],
        "may_train": study.pairs_for_training
        and rater.may_train
        and rater.withdrew_at is None
        and rater.user.is_active,
    }


def _where(row: Assignment) -> dict[str, Any]:
    return {"rater": row.rater.code, "item": str(row.output.item_id)}


def _when(row: Assignment) -> dict[str, Any]:
    return {"position": row.position, "seconds": row.seconds, "passed": row.passed}


def _rating(row: Assignment) -> dict[str, Any]:
    return {**_where(row), "arm": row.output.arm.key, "values": row.rating.values, **_when(row)}


def _choice(row: Assignment) -> dict[str, Any]:
    assert row.other is not None  # it is a study of pairs
    preferred = row.rating.preferred
    arms = {"first": row.output.arm.key, "second": row.other.arm.key}
    return {**_where(row), **arms, "preferred": preferred.arm.key if preferred else "", **_when(row)}


def _skip(row: Assignment) -> dict[str, Any]:
    return {**_where(row), "arm": row.output.arm.key, "reason": row.skipped}


def _place(comment: Comment) -> dict[str, Any]:
    """Which words, by their place; not what was said of them."""
    return {
        "rater": comment.assignment.rater.code,
        "item": str(comment.output.item_id),
        "arm": comment.output.arm.key,
        "start": comment.start,
        "end": comment.end,
        "dimension": comment.dimension,
    }


def _output(output: Output) -> dict[str, Any]:
    """Its words are counted, so that the lab can tell who read faster than anybody can."""
    return {
        "item": str(output.item_id),
        "arm": output.arm.key,
        "sha256": output.sha256,
        "screened": output.screened,
        "words": len(output.text.split()),
    }


# With texts


def texts_of(study: Study) -> dict[str, Any]:
    texts: dict[Any, dict[str, str]] = defaultdict(dict)
    for output in _outputs(study):
        texts[output.item_id][output.arm.key] = scrub(output.text)
    staying = study.raters.filter(withdrew_at=None)
    said = ("rater", "item", "arm", "start", "end")
    return {
        "format": FORMAT,
        "study": study.plan_sha256,
        "items": [
            {"id": str(item.id), "post": scrub(item.post), "outputs": texts[item.id]}
            for item in _items(study)
            if item.post
        ],
        "comments": [
            {name: _place(comment)[name] for name in said} | {"text": scrub(comment.text)}
            for comment in _comments(staying)
        ],
    }
