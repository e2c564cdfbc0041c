"""The pages where admins look after people. They show who, since when and how much; never what anybody wrote."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts import people as actions
from webapp.accounts.activity import weeks_of
from webapp.accounts.bulk import MOST_LINES, Line, read_lines, without
from webapp.accounts.forms import FindForm, GenerateForm, InviteForm, InviteListForm, RolesForm
from webapp.accounts.invitations import link_to, mail_link, tell_of_reset
from webapp.accounts.models import Invitation, User
from webapp.accounts.people import NotAllowed
from webapp.accounts.quiet import zone_of
from webapp.accounts.roles import MANAGE_PEOPLE, Role
from webapp.accounts.second_factor import reset_factors, to_confirm
from webapp.accounts.security_views import factors_of
from webapp.accounts.sign_ins import end_sign_in, end_sign_ins, sign_ins_of
from webapp.accounts.views import person_of

ON_A_PAGE = 25

for_admins = permission_required(MANAGE_PEOPLE, raise_exception=True)


@for_admins
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    form = FindForm(request.GET)
    found = form.found()
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "form": form, "query": form.query(), "filtered": form.is_used}
    return render(request, "accounts/people.html", context)


@for_admins
@never_cache
@require_GET
def person(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    """Also of oneself, and of who is deactivated."""
    found = get_object_or_404(User.objects.prefetch_related("groups", "user_permissions"), pk=user_id)
    context = factors_of(found) | {
        "person": found,
        "roles": list(Role),
        "sign_ins": sign_ins_of(found),
        "weeks": weeks_of(found),
        "zone": zone_of(found),
        "is_own": found.pk == person_of(request).pk,
    }
    return render(request, "accounts/person.html", context)


# Inviting


@for_admins
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Answers with the page itself, not with a redirect: the link is nowhere to be read again."""
    if request.method != "POST":
        return _invite_page(request)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _invite_page(request, form=form, status=422)
    email = form.cleaned_data["email"]
    _invitation, token = actions.invite(form.cleaned_data["roles"], by=person_of(request), email=email)
    link = link_to(request, token)
    if mail_link(link, to=email):
        messages.success(
            request, gettext("The invitation was sent by e-mail. You can also pass this link on yourself.")
        )
    elif email:
        messages.warning(request, gettext("No e-mail was sent. Pass the link on yourself."))
    return _invite_page(request, new_link=link)


@for_admins
@never_cache
@require_POST
def invite_list(request: HttpRequest) -> HttpResponse:
    """Nothing is sent while a line is wrong, unless the right ones alone are asked for. The wrong ones stay in the field."""
    form = InviteListForm(request.POST)
    if not form.is_valid():
        return _invite_page(request, list_form=form, status=422)
    lines = read_lines(form.cleaned_data["people"])
    wrong = [line for line in lines if line.problem]
    right = [line for line in lines if not line.problem]
    if not right or len(lines) > MOST_LINES or (wrong and not form.cleaned_data["only_right"]):
        return _invite_page(request, list_form=form, lines=lines, status=422)
    made = actions.invite_many([(line.email, line.roles) for line in right], by=person_of(request))
    links = [(line, link_to(request, token)) for line, (_invitation, token) in zip(right, made, strict=True)]
    mailed = {line.email for line, link in links if mail_link(link, to=line.email)}
    messages.success(request, _made(len(made), len(mailed)))
    left = without(form.cleaned_data["people"], right) if wrong else ""
    list_form = InviteListForm(initial={"people": left})
    return _invite_page(request, list_form=list_form, lines=read_lines(left), new_links=links, mailed=mailed)


def _made(made: int, mailed: int) -> str:
    count = ngettext("%(n)s invitation was made.", "%(n)s invitations were made.", made) % {"n": made}
    if mailed == made:
        return f"{count} {gettext('All were sent by e-mail.')}"
    if mailed:
        return f"{count} {gettext('Sent by e-mail: %(n)s. Pass the other links on yourself.') % {'n': mailed}}"
    return f"{count} {gettext('No e-mail was sent. Pass the links on yourself.')}"


