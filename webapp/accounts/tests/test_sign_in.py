"""Signing in: by pseudonym or e-mail address, with answers that tell a stranger nothing."""

from __future__ import annotations

import re

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from assistant.models import AuditEvent
from webapp import settings as written
from webapp.accounts.models import User
from webapp.accounts.people import deactivate
from webapp.accounts.tests.cast import PASSWORD, AddPerson, Page, SignIn, first_match

pytestmark = pytest.mark.django_db


def try_to_sign_in(login: str, password: str, client: Client | None = None) -> Page:
    return (client or Client()).post(reverse("account_login"), {"login": login, "password": password})


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("account_change_password")).status_code == 200


def what_the_page_says(response: Page) -> str:
    """The page without what differs on every load and without what was typed into it."""
    page = re.sub(r'(nonce|value|content)="[^"]*"', "", response.content.decode())
    return re.sub(r"\s+", " ", page)


@pytest.mark.parametrize("login", ["wren", "Wren", "WREN@example.org", "wren@example.org"])
def test_it_takes_the_pseudonym_and_the_address_in_any_case(person: AddPerson, login: str) -> None:
    person("wren", email="wren@example.org")
    client = Client()
    assert try_to_sign_in(login, PASSWORD, client).status_code == 302
    assert is_signed_in(client)


def test_a_wrong_password_an_unknown_name_and_a_closed_account_get_the_same_answer(
    person: AddPerson, admin: User
) -> None:
    person("wren", email="wren@example.org")
    gone = person("gone", email="gone@example.org")
    deactivate(gone, by=admin)
    answers = [
        try_to_sign_in(login, password)
        for login, password in [
            ("wren", "not the password"),
            ("wren@example.org", "not the password"),
            ("nobody", PASSWORD),
            ("nobody@example.org", PASSWORD),
            ("gone", PASSWORD),
            ("gone@example.org", PASSWORD),
        ]
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert len({what_the_page_says(answer) for answer in answers}) == 1


def test_after_five_wrong_passwords_the_right_one_has_to_wait(person: AddPerson) -> None:
    person("wren")
    for _ in range(5):
        try_to_sign_in("wren", "not the password")
    answer = try_to_sign_in("wren", PASSWORD)
    assert answer.status_code == 200
    assert b"Too many attempts" in answer.content


def test_the_password_is_stored_with_argon2(person: AddPerson, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = written.PASSWORD_HASHERS  # the other tests use a quick one
    assert person("wren").password.startswith("argon2$")


@pytest.mark.parametrize(
    "login", ["", "\x00", "wren\x00", "a" * 100_000, "' OR 1=1 --", "<script>", "\u202enerw", "{{ 7 }}"]
)
def test_nonsense_is_refused_calmly(person: AddPerson, login: str) -> None:
    person("wren")
    assert try_to_sign_in(login, PASSWORD).status_code == 200


def test_nobody_signs_up_without_an_invitation() -> None:
    fields = {"username": "stranger", "password1": PASSWORD, "password2": PASSWORD}
    for answer in (Client().get(reverse("account_signup")), Client().post(reverse("account_signup"), fields)):
        assert answer.status_code == 200
        assert b"<input" not in answer.content.replace(b'type="hidden"', b"")
    assert not User.objects.exists()


def test_a_sign_in_leaves_an_audit_event(person: AddPerson) -> None:
    wren = person("wren")
    try_to_sign_in("wren", PASSWORD)
    assert AuditEvent.objects.filter(action="person.signed_in", actor=str(wren.pk)).count() == 1


def test_signing_out_takes_a_click_and_not_a_link(person: AddPerson, sign_in: SignIn) -> None:
    client = sign_in(person("wren"))
    client.get(reverse("account_logout"))
    assert is_signed_in(client)
    client.post(reverse("account_logout"))
    assert not is_signed_in(client)


def test_a_new_password_signs_out_everywhere_else(person: AddPerson) -> None:
    person("wren")
    here, there = Client(), Client()
    for client in (here, there):
        try_to_sign_in("wren", PASSWORD, client)
    new = "nine slow herons standing"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert here.post(reverse("account_change_password"), fields).status_code == 302
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert try_to_sign_in("wren", new).status_code == 302


@pytest.mark.parametrize("password", ["short", "password123", "12345678901", "wren-the-wren"])
def test_a_weak_new_password_is_refused(person: AddPerson, sign_in: SignIn, password: str) -> None:
    wren = person("wren-the-wren")
    client = sign_in(wren)
    fields = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    assert client.post(reverse("account_change_password"), fields).status_code == 200
    wren.refresh_from_db()
    assert wren.check_password(PASSWORD)


def test_asking_for_a_new_password_says_the_same_for_known_and_unknown_addresses(
    person: AddPerson, mailoutbox: list[EmailMessage]
) -> None:
    person("wren", email="wren@example.org")
    answers = [
        Client().post(reverse("account_reset_password"), {"email": address}, follow=True)
        for address in ("wren@example.org", "nobody@example.org")
    ]
    assert len({what_the_page_says(answer) for answer in answers}) == 1
    assert [letter.to for letter in mailoutbox] == [["wren@example.org"]]


def test_the_link_for_a_new_password_works_once(person: AddPerson, mailoutbox: list[EmailMessage]) -> None:
    person("wren", email="wren@example.org")
    Client().post(reverse("account_reset_password"), {"email": "wren@example.org"})
    link = first_match(r"https?://[^/]+(/\S+)", str(mailoutbox[0].body), 1)
    client = Client()
    page = client.get(link, follow=True).redirect_chain[-1][0]
    new = "nine slow herons standing"
    client.post(page, {"password1": new, "password2": new})
    assert try_to_sign_in("wren", new).status_code == 302
    Client().get(link, follow=True)
    newer = "ten slow herons standing"
    Client().post(page, {"password1": newer, "password2": newer})
    assert try_to_sign_in("wren", newer).status_code == 200
