"""A second factor for whoever reads what was flagged, looks after people or runs the site: docs/decisions/0025.

Until it is set up, nothing is open to them but the pages on which they do so. Nobody gets around that by being an admin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext

from assistant.streaming import poke
from assistant.vault import audit
from webapp.accounts.models import User
from webapp.accounts.people import NotAllowed
from webapp.accounts.sign_ins import end_sessions

OPEN_MEANWHILE = {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_reauthenticate",
    "account_logout",
    "accounts:language",
    "healthz",
}


class SecondFactorRequired:
    """After SignInRequired: who is asked here has signed in, or asks for something that is open to everybody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponseBase | None:
        person = request.user
        assert request.resolver_match is not None
        if not isinstance(person, User) or request.resolver_match.view_name in OPEN_MEANWHILE:
            return None
        if not person.lacks_second_factor:
            return None
        message = gettext("What you may do here needs a second factor. Set one up, then go on.")
        if "application/json" in request.headers.get("Accept", "") or request.headers.get("HX-Request"):
            return JsonResponse({"error": "second_factor", "message": message}, status=403)
        return redirect("mfa_index")


def to_confirm(request: HttpRequest, *, then: str) -> HttpResponse:
    """Where somebody shows that it is still them. Without the form they sent: allauth would keep it, and with it their
    address and browser, in the session."""
    methods = get_adapter(request).get_reauthentication_methods(request.user)
    return redirect(f"{methods[0]['url']}?{urlencode({'next': then})}")


@transaction.atomic
def factor_changed(person: User, *, action: str, kind: str, here: str | None) -> None:
    """One's own. Every other sign-in ends: it may be of somebody who has only the password. `here`: the key of this one."""
    audit.record(action, actor=person, object_type="user", object_id=person.pk, code=kind)
    end_sessions(person, but=here)
    poke.user_changed(person.pk)


@transaction.atomic
def reset_factors(person: User, *, by: User | None) -> int:
    """For somebody who lost theirs: take all away and sign them out. `by`: None from the server's own shell.

    Nobody resets their own here: whoever has only their password would come in that way.
    """
    if by is not None and person.pk == by.pk:
        raise NotAllowed(gettext("You cannot take away your own second factor here. Ask another admin."))
    removed: int = Authenticator.objects.filter(user=person).delete()[0]
    User.objects.filter(pk=person.pk).update(factors_reset_at=timezone.now())
    audit.record("factor.reset", actor=by, object_type="user", object_id=person.pk, code=str(removed))
    end_sessions(person)
    poke.user_changed(person.pk)
    return removed
