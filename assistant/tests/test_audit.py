"""The audit log is written with the act, holds no content, and shows every way of tampering with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from assistant.models import AuditEvent
from assistant.vault import audit
from webapp import test as build
from webapp.test import Cast


@pytest.fixture
def chain(db: None) -> list[AuditEvent]:
    for number in range(30):
        with transaction.atomic():
            audit.record("test.act", actor=None, object_type="thing", object_id=number, code=str(number % 3))
    return list(AuditEvent.objects.all())


def faults() -> list[int]:
    return [fault.seq for fault in audit.faults_in_chain()]


def test_an_untouched_chain_is_whole(chain: list[AuditEvent]) -> None:
    assert faults() == []


@pytest.mark.parametrize("field", ["actor", "action", "object_type", "object_id", "outcome", "code", "mac", "prev"])
def test_an_edit_of_any_field_shows(chain: list[AuditEvent], field: str) -> None:
    AuditEvent.objects.filter(seq=17).update(**{field: "changed"})
    assert 17 in faults()


def test_a_changed_time_shows(chain: list[AuditEvent]) -> None:
    AuditEvent.objects.filter(seq=17).update(at=chain[0].at)
    assert 17 in faults()


def test_a_deleted_event_shows(chain: list[AuditEvent]) -> None:
    AuditEvent.objects.filter(seq=9).delete()
    assert 9 in faults()


def test_two_swapped_events_show(chain: list[AuditEvent]) -> None:
    first, second = AuditEvent.objects.get(seq=5), AuditEvent.objects.get(seq=6)
    AuditEvent.objects.filter(seq=5).update(object_id=second.object_id, mac=second.mac)
    AuditEvent.objects.filter(seq=6).update(object_id=first.object_id, mac=first.mac)
    assert faults()


def test_a_cut_end_shows_against_the_checkpoint(chain: list[AuditEvent], tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    call_command("verify_audit", "--checkpoint", str(path))
    AuditEvent.objects.filter(seq__gt=25).delete()
    call_command("verify_audit")  # the chain alone cannot know
    with pytest.raises(CommandError):
        call_command("verify_audit", "--checkpoint", str(path))


def test_an_act_that_fails_leaves_no_event(db: None) -> None:
    before = AuditEvent.objects.count()

    @transaction.atomic
    def act() -> None:
        audit.record("test.act", actor=None, object_type="thing", object_id="1")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    assert AuditEvent.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_it_refuses_to_record_outside_a_transaction() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        audit.record("test.act", actor=None, object_type="thing", object_id="1")


def test_events_hold_no_content(cast: Cast) -> None:
    marker = "kestrel over the field"
    draft = build.draft(cast.wren, text=f"{build.KIND_DRAFT} {marker}", post_text=f"{build.CALM_POST} {marker}")
    build.job(draft)
    for event in AuditEvent.objects.all():
        assert marker not in " ".join(str(value) for value in vars(event).values())
