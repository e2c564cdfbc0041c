"""Admins start a trial with its rules, watch both models, stop it, and are told when it went back by itself."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from assistant import actions, runner
from assistant.canary_page import LATEST
from assistant.inference.engine import EngineError
from assistant.models import AuditEvent, Canary, GateVerdict
from assistant.tests.trials import Trial, rules, trial_in
from webapp.test import Cast, read

pytestmark = pytest.mark.django_db(transaction=True)

FORM = {
    "held": "7.5", "failed": "5", "reported": "2", "first_words": "2", "errors": "3", "dangerous": "1", "least_jobs": "20",
    "candidate": "warmer", "kind": "canary", "share": "10", "most_jobs": "200", "most_days": "7",
}  # fmt: skip


@pytest.fixture
def trial(tmp_path: Path, cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Trial:
    return trial_in(tmp_path, cast, monkeypatch, settings)


@pytest.fixture
def admin(trial: Trial, client: Client) -> Client:
    trial.pass_gate(trial.candidate)
    client.force_login(trial.cast.willow)
    return client


def test_the_form_asks_for_the_rules_first(admin: Client) -> None:
    page = admin.get("/canaries/").content.decode()
    places = [page.index(f'name="{field}"') for field in FORM]
    assert places == sorted(places)
    assert "Nothing is tried now" in page
    assert "Nothing was started" not in page
    assert ">warmer</option>" in page


def test_a_trial_is_started_as_the_form_says_and_the_second_click_starts_no_other(admin: Client, trial: Trial) -> None:
    assert admin.post("/canaries/start", FORM).status_code == 302
    canary = Canary.objects.get()
    assert (canary.kind, canary.share, canary.most_jobs, canary.most_days) == ("canary", 10, 200, 7)
    assert (canary.candidate, canary.active, canary.started_by) == (trial.candidate, trial.active, trial.cast.willow)
    assert canary.rules["bounds"]["held"] == 0.075
    assert canary.passed["over"] == "warm"
    again = admin.post("/canaries/start", FORM)
    assert again.status_code == 422
    assert "runs already" in read(again)
    assert Canary.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"held": "51"}, "less than or equal to 50"),
        ({"held": ""}, "required"),
        ({"errors": "0"}, "greater than or equal to 1"),
        ({"share": "51"}, "less than or equal to 50"),
        ({"candidate": "tiny"}, "Select a valid choice"),
        ({"kind": "all of them"}, "Select a valid choice"),
        ({"candidate": "warm"}, "answers already"),
    ],
)
def test_what_cannot_be_started_comes_back_with_the_reason(admin: Client, changed: dict[str, str], said: str) -> None:
    answer = admin.post("/canaries/start", FORM | changed)
    assert answer.status_code == 422
    assert said in read(answer)
    assert 'value="7"' in answer.content.decode()  # what else was typed
    assert not Canary.objects.exists()


def test_without_a_passed_gate_it_comes_back_with_how_to_give_one(admin: Client) -> None:
    GateVerdict.objects.all().delete()
    answer = admin.post("/canaries/start", FORM)
    assert answer.status_code == 422
    assert "--gate FILE" in read(answer)
    assert not Canary.objects.exists()


def test_both_models_stand_beside_each_other_with_intervals_while_it_runs(admin: Client, trial: Trial) -> None:
    trial.start()
    for _ in range(2):
        trial.run_one("candidate")
        trial.run_one("active")
    page = read(admin.get("/canaries/"))
    assert "50 of 100 cases" in page
    assert "Held by the safety checks0 % (0 to 66)0 % (0 to 66)+0 % (-66 to +66)+5 %" in page
    assert "Compared from 5 jobs of each on" in page
    assert "models activate warmer --gate FILE" in page


def test_the_pages_of_the_model_and_of_the_engine_say_that_it_is_tried(admin: Client, trial: Trial) -> None:
    trial.start(share=20)
    address = f"/models/{trial.candidate.id}/"
    for page in (address, "/engine/"):
        assert "on a share of the cases, 20 of 100" in read(admin.get(page))
    assert "20 of 100" not in read(admin.get(f"/models/{trial.active.id}/"))
    actions.stop_canary(Canary.objects.get(), by=trial.cast.willow)
    for page in (address, "/engine/"):
        assert "20 of 100" not in read(admin.get(page))


def test_stopping_it_says_so_and_the_second_click_says_that_it_was_over(admin: Client, trial: Trial) -> None:
    canary = trial.start()
    answer = admin.post(f"/canaries/{canary.id}/stop", follow=True)
    assert "Stopped. The active model answers" in read(answer)
    assert "Somebody stopped it." in read(answer)
    assert "It had ended before." in read(admin.post(f"/canaries/{canary.id}/stop", follow=True))
    canary.refresh_from_db()
    assert (canary.outcome, canary.ended_by) == ("ended", trial.cast.willow)


def test_a_rollback_stands_on_top_until_an_admin_says_that_they_have_seen_it(admin: Client, trial: Trial) -> None:
    canary = trial.start(rules=rules(errors=1))
    trial.engine.says["warmer"] = EngineError("It broke.")
    trial.run_one("candidate")
    page = read(admin.get("/canaries/"))
    assert "warmer was rolled back" in page
    assert "It had as many errors as its rule allows." in page
    for _ in range(2):
        assert admin.post(f"/canaries/{canary.id}/seen").status_code == 302
    assert "warmer was rolled back" not in read(admin.get("/canaries/"))
    assert "seen by willow" in read(admin.get("/canaries/"))
    assert AuditEvent.objects.filter(action="canary.seen").count() == 1


def test_a_rollback_that_nobody_has_seen_stands_there_however_many_came_after(admin: Client, trial: Trial) -> None:
    canary = trial.start(rules=rules(errors=1))
    trial.engine.says["warmer"] = EngineError("It broke.")
    trial.run_one("candidate")
    for _ in range(LATEST):
        actions.stop_canary(trial.start(), by=trial.cast.willow)
    assert f"/canaries/{canary.id}/seen" in admin.get("/canaries/").content.decode()


def test_one_that_is_not_there_is_not_found(admin: Client) -> None:
    for what in ("stop", "seen"):
        assert admin.post(f"/canaries/{uuid.uuid4()}/{what}").status_code == 404


def test_a_running_one_cannot_be_marked_as_seen(admin: Client, trial: Trial) -> None:
    canary = trial.start()
    admin.post(f"/canaries/{canary.id}/seen")
    canary.refresh_from_db()
    assert canary.seen_at is None


def test_a_supporter_gets_no_further(trial: Trial, client: Client) -> None:
    canary = trial.start()
    client.force_login(trial.cast.wren)
    assert client.get("/canaries/").status_code == 403
    assert client.post("/canaries/start", FORM).status_code == 403
    assert client.post(f"/canaries/{canary.id}/stop").status_code == 403
    actions.judge(canary.id)
    assert Canary.objects.get().is_running


def test_the_admins_and_leads_are_told_of_a_rollback_until_somebody_has_seen_it(trial: Trial) -> None:
    from moderation import invariants
    from moderation.models import Alert, Delivery

    canary = trial.start(rules=rules(errors=1))
    assert "canary_rolled_back" not in invariants.check_and_tell()
    trial.engine.says["warmer"] = EngineError("It broke.")
    job = trial.run_one("candidate")
    runner.run_job(job.id)
    assert invariants.check_and_tell()["canary_rolled_back"] == 1
    alert = Alert.objects.get(kind="invariant", closed_at=None)
    assert alert.code == "canary_rolled_back"
    told = set(Delivery.objects.filter(alert=alert).values_list("person__username", flat=True))
    assert "willow" in told
    actions.mark_seen(canary, by=trial.cast.willow)
    assert "canary_rolled_back" not in invariants.check_and_tell()
    alert.refresh_from_db()
    assert alert.closed_at is not None
