"""How allauth's second factors behave here: sealed at rest, and named without anybody's e-mail address."""

from __future__ import annotations

import base64

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.vault.keys import seal, unseal
from webapp.accounts.models import FactorKey

PLACE = "second factor"


class SealedFactors(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This is not the right code. It changes every half minute, and each works once."),
    }

    def encrypt(self, text: str) -> str:
        return base64.b64encode(seal(FactorKey.key(), text.encode(), bound_to=PLACE)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(FactorKey.key(), base64.b64decode(encrypted_text), bound_to=PLACE).decode()

    def generate_authenticator_name(self, user: AbstractBaseUser, type: str) -> str:  # allauth's name for it
        return gettext("Passkey %(number)s") % {
            "number": Authenticator.objects.filter(user=user, type=type).count() + 1
        }

    def get_totp_issuer(self) -> str:
        return str(settings.SITE_NAME)

    def _get_site_name(self) -> str:
        return str(settings.SITE_NAME)

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return user.get_username()
