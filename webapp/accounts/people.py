"""Changes to people: who comes in, which roles they hold, and when their access ends.

Each is one transaction with its audit event. Whatever takes rights away also ends the person's sessions and running jobs
and pokes their sockets, which close within seconds.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from assistant.actions import cancel_jobs_of, give_back_posts_of
from assistant.streaming import poke
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation.actions.leaving import hand_back
from webapp.accounts.models import INVITATION_LIFE, Invitation, User, sha256_of
from webapp.accounts.roles import USE_GENERATE, Role
from webapp.accounts.sign_ins import end_sessions


class NotAllowed(Exception):
    """The admin asked for something that would leave the site or themselves without a way back."""


class LinkUsed(Exception):
    """The invitation was used, withdrawn or has run out."""


# Coming in


def invite(
    roles: Iterable[Role], *, by: User | None, email: str = "", life: timedelta = INVITATION_LIFE
) -> tuple[Invitation, str]:
    """The invitation and its token, which nobody can read again later."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        invitation = Invitation.objects.create(
            roles=sorted(roles),
            email=email,
            token_sha256=sha256_of(token),
            invited_by=by,
            expires_at=timezone.now() + life,
        )
        audit.record("person.invited", actor=by, object_type="invitation", object_id=invitation.id)
    return invitation, token


def invite_many(wanted: Iterable[tuple[str, list[Role]]], *, by: User) -> list[tuple[Invitation, str]]:
    """All of them or none: addresses with their roles."""
    with transaction.atomic():
        return [invite(roles, by=by, email=email) for email, roles in wanted]


def withdraw(invitation: Invitation, *, by: User | None) -> None:
    with transaction.atomic():
        audit.record("invitation.withdrawn", actor=by, object_type="invitation", object_id=invitation.id)
        invitation.delete()


def join(invitation: Invitation, *, username: str, password: str, email: str = "") -> User:
    """Use an invitation up and make its account."""
    with transaction.atomic():
        if not invitation.claim():
            raise LinkUsed
        person = add_person(username, password=password, email=email, roles=[Role(role) for role in invitation.roles])
        audit.record("invitation.used", actor=person, object_type="invitation", object_id=invitation.id)
    return person


def add_person(username: str, *, password: str, roles: Iterable[Role], email: str = "") -> User:
    with transaction.atomic():
        person = User.objects.create_user(username, email=email.lower(), password=password)
        person.groups.set(_groups(roles))
        audit.record("person.added", actor=None, object_type="user", object_id=person.pk, code=_code(roles))
    return person


# Rights


@one_transaction
def change_roles(person: User, *, roles: Iterable[Role], by: User) -> None:
    roles = set(roles)
    if person.pk == by.pk and not roles <= set(person.role_names):
        raise NotAllowed(gettext("You cannot give yourself another role. Ask another admin."))
    if Role.ADMIN not in roles:
        _keep_an_admin(person, by=by)
        _close_invitations_of(person)
    person.groups.set(_groups(roles))
    _end_access(person)
    hand_back(person, by=by)
    audit.record("person.roles_changed", actor=by, object_type="user", object_id=person.pk, code=_code(roles))


def set_may_generate(person: User, *, allowed: bool, by: User) -> None:
    """Switch "may ask for a draft from the post" for one person. Permissions are read anew at every request."""
    app, codename = USE_GENERATE.split(".")
    permission = Permission.objects.get(content_type__app_label=app, codename=codename)
    with transaction.atomic():
        if allowed:
            person.user_permissions.add(permission)
        else:
            person.user_permissions.remove(permission)
        action = "person.generate_allowed" if allowed else "person.generate_withdrawn"
        audit.record(action, actor=by, object_type="user", object_id=person.pk)
        poke.user_changed(person.pk)


@one_transaction
def deactivate(person: User, *, by: User) -> None:
    _keep_an_admin(person, by=by)
    _close_invitations_of(person)
    was_active = User.objects.filter(pk=person.pk, is_active=True).update(is_active=False) == 1
    _end_access(person)
    hand_back(person, by=by)
    give_back_posts_of(person, by=by)
    if was_active:  # recorded last: what others wait for is locked before the audit log is
        audit.record("person.deactivated", actor=by, object_type="user", object_id=person.pk)


def reactivate(person: User, *, by: User) -> None:
    with transaction.atomic():
        if User.objects.filter(pk=person.pk, is_active=False).update(is_active=True) == 1:
            audit.record("person.reactivated", actor=by, object_type="user", object_id=person.pk)


def _keep_an_admin(person: User, *, by: User) -> None:
    # Two admins who remove each other at the same moment must not both succeed: the second waits here, then counts.
    admins = Group.objects.select_for_update().get(name=Role.ADMIN)
    if not admins.user_set.filter(pk=person.pk).exists():
        return
    if person.pk == by.pk:
        raise NotAllowed(
            gettext("You cannot take the admin role from yourself or close your own account. Ask another admin.")
        )
    if not admins.user_set.filter(is_active=True).exclude(pk=person.pk).exists():
        raise NotAllowed(gettext("This is the last active admin. Make somebody else an admin first."))


def _close_invitations_of(person: User) -> None:
    # Otherwise somebody who is sent away could keep a link and come back as somebody else.
    for invitation in Invitation.objects.open().filter(invited_by=person):
        withdraw(invitation, by=None)


def _end_access(person: User) -> None:
    end_sessions(person)
    cancel_jobs_of(person)
    poke.user_changed(person.pk)


def _groups(roles: Iterable[Role]) -> list[Group]:
    return list(Group.objects.filter(name__in=list(roles)))


def _code(roles: Iterable[Role]) -> str:
    return ",".join(sorted(roles))
