"""Inviting many from a list: every line is checked, wrong ones are named, nothing is lost, and nothing is sent too early."""

from __future__ import annotations

import re

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import translation
from pytest_django.fixtures import Settings

from assistant.models import AuditEvent
from webapp.accounts.bulk import MOST_LINES, read_lines
from webapp.accounts.forms import ROLE_CHOICES
from webapp.accounts.models import Invitation, User
from webapp.accounts.people import invite
from webapp.accounts.roles import Role
from webapp.accounts.tests.cast import PASSWORD, AddPerson, SignIn
from webapp.test import read

pytestmark = pytest.mark.django_db

LIST = "/people/invite/list"
RIGHT = "wren@example.org, supporter\nash@example.org; moderator; supporter\n\nElm@Example.org\tlead\n"
MIXED = "email,roles\nwren@example.org, supporter\nnobody, supporter\nash@example.org, emperor\nelm@example.org lead"


def links_on(answer: object) -> list[str]:
    return re.findall(r"/invitation/[\w-]+/", answer.content.decode())  # type: ignore[attr-defined]


def field_on(answer: object) -> str:
    found = re.search(r"<textarea[^>]*>\s*(.*?)</textarea>", answer.content.decode(), re.S)  # type: ignore[attr-defined]
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("line", "roles", "says"),
    [
        ("wren@example.org,supporter", [Role.SUPPORTER], ""),
        ('"wren@example.org";"Moderator, supporter"', [Role.MODERATOR, Role.SUPPORTER], ""),
        ("wren@example.org  lead\tlead", [Role.LEAD], ""),
        ("wren", [], "no e-mail address"),
        ("wren@example.org", [], "No role"),
        ("wren@example.org, emperor", [], "“emperor”"),
        ("robin@example.org, supporter", [Role.SUPPORTER], "belongs to an account"),
        ("ROBIN@example.org, supporter", [Role.SUPPORTER], "belongs to an account"),
        ("open@example.org, supporter", [Role.SUPPORTER], "open invitation"),
        (",;, ", [], "no e-mail address"),
        ("=cmd|'/c calc'!A0@example.org, supporter", [Role.SUPPORTER], "no e-mail address"),
    ],
)
def test_a_line_is_read_or_named(person: AddPerson, line: str, roles: list[Role], says: str) -> None:
    robin = person("robin", email="robin@example.org")
    invite([Role.SUPPORTER], by=robin, email="open@example.org")
    (read_line,) = read_lines(line)
    assert read_line.roles == roles
    assert says in read_line.problem
    assert bool(read_line.problem) == bool(says)


def test_an_address_counts_once_and_the_second_line_names_the_first() -> None:
    lines = read_lines("wren@example.org, supporter\n\nWREN@example.org, lead")
    assert [line.problem for line in lines] == ["", "This address stands in line 1 already."]


def test_a_role_is_known_in_the_language_of_the_page() -> None:
    with translation.override("es"):
        names = {role: str(label) for role, label in ROLE_CHOICES}
        assert names["lead"] != "lead"
        for role, name in names.items():
            assert [line.roles for line in read_lines(f"a@example.org, {name}\nb@example.org, {role}")] == [
                [role],
                [role],
            ]


def test_when_all_lines_are_right_each_gets_a_link_that_works(admin: User, sign_in: SignIn) -> None:
    answer = sign_in(admin).post(LIST, {"people": RIGHT})
    assert answer.status_code == 200
    assert "3 invitations were made." in read(answer)
    links = links_on(answer)
    assert len(set(links)) == 3
    assert Invitation.objects.get(email="ash@example.org").roles == ["moderator", "supporter"]
    assert AuditEvent.objects.filter(action="person.invited", actor=str(admin.pk)).count() == 3
    fields = {"username": "wren", "password": PASSWORD, "password_again": PASSWORD}
    assert Client().post(links[0], fields).status_code == 302
    assert User.objects.get(username="wren").role_names == ["supporter"]
    assert links_on(sign_in(admin).get("/people/invite")) == []


def test_while_a_line_is_wrong_nothing_is_sent_and_nothing_is_lost(admin: User, sign_in: SignIn) -> None:
    answer = sign_in(admin).post(LIST, {"people": MIXED})
    assert answer.status_code == 422
    page = read(answer)
    assert "Nothing was sent yet" in page
    assert "Line 3: “nobody” is no e-mail address." in page
    assert "Line 4: There is no role “emperor”." in page
    assert "Invite the 2 that are right" in page
    assert field_on(answer) == MIXED
    assert not Invitation.objects.exists()


def test_the_right_ones_go_when_that_is_chosen_and_the_others_stay_in_the_field(admin: User, sign_in: SignIn) -> None:
    answer = sign_in(admin).post(LIST, {"people": MIXED, "only_right": "on"})
    assert len(links_on(answer)) == 2
    assert field_on(answer) == "email,roles\nnobody, supporter\nash@example.org, emperor"
    assert "Line 2: “nobody” is no e-mail address." in read(answer)  # as it stands in the field now
    assert set(Invitation.objects.values_list("email", flat=True)) == {"wren@example.org", "elm@example.org"}


def test_with_a_relay_each_letter_goes_out(
    admin: User, sign_in: SignIn, mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    settings.EMAIL_RELAY_URL = "smtp://relay.example"
    answer = sign_in(admin).post(LIST, {"people": RIGHT})
    assert "All were sent by e-mail." in read(answer)
    assert sorted(letter.to[0] for letter in mailoutbox) == ["ash@example.org", "elm@example.org", "wren@example.org"]


def test_a_list_that_is_too_long_or_empty_sends_nothing(admin: User, sign_in: SignIn) -> None:
    client = sign_in(admin)
    long = "\n".join(f"p{number}@example.org, supporter" for number in range(MOST_LINES + 1))
    for text in (long, "", "  \n \n", "email, roles"):
        answer = client.post(LIST, {"people": text, "only_right": "on"})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode() or "errorlist" in answer.content.decode()
    assert not Invitation.objects.exists()
