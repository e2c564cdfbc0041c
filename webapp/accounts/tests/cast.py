"""Names that the tests of this folder share; the people themselves are fixtures."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from webapp.accounts.models import User

PASSWORD = "a quiet harbour at dusk"

AddPerson = Callable[..., User]
SignIn = Callable[[User], Client]
