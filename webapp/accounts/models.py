"""People. A supporter is known to others by a pseudonym, which is the user name."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from assistant.models import CaseKey
from webapp.accounts import quiet
from webapp.accounts.devices import spoken
from webapp.accounts.roles import WITHOUT_SECOND_FACTOR

INVITATION_LIFE = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=1)  # more often would be a write with every page
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes alone are none


class User(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    language = models.CharField(max_length=10, blank=True)  # of the pages; empty: as the browser asks
    # Hours in which alerts go to others first; see webapp/accounts/quiet.py. Both or neither.
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    quiet_zone = models.CharField(max_length=64, blank=True)  # empty: the site's
    factors_reset_at = models.DateTimeField(null=True)  # when somebody else last took their second factor away

    class Meta:
        ordering = ["username"]
        permissions = [("manage_people", "Can invite people, change roles and deactivate")]
        constraints = [
            # Sign-in ignores case, so "Wren" and "wren" would lock each other out.
            models.UniqueConstraint(Lower("username"), name="one_person_per_name"),
            models.UniqueConstraint(Lower("email"), name="one_person_per_email", condition=~models.Q(email="")),
        ]

    @property
    def role_names(self) -> list[str]:
        return sorted(group.name for group in self.groups.all())

    @property
    def may_generate(self) -> bool:
        """Whether an admin switched "may ask for a draft from the post" on for this person, apart from any role."""
        return any(permission.codename == "use_generate" for permission in self.user_permissions.all())

    def is_quiet_at(self, moment: datetime) -> bool:
        return quiet.is_quiet(self, moment)

    @cached_property
    def needs_second_factor(self) -> bool:
        """By what they may do, not by role: whoever may do more than write replies."""
        return settings.MFA_REQUIRED and not self.get_all_permissions() <= WITHOUT_SECOND_FACTOR

    @cached_property
    def lacks_second_factor(self) -> bool:
        """Until it is set up nothing else is open to them."""
        return self.needs_second_factor and not Authenticator.objects.filter(user=self, type__in=FACTORS).exists()


class FactorKey(models.Model):
    """One row: the key that the secrets of second factors are sealed with. `rotate_keys` wraps it like that of a case."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    case = models.OneToOneField(CaseKey, on_delete=models.PROTECT, related_name="+")

    @classmethod
    def key(cls) -> bytes:
        row = cls.objects.select_related("case").first()
        if row is None:
            row, _made = cls.objects.get_or_create(id=1, defaults={"case": CaseKey.open_case})
        return row.case.key()


class Session(AbstractBaseSession):
    """A sign-in that lasts. Without an address, and of the browser only its family."""

    handle = models.UUIDField(unique=True)  # what pages and addresses call it: the key itself opens the session
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="sign_ins")
    began_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()
    device = models.CharField(max_length=40, blank=True)  # see webapp/accounts/devices.py

    class Meta:
        ordering = ["-seen_at"]

    @classmethod
    def get_session_store_class(cls) -> Any:
        from webapp.accounts.sessions import SessionStore

        return SessionStore

    @property
    def spoken_device(self) -> str:
        return spoken(self.device)

    def note_use(self) -> None:
        now = timezone.now()
        if self.seen_at < now - SEEN_EVERY:
            Session.objects.filter(session_key=self.session_key).update(seen_at=now)


class Controls(models.Model):
    """How one person works the pages. Nobody else sees it: it may tell how they see or move."""

    class Aloud(models.TextChoices):
        SENTENCES = "sentences", _("Read it sentence by sentence")
        FINISHED = "finished", _("Read it once, when it is finished")
        OFF = "off", _("Do not read it")

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+")
    keys_on = models.BooleanField(default=True)
    keys = models.JSONField(default=dict)  # by the name of the act, and only those that were chosen
    aloud = models.CharField(max_length=9, choices=Aloud.choices, default=Aloud.SENTENCES)

    @classmethod
    def of(cls, user: Any) -> Controls:
        return cls.objects.filter(user=user).first() or cls(user=user)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> InvitationQuerySet:
        return self.filter(used_at=None, expires_at__gt=timezone.now())

    def with_token(self, token: str) -> InvitationQuerySet:
        return self.filter(token_sha256=sha256_of(token))


class Invitation(models.Model):
    """A link that makes one account. The token itself is shown once and never stored.

    The set-up link for the first admin is an invitation by nobody.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    roles = models.JSONField()
    email = models.EmailField(blank=True)
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def claim(self) -> bool:
        """True for whoever uses it first; everybody later gets False."""
        return Invitation.objects.open().filter(id=self.id).update(used_at=timezone.now()) == 1


def sha256_of(token: str) -> str:
    # A plain hash is enough: the token has 256 random bits, so there is nothing to guess from.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
