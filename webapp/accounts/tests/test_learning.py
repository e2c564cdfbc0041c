"""A supporter agrees that a model learns from what they write, or does not; nobody decides it for them."""

from __future__ import annotations

import pytest
from django.test import Client

from assistant.models import AuditEvent, LearningConsent, learning
from webapp.accounts.models import User
from webapp.accounts.tests.cast import AddPerson, Page, SignIn

pytestmark = pytest.mark.django_db

PAGE = "/account/learning/"
AGREE = {"agreed": "on", "wording": str(learning.WORDING)}


@pytest.fixture
def wren(person: AddPerson, sign_in: SignIn) -> Client:
    return sign_in(person("wren"))


def said(answer: Page) -> str:
    return answer.content.decode()


def test_nobody_has_agreed_to_anything_by_themselves(wren: Client) -> None:
    assert "You have not agreed" in said(wren.get(PAGE))
    assert LearningConsent.in_force() == {}


def test_agreeing_and_taking_it_back_are_two_rows_and_two_events(wren: Client) -> None:
    assert "You agreed on" in said(wren.post(PAGE, AGREE, follow=True))
    assert len(LearningConsent.in_force()) == 1
    assert "You have not agreed" in said(wren.post(PAGE, {}, follow=True))
    assert LearningConsent.in_force() == {}
    assert list(LearningConsent.objects.values_list("given", "wording")) == [(True, 1), (False, 1)]
    events = AuditEvent.objects.filter(action__startswith="learning.").values_list("action", "code")
    assert list(events) == [("learning.agreed", "wording 1"), ("learning.withdrawn", "wording 1")]


def test_a_second_click_is_the_same_answer(wren: Client) -> None:
    for form in (AGREE, AGREE, {}, {}):
        wren.post(PAGE, form)
    assert LearningConsent.objects.count() == 2


@pytest.mark.parametrize("wording", ["", "0", "2", "x"])
def test_a_page_with_another_wording_agrees_to_nothing(wren: Client, wording: str) -> None:
    answer = wren.post(PAGE, {"agreed": "on", "wording": wording}, follow=True)
    assert "The wording has changed" in said(answer)
    assert not LearningConsent.objects.exists()


def test_agreeing_to_a_new_wording_goes_on_from_the_first_time(wren: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    wren.post(PAGE, AGREE)
    [before] = LearningConsent.in_force().values()
    for module in (
        "assistant.models.learning",
        "assistant.actions.consents",
        "webapp.accounts.forms",
        "webapp.accounts.views",
    ):
        monkeypatch.setattr(f"{module}.WORDING", 2)
    assert "I agree to the new wording" in said(wren.get(PAGE))
    wren.post(PAGE, {"agreed": "on", "wording": "2"})
    [after] = LearningConsent.in_force().values()
    assert (before.wording, after.wording, after.since) == (1, 2, before.since)
    assert "new wording" not in said(wren.get(PAGE))


def test_it_is_ones_own_answer(wren: Client, person: AddPerson, sign_in: SignIn) -> None:
    wren.post(PAGE, AGREE)
    assert "You have not agreed" in said(sign_in(person("robin")).get(PAGE))
    assert Client().post(PAGE, AGREE).status_code == 302
    assert LearningConsent.objects.count() == 1


def test_a_closed_account_cannot_take_it_back_so_nothing_of_it_is_learned_from(wren: Client) -> None:
    wren.post(PAGE, AGREE)
    User.objects.filter(username="wren").update(is_active=False)
    assert LearningConsent.in_force() == {}
