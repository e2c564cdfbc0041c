"""Where a person is signed in, and ending that. Sockets of an ended sign-in close within seconds."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction
from django.utils import timezone

from assistant.streaming import poke
from assistant.vault import audit
from webapp.accounts.models import Session, User


def sign_ins_of(person: Any) -> models.QuerySet[Session]:
    return Session.objects.filter(user=person, expire_date__gt=timezone.now())


def end_sessions(person: Any, *, but: str | None = None) -> int:
    """All of this person's, without an event of its own: what ends them has one. `but`: the key of one that stays."""
    return int(Session.objects.filter(user=person).exclude(session_key=but).delete()[0])


@transaction.atomic
def end_sign_in(row: Session, *, of: User, by: User) -> None:
    """The second click changes nothing."""
    if Session.objects.filter(session_key=row.session_key, user=of).delete()[0]:
        audit.record("person.signed_out", actor=by, object_type="user", object_id=of.pk, code="one")
        poke.user_changed(of.pk)


@transaction.atomic
def end_sign_ins(person: User, *, by: User, but: str | None = None) -> int:
    ended = end_sessions(person, but=but)
    if ended:
        code = "all" if but is None else "others"
        audit.record("person.signed_out", actor=by, object_type="user", object_id=person.pk, code=code)
        poke.user_changed(person.pk)
    return ended
