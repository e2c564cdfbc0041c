"""In the shadow a candidate answers finished jobs once more, and nobody ever sees what it says."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import actions, runner, shadowing, sweeper
from assistant.inference.engine import EngineBusy, EngineError
from assistant.models import Canary, Finding, ModelVersion, Post, ShadowRun, Suggestion, SuggestionChunk, SuggestionJob
from assistant.retention import erase_case
from assistant.tests.trials import WARM, Trial, rules, trial_in
from moderation.models import Flag
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.test import Cast
from webapp.tests.leaks import found_in
from webapp.tests.stage import URLS

pytestmark = pytest.mark.django_db(transaction=True)

MARK = "Quillonbrook"
SHADOW = f"Moving somewhere new is hard. I remember how quiet {MARK} was. What would you cook for a friend?"


@pytest.fixture
def trial(tmp_path: Path, cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Trial:
    made = trial_in(tmp_path, cast, monkeypatch, settings)
    monkeypatch.setattr(shadowing, "holder", made.use_new_worker())
    made.engine.says["warmer"] = SHADOW
    return made


def answered(trial: Trial, canary: Canary) -> SuggestionJob:
    """A job that the active model has answered, of a case in the share."""
    while True:
        job = build.job(build.draft(trial.cast.wren))
        runner.run_job(job.id)
        if canary.takes(job.case_id):
            return SuggestionJob.objects.select_related("draft__post__case").get(id=job.id)


def test_a_finished_job_is_answered_once_more_and_the_person_keeps_what_the_active_model_said(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW, gated=False)
    job = answered(trial, canary)
    assert (job.arm, job.canary) == ("", None)
    assert shadowing.run_shadows() == 1
    shadow = ShadowRun.objects.select_related("case").get()
    assert (shadow.job, shadow.status, shadow.held, shadow.unchanged) == (job, "done", False, False)
    assert (shadow.text, shadow.prompt_version) == (SHADOW, "improve-2")
    assert Suggestion.objects.get(job=job).text == WARM
    asked = trial.engine.asked[-1]
    assert (asked.adapter, asked.case) == ("warmer", "")  # nothing of it is kept in the engine
    first = next(request for request in trial.engine.asked if request.case == str(job.case_id))
    assert first.prompt == asked.prompt
    assert shadowing.run_shadows() == 0


def test_only_cases_of_the_share_are_run(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW)
    for _ in range(6):
        answered(trial, canary)
    shadowed = set(ShadowRun.objects.values_list("case_id", flat=True))
    assert shadowed == {case for case in SuggestionJob.objects.values_list("case_id", flat=True) if canary.takes(case)}


def test_it_makes_way_for_whoever_waits(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW)
    answered(trial, canary)
    waiting = build.job(build.draft(trial.cast.wren))
    assert shadowing.run_shadows() == 0
    runner.run_job(waiting.id)
    assert shadowing.run_shadows() >= 1


def test_one_that_runs_stops_when_somebody_asks_and_runs_again_later(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW)
    answered(trial, canary)
    trial.engine.says["warmer"] = " ".join(f"The street has a house with number {number}." for number in range(200))
    asked: list[SuggestionJob] = []

    def ask(word: int) -> None:
        if trial.engine.asked[-1].adapter == "warmer":
            if not asked:
                asked.append(build.job(build.draft(trial.cast.wren)))
            time.sleep(0.02)

    trial.engine.before_word = ask
    shadowing.run_shadows()
    shadow = ShadowRun.objects.get()
    assert (shadow.status, shadow.attempt - shadow.times_put_back, shadow.held) == ("queued", 0, None)
    trial.engine.before_word = None
    trial.engine.says["warmer"] = SHADOW
    runner.run_job(asked[0].id)
    shadowing.run_shadows()
    assert ShadowRun.objects.get(id=shadow.id).status == "done"


def test_what_is_held_in_the_shadow_flags_nobody_and_is_counted(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW, rules=rules(dangerous=2))
    trial.engine.says["warmer"] = "I hear you. Take all the pills with whisky and you will not wake up."
    for number in (1, 2):
        answered(trial, canary)
        shadowing.run_shadows()
        canary.refresh_from_db()
        assert canary.is_running == (number == 1)
    assert all(ShadowRun.objects.filter(status="done").values_list("held", flat=True))
    assert (canary.outcome, canary.reason) == ("rolled_back", "dangerous")
    assert not Flag.objects.exists()
    assert not Finding.objects.filter(suggestion__isnull=False).exists()
    assert "whisky" not in " ".join(chunk.text for chunk in SuggestionChunk.objects.select_related("case"))


def test_errors_end_it_and_a_busy_engine_does_not(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW, rules=rules(errors=1))
    answered(trial, canary)
    trial.engine.says["warmer"] = EngineBusy("Too many wait.")
    shadowing.run_shadows()
    assert ShadowRun.objects.get().status == "queued"
    trial.engine.says["warmer"] = EngineError("It broke.")
    shadowing.run_shadows()
    canary.refresh_from_db()
    assert (canary.outcome, canary.reason) == ("rolled_back", "errors")


def test_the_figures_of_both_are_of_the_same_jobs(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW, most_jobs=3)
    while Canary.objects.get().is_running:
        answered(trial, canary)
        shadowing.run_shadows()
    canary.refresh_from_db()
    assert (canary.outcome, canary.reason, canary.figures["jobs"]) == ("ended", "jobs", [3, 3])
    assert canary.figures["measures"]["unchanged"][0]["value"] == 0.0


def test_a_post_for_people_only_has_no_shadow_even_when_that_was_said_later(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW)
    job = answered(trial, canary)
    Post.objects.filter(id=job.draft.post_id).update(human_only=True)
    asked = len(trial.engine.asked)
    shadowing.run_shadows()
    assert (ShadowRun.objects.get().status, len(trial.engine.asked)) == ("cancelled", asked)


def test_erasing_the_case_takes_it_and_what_runs_meanwhile_writes_nothing(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW)
    job = answered(trial, canary)

    def erase(word: int) -> None:
        if word == 3 and ShadowRun.objects.exists():
            erase_case(job.draft.post, by=None)

    trial.engine.before_word = erase
    shadowing.run_shadows()
    assert not ShadowRun.objects.exists()
    trial.engine.before_word = None
    kept = answered(trial, canary)
    shadowing.run_shadows()
    erase_case(kept.draft.post, by=None)
    assert not ShadowRun.objects.filter(case=kept.case_id).exists()


def test_it_is_gone_after_a_while_and_the_figures_stay(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW, most_jobs=1)
    answered(trial, canary)
    shadowing.run_shadows()
    call_command("prune")
    assert ShadowRun.objects.exists()
    ShadowRun.objects.update(queued_at=timezone.now() - timedelta(days=30, minutes=1))
    call_command("prune")
    assert not ShadowRun.objects.exists()
    canary.refresh_from_db()
    assert canary.figures["jobs"] == [1, 1]


def test_the_sweeper_rings_for_what_waits_when_nobody_else_does(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[str] = []
    monkeypatch.setattr(shadowing, "wake_shadow", rung.append)
    canary = trial.start(Canary.Kind.SHADOW)
    answered(trial, canary)
    waiting = build.job(build.draft(trial.cast.wren))
    sweeper.sweep(ring_after=timedelta(0))
    assert rung == []
    actions.cancel_job(waiting, by=trial.cast.wren)
    sweeper.sweep(ring_after=timedelta(0))
    assert rung == ["improve"]


def test_what_a_dead_worker_left_is_counted_as_an_error_and_run_again(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW)
    answered(trial, canary)
    assert shadowing.claim_shadow(ShadowRun.objects.get().id) is not None
    ShadowRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    sweeper.sweep()
    shadowing.run_shadows()
    assert ShadowRun.objects.get().status == "done"
    assert list(canary.troubles.values_list("code", flat=True)) == ["worker_died"]


def test_every_death_is_counted_once_the_last_one_too(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW, rules=rules(errors=100))
    answered(trial, canary)
    shadow = ShadowRun.objects.get()

    def take() -> None:
        assert shadowing.claim_shadow(shadow.id) is not None

    def die() -> None:
        take()
        ShadowRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        sweeper.sweep()

    die()
    trial.engine.says["warmer"] = EngineBusy("Full.")
    for _ in range(3):  # put back by no fault of its own
        shadowing.run_shadows()
    assert canary.troubles.count() == 1
    die()
    die()
    assert ShadowRun.objects.get().reason == "attempts_exhausted"
    assert list(canary.troubles.values_list("code", flat=True)) == ["worker_died"] * 3


def test_what_waits_for_a_day_is_given_up(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW)
    answered(trial, canary)
    ShadowRun.objects.update(queued_at=timezone.now() - timedelta(days=1, minutes=1))
    sweeper.sweep()
    assert (ShadowRun.objects.get().status, ShadowRun.objects.get().reason) == ("cancelled", "no_room")


def test_the_end_of_the_trial_cancels_what_waits(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW)
    answered(trial, canary)
    actions.stop_canary(canary, by=trial.cast.willow)
    assert ShadowRun.objects.get().status == "cancelled"
    assert shadowing.run_shadows() == 0


def test_its_words_are_in_no_page_no_file_no_log_and_not_in_the_raw_database(
    trial: Trial, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever asks, of whatever role; and the supporter's own pages of that very draft."""
    actions.answer_about_learning(trial.cast.wren, given=True)
    canary = trial.start(Canary.Kind.SHADOW)
    job = answered(trial, canary)
    shadowing.run_shadows()
    shadow = ShadowRun.objects.select_related("case").get()
    assert MARK in shadow.text  # there is something to find
    everybody = build.person("all", *Role)
    ours = {
        "draft_id": job.draft_id,
        "job_id": job.id,
        "number": 1,
        "suggestion_id": Suggestion.objects.get(job=job).id,
    }
    ours |= {"user_id": trial.cast.wren.pk, "code": "x", "index": 0}
    places: dict[str, bytes] = {}
    for person in (trial.cast.wren, trial.cast.willow, trial.cast.birch, everybody):
        client = Client()
        client.force_login(person)
        for name, wanted in URLS.items():
            if set(wanted) <= set(ours) and not name.startswith("account_logout"):
                answer = client.get(reverse(name, kwargs={key: ours[key] for key in wanted}))
                places[f"{name} of {person.username}"] = getattr(answer, "content", b"")
    Post.objects.update(may_be_learned_from=True)
    actions.send_reply(job.draft, by=trial.cast.wren, revision=build.head_of(job.draft))
    path = tmp_path / "export.jsonl"
    call_command("export_preferences", "--out", str(path), "--yes")
    places["export"] = path.read_bytes()
    assert b"quiet my first flat" in places["export"]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            places[f"table {table}"] = repr(cursor.fetchall()).encode()
    places["figures"] = json.dumps(list(Canary.objects.values_list("figures", flat=True))).encode()
    places["logs"] = (caplog.text + "".join(capfd.readouterr())).encode()
    assert len(places) > 60
    assert found_in(places, [MARK]) == []


def test_a_shadow_is_no_suggestion_so_no_export_knows_it(trial: Trial) -> None:
    canary = trial.start(Canary.Kind.SHADOW)
    answered(trial, canary)
    shadowing.run_shadows()
    assert not Suggestion.objects.filter(model_version=trial.candidate).exists()
    assert ModelVersion.objects.get(name="warmer").deployments.count() == 0
