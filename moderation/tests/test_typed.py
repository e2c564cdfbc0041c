"""What somebody typed about a flag and what was refused is on the page that says so, whatever became of the flag meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from assistant.safety.types import Level
from moderation.actions import answer_proposal, claim_flag, decide, escalate
from moderation.models import CaseNote, Decision, Flag
from webapp import test as build
from webapp.test import Cast
from webapp.tests.stage import held_reply

pytestmark = pytest.mark.django_db
REASON = "Please say first what they feel."
VERSION = "It sounds as if the evenings are long."
SAID: dict[str, Any] = {
    "outcome": "edit",
    "policy": "dismissal",
    "reason": REASON,
    "edited_text": VERSION,
    "version": 1,
}


@pytest.fixture
def ash(cast: Cast, client: Client) -> Client:
    client.force_login(cast.ash)
    return client


@pytest.fixture
def flag(cast: Cast) -> Flag:
    return Flag.objects.get(reply=held_reply(cast.wren))


def refused(client: Client, flag: Flag, what: str = "decide", **fields: Any) -> Any:
    answer = client.post(f"/moderation/flags/{flag.id}/{what}", fields)
    assert 400 <= answer.status_code < 500
    return answer


def had(answer: Any) -> dict[str, str]:
    """What stands beside the fields, and that it is seen."""
    shown = {one.label: one.said for one in answer.context["had"]}
    assert ("What you had written" in build.read(answer)) == bool(shown)
    assert all(said in build.read(answer) for said in shown.values())
    return shown


def test_words_stay_where_somebody_else_has_taken_it(cast: Cast, ash: Client, flag: Flag) -> None:
    claim_flag(flag, by=cast.birch)
    shown = had(refused(ash, flag, **SAID))
    assert shown == {"By the policy": "Dismissal", "Reason": REASON, "Your version": VERSION}


def test_words_stay_where_it_was_decided(cast: Cast, ash: Client, flag: Flag) -> None:
    decide(flag, outcome="return", policy="dismissal", by=cast.birch, reason="It compares.", seen=1)
    assert had(refused(ash, flag, **SAID))["Your version"] == VERSION


def test_words_stay_where_it_is_somebody_elses_to_decide(cast: Cast) -> None:
    flag = Flag.objects.get(reply=held_reply(cast.birch))
    client = Client()
    client.force_login(cast.birch)
    assert had(refused(client, flag, **SAID))["Reason"] == REASON


def test_a_post_says_what_was_answered_about_danger(cast: Cast, ash: Client) -> None:
    flag = Flag.objects.get(post=build.post(build.URGENT_POST))
    claim_flag(flag, by=cast.birch)
    said: dict[str, Any] = {"outcome": "approve", "policy": "crisis", "reason": REASON, "danger": "yes", "version": 1}
    assert had(refused(ash, flag, **said))["Is somebody in danger"] == "Yes, or nobody can rule it out"


def test_the_text_as_it_was_is_nothing_that_somebody_wrote(cast: Cast, ash: Client, flag: Flag) -> None:
    """Its field goes with every decision."""
    claim_flag(flag, by=cast.birch)
    said = SAID | {"outcome": "return", "edited_text": flag.subject.text.replace("\n", "\r\n")}
    assert "Your version" not in had(refused(ash, flag, **said))


def test_where_there_is_still_a_form_they_are_in_its_fields(ash: Client, flag: Flag) -> None:
    answer = refused(ash, flag, **SAID | {"policy": "none of them"})
    assert had(answer) == {}
    page = answer.content.decode()
    assert f'maxlength="2000" required aria-describedby="reason-help">\n{REASON}</textarea>' in page
    assert f"\n{VERSION}</textarea>" in page


@pytest.mark.parametrize(
    ("what", "fields", "said"),
    [
        ("decide", SAID | {"reason": " "}, "The reason is empty"),
        ("note", {"text": " "}, "The note is empty"),
        ("take-over", {"taken_from": "nobody", "why": " "}, "Say in a line why you take this over."),
    ],
)
def test_a_refusal_names_the_field_that_is_empty(
    ash: Client, flag: Flag, what: str, fields: dict[str, Any], said: str
) -> None:
    assert said in build.read(refused(ash, flag, what, **fields))


def test_a_reason_for_a_decision_is_none_for_an_answer_and_the_other_way_round(cast: Cast) -> None:
    flag = Flag.objects.get(reply=held_reply(cast.wren, level=Level.PLAN))
    decide(flag, outcome="approve", policy="crisis", by=cast.ash, reason="It asks plainly.", seen=1)
    birch = Client()
    birch.force_login(cast.birch)
    late = refused(birch, flag, **SAID)
    assert had(late) == {"By the policy": "Dismissal", "Reason": REASON, "Your version": VERSION}
    assert late.context["typed"]["reason"] == ""
    answer_proposal(Flag.objects.get(id=flag.id), confirmed=False, by=cast.ash, reason="I misread it.", seen=2)
    late = refused(birch, flag, "answer", answer="refuse", reason="It does not ask.", version=2)
    assert had(late) == {"Reason": "It does not ask."}
    assert late.context["typed"]["reason"] == ""


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("decide", SAID),
        ("answer", {"answer": "refuse", "reason": REASON, "version": 1}),
        ("note", {"text": REASON}),
    ],
)
def test_who_had_the_page_open_while_it_was_escalated_keeps_their_words_and_sees_nothing_of_the_case(
    cast: Cast, ash: Client, flag: Flag, what: str, fields: dict[str, Any]
) -> None:
    ash.get(f"/moderation/flags/{flag.id}/")
    escalate(flag, by=cast.birch, reason="A lead should see this.", seen=1)
    answer = refused(ash, flag, what, **fields)
    assert REASON in had(answer).values()
    assert "It was escalated meanwhile" in build.read(answer)
    assert flag.subject.text not in build.read(answer)
    assert flag.subject_post.text not in build.read(answer)
    assert not Decision.objects.exists()
    assert not CaseNote.objects.exists()


def test_who_never_saw_it_is_not_told_that_it_is_there(cast: Cast, ash: Client, flag: Flag) -> None:
    escalate(flag, by=cast.birch, reason="A lead should see this.", seen=1)
    assert ash.post(f"/moderation/flags/{flag.id}/decide", SAID).status_code == 404


def test_who_takes_it_over_after_that_goes_on_with_the_same_words(cast: Cast, ash: Client, flag: Flag) -> None:
    claim_flag(flag, by=cast.birch)
    carried = refused(ash, flag, **SAID).context["carried"]
    assert {"reason", "policy", "edited_text", "outcome"} == set(carried)
    over = {"taken_from": str(cast.birch.pk), "why": "Birch went home."}
    answer = ash.post(f"/moderation/flags/{flag.id}/take-over", carried | over)
    assert answer.status_code == 200
    assert had(answer) == {}
    page = answer.content.decode()
    assert "Yours" in page
    assert f"\n{REASON}</textarea>" in page
    assert f"\n{VERSION}</textarea>" in page