@for_admins
@require_POST
def withdraw_invitation(request: HttpRequest, invitation_id: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(Invitation.objects.open().exclude(invited_by=None), id=invitation_id)
    actions.withdraw(found, by=person_of(request))
    messages.success(request, gettext("The invitation was withdrawn."))
    return redirect("accounts:invite")


def _invite_page(
    request: HttpRequest,
    *,
    form: InviteForm | None = None,
    list_form: InviteListForm | None = None,
    lines: list[Line] | None = None,
    new_link: str = "",
    new_links: list[tuple[Line, str]] | None = None,
    mailed: set[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "invitations": Invitation.objects.open().exclude(invited_by=None).select_related("invited_by"),
        "form": form or InviteForm(),
        "list_form": list_form or InviteListForm(),
        "wrong": [line for line in lines or [] if line.problem],
        "right": sum(not line.problem for line in lines or []),
        "too_many": len(lines or []) > MOST_LINES,
        "nobody_there": lines == [] and not new_links,
        "most_lines": MOST_LINES,
        "new_link": new_link,
        "new_links": new_links or [],
        "mailed": mailed or set(),
        "can_mail": bool(settings.EMAIL_RELAY_URL),
    }
    return render(request, "accounts/invite.html", context, status=status)


# Changing


@for_admins
@require_POST
def change_roles(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    person = get_object_or_404(User, pk=user_id)
    form = RolesForm(request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Choose at least one role, or close the account."))
        return redirect("accounts:person", user_id)
    change = partial(actions.change_roles, person, roles=form.cleaned_data["roles"], by=person_of(request))
    done = gettext("The roles of %(name)s were changed. They have to sign in again.")
    return _changed(request, person, change, done)


@for_admins
@require_POST
def change_generate(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    person = get_object_or_404(User, pk=user_id)
    form = GenerateForm(request.POST)
    form.is_valid()
    allowed = form.cleaned_data["allowed"]
    change = partial(actions.set_may_generate, person, allowed=allowed, by=person_of(request))
    done = (
        gettext("%(name)s may now ask for a draft from the post.")
        if allowed
        else gettext("%(name)s may no longer ask for a draft from the post.")
    )
    return _changed(request, person, change, done)


@for_admins
@require_http_methods(["GET", "POST"])
def deactivate(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    """GET asks once more."""
    person = get_object_or_404(User, pk=user_id)
    if request.method == "GET":
        return render(request, "accounts/deactivate.html", {"person": person})
    change = partial(actions.deactivate, person, by=person_of(request))
    done = gettext(
        "%(name)s is signed out everywhere and cannot sign in. What they had in hand is back in the queue and with the posts."
    )
    return _changed(request, person, change, done)


@for_admins
@require_POST
def reactivate(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    person = get_object_or_404(User, pk=user_id)
    change = partial(actions.reactivate, person, by=person_of(request))
    return _changed(request, person, change, gettext("%(name)s can sign in again."))


@for_admins
@require_POST
def reset_second_factor(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    person = get_object_or_404(User, pk=user_id)
    if is_reauthentication_required(request, app="allauth.mfa"):
        messages.info(request, gettext("Show first that it is you, then press the button again."))
        return to_confirm(request, then=reverse("accounts:person", args=[user_id]))

    def change() -> None:
        reset_factors(person, by=person_of(request))
        tell_of_reset(person)

    done = gettext("%(name)s has no second factor any more, is signed out everywhere, and was told.")
    return _changed(request, person, change, done)


@for_admins
@require_POST
def end_persons_sign_in(request: HttpRequest, user_id: uuid.UUID, sign_in_id: uuid.UUID) -> HttpResponse:
    person = get_object_or_404(User, pk=user_id)
    row = get_object_or_404(sign_ins_of(person), handle=sign_in_id)
    change = partial(end_sign_in, row, of=person, by=person_of(request))
    return _changed(request, person, change, gettext("That sign-in of %(name)s was ended."))


@for_admins
@require_POST
def end_persons_sign_ins(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    person = get_object_or_404(User, pk=user_id)
    by = person_of(request)
    own = request.session.session_key if person.pk == by.pk else None
    change = partial(end_sign_ins, person, by=by, but=own)
    return _changed(request, person, change, gettext("%(name)s is signed out everywhere else."))


def _changed(request: HttpRequest, person: User, change: Callable[[], object], done: str) -> HttpResponse:
    try:
        change()
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done % {"name": person.username})
    return redirect("accounts:person", person.pk)
