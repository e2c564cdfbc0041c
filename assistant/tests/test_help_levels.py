"""Help steps back when drafts stand by themselves, and forward again; hints say where and why before they say what."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from assistant import actions, growth, preparing, runner
from assistant.growth import Changes, HelpLevel, Numbers, step
from assistant.inference.types import Outcome, StopReason
from assistant.meters import Mechanism
from assistant.models import Draft, HelpChoice, Reply, SuggestionJob
from assistant.safety.types import Screening
from assistant.tests.sent import COLD, OFFERED, PLAIN, decide, fragment, made, outside_of_folds, page, send
from assistant.worker_state import Help
from webapp import test as build
from webapp.accounts.models import User
from webapp.test import Cast, FakeEngine, read

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


# Steps


GOOD, POOR, OTHER = made(), made(own=frozenset()), made(own=None)


@pytest.mark.parametrize(
    ("row", "alone"),
    [
        (made(), True),
        (made(own=frozenset({Mechanism.REACTIONS, Mechanism.EXPLORATIONS}), used=1), True),
        (made(own=frozenset({Mechanism.REACTIONS})), False),
        (made(used=2), False),
        (made(kinds={growth.SAFETY: Changes(offered=1, kept=1)}), False),
        (OTHER, False),
    ],
)
def test_when_a_draft_stands_by_itself(row: Numbers, alone: bool) -> None:
    assert row.stood_alone == alone


@pytest.mark.parametrize(
    ("rows", "level", "to"),
    [
        ([GOOD] * 5, HelpLevel.FULL, None),
        ([GOOD] * 6, HelpLevel.FULL, HelpLevel.HINTS),
        ([POOR, *[GOOD] * 5], HelpLevel.FULL, HelpLevel.HINTS),
        ([POOR, POOR, *[GOOD] * 4], HelpLevel.FULL, None),
        ([POOR] * 9 + [GOOD] * 5, HelpLevel.FULL, HelpLevel.HINTS),
        ([GOOD] * 5 + [OTHER] * 3, HelpLevel.FULL, None),
        ([POOR] * 2, HelpLevel.HINTS, None),
        ([POOR, POOR, GOOD], HelpLevel.HINTS, HelpLevel.FULL),
        ([POOR, GOOD, GOOD], HelpLevel.HINTS, None),
        ([POOR] * 9, HelpLevel.REQUEST, None),
        ([GOOD] * 9, HelpLevel.REQUEST, None),
    ],
)
def test_where_the_rule_goes(rows: list[Numbers], level: HelpLevel, to: HelpLevel | None) -> None:
    assert step(rows, level=level) == to


def test_hints_are_proposed_and_taken_and_writing_out_is_proposed_again(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    for _ in range(6):
        send(cast.wren)
    assert HelpChoice.of(cast.wren).shown is HelpLevel.FULL
    assert "Would you like hints first?" in page(client)
    client.post("/my-writing/help", {"level": "hints"})
    assert "Would you like" not in page(client)
    assert HelpChoice.of(cast.wren).shown is HelpLevel.HINTS
    for _ in range(3):
        send(cast.wren, text=COLD)
    assert "Would you like changes written out again?" in page(client)


def test_who_says_no_is_not_asked_again_before_there_is_more(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    for _ in range(6):
        send(cast.wren)
    client.post("/my-writing/help", {"level": ""})
    assert "Would you like" not in page(client)
    assert HelpChoice.of(cast.wren).shown is HelpLevel.FULL
    for _ in range(6):
        send(cast.wren)
    assert "Would you like hints first?" in page(client)


def test_where_the_deployment_says_so_it_is_done_and_undone(cast: Cast, client: Client, settings: Settings) -> None:
    settings.HELP_STEPS = "set"
    client.force_login(cast.wren)
    for _ in range(6):
        send(cast.wren)
    assert HelpChoice.of(cast.wren).shown is HelpLevel.HINTS
    said = page(client)
    assert "Would you like" not in said
    assert "By the rule below" in said
    for _ in range(3):
        send(cast.wren, text=COLD)
    assert HelpChoice.of(cast.wren).shown is HelpLevel.FULL


def test_an_own_choice_goes_before_every_rule(cast: Cast, client: Client, settings: Settings) -> None:
    settings.HELP_STEPS = "set"
    client.force_login(cast.wren)
    client.post("/my-writing/help", {"level": "full"})
    for _ in range(7):
        send(cast.wren)
    assert HelpChoice.of(cast.wren).shown is HelpLevel.FULL
    assert "Would you like hints first?" in page(client)


def test_without_steps_nothing_is_proposed_and_no_rule_shown(cast: Cast, client: Client, settings: Settings) -> None:
    settings.HELP_POLICY = "choice"
    client.force_login(cast.wren)
    for _ in range(7):
        send(cast.wren)
    said = page(client)
    assert "Would you like" not in said
    assert "When help steps back" not in said


def test_who_chose_nothing_is_shown_what_the_deployment_begins_with(
    cast: Cast, client: Client, settings: Settings
) -> None:
    settings.HELP_LEVEL = "hints"
    client.force_login(cast.wren)
    assert HelpChoice.of(cast.wren).shown is HelpLevel.HINTS
    assert "At the moment: hints first." in page(client)


def test_a_level_that_is_none_changes_nothing(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    assert "none of the choices" in read(client.post("/my-writing/help", {"level": "loud"}, follow=True))
    assert client.post("/my-writing/help", {"level": "loud"}, headers=JSON).status_code == 400
    assert not HelpChoice.objects.exists()


# Hints


@pytest.fixture
def wren_with_hints(cast: Cast, client: Client) -> User:
    client.force_login(cast.wren)
    client.post("/my-writing/help", {"level": "hints"})
    return cast.wren


def test_a_hint_says_where_and_why_and_holds_the_wording_back(wren_with_hints: User, client: Client) -> None:
    suggestion = build.suggestion(build.draft(wren_with_hints, text=PLAIN), OFFERED)
    html = fragment(client, suggestion)
    said = outside_of_folds(html)
    assert "Put differently" in said
    assert "The library has a room." in said
    assert "Asks about more of it." in said
    assert "After: The library has a room." in said
    assert "What is it like at home now?" not in said
    assert "There is a room in it." not in said
    assert html.count("Show the wording") == 2
    assert "Use this" not in said  # it comes with the wording
    assert said.count("Keep mine") == 2
    assert "What is it like at home now?" in html  # in the fold, so that it opens without a script


def test_before_the_first_sentence_there_is_none_to_come_after(wren_with_hints: User, client: Client) -> None:
    suggestion = build.suggestion(build.draft(wren_with_hints, text=PLAIN), f"I am so sorry. {PLAIN}")
    assert "Before your first sentence." in outside_of_folds(fragment(client, suggestion))


def test_what_the_safety_layer_finds_is_written_out_at_the_level_of_hints(
    wren_with_hints: User, client: Client
) -> None:
    draft = build.draft(wren_with_hints, text="I read it twice. You are overreacting, others have it worse.")
    suggestion = build.suggestion(draft, "I read it twice. That sounds exhausting.")
    html = fragment(client, suggestion)
    said = outside_of_folds(html)
    assert "Show the wording" not in html
    assert re.search(r"added: That sounds", said)
    assert "Use this" in said
    assert actions.changes_of(suggestion)[1].why.split(".")[0] == "dismissal"


def test_checking_and_sending_find_the_same_at_every_level(wren_with_hints: User, client: Client) -> None:
    draft = build.draft(wren_with_hints)
    for level in HelpLevel:
        client.post("/my-writing/help", {"level": level.value})
        said = read(client.post(f"/drafts/{draft.id}/check", {"text": build.HURTFUL_REPLY, "base": 1}))
        assert "A moderator would read it before it leaves" in said
    client.post(f"/drafts/{draft.id}/send", {"text": build.HURTFUL_REPLY, "base": 1})
    assert Reply.objects.get().status == Reply.Status.HELD


def test_a_hint_is_used_and_undone_without_a_script(wren_with_hints: User, client: Client) -> None:
    suggestion = build.suggestion(build.draft(wren_with_hints, text=PLAIN), OFFERED)
    decide(client, suggestion, 2, "accepted", base=1)
    head = build.head_of(Draft.objects.get())
    assert head.text == f"{PLAIN} What is it like at home now?"
    assert re.search(r'<details class="fold wording" open>', fragment(client, suggestion))  # it stands in the draft now
    decide(client, suggestion, 2, "undone", base=2, text=head.text)
    assert build.head_of(Draft.objects.get()).text == PLAIN


def test_once_it_was_sent_nothing_is_held_back(wren_with_hints: User, client: Client) -> None:
    draft = build.draft(wren_with_hints, text=PLAIN)
    suggestion = build.suggestion(draft, OFFERED)
    actions.send_reply(draft, by=wren_with_hints, revision=build.head_of(draft))
    assert "What is it like at home now?" in outside_of_folds(fragment(client, suggestion))


def test_written_out_again_from_the_writing_page(wren_with_hints: User, client: Client) -> None:
    draft = build.draft(wren_with_hints, text=PLAIN)
    suggestion = build.suggestion(draft, OFFERED)
    page_before = client.get(f"/drafts/{draft.id}/").content.decode()
    assert "Write changes out from now on" in page_before
    answer = client.post("/my-writing/help", {"level": "full", "draft": str(draft.id)})
    assert answer.headers["Location"] == f"/drafts/{draft.id}/"
    assert "Show the wording" not in fragment(client, suggestion)
    assert client.post("/my-writing/help", {"level": "hints"}, headers=JSON).json() == {"level": "hints"}


def test_the_page_is_told_to_show_no_wording_while_it_is_written(wren_with_hints: User, client: Client) -> None:
    draft = build.draft(wren_with_hints, text=PLAIN)
    form = {"text": PLAIN, "base": 1, "mode": "improve", "client_key": "00000000-0000-4000-8000-000000000001"}
    assert client.post(f"/drafts/{draft.id}/ask", form, headers=JSON).json()["hints"] is True
    assert "data-hints" in client.get(f"/drafts/{draft.id}/").content.decode()
    client.post("/my-writing/help", {"level": "full"})
    assert "data-hints" not in client.get(f"/drafts/{draft.id}/").content.decode()


def test_a_whole_draft_that_was_asked_for_is_no_riddle(cast: Cast, client: Client) -> None:
    client.force_login(cast.birch)
    client.post("/my-writing/help", {"level": "hints"})
    draft = build.draft(cast.birch, text="")
    claim = runner.claim_job(build.job(draft, mode="generate", because="No words today.").id)
    assert claim is not None
    assert "data-hints" not in page_of(client, draft)
    written = actions.Finished(OFFERED, Outcome(StopReason.END, 9, 9, 0.1, 0.2), model_version=None, prompt_version="x")
    suggestion = actions.finish_job(claim.job, fence=claim.fence, finished=written, screening=Screening())
    assert suggestion is not None
    assert "What is it like at home now?" in outside_of_folds(fragment(client, suggestion))


def test_only_on_request_folds_asking_away(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.screens.writing.help_state", lambda *_: Help(available=True))
    client.force_login(cast.wren)
    draft = build.draft(cast.wren)
    assert "Ask for help with this reply" not in page_of(client, draft)
    client.post("/my-writing/help", {"level": "request"})
    html = page_of(client, draft)
    fold = re.search(r'<details class="fold on-request">(.*)', html, re.DOTALL)
    assert fold is not None
    assert "Improve my draft" in fold[1]


def page_of(client: Client, draft: Draft) -> str:
    return client.get(f"/drafts/{draft.id}/").content.decode()


def test_where_help_comes_on_request_the_model_reads_nothing_before(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    client.post("/my-writing/help", {"level": "request"})
    draft, engine = build.draft(cast.wren), FakeEngine()
    assert not preparing.prepare(draft.id, engine=engine)
    build.job(draft)
    SuggestionJob.objects.all().end(SuggestionJob.Status.CANCELLED)
    assert preparing.prepare(draft.id, engine=engine)
