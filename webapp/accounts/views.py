"""Joining by invitation, setting up, and what everybody decides for themselves."""

from __future__ import annotations

from collections.abc import Callable

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assistant.actions import answer_about_learning
from assistant.models import LearningConsent
from assistant.models.learning import WORDING
from webapp.accounts import people as actions
from webapp.accounts.controls import ControlsForm
from webapp.accounts.forms import JoinForm, LanguageForm, LearningForm
from webapp.accounts.keys import acts_for
from webapp.accounts.language import choose
from webapp.accounts.models import Controls, Invitation, User
from webapp.accounts.people import LinkUsed
from webapp.accounts.set_up import join_as_first_admin, open_set_up


def person_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the sign-in let nobody else through
    return request.user


# Coming in


@login_not_required
@never_cache
@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    found = Invitation.objects.open().with_token(token).exclude(invited_by=None).first()
    return _join_page(request, "accounts/invitation.html", found, actions.join)


@login_not_required
@never_cache
@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "POST"])
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    return _join_page(request, "accounts/set_up.html", open_set_up(token), join_as_first_admin)


@sensitive_variables("form")
def _join_page(request: HttpRequest, template: str, link: Invitation | None, join: Callable[..., User]) -> HttpResponse:
    """The same answer for a link that was used, that ran out and that never was."""
    if link is None:
        return render(request, template, {"form": None, "invitation": None}, status=404)
    form = JoinForm(request.POST if request.method == "POST" else None, initial={"email": link.email})
    if request.method == "POST" and form.is_valid():
        fields = {name: form.cleaned_data[name] for name in ("username", "password", "email")}
        try:
            person = join(link, **fields)
        except LinkUsed:
            return render(request, template, {"form": None, "invitation": None}, status=404)
        except IntegrityError:  # between the form's check and now
            form.add_error(None, gettext("Somebody took this name or address a moment ago. Choose another one."))
        else:
            get_adapter(request).login(request, person)
            return redirect("home")
    return render(request, template, {"form": form, "invitation": link}, status=422 if form.errors else 200)


# One's own account


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def learning(request: HttpRequest) -> HttpResponse:
    """Whether a model may learn from what this person writes. Agreeing counts for the wording that was on the page."""
    if request.method == "POST":
        form = LearningForm(request.POST)
        if not form.is_valid():
            messages.error(
                request, gettext("The wording has changed since you opened this page. Read it again, then decide.")
            )
            return redirect("accounts:learning")
        agreed = form.cleaned_data["agreed"]
        answer_about_learning(request.user, given=agreed)
        now = (
            gettext("You agreed. You can take it back here at any time.")
            if agreed
            else gettext("Nothing of yours is learned from.")
        )
        messages.success(request, now)
        return redirect("accounts:learning")
    return render(request, "accounts/learning.html", {"agreed": LearningConsent.of(request.user), "wording": WORDING})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def language(request: HttpRequest) -> HttpResponse:
    """The language of the pages; what people and the model write stays in theirs."""
    person = person_of(request)
    if request.method != "POST":
        form = LanguageForm(initial={"language": person.language})
        return render(request, "accounts/language.html", {"form": form})
    form = LanguageForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/language.html", {"form": form}, status=422)
    answer = redirect("accounts:language")
    choose(request, answer, person, form.cleaned_data["language"])
    messages.success(request, gettext("Saved."))  # in the language that was chosen
    return answer


@require_GET
def keys(request: HttpRequest) -> HttpResponse:
    """The sheet of keys as a page: where no script opens it over the page one is on."""
    return render(request, "accounts/keys.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def controls(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "accounts/controls.html", {"form": ControlsForm.of(request.user)})
    form = ControlsForm(request.POST, acts=acts_for(request.user))
    if not form.is_valid():
        return render(request, "accounts/controls.html", {"form": form}, status=422)
    form.save(request.user)
    messages.success(request, gettext("Saved."))
    return redirect("accounts:controls")


@require_POST
def reset_controls(request: HttpRequest) -> HttpResponse:
    Controls.objects.filter(user=request.user.pk).delete()
    messages.success(request, gettext("Everything here is as it was at first."))
    return redirect("accounts:controls")
