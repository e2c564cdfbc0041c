"""Invitations: shown once, used once, gone after a week."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant.models import AuditEvent
from webapp.accounts.models import Invitation, User
from webapp.accounts.people import LinkUsed, deactivate, invite, join
from webapp.accounts.roles import Role
from webapp.accounts.tests.cast import PASSWORD, AddPerson, Page, SignIn, first_match

pytestmark = pytest.mark.django_db


def a_link(admin: User, *roles: Role, email: str = "") -> str:
    _invitation, token = invite(roles or [Role.SUPPORTER], by=admin, email=email)
    return reverse("accounts:invitation", args=[token])


def answer_to(link: str, client: Client | None = None, /, **fields: str) -> Page:
    filled = {"username": "wren", "password": PASSWORD, "password_again": PASSWORD, "email": ""} | fields
    return (client or Client()).post(link, filled)


def link_on(page: Page) -> str:
    return first_match(r"/invitation/[\w-]+/", page.content.decode())


def test_an_invited_person_joins_with_their_roles_and_is_signed_in(admin: User) -> None:
    link, client = a_link(admin, Role.SUPPORTER, Role.MODERATOR), Client()
    assert client.get(link).status_code == 200
    assert answer_to(link, client).status_code == 302
    wren = User.objects.get(username="wren")
    assert wren.role_names == ["moderator", "supporter"]
    assert client.get(reverse("account_change_password")).status_code == 200


def test_a_link_works_once(admin: User) -> None:
    link = a_link(admin)
    answer_to(link)
    assert Client().get(link).status_code == 404
    assert answer_to(link, username="robin").status_code == 404
    assert not User.objects.filter(username="robin").exists()


def test_of_two_who_use_a_link_at_the_same_moment_one_gets_in(admin: User) -> None:
    invitation, _token = invite([Role.SUPPORTER], by=admin)
    one, other = Invitation.objects.get(pk=invitation.pk), Invitation.objects.get(pk=invitation.pk)
    join(one, username="wren", password=PASSWORD)
    with pytest.raises(LinkUsed):
        join(other, username="robin", password=PASSWORD)
    assert not User.objects.filter(username="robin").exists()


def test_a_link_ends_after_seven_days(admin: User) -> None:
    invitation, token = invite([Role.SUPPORTER], by=admin)
    assert timedelta(days=6, hours=23) < invitation.expires_at - timezone.now() <= timedelta(days=7)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(reverse("accounts:invitation", args=[token])).status_code == 404
    with pytest.raises(LinkUsed):
        join(invitation, username="wren", password=PASSWORD)


@pytest.mark.parametrize("token", ["x", "a" * 5000, "\ud7ff", "%00", "..", "'--"])
def test_a_link_that_never_was_looks_like_a_used_one(token: str) -> None:
    answer = Client().get(reverse("accounts:invitation", args=[token]))
    assert answer.status_code == 404
    assert b"no longer works" in answer.content


def test_the_token_is_not_stored(admin: User) -> None:
    invitation, token = invite([Role.SUPPORTER], by=admin)
    row = Invitation.objects.filter(pk=invitation.pk).values().get()
    assert not any(token in str(value) for value in row.values())
    events = AuditEvent.objects.values_list()
    assert not any(token in str(event) for event in events)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"username": "KEEPER"}, "this name already"),
        ({"username": "two words"}, "without spaces"),
        ({"username": "a@example.org"}, "without spaces"),
        ({"username": "w"}, "at least 2"),
        ({"username": "w\x00n"}, "Null characters"),
        ({"username": "w" * 41}, "at most 40"),
        ({"password": "short", "password_again": "short"}, "too short"),
        ({"password": "1234567890", "password_again": "1234567890"}, "too common"),
        ({"password_again": "something else"}, "differ"),
        ({"email": "keeper@EXAMPLE.org"}, "belongs to an account"),
    ],
)
def test_bad_input_is_explained_and_the_link_still_works(admin: User, fields: dict[str, str], says: str) -> None:
    User.objects.filter(pk=admin.pk).update(email="keeper@example.org")
    link = a_link(admin)
    answer = answer_to(link, **fields)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert answer_to(link).status_code == 302


def test_only_an_admin_invites(person: AddPerson, sign_in: SignIn) -> None:
    for role in set(Role) - {Role.ADMIN}:
        client = sign_in(person(f"some-{role}", role))
        assert client.post(reverse("accounts:invite"), {"roles": ["admin"]}).status_code == 403
    assert not Invitation.objects.exists()


def test_the_link_is_shown_once(admin: User, sign_in: SignIn) -> None:
    client = sign_in(admin)
    page = client.post(reverse("accounts:invite"), {"roles": ["supporter", "lead"], "email": ""})
    link = link_on(page)
    assert answer_to(link).status_code == 302
    assert User.objects.get(username="wren").role_names == ["lead", "supporter"]
    assert b"/invitation/" not in client.get(reverse("accounts:people")).content


def test_an_invitation_without_a_role_or_with_an_unknown_one_is_refused(admin: User, sign_in: SignIn) -> None:
    client = sign_in(admin)
    for roles in ([], ["emperor"]):
        assert client.post(reverse("accounts:invite"), {"roles": roles}).status_code == 422
    assert not Invitation.objects.exists()


def test_it_is_mailed_only_when_a_relay_is_configured(
    admin: User, sign_in: SignIn, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    fields = {"roles": ["supporter"], "email": "robin@example.org"}
    settings.EMAIL_RELAY_URL = ""
    page = sign_in(admin).post(reverse("accounts:invite"), fields)
    assert mailoutbox == []
    assert b"No e-mail was sent" in page.content
    settings.EMAIL_RELAY_URL = "smtp://relay.internal:25"
    page = sign_in(admin).post(reverse("accounts:invite"), fields)
    assert mailoutbox[0].to == ["robin@example.org"]
    assert link_on(page) in mailoutbox[0].body


def test_a_relay_that_is_away_costs_nothing_but_the_mail(admin: User, sign_in: SignIn, settings: Settings) -> None:
    settings.EMAIL_RELAY_URL = "smtp://127.0.0.1:9"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    page = sign_in(admin).post(reverse("accounts:invite"), {"roles": ["supporter"], "email": "robin@example.org"})
    assert b"No e-mail was sent" in page.content
    assert Client().get(link_on(page)).status_code == 200


def test_a_withdrawn_invitation_no_longer_works(admin: User, sign_in: SignIn) -> None:
    invitation, token = invite([Role.SUPPORTER], by=admin)
    client = sign_in(admin)
    withdraw = reverse("accounts:withdraw_invitation", args=[invitation.id])
    assert client.post(withdraw).status_code == 302
    assert Client().get(reverse("accounts:invitation", args=[token])).status_code == 404
    assert client.post(withdraw).status_code == 404
    assert AuditEvent.objects.filter(action="invitation.withdrawn", object_id=str(invitation.id)).exists()


def test_the_invitations_of_an_admin_end_with_their_account(admin: User, person: AddPerson) -> None:
    link = a_link(person("warden", Role.ADMIN), Role.ADMIN)
    deactivate(User.objects.get(username="warden"), by=admin)
    assert Client().get(link).status_code == 404
