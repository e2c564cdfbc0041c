"""In which language the pages are: the person's choice, the cookie, the browser, the site's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import translation
from pytest_django.fixtures import Settings

from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.accounts.tests.cast import AddPerson, SignIn

pytestmark = pytest.mark.django_db

PAGE = "/account/language/"
SIGN_IN = "/sign-in/"


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    """A page leaves its language behind in this thread."""
    with translation.override("en"):
        yield


@pytest.fixture
def wren(person: AddPerson) -> User:
    return person("wren", Role.SUPPORTER)


@pytest.fixture
def client(wren: User, sign_in: SignIn) -> Client:
    return sign_in(wren)


def language_of(client: Client, page: str = PAGE, asks: str = "") -> str:
    return client.get(page, headers={"Accept-Language": asks} if asks else {}).headers["Content-Language"]


def test_a_page_is_in_english_where_nobody_asks_for_another(client: Client) -> None:
    assert language_of(client) == "en"


@pytest.mark.parametrize(
    ("asks", "spoken"), [("es", "es"), ("es-MX,es;q=0.9,en;q=0.5", "es"), ("de", "en"), ("%%", "en")]
)
def test_a_page_follows_the_browser_until_somebody_chooses(client: Client, asks: str, spoken: str) -> None:
    assert language_of(client, asks=asks) == spoken
    assert language_of(Client(), SIGN_IN, asks=asks) == spoken


def test_the_site_has_a_language_of_its_own_for_whoever_asks_for_none(client: Client, settings: Settings) -> None:
    settings.LANGUAGE_CODE = "es"
    assert language_of(client) == "es"
    assert language_of(Client(), SIGN_IN) == "es"
    assert language_of(client, asks="en") == "en"


def test_what_a_person_chose_counts_on_every_page_and_over_the_browser(client: Client, wren: User) -> None:
    answer = client.post(PAGE, {"language": "es"}, follow=True)
    wren.refresh_from_db()
    assert wren.language == "es"
    assert answer.headers["Content-Language"] == "es"
    assert language_of(client, "/posts/", asks="en") == "es"


def test_the_choice_is_the_persons_in_every_browser(client: Client, wren: User, sign_in: SignIn) -> None:
    client.post(PAGE, {"language": "es"})
    assert language_of(sign_in(wren)) == "es"


def test_the_sign_in_page_of_this_browser_keeps_the_language(client: Client) -> None:
    client.post(PAGE, {"language": "es"})
    client.post("/sign-out/")
    assert language_of(client, SIGN_IN, asks="en") == "es"
    assert language_of(Client(), SIGN_IN, asks="en") == "en"


def test_a_choice_is_taken_back(client: Client, wren: User) -> None:
    client.post(PAGE, {"language": "es"})
    client.post(PAGE, {"language": ""})
    wren.refresh_from_db()
    assert wren.language == ""
    assert language_of(client, asks="en") == "en"
    assert language_of(client, asks="es") == "es"


def test_a_language_that_there_is_not_is_refused(client: Client, wren: User) -> None:
    assert client.post(PAGE, {"language": "tlh"}).status_code == 422
    wren.refresh_from_db()
    assert wren.language == ""


def test_a_language_that_the_site_no_longer_has_is_passed_over(client: Client, wren: User) -> None:
    User.objects.filter(pk=wren.pk).update(language="xx")
    assert language_of(client) == "en"


def test_the_page_leads_back_to_the_sign_in_for_who_is_nobody() -> None:
    assert Client().get(PAGE).status_code == 302
