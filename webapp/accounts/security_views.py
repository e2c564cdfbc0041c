"""Under one's account: the second factor, where one is signed in, and quiet hours."""

from __future__ import annotations

import uuid
from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from webapp.accounts.activity import weeks_of
from webapp.accounts.factor_views import passkeys_work
from webapp.accounts.forms import QuietForm
from webapp.accounts.models import User
from webapp.accounts.sign_ins import end_sign_in, end_sign_ins, sign_ins_of
from webapp.accounts.views import person_of

RESET_SHOWN = timedelta(days=30)


@never_cache
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    return _security_page(request, QuietForm.of(person_of(request)))


@require_POST
def end_own_sign_in(request: HttpRequest, sign_in_id: uuid.UUID) -> HttpResponse:
    person = person_of(request)
    end_sign_in(get_object_or_404(sign_ins_of(person), handle=sign_in_id), of=person, by=person)
    messages.success(request, gettext("That sign-in was ended."))
    return redirect("mfa_index")


@require_POST
def end_other_sign_ins(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    ended = end_sign_ins(person, by=person, but=request.session.session_key)
    message = ngettext("%(n)s sign-in was ended.", "%(n)s sign-ins were ended.", ended)
    messages.success(request, message % {"n": ended})
    return redirect("mfa_index")


@require_POST
def quiet_hours(request: HttpRequest) -> HttpResponse:
    form = QuietForm(request.POST)
    if not form.is_valid():
        return _security_page(request, form, status=422)
    form.save(person_of(request))
    messages.success(request, gettext("Saved."))
    return redirect("mfa_index")


def _security_page(request: HttpRequest, form: QuietForm, *, status: int = 200) -> HttpResponse:
    person = person_of(request)
    context = factors_of(person) | {
        "lacking": person.lacks_second_factor,
        "needed": person.needs_second_factor,
        "was_reset": person.factors_reset_at is not None and person.factors_reset_at > timezone.now() - RESET_SHOWN,
        "passkeys_work": passkeys_work(request),
        "sign_ins": sign_ins_of(person),
        "form": form,
        "weeks": weeks_of(person),
    }
    return render(request, "accounts/security.html", context, status=status)


def factors_of(person: User) -> dict[str, object]:
    rows = list(Authenticator.objects.filter(user=person).order_by("created_at"))
    codes = next((row for row in rows if row.type == Authenticator.Type.RECOVERY_CODES), None)
    return {
        "app": next((row for row in rows if row.type == Authenticator.Type.TOTP), None),
        "passkeys": [row for row in rows if row.type == Authenticator.Type.WEBAUTHN],
        "codes_left": None if codes is None else len(codes.wrap().get_unused_codes()),
    }
