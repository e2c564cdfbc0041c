"""The first admin, while nobody exists: from ADMIN_EMAIL and ADMIN_PASSWORD_FILE, or through a link that works once.

There is no default password and no form that anybody who comes first could fill in: only who sees the server's output
or its environment gets in.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse

from webapp.accounts.models import Invitation, User
from webapp.accounts.people import LinkUsed, add_person, invite, join
from webapp.accounts.roles import Role

SET_UP_LIFE = timedelta(hours=1)
FIRST_ADMIN_NAME = "admin"


class BadFirstAdmin(Exception):
    """ADMIN_EMAIL or ADMIN_PASSWORD_FILE cannot be used."""


def nobody_exists() -> bool:
    return not User.objects.exists()


def new_set_up_link(base_url: str) -> str | None:
    """A link for the first admin, or None when somebody exists. Every earlier link stops working."""
    with transaction.atomic():
        Invitation.objects.filter(invited_by=None, used_at=None).delete()
        if not nobody_exists():
            return None
        _invitation, token = invite([Role.ADMIN], by=None, life=SET_UP_LIFE)
    return base_url.rstrip("/") + reverse("accounts:set_up", args=[token])


def open_set_up(token: str) -> Invitation | None:
    if not nobody_exists():
        return None
    return Invitation.objects.open().with_token(token).filter(invited_by=None).first()


def join_as_first_admin(link: Invitation, *, username: str, password: str, email: str = "") -> User:
    with transaction.atomic():
        if not nobody_exists():
            raise LinkUsed
        return join(link, username=username, password=password, email=email)


def first_admin_from_environment() -> User | None:
    """Make the first admin that the environment names; None when it names none or somebody exists already."""
    if not (settings.ADMIN_EMAIL or settings.ADMIN_PASSWORD_FILE) or not nobody_exists():
        return None
    email, password = _email_from_environment(), _password_from_environment()
    with transaction.atomic():
        return add_person(FIRST_ADMIN_NAME, password=password, email=email, roles=[Role.ADMIN])


def _email_from_environment() -> str:
    try:
        validate_email(settings.ADMIN_EMAIL)
    except ValidationError:
        raise BadFirstAdmin(
            f"ADMIN_EMAIL={settings.ADMIN_EMAIL}: no e-mail address. Set it together with ADMIN_PASSWORD_FILE."
        ) from None
    return str(settings.ADMIN_EMAIL)


def _password_from_environment() -> str:
    path = settings.ADMIN_PASSWORD_FILE
    if not path:
        raise BadFirstAdmin("ADMIN_PASSWORD_FILE is not set. Put a password into a file and name that file.")
    try:
        password = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadFirstAdmin(
            f"ADMIN_PASSWORD_FILE={path}: cannot be read ({type(error).__name__}). Check the path and its rights."
        ) from None
    try:
        validate_password(password, User(username=FIRST_ADMIN_NAME, email=settings.ADMIN_EMAIL))
    except ValidationError as error:
        raise BadFirstAdmin(f"ADMIN_PASSWORD_FILE={path}: {' '.join(error.messages)} Choose another one.") from None
    return password
