"""The first admin: a link that works once, or the environment; nothing of both once somebody exists."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from webapp.accounts.models import Invitation, User
from webapp.accounts.people import LinkUsed
from webapp.accounts.set_up import (
    BadFirstAdmin,
    first_admin_from_environment,
    join_as_first_admin,
    new_set_up_link,
    open_set_up,
)
from webapp.accounts.tests.cast import PASSWORD, AddPerson, Page

pytestmark = pytest.mark.django_db

HERE = "http://127.0.0.1:8000"


def path_of_new_link() -> str:
    link = new_set_up_link(HERE)
    assert link is not None
    return urlsplit(link).path


def answer_to(path: str, client: Client | None = None, username: str = "keeper") -> Page:
    fields = {"username": username, "password": PASSWORD, "password_again": PASSWORD, "email": ""}
    return (client or Client()).post(path, fields)


def test_the_link_makes_the_first_admin_and_signs_them_in() -> None:
    client, path = Client(), path_of_new_link()
    assert client.get(path).status_code == 200
    assert answer_to(path, client).status_code == 302
    assert User.objects.get().role_names == ["admin"]
    assert client.get("/people/").status_code == 200


def test_the_link_works_once() -> None:
    path = path_of_new_link()
    answer_to(path)
    assert answer_to(path, username="second").status_code == 404
    assert User.objects.count() == 1


def test_of_two_who_use_the_link_at_the_same_moment_one_gets_in() -> None:
    token = path_of_new_link().split("/")[-2]
    one, other = open_set_up(token), open_set_up(token)
    assert one is not None
    assert other is not None
    join_as_first_admin(one, username="keeper", password=PASSWORD)
    with pytest.raises(LinkUsed):
        join_as_first_admin(other, username="second", password=PASSWORD)
    assert User.objects.count() == 1


def test_the_link_ends_after_an_hour() -> None:
    path = path_of_new_link()
    assert Invitation.objects.get().expires_at - timezone.now() <= timedelta(hours=1)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(path).status_code == 404


def test_a_new_link_replaces_the_old_one() -> None:
    old = path_of_new_link()
    new = path_of_new_link()
    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200


def test_there_is_no_link_once_somebody_exists(person: AddPerson) -> None:
    path = path_of_new_link()
    person("wren")
    assert new_set_up_link(HERE) is None
    assert Client().get(path).status_code == 404
    assert answer_to(path, username="second").status_code == 404


def test_the_link_is_no_invitation_and_an_invitation_no_set_up_link() -> None:
    token = path_of_new_link().split("/")[-2]
    assert Client().get(f"/invitation/{token}/").status_code == 404


def test_nobody_gets_in_without_a_link() -> None:
    for token in ("x", "", "None"):
        assert Client().get(f"/set-up/{token}/").status_code in {302, 404}
    assert not User.objects.exists()


def password_file(folder: Path, content: str) -> str:
    path = folder / "password"
    path.write_text(content, encoding="utf-8")
    return str(path)


def test_the_environment_makes_the_first_admin_once(tmp_path: Path, settings: Settings) -> None:
    settings.ADMIN_EMAIL = "Keeper@example.org"
    settings.ADMIN_PASSWORD_FILE = password_file(tmp_path, PASSWORD + "\n")
    first = first_admin_from_environment()
    assert first is not None
    assert first.role_names == ["admin"]
    assert first.check_password(PASSWORD)
    settings.ADMIN_PASSWORD_FILE = password_file(tmp_path, "quite another password")
    assert first_admin_from_environment() is None
    assert User.objects.get().check_password(PASSWORD)


def test_an_environment_that_names_nobody_makes_nobody(settings: Settings) -> None:
    settings.ADMIN_EMAIL = settings.ADMIN_PASSWORD_FILE = ""
    assert first_admin_from_environment() is None
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("email", "content", "says"),
    [
        ("keeper", PASSWORD, "ADMIN_EMAIL=keeper"),
        ("", PASSWORD, "ADMIN_EMAIL="),
        ("keeper@example.org", "password1234", "too common"),
        ("keeper@example.org", "", "too short"),
        ("keeper@example.org", None, "cannot be read"),
    ],
)
def test_a_bad_environment_is_named_and_makes_nobody(
    tmp_path: Path, settings: Settings, email: str, content: str | None, says: str
) -> None:
    settings.ADMIN_EMAIL = email
    settings.ADMIN_PASSWORD_FILE = str(tmp_path / "missing") if content is None else password_file(tmp_path, content)
    with pytest.raises(BadFirstAdmin) as refusal:
        first_admin_from_environment()
    assert says in str(refusal.value)
    assert not content or content not in str(refusal.value)
    assert not User.objects.exists()
