"""People for these tests, and what they have open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from webapp.accounts.models import User
from webapp.accounts.people import add_person
from webapp.accounts.roles import Role
from webapp.accounts.tests.cast import PASSWORD, AddPerson, SignIn


@pytest.fixture(autouse=True)
def _no_limits_left_over() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _no_language_left_over() -> Iterator[None]:
    """A request leaves its language with the thread, and a test that calls a function itself would be answered in it."""
    with translation.override("en"):
        yield


@pytest.fixture
def person(db: None) -> AddPerson:
    def add(username: str, *roles: Role, email: str = "") -> User:
        return add_person(username, password=PASSWORD, roles=roles or [Role.SUPPORTER], email=email)

    return add


@pytest.fixture
def sign_in() -> SignIn:
    def signed_in(who: User) -> Client:
        client = Client()
        client.force_login(who)
        return client

    return signed_in


@pytest.fixture
def admin(person: AddPerson) -> User:
    return person("keeper", Role.ADMIN)
