"""How allauth behaves here: nobody signs up without an invitation, and a failed sign-in says nothing about who exists."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistant.streaming import poke
from assistant.vault import audit
from webapp.accounts.devices import device_of
from webapp.accounts.sessions import BEGAN, DEVICE
from webapp.accounts.sign_ins import end_sessions

LONGEST = 320  # no name and no address is longer, and SQLite refuses to search for 50,000 characters

WRONG = _("This name and password do not belong together.")


class InvitationOnly(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": WRONG,
        "username_password_mismatch": WRONG,
        "too_many_login_attempts": _("Too many attempts. Wait five minutes and try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth passes it
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        if any(len(credentials.get(name, "")) > LONGEST for name in ("username", "email")):
            return None
        person: AbstractBaseUser | None = super().authenticate(request, **credentials)
        # allauth hands out deactivated people too, to show them a page of their own. Here they look like strangers.
        return person if person is not None and person.is_active else None

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        with transaction.atomic():
            super().login(request, user)
            request.session[BEGAN] = timezone.now().isoformat()
            request.session[DEVICE] = device_of(request.headers.get("User-Agent", ""))
            # Who signs in has just shown who they are: what asks for that again can wait for five minutes.
            record_authentication(request, user, "sign-in", reauthenticated=True)
            audit.record("person.signed_in", actor=user, object_type="user", object_id=user.pk)

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        with transaction.atomic():
            super().set_password(user, password)
            audit.record("person.password_changed", actor=user, object_type="user", object_id=user.pk)
            # Pages elsewhere are signed out by the changed hash; open sockets only notice that their session is gone.
            end_sessions(user)
            poke.user_changed(user.pk)

    def get_reauthentication_methods(self, user: AbstractBaseUser) -> list[dict[str, Any]]:
        """Who has a second factor shows that one: a password alone must not take it away."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [method for method in methods if method["id"] != "reauthenticate"] or methods

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        # Strangers must not be able to make this site write to any address they type in.
        if not template_prefix.endswith("unknown_account"):
            super().send_mail(template_prefix, email, context)
