"""Everybody chooses their own keys and how they are read to; the sheet lists what is theirs to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client
from pytest_django.fixtures import Settings

from webapp import test as build
from webapp.accounts.keys import ACTS, QUICK_FIND, acts_for, conflicts, in_force, problem_with
from webapp.accounts.models import Controls, User
from webapp.accounts.roles import Role
from webapp.accounts.tests.cast import AddPerson, Page, SignIn

pytestmark = pytest.mark.django_db

PAGE, SHEET, RESET = "/account/keys/", "/keys/", "/account/keys/reset"


@pytest.fixture
def wren(person: AddPerson) -> User:
    return person("wren", Role.SUPPORTER)


@pytest.fixture
def client(wren: User, sign_in: SignIn) -> Client:
    return sign_in(wren)


def answers(user: User, **other: str) -> dict[str, str]:
    """The form as its page fills it in, but for these."""
    keys = {f"key_{act.name}": act.key for act in acts_for(user)}
    return {"keys_on": "on", "aloud": "sentences"} | keys | other


def keys_of(client: Client) -> dict[str, str]:
    """As the sheet on a page tells them to the script."""
    page = client.get("/account/learning/").content.decode()
    return dict(re.findall(r'data-act="(\w+)" data-key="([^"]*)"', page))


def words(answer: Page) -> str:
    return build.read(answer)


def test_everybody_has_the_keys_of_the_table_until_they_choose(client: Client, wren: User) -> None:
    assert keys_of(client) == {act.name: act.key for act in acts_for(wren)}
    assert not Controls.objects.exists()


def test_no_two_keys_of_the_table_meet_and_none_is_refused() -> None:
    assert conflicts(ACTS, {act.name: act.key for act in ACTS}) == []
    assert [act.name for act in ACTS if problem_with(act.key)] == []


def test_every_act_of_the_table_is_one_of_the_script_and_the_script_has_no_other() -> None:
    script = (Path(project.BASE_DIR) / "static" / "js" / "acts.js").read_text(encoding="utf-8")
    known = set(re.findall(r"^  (\w+)(?::|,$)", script.split("export const ACTS = {")[1].split("\n};")[0], re.M))
    assert known | {"sheet"} == {act.name for act in ACTS}


def test_a_key_that_was_chosen_is_kept_for_the_person_and_for_nobody_else(
    client: Client, wren: User, person: AddPerson, sign_in: SignIn
) -> None:
    assert "Saved." in words(client.post(PAGE, answers(wren, key_use="A"), follow=True))
    assert keys_of(client)["use"] == "a"
    assert keys_of(sign_in(wren))["use"] == "a"  # on another device
    assert Controls.objects.get().keys == {"use": "a"}
    assert keys_of(sign_in(person("robin", Role.SUPPORTER)))["use"] == "u"


def test_an_act_may_go_without_a_key(client: Client, wren: User) -> None:
    client.post(PAGE, answers(wren, key_leave=" "))
    assert keys_of(client)["leave"] == ""
    assert "none" in words(client.get(SHEET))


def test_two_acts_with_one_key_are_refused_by_name_and_nothing_is_kept(client: Client, wren: User) -> None:
    answer = client.post(PAGE, answers(wren, key_use="M", aloud="off"))
    assert answer.status_code == 422
    assert "“Use this” and “Keep mine” cannot both have m." in words(answer)
    assert answer.content.decode().count('aria-invalid="true"') == 2
    assert not Controls.objects.exists()


def test_a_key_of_every_page_meets_those_of_each_page(client: Client, wren: User) -> None:
    assert "“Leave this page at once” and “Check” cannot both" in words(client.post(PAGE, answers(wren, key_leave="c")))


def test_two_pages_may_use_the_same_key(person: AddPerson, sign_in: SignIn) -> None:
    lead = person("birch", Role.LEAD)
    client = sign_in(lead)
    assert client.post(PAGE, answers(lead, key_open_flag="u")).status_code == 302
    assert keys_of(client)["open_flag"] == keys_of(client)["use"] == "u"


@pytest.mark.parametrize("key", [*QUICK_FIND, "ab", "Enter", "\t\t", "\x00", "\u0301", "\u200b", "İ"])
def test_what_no_key_of_ours_may_be_is_refused(client: Client, wren: User, key: str) -> None:
    answer = client.post(PAGE, answers(wren, key_use=key))
    assert (answer.status_code == 422) == bool(key.strip())
    assert "use" not in Controls.of(wren).keys or not key.strip()


@pytest.mark.parametrize("key", ["ä", "ж", "7", ",", "["])
def test_a_letter_of_any_script_a_digit_or_a_sign_is_a_key(client: Client, wren: User, key: str) -> None:
    client.post(PAGE, answers(wren, key_use=key))
    assert keys_of(client)["use"] == key


def test_keys_can_be_switched_off_altogether(client: Client, wren: User) -> None:
    form = answers(wren)
    del form["keys_on"]
    assert "data-on" in client.get("/account/learning/").content.decode()
    client.post(PAGE, form)
    assert "data-on" not in client.get("/account/learning/").content.decode()
    assert "Keys are switched off." in words(client.get(SHEET))


def test_everything_can_be_put_back(client: Client, wren: User) -> None:
    client.post(PAGE, answers(wren, key_use="a", aloud="off"))
    assert "as it was at first" in words(client.post(RESET, follow=True))
    assert keys_of(client)["use"] == "u"
    assert Controls.of(wren).aloud == "sentences"


def test_what_a_page_of_yesterday_does_not_list_stays_as_the_table_says(client: Client, wren: User) -> None:
    form = answers(wren, key_use="a")
    del form["key_check"]
    client.post(PAGE, form)
    assert keys_of(client)["check"] == "c"


def test_a_key_of_the_table_makes_way_for_one_that_was_chosen_before(wren: User) -> None:
    keys = in_force(acts_for(wren), {"use": "c", "gone": "x"})
    assert (keys["use"], keys["check"], keys["stop"]) == ("c", "", "x")


def test_what_was_chosen_for_another_role_is_there_when_the_role_is(client: Client, wren: User) -> None:
    Controls.objects.create(user=wren, keys={"open_flag": "y"})
    client.post(PAGE, answers(wren, key_use="a"))
    assert Controls.objects.get().keys == {"open_flag": "y", "use": "a"}


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        (Role.SUPPORTER, ["Use this", "Stop what is being written"], ["Next flag"]),
        (Role.MODERATOR, ["Next flag", "Open the flag you are at"], ["Use this"]),
        (Role.LEAD, ["Next flag", "Use this"], []),
        (Role.AUDITOR, ["Leave this page at once"], ["Next flag", "Use this"]),
    ],
)
def test_the_sheet_lists_what_the_person_can_do(
    person: AddPerson, sign_in: SignIn, role: Role, shown: list[str], hidden: list[str]
) -> None:
    page = words(sign_in(person("somebody", role)).get(SHEET))
    assert [label for label in shown if label not in page] == []
    assert [label for label in hidden if label in page] == []


def test_the_sheet_as_a_page_says_that_keys_need_a_script(client: Client) -> None:
    page = client.get(SHEET).content.decode()
    assert "these keys do nothing" in page.split("<noscript>")[1].split("</noscript>")[0]


def test_a_sign_is_spelled_out_for_who_hears_it(client: Client) -> None:
    assert "question mark" in words(client.get(SHEET))


def test_a_site_without_a_quick_exit_has_no_key_for_one(client: Client, settings: Settings) -> None:
    settings.QUICK_EXIT_URL = ""
    assert "leave" not in keys_of(client)


def test_who_is_not_signed_in_has_no_keys() -> None:
    assert "keys-sheet" not in Client().get("/sign-in/").content.decode()


@pytest.mark.parametrize("aloud", Controls.Aloud.values)
def test_the_writing_page_is_told_how_to_read_aloud(client: Client, wren: User, aloud: str) -> None:
    client.post(PAGE, answers(wren, aloud=aloud))
    page = client.get(f"/drafts/{build.draft(wren).id}/").content.decode()
    assert re.search(rf'id="announcer"[^>]* data-aloud="{aloud}"', page)


@pytest.mark.parametrize("answer", [{"aloud": ""}, {"aloud": "loud"}])
def test_another_way_of_reading_is_refused(client: Client, wren: User, answer: dict[str, Any]) -> None:
    assert client.post(PAGE, answers(wren, **answer)).status_code == 422
