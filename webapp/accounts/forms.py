"""Inviting, joining, and changing roles."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.models.learning import WORDING
from webapp.accounts.models import User
from webapp.accounts.roles import Role

ROLE_CHOICES = [
    (Role.SUPPORTER.value, _("supporter")),
    (Role.MODERATOR.value, _("moderator")),
    (Role.LEAD.value, _("lead")),
    (Role.CLINICIAN.value, _("clinician")),
    (Role.RESEARCHER.value, _("researcher")),
    (Role.ADMIN.value, _("admin")),
    (Role.AUDITOR.value, _("auditor")),
]
# No "@": a name that is somebody's e-mail address would confuse both at sign-in.
PSEUDONYM = RegexValidator(r"^[\w.+-]+\Z", _("Use letters, digits and . + - _ only, without spaces."))


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(
        choices=ROLE_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one role.")},
    )

    def clean_roles(self) -> list[Role]:
        return [Role(role) for role in self.cleaned_data["roles"]]


class InviteForm(RolesForm):
    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        help_text=_("Optional. The link goes there if this site can send mail; otherwise pass it on yourself."),
    )

    def clean_email(self) -> str:
        return _free_email(self.cleaned_data["email"])


class GenerateForm(forms.Form):
    allowed = forms.BooleanField(required=False)


class LanguageForm(forms.Form):
    language = forms.ChoiceField(
        label=_("Language of the pages"),
        choices=[("", _("As your browser asks for")), *settings.LANGUAGES],
        required=False,
        widget=forms.RadioSelect,
    )


class LearningForm(forms.Form):
    agreed = forms.BooleanField(required=False)
    wording = forms.IntegerField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("agreed") and cleaned.get("wording") != WORDING:
            raise ValidationError("This agrees to another wording.")  # taking it back needs none
        return cleaned


class JoinForm(forms.Form):
    username = forms.CharField(
        label=_("Pseudonym"),
        min_length=2,
        max_length=40,
        validators=[PSEUDONYM],
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        help_text=_("Optional. Only for signing in and for a forgotten password; others do not see it."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters; not a common password, not only digits, not like your name."),
    )
    password_again = forms.CharField(
        label=_("Password again"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_username(self) -> str:
        username = str(User.normalize_username(self.cleaned_data["username"]))
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError(gettext("Somebody has this name already. Choose another one."))
        return username

    def clean_email(self) -> str:
        return _free_email(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        password = cleaned.get("password")
        if password and cleaned.get("password_again") not in (None, password):
            self.add_error("password_again", gettext("The two passwords differ."))
        if password:
            try:
                validate_password(password, User(username=cleaned.get("username", ""), email=cleaned.get("email", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


def _free_email(email: str) -> str:
    if email and User.objects.filter(email__iexact=email).exists():
        raise ValidationError(gettext("This address belongs to an account already."))
    return email.lower()
