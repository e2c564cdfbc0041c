"""Inviting, joining, finding people and changing roles; what everybody chooses for themselves."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from zoneinfo import available_timezones

from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.models.learning import WORDING
from webapp.accounts.models import FACTORS, User
from webapp.accounts.roles import Role

ROLE_CHOICES = [
    (Role.SUPPORTER.value, _("supporter")),
    (Role.MODERATOR.value, _("moderator")),
    (Role.LEAD.value, _("lead")),
    (Role.CLINICIAN.value, _("clinician")),
    (Role.RESEARCHER.value, _("researcher")),
    (Role.ADMIN.value, _("admin")),
    (Role.AUDITOR.value, _("auditor")),
    (Role.RATER.value, _("rater")),
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


class InviteListForm(forms.Form):
    people = forms.CharField(
        label=_("A list, one person a line"),
        max_length=20_000,
        widget=forms.Textarea(
            {"class": "plain list-lines", "rows": 6, "spellcheck": "false", "autocapitalize": "none", "dir": "ltr"}
        ),
        help_text=_(
            "An e-mail address, then one or more roles: “wren@example.org, moderator, supporter”. Commas, semicolons, tabs and "
            "spaces all separate."
        ),
    )
    only_right = forms.BooleanField(required=False, widget=forms.HiddenInput)


class FindForm(forms.Form):
    """Which people the list shows. What it does not understand it leaves out, so a link never breaks."""

    STATES = [
        ("", _("open and closed accounts")),
        ("open", _("open accounts")),
        ("closed", _("deactivated")),
        ("without", _("without a second factor")),
    ]
    q = forms.CharField(label=_("Name or address"), max_length=254, required=False)
    role = forms.ChoiceField(label=_("Role"), choices=[("", _("any role")), *ROLE_CHOICES], required=False)
    state = forms.ChoiceField(label=_("Account"), choices=STATES, required=False)

    def _asked(self) -> dict[str, str]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def is_used(self) -> bool:
        return bool(self._asked())

    def query(self) -> str:
        """For the links to other pages of the list."""
        return urlencode(self._asked())

    def found(self) -> models.QuerySet[User]:
        asked = self._asked()
        factors = Authenticator.objects.filter(user=models.OuterRef("pk"), type__in=FACTORS)
        people = User.objects.prefetch_related("groups").annotate(has_factor=models.Exists(factors))
        if words := asked.get("q"):
            people = people.filter(models.Q(username__icontains=words) | models.Q(email__icontains=words))
        if role := asked.get("role"):
            people = people.filter(groups__name=role)
        if state := asked.get("state"):
            people = people.filter(has_factor=False) if state == "without" else people.filter(is_active=state == "open")
        return people


class QuietForm(forms.Form):
    quiet_from = forms.TimeField(
        label=_("From"), required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label=_("Until"), required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )
    quiet_zone = forms.ChoiceField(label=_("By the clock of"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = gettext("this site (%(zone)s)") % {"zone": settings.TIME_ZONE}
        zones = [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if "/" in zone]
        self.fields["quiet_zone"].choices = [("", here), *zones]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        begins, ends = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if not self.errors and (begins is None) != (ends is None):
            raise ValidationError(gettext("Give both times, or neither."))
        if begins is not None and begins == ends:
            raise ValidationError(gettext("The two times are the same. Choose another one, or leave both empty."))
        return cleaned

    @classmethod
    def of(cls, person: User) -> QuietForm:
        return cls(initial={name: getattr(person, name) for name in cls.base_fields})

    def save(self, person: User) -> None:
        for name in self.fields:
            setattr(person, name, self.cleaned_data[name])
        person.save(update_fields=list(self.fields))


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
