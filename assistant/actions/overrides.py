"""Doing without the gate: one admin proposes it with a reason, another one confirms it. Nobody can alone."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from assistant.actions import deployments
from assistant.actions.refused import Refused
from assistant.inference.types import Mode
from assistant.models import GateOverride, ModelVersion
from assistant.models.sign_offs import OVERRIDE_LIVES
from assistant.vault import audit

MANAGE_PEOPLE = "accounts.manage_people"
LONGEST_REASON = 100  # characters: it stands in the audit log


def propose_override(version: ModelVersion, *, reason: str, by: Any) -> GateOverride:
    """Nothing is activated yet. Raises Refused."""
    _refuse_others(by)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        said = gettext("Give the reason in 1 to %(most)d characters; it stands in the audit log.")
        raise Refused("reason", said % {"most": LONGEST_REASON})
    rival = deployments.rival_of(version, Mode(version.mode) if version.mode else None)
    if rival is None:
        said = gettext("%(name)s takes no other model's place; it needs no gate.")
        raise Refused("no_gate_needed", said % {"name": version.name})
    try:
        with transaction.atomic():
            _close_old(version)
            row = GateOverride(
                version=version, over=rival, reason=reason.strip(), by=by, until=timezone.now() + OVERRIDE_LIVES
            )
            row.save(force_insert=True)
            _record("model.override_proposed", row, by=by, code=row.reason)
    except IntegrityError as error:
        raise Refused("waits", gettext("This is proposed already and waits for another admin.")) from error
    return row


def confirm_override(row: GateOverride, *, by: Any) -> None:
    """And activate the version: the word of two people counts once. Raises Refused."""
    _refuse_others(by)
    if row.by_id == by.pk:
        raise Refused("own", gettext("You proposed this. Another admin has to confirm it."), status=403)
    deployments.refuse_unusable(row.version)  # read before others wait for this
    with transaction.atomic():
        audit.take_turn()
        now = timezone.now()
        _refuse_who_left(row)
        if not GateOverride.objects.open().filter(id=row.id).update(confirmed_by=by, confirmed_at=now):
            raise Refused("answered", gettext("This was answered already, or is too old. Nothing was activated."))
        row.refresh_from_db()
        _record("model.gate_overridden", row, by=by, code=row.reason)
        deployments.activate(row.version, by=by, override=row)


def withdraw_override(row: GateOverride, *, by: Any) -> None:
    """By any admin. Raises Refused."""
    _refuse_others(by)
    with transaction.atomic():
        if not GateOverride.objects.open().filter(id=row.id).update(withdrawn_at=timezone.now()):
            raise Refused("answered", gettext("This was answered already, or is too old. Nothing was done."))
        _record("model.override_withdrawn", row, by=by)


def _close_old(version: ModelVersion) -> None:
    """Those that nobody answered in time make room for a new one."""
    now = timezone.now()
    old = GateOverride.objects.filter(version=version, confirmed_at=None, withdrawn_at=None, until__lte=now)
    old.update(withdrawn_at=now)


def _refuse_who_left(row: GateOverride) -> None:
    """Two admins agree, so the first one is still one when the second agrees."""
    proposer = get_user_model().objects.get(pk=row.by_id)
    if not proposer.has_perm(MANAGE_PEOPLE):
        said = gettext(
            "%(name)s, who proposed this, is no admin any more. Withdraw it, and propose it yourself if you still want it."
        )
        raise Refused("proposer_left", said % {"name": proposer}, status=403)


def _refuse_others(by: Any) -> None:
    if by is None or not by.has_perm(MANAGE_PEOPLE):
        raise Refused(
            "not_admin", gettext("Only admins may do without the gate, and it takes two of them."), status=403
        )


def _record(action: str, row: GateOverride, *, by: Any, code: str = "") -> None:
    audit.record(action, actor=by, object_type="model", object_id=row.version_id, code=code)
