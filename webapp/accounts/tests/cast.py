"""Names that the tests of this folder share; the people themselves are fixtures."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from django.test import Client

from webapp.accounts.models import User

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

Page: TypeAlias = "_MonkeyPatchedWSGIResponse"  # what the test client answers with

PASSWORD = "a quiet harbour at dusk"

AddPerson = Callable[..., User]
SignIn = Callable[[User], Client]


def first_match(pattern: str, text: str, group: int = 0) -> str:
    found = re.search(pattern, text)
    assert found is not None, f"{pattern} is not there"
    return str(found[group])
