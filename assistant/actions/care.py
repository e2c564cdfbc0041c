"""What supporters do for themselves: topics, check-ins, asking a lead to talk.

The audit log has what concerns others: sharing, reading what was shared, asking to talk. That somebody checked in, or which
topics they leave to others, is in no log.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, models
from django.utils import timezone

from assistant.models import CaseKey, CheckIn, LeftOutTopic, TalkRequest
from assistant.transactions import one_transaction
from assistant.vault import audit


@one_transaction
def leave_out_topics(codes: Iterable[str], *, by: Any) -> None:
    """These and no others."""
    LeftOutTopic.objects.filter(by=by).delete()
    LeftOutTopic.objects.bulk_create((LeftOutTopic(by=by, topic=code) for code in codes), ignore_conflicts=True)


@one_transaction
def check_in(*, moment: str, feeling: str, words: str, by: Any) -> CheckIn:
    row = CheckIn(case=CaseKey.open_case(), by=by, moment=moment, feeling=feeling, words=words)
    row.save(force_insert=True)
    return row


@one_transaction
def share_check_in(row: CheckIn, *, shared: bool, by: Any) -> None:
    """Let leads read it, or take that back. The second click changes nothing."""
    unchanged = CheckIn.objects.filter(id=row.id, shared_at__isnull=shared)
    if unchanged.update(shared_at=timezone.now() if shared else None):
        action = "check_in.shared" if shared else "check_in.unshared"
        audit.record(action, actor=by, object_type="check_in", object_id=row.id)


@one_transaction
def note_reading(row: CheckIn, *, by: Any) -> None:
    """A lead opened a check-in that was shared."""
    audit.record("check_in.read", actor=by, object_type="check_in", object_id=row.id)


@one_transaction
def delete_check_ins(rows: models.QuerySet[CheckIn]) -> int:
    """With their keys, which belong to nothing else."""
    keys = list(rows.values_list("case_id", flat=True))
    CheckIn.objects.filter(case_id__in=keys).delete()
    CaseKey.objects.filter(id__in=keys).delete()
    return len(keys)


def ask_to_talk(by: Any) -> None:
    """The second click changes nothing."""
    try:
        _ask_to_talk(by)
    except IntegrityError:  # one is open
        return


@one_transaction
def _ask_to_talk(by: Any) -> None:
    row = TalkRequest.objects.create(by=by)
    audit.record("talk.asked", actor=by, object_type="talk_request", object_id=row.id)


@one_transaction
def take_back_talk(by: Any) -> None:
    for row in TalkRequest.objects.select_for_update().filter(by=by, taken_at=None):
        audit.record("talk.taken_back", actor=by, object_type="talk_request", object_id=row.id)
        row.delete()


@one_transaction
def take_up_talk(row: TalkRequest, *, by: Any) -> bool:
    """False when another lead was first, or it was taken back."""
    if not TalkRequest.objects.open_for(by).filter(id=row.id).update(taken_by=by, taken_at=timezone.now()):
        return False
    audit.record("talk.taken_up", actor=by, object_type="talk_request", object_id=row.id)
    return True


@one_transaction
def erase_care(by: Any) -> None:
    """Everything that the page "Looking after yourself" keeps of this person."""
    delete_check_ins(CheckIn.objects.filter(by=by))
    TalkRequest.objects.filter(by=by).delete()
    LeftOutTopic.objects.filter(by=by).delete()
    audit.record("care.erased", actor=by, object_type="user", object_id=by.pk)
