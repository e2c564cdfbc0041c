"""allauth's pages for second factors, where ours differ: each change is one transaction with its audit event."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.utils import decrypt, encrypt
from allauth.mfa.webauthn.views import AddWebAuthnView, ReauthenticateWebAuthnView, RemoveWebAuthnView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy

from webapp.accounts.second_factor import factor_changed, to_confirm
from webapp.accounts.views import person_of


def passkeys_work(request: HttpRequest) -> bool:
    """Browsers tie a passkey to a name, and refuse one for an address like 127.0.0.1."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return request.is_secure() or host == "localhost"
    return False


class Audited:
    """A form that changes the factors of whoever sends it."""

    action = "factor.added"
    kind = Authenticator.Type.TOTP
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            answer: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # of the view beside this
        except ReauthenticationRequired:
            return to_confirm(request, then=request.path)
        return answer

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        here = self.request.session.session_key
        factor_changed(person_of(self.request), action=self.action, kind=self.kind, here=here)
        return answer


class ActivateTOTP(Audited, ActivateTOTPView):  # type: ignore[misc]  # allauth ships no types
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The secret waits in the session between showing and confirming; there, too, it is sealed."""
        if SECRET_SESSION_KEY in request.session:
            request.session[SECRET_SESSION_KEY] = decrypt(request.session[SECRET_SESSION_KEY])
        try:
            answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        finally:
            if SECRET_SESSION_KEY in request.session:
                request.session[SECRET_SESSION_KEY] = encrypt(request.session[SECRET_SESSION_KEY])
        return answer


class DeactivateTOTP(Audited, DeactivateTOTPView):  # type: ignore[misc]
    action = "factor.removed"


class AddPasskey(Audited, AddWebAuthnView):  # type: ignore[misc]
    kind = Authenticator.Type.WEBAUTHN


class RemovePasskey(Audited, RemoveWebAuthnView):  # type: ignore[misc]
    action = "factor.removed"
    kind = Authenticator.Type.WEBAUTHN
    success_url = reverse_lazy("mfa_index")


class ConfirmByPasskey(ReauthenticateWebAuthnView):  # type: ignore[misc]
    def form_invalid(self, form: Any) -> HttpResponse:
        super().form_invalid(form)  # says what is wrong; it would send whoever is signed in to the sign-in page
        return redirect(self.request.get_full_path())


class NewRecoveryCodes(Audited, GenerateRecoveryCodesView):  # type: ignore[misc]
    action = "factor.codes_made"
    kind = Authenticator.Type.RECOVERY_CODES
