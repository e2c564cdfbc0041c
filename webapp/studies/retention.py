"""What stays of a study's texts: none of them once its key is gone, and none of a case that was erased."""

from __future__ import annotations

import uuid

from django.db import transaction

from assistant.vault import audit
from webapp.studies.marks import mark_of
from webapp.studies.models import Allowance, Assignment, Comment, Item, Output, Study
from webapp.studies.opening import empty_output

# Tables that hold encrypted text; unreadable once the key of the study is gone.
ENCRYPTED = (Item, Output, Allowance, Comment)


@transaction.atomic
def forget_case(case_id: uuid.UUID) -> None:
    """Take the texts of a case out of every study that picked it, and whatever was written about their words. Nobody is given
    them any more; the numbers that were already given stay."""
    for study in Study.objects.filter(case__destroyed_at=None).select_related("case"):
        for item in study.items.filter(source=mark_of(study, case_id)).select_related("case"):
            if not item.post:  # it was before
                continue
            _empty(item)
            audit.record("study.item_erased", actor=None, object_type="study", object_id=study.id, code=str(item.id))


def _empty(item: Item) -> None:
    Assignment.objects.filter(output__item=item, done_at=None).delete()
    Comment.objects.filter(output__item=item).delete()
    Allowance.objects.filter(output__item=item).delete()
    for output in Output.objects.filter(item=item).select_related("case"):
        empty_output(output, problem="erased")
    item.post, item.explanation, item.about = "", "", ""
    item.save(update_fields=["post", "explanation", "about"])
