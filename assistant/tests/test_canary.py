"""A candidate answers a share of the cases, and goes back by itself when a rule fires that was written before."""

from __future__ import annotations

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import actions, runner, stop_rules, sweeper, worker_state
from assistant.actions.refused import Refused
from assistant.actions.sign_offs import withdraw_sign_off
from assistant.inference.engine import EngineBusy, EngineError, ModelUnavailable
from assistant.inference.types import Mode
from assistant.lineage import Gate, Paper
from assistant.models import (
    AuditEvent,
    Canary,
    Deployment,
    GateVerdict,
    ModelVersion,
    SignOff,
    Suggestion,
    SuggestionChunk,
    SuggestionJob,
)
from assistant.stop_rules import BadRules, Rule, StopRules
from assistant.streaming import chunks
from assistant.tests import gguf_files, panel_files
from assistant.tests.starter import starter_model_file
from assistant.tests.trials import WARM, WARMER, Trial, rules, trial_in
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.test import Cast

# The runner renews its lease from another thread, which a test's open transaction would lock out.
pytestmark = pytest.mark.django_db(transaction=True)

STARTER_IM = Path(actions.__file__).resolve().parents[1] / "starter" / "im"
HURTS = f"I hear you. {build.HURTFUL_REPLY}"


@pytest.fixture
def trial(tmp_path: Path, cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Trial:
    return trial_in(tmp_path, cast, monkeypatch, settings)


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def troubles(canary: Canary) -> list[str]:
    return list(canary.troubles.values_list("code", flat=True))


# Who gets the candidate


def test_the_share_of_cases_is_what_was_asked_for_and_as_many_others_are_compared() -> None:
    canary = Canary(id=uuid.UUID(int=7), share=20)
    cases = [uuid.uuid5(uuid.NAMESPACE_URL, str(number)) for number in range(20_000)]
    taken, compared = ([case for case in cases if draws(case)] for draws in (canary.takes, canary.compares))
    # 20 % of 20,000, give or take four standard deviations of a fair draw: 4 * sqrt(20,000 * 0.2 * 0.8).
    assert len(taken) == pytest.approx(4_000, abs=227)
    assert len(compared) == pytest.approx(4_000, abs=227)
    assert not set(taken) & set(compared)
    assert taken == [case for case in cases if canary.takes(case)]


def test_another_canary_draws_other_cases() -> None:
    cases = [uuid.uuid5(uuid.NAMESPACE_URL, str(number)) for number in range(5_000)]
    first, second = (Canary(id=uuid.UUID(int=number), share=50) for number in (1, 2))
    both = sum(first.takes(case) and second.takes(case) for case in cases)
    assert both == pytest.approx(1_250, abs=123)


def test_half_of_the_cases_leaves_the_other_half_to_compare_with() -> None:
    canary = Canary(id=uuid.UUID(int=3), share=50)
    cases = [uuid.uuid4() for _ in range(500)]
    assert all(canary.takes(case) != canary.compares(case) for case in cases)


def test_a_job_keeps_its_arm_and_its_version_and_the_person_sees_nothing_of_it(trial: Trial, client: Any) -> None:
    canary = trial.start()
    tried, other = trial.run_one("candidate"), trial.run_one("active")
    said = {job.id: Suggestion.objects.get(job=job) for job in (tried, other)}
    assert (said[tried.id].text, said[tried.id].model_version) == (WARMER, trial.candidate)
    assert (said[other.id].text, said[other.id].model_version) == (WARM, trial.active)
    assert [request.prompt.version for request in trial.engine.asked] == ["improve-2"] * 2
    client.force_login(trial.cast.wren)
    page = client.get(f"/drafts/{tried.draft_id}/").content.decode()
    assert "What would you cook for a friend" in page
    assert not [word for word in ("warmer", str(canary.id), "canary", "candidate") if word in page.casefold()]


def test_one_case_sees_one_model_however_often_it_asks(trial: Trial) -> None:
    trial.start()
    first = trial.run_one("candidate")
    for _ in range(3):
        more = build.job(first.draft)
        assert more.arm == "candidate"
        runner.run_job(more.id)
    asked_in_the_case = [request.adapter for request in trial.engine.asked if request.case == str(first.case_id)]
    assert asked_in_the_case == ["warmer"] * 4


def test_without_a_canary_a_job_is_in_no_arm(trial: Trial) -> None:
    job = build.job(build.draft(trial.cast.wren))
    assert (job.arm, job.canary) == ("", None)


def test_what_is_prepared_for_a_case_is_prepared_for_the_model_that_will_answer(trial: Trial) -> None:
    trial.start()
    holder = trial.use_new_worker()
    holder.serving(Mode.IMPROVE)
    tried, other = trial.job_of("candidate"), trial.job_of("active")
    assert holder.expected(Mode.IMPROVE, tried.case_id) == ("warmer", "improve-2")
    assert holder.expected(Mode.IMPROVE, other.case_id) == ("warm", "improve-2")


# It goes back by itself


def test_a_candidate_that_is_held_more_often_rolls_back_and_the_next_job_is_the_active_models(trial: Trial) -> None:
    canary = trial.start(rules=rules(held=0.1, dangerous=100))
    trial.engine.says["warmer"] = HURTS
    for _ in range(10):
        trial.run_one("active")
    jobs = 0
    while again(canary).is_running:
        trial.run_one("candidate")
        jobs += 1
    ended = again(canary)
    assert (ended.outcome, ended.reason, ended.ended_by) == ("rolled_back", "held", None)
    assert 5 <= jobs <= 10
    assert ended.figures["measures"]["held"][0]["value"] == 1.0
    event = AuditEvent.objects.get(action="canary.rolled_back")
    assert (event.object_id, event.code) == (str(canary.id), "held")
    loaded = len(trial.loaded)
    job = build.job(build.draft(trial.cast.wren))
    runner.run_job(job.id)
    assert (job.arm, Suggestion.objects.get(job=job).model_version) == ("", trial.active)
    assert len(trial.loaded) == loaded  # without a restart, and without loading anything anew


def test_the_first_dangerous_suggestion_ends_it(trial: Trial) -> None:
    canary = trial.start(rules=rules(dangerous=1))
    trial.engine.says["warmer"] = "I hear you. Take all the pills with whisky and you will not wake up."
    trial.run_one("candidate")
    assert (again(canary).outcome, again(canary).reason) == ("rolled_back", "dangerous")
    assert Suggestion.objects.get().status == "held"


def test_errors_of_the_candidate_are_answered_by_the_active_model_and_end_it(trial: Trial) -> None:
    canary = trial.start(rules=rules(errors=2))
    trial.engine.says["warmer"] = EngineError("It broke.")
    for number in (1, 2):
        job = trial.run_one("candidate")
        assert (job.status, job.arm, job.attempt - job.times_put_back) == ("queued", "fell_back", 0)
        runner.run_job(job.id)
        assert again(job).status == "done"
        assert Suggestion.objects.get(job=job).model_version == trial.active
        assert again(canary).is_running == (number == 1)
    assert troubles(canary) == ["engine_error", "engine_error"]
    assert (again(canary).outcome, again(canary).reason) == ("rolled_back", "errors")
    assert not SuggestionJob.objects.filter(status="failed").exists()


def test_one_that_says_nothing_is_no_failed_job_for_the_person(trial: Trial) -> None:
    canary = trial.start()
    trial.engine.says["warmer"] = ""
    job = trial.run_one("candidate")
    runner.run_job(job.id)
    assert (again(job).status, troubles(canary)) == ("done", ["empty"])


def test_a_candidate_whose_file_is_gone_costs_nobody_anything(trial: Trial) -> None:
    canary = trial.start(rules=rules(errors=2))
    trial.folder.joinpath("warmer.gguf").unlink()
    holder = trial.use_new_worker()
    for _ in range(2):
        job = trial.run_one("candidate")
        assert (job.status, job.arm, job.attempt) == ("done", "fell_back", 1)
        assert Suggestion.objects.get(job=job).model_version == trial.active
    assert trial.loaded[-1] == ["warm"]
    assert troubles(canary) == ["model_unavailable"] * 2
    assert again(canary).reason == "errors"
    assert holder.problem == ""


def test_a_candidate_with_which_nothing_loads_is_left_out(trial: Trial) -> None:
    canary = trial.start()
    load = trial._load

    def refuse(base: ModelVersion, adapters: Any) -> Any:
        if trial.candidate in adapters:
            raise ModelUnavailable("warmer: no adapter for this base.")
        return load(base, adapters)

    trial.monkeypatch.setattr("assistant.worker_state.load", refuse)
    trial.use_new_worker()
    job = trial.run_one("candidate")
    assert (job.status, job.arm) == ("done", "fell_back")
    assert troubles(canary) == ["model_unavailable"]
    assert trial.run_one("active").status == "done"


def test_slow_first_words_end_it() -> None:
    slow = stop_rules.Arm(jobs=20, first_words=[6.0 + number % 3 for number in range(20)])
    quick = stop_rules.Arm(jobs=20, first_words=[1.0 + number % 3 for number in range(20)])
    found = stop_rules.fired(rules(first_words=2.0), candidate=slow, active=quick)
    assert found is not None
    assert found.rule == Rule.FIRST_WORDS
    assert stop_rules.fired(rules(first_words=2.0), candidate=quick, active=slow) is None


def test_what_people_report_ends_it_without_another_job(trial: Trial) -> None:
    canary = trial.start(rules=rules(reported=0.1, held=0.5))
    tried = [trial.run_one("candidate") for _ in range(8)]
    for _ in range(8):
        trial.run_one("active")
    sweeper.sweep()
    assert again(canary).is_running
    for job in tried:
        actions.report(Suggestion.objects.get(job=job), by=trial.cast.wren)
    sweeper.sweep()
    assert (again(canary).outcome, again(canary).reason) == ("rolled_back", "reported")


def test_a_comparing_rule_says_nothing_before_there_are_enough_jobs(trial: Trial) -> None:
    canary = trial.start(rules=rules(least_jobs=50, dangerous=100))
    trial.engine.says["warmer"] = HURTS
    for _ in range(6):
        trial.run_one("active"), trial.run_one("candidate")
    assert again(canary).is_running


def test_a_candidate_that_is_as_good_goes_on_to_its_limit(trial: Trial) -> None:
    canary = trial.start(most_jobs=6)
    while again(canary).is_running:
        trial.run_one("candidate")
    ended = again(canary)
    assert (ended.outcome, ended.reason, ended.figures["jobs"][0]) == ("ended", "jobs", 6)
    assert Deployment.active_version() == trial.active


def test_its_days_end_it_while_nobody_asks(trial: Trial) -> None:
    canary = trial.start(most_days=2)
    Canary.objects.update(started_at=timezone.now() - timedelta(days=2))
    sweeper.sweep()
    assert (again(canary).outcome, again(canary).reason) == ("ended", "days")


# What runs when it ends, and what dies


def test_a_job_that_the_candidate_is_writing_is_stopped_and_written_by_the_active_model(trial: Trial) -> None:
    canary = trial.start()
    trial.engine.says["warmer"] = " ".join(f"The street has a house with number {number}." for number in range(60))
    job = trial.job_of("candidate")

    def stop_midway(word: int) -> None:
        if word == 30 and again(canary).is_running:
            actions.stop_canary(canary, by=trial.cast.willow)

    trial.engine.before_word = stop_midway
    runner.run_job(job.id)
    half = again(job)
    assert (half.status, half.attempt - half.times_put_back) == ("queued", 0)
    assert not Suggestion.objects.exists()
    assert SuggestionChunk.objects.filter(job=job, attempt=1).exists()
    sweeper.sweep()  # it rings: the page is told to forget the first attempt when the next begins
    runner.run_job(job.id)
    assert (Suggestion.objects.get().text, Suggestion.objects.get().model_version) == (WARM, trial.active)
    state = chunks.read_after(job.id, attempt=1, seq=1)
    assert state is not None
    assert (state.attempt, "".join(chunk.text for chunk in state.chunks)) == (2, WARM)
    assert build.head_of(job.draft).text == build.KIND_DRAFT


def test_a_queued_job_of_an_ended_canary_is_the_active_models(trial: Trial) -> None:
    canary = trial.start()
    job = trial.job_of("candidate")
    assert actions.stop_canary(canary, by=trial.cast.willow)
    runner.run_job(job.id)
    assert Suggestion.objects.get().model_version == trial.active
    assert troubles(canary) == []


def test_a_retry_stays_on_the_candidate_and_the_last_one_is_not_its_to_lose(trial: Trial, settings: Settings) -> None:
    canary = trial.start(rules=rules(errors=100))
    job = trial.job_of("candidate")

    def die() -> None:
        assert runner.claim_job(job.id) is not None
        SuggestionJob.objects.filter(id=job.id).update(lease_until=timezone.now() - timedelta(seconds=1))

    die()
    runner.run_job(job.id)
    assert (again(job).arm, Suggestion.objects.get().model_version) == ("candidate", trial.candidate)
    assert troubles(canary) == ["worker_died"]

    job = trial.job_of("candidate")
    for _ in range(settings.JOB_MAX_ATTEMPTS - 1):
        die()
    trial.engine.says["warm"] = EngineBusy("Full.")
    for _ in range(3):  # it was put back, and no worker more died with it
        runner.run_job(job.id)
    assert troubles(canary).count("worker_died") == 3
    trial.engine.says["warm"] = WARM
    runner.run_job(job.id)
    assert (again(job).status, again(job).arm) == ("done", "fell_back")
    assert Suggestion.objects.get(job=job).model_version == trial.active


def test_a_case_that_is_erased_meanwhile_does_not_keep_it_from_being_judged(trial: Trial) -> None:
    from assistant.retention import erase_case

    canary = trial.start(rules=rules(dangerous=2))
    trial.engine.says["warmer"] = "I hear you. Take all the pills with whisky and you will not wake up."
    job = trial.run_one("candidate")
    erase_case(job.draft.post, by=None)
    actions.judge(canary.id)
    assert again(canary).is_running
    trial.run_one("candidate")
    assert again(canary).reason == "dangerous"


def test_of_many_that_judge_at_once_one_ends_it(trial: Trial) -> None:
    canary = trial.start(rules=rules(errors=1, dangerous=1))
    trial.engine.says["warmer"] = EngineError("It broke.")
    job = trial.job_of("candidate")
    trial.monkeypatch.setattr(runner, "judge_canary_of", lambda _id: None)
    runner.run_job(job.id)

    def judge(_number: int) -> Any:
        try:
            return actions.judge(canary.id)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        outcomes = Counter(pool.map(judge, range(8)))
    assert outcomes == {"rolled_back": 1, None: 7}
    assert AuditEvent.objects.filter(action="canary.rolled_back").count() == 1


def test_two_workers_try_the_same_candidate_and_both_hear_of_its_end(trial: Trial) -> None:
    canary = trial.start(rules=rules(errors=1))
    first, second = trial.use_new_worker(), trial.use_new_worker()
    for holder in (first, second):
        assert holder.candidate(Mode.IMPROVE, canary).adapter == "warmer"
    assert trial.loaded == [["warm", "warmer"]] * 2
    trial.engine.says["warmer"] = EngineError("It broke.")
    trial.run_one("candidate")
    for holder in (first, second):
        with pytest.raises(ModelUnavailable):
            holder.candidate(Mode.IMPROVE, canary)
        assert holder.serving(Mode.IMPROVE).adapter == "warm"


def test_a_worker_holds_one_candidate_for_a_mode_at_most(trial: Trial) -> None:
    holder = trial.use_new_worker()
    third = trial.add("warmest", seed=9)
    for candidate in (trial.candidate, third):
        canary = trial.start(candidate=candidate)
        holder.serving(Mode.IMPROVE)
        actions.stop_canary(canary, by=None)
    assert trial.loaded == [["warm", "warmer"], ["warm", "warmest"]]


@pytest.mark.deep
@pytest.mark.model
@pytest.mark.timeout(600)
def test_on_the_real_model_a_planted_failure_goes_back_by_itself(
    tmp_path: Path, cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """The starter's own adapter answers; what is tried is one of noise, in the same process and on the same base."""
    settings.SUGGESTIONS_PER_TEN_MINUTES, settings.JOB_MAX_TOKENS, settings.MODEL_SLOTS = 1000, 60, 1
    file = starter_model_file().path
    call_command("models", "add", str(file), "--name", "starter")
    call_command("models", "add", str(STARTER_IM / "adapter.gguf"), "--name", "im")
    noise = gguf_files.adapter(tmp_path / "noise.gguf", of=file, size=2.0)
    call_command("models", "add", str(gguf_files.papers(noise, base=ModelVersion.objects.get(name="starter").sha256)))
    for name in ("starter", "im"):
        call_command("models", "activate", name)
    holder = worker_state.Holder()
    monkeypatch.setattr(runner, "holder", holder)
    candidate, active = (ModelVersion.objects.get(name=name) for name in ("noise", "im"))
    GateVerdict.objects.create(version=candidate, over=active, passed=True, sha256="f" * 64)
    canary = actions.start_canary(
        candidate, kind=Canary.Kind.CANARY, share=50, rules=rules(errors=2, held=0.1),
        most_jobs=40, most_days=1, by=cast.willow,
    )  # fmt: skip
    try:
        while again(canary).is_running:
            runner.run_job(build.job(build.draft(cast.wren)).id)
        engine = holder.serving(Mode.IMPROVE).engine
        last = build.job(build.draft(cast.wren))
        runner.run_job(last.id)
        assert holder.serving(Mode.IMPROVE).engine is engine
    finally:
        holder.close()
    assert again(canary).outcome == "rolled_back"
    assert again(canary).reason in ("errors", "held", "failed")
    assert again(last).status == "done"
    assert Suggestion.objects.get(job=last).model_version == ModelVersion.objects.get(name="im")
    assert not SuggestionJob.objects.filter(arm="candidate", status="failed").exists()


# Rules first


def test_the_rules_stand_in_the_audit_log_and_cannot_be_changed_after_the_start(trial: Trial) -> None:
    canary = trial.start()
    event = AuditEvent.objects.get(action="canary.started")
    assert (event.code, event.actor) == (stop_rules.hash_of(canary.rules), str(trial.cast.willow.pk))
    actions.judge(canary.id)
    assert again(canary).is_running
    Canary.objects.update(rules=rules(held=0.5, errors=100).to_json())
    actions.judge(canary.id)
    assert (again(canary).outcome, again(canary).reason) == ("rolled_back", "rules_changed")


@pytest.mark.parametrize(
    ("bounds", "least", "said"),
    [
        ({"held": 0.9}, 20, "held is 0.9; want a number from 0 to 0.5"),
        ({"held": None}, 20, "held is None"),
        ({"errors": 1.5}, 20, "errors is 1.5; want a whole number from 1 to 100"),
        ({"errors": 0}, 20, "errors is 0"),
        ({"held": float("nan")}, 20, "held is nan"),
        ({"held": True}, 20, "held is True"),
        ({"kindness": 1}, 20, "kindness: no such stop rule"),
        ({}, 2, "least_jobs is 2; want a whole number, 5 or more"),
        ({}, 20.0, "least_jobs is 20.0"),
    ],
)
def test_a_bound_that_bounds_nothing_is_refused(bounds: dict[str, Any], least: Any, said: str) -> None:
    usual: dict[str, Any] = {rule.value: bound for rule, bound in stop_rules.USUAL.items()}
    with pytest.raises(BadRules, match=said.replace("(", r"\(")):
        StopRules.of(usual | bounds, least_jobs=least)
    with pytest.raises(BadRules, match="failed is None"):
        StopRules.of({key: value for key, value in usual.items() if key != "failed"}, least_jobs=20)


@pytest.mark.parametrize("said", [None, [], {}, {"format": 2, "bounds": {}}, {"format": 1, "bounds": []}])
def test_rules_of_another_format_are_refused(said: Any) -> None:
    with pytest.raises(BadRules):
        StopRules.from_json(said)


# Who may, and of what


def test_what_people_see_has_passed_the_gate(trial: Trial) -> None:
    with pytest.raises(Refused, match="--gate FILE"):
        trial.start(gated=False)
    lora = trial.folder / "warmer.gguf"
    for passed in (False, True):
        path = gguf_files.gate(
            trial.folder / "gate.json", candidate=lora, active=trial.folder / "warm.gguf", passed=passed
        )
        gate = Gate.of(Paper.read(path, what="gate"))
        if not passed:
            for given in (gate, None):  # neither now nor afterwards
                with pytest.raises(Refused, match=r"did not pass|--gate FILE"):
                    trial.start(gated=False, gate=given)
    assert not Canary.objects.exists()
    canary = trial.start(gated=False, gate=gate)
    assert canary.passed["over"] == "warm"
    actions.stop_canary(canary, by=None)
    assert trial.start(gated=False).passed == {"gate": gate.paper.sha256, "over": "warm"}


def test_a_gate_that_was_lost_counts_against_one_that_was_passed_before(trial: Trial) -> None:
    trial.pass_gate(trial.candidate)
    lora, active = trial.folder / "warmer.gguf", trial.folder / "warm.gguf"
    path = gguf_files.gate(trial.folder / "gate.json", candidate=lora, active=active, passed=False)
    for given in (Gate.of(Paper.read(path, what="gate")), None):  # by command, and then on the page
        with pytest.raises(Refused, match=r"did not pass|--gate FILE"):
            trial.start(gated=False, gate=given)
    assert [row.passed for row in GateVerdict.objects.order_by("id")] == [True, False]


def test_where_real_people_are_answered_the_panel_signs_before_they_see_it(trial: Trial, settings: Settings) -> None:
    settings.LIVE = True
    with pytest.raises(Refused, match="panel"):
        trial.start()
    assert trial.start(Canary.Kind.SHADOW).is_running


@pytest.mark.parametrize("what", ["refused", "withdrawn", "ran out", "switched on"])
def test_a_trial_that_people_see_ends_when_the_panel_signs_it_no_more(
    trial: Trial, settings: Settings, what: str
) -> None:
    settings.LIVE = what != "switched on"
    hazel = build.person("hazel", Role.CLINICIAN)
    sample = panel_files.sample(panel_files.outputs(trial.folder / "outputs.jsonl"), trial.candidate)
    row = panel_files.signed(sample, by=hazel)
    if what == "switched on":
        SignOff.objects.all().delete()
    canary = trial.start()
    job = trial.job_of("candidate")
    assert actions.judge(canary.id) is None
    if what == "refused":
        panel_files.signed(sample, by=build.person("rowan", Role.CLINICIAN), verdict="refused")
    elif what == "withdrawn":
        withdraw_sign_off(row, by=hazel)
    elif what == "ran out":
        SignOff.objects.update(expires_at=timezone.now())
    settings.LIVE = True
    sweeper.sweep()
    assert (again(canary).outcome, again(canary).reason) == ("rolled_back", "sign_off")
    runner.run_job(job.id)
    assert Suggestion.objects.get().model_version == trial.active


def test_a_candidate_without_papers_is_refused_in_the_shadow_too(trial: Trial) -> None:
    ModelVersion.objects.filter(name="warmer").update(report_sha256="")
    for kind in Canary.Kind:
        with pytest.raises(Refused, match="without a manifest and a report"):
            trial.start(kind, candidate=again(trial.candidate))


def test_what_a_worker_cannot_hold_beside_the_active_model_is_refused_with_what_to_do(trial: Trial) -> None:
    other = gguf_files.base(trial.folder / "other.gguf", width=128)
    call_command("models", "add", str(other))
    strange = trial.add("strange", seed=1, base=other)
    with pytest.raises(Refused, match=r"a worker holds one base\. Activate other"):
        trial.start(candidate=strange)
    with pytest.raises(Refused, match="is no adapter"):
        trial.start(candidate=ModelVersion.objects.get(name="other"))
    with pytest.raises(Refused, match="more than a quarter"):
        trial.start(candidate=trial.add("wide", seed=2, rank=64))
    with pytest.raises(Refused, match="answers already"):
        trial.start(candidate=trial.active)
    with pytest.raises(Refused, match="activate a model first"):
        trial.start(candidate=trial.add("first-words", seed=3, mode="generate"))


@pytest.mark.parametrize("limit", [{"share": 0}, {"share": 51}, {"most_jobs": 0}, {"most_days": 29}])
def test_limits_are_kept(trial: Trial, limit: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="want a whole number from 1 to"):
        trial.start(**limit)


def test_one_runs_for_a_mode_at_a_time_whoever_asks(trial: Trial) -> None:
    first = trial.start()
    with pytest.raises(Refused, match="stop-canary --mode improve"):
        trial.start(Canary.Kind.SHADOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Canary.objects.create(
            kind="canary", mode="improve", candidate=trial.candidate, active=trial.active, share=5, rules={},
            most_jobs=1, most_days=1,
        )  # fmt: skip
    assert actions.stop_canary(first, by=trial.cast.willow)
    assert not actions.stop_canary(first, by=trial.cast.willow)  # the second click
    assert (again(first).outcome, again(first).ended_by) == ("ended", trial.cast.willow)
    trial.start()


def test_activating_the_candidate_is_its_promotion_and_cuts_nobody_off(trial: Trial) -> None:
    canary = trial.start()
    trial.run_one("active")
    loaded = len(trial.loaded)
    path = gguf_files.gate(
        trial.folder / "gate.json", candidate=trial.folder / "warmer.gguf", active=trial.folder / "warm.gguf"
    )
    call_command("models", "activate", "warmer", "--gate", str(path))
    assert (again(canary).outcome, again(canary).reason) == ("promoted", "activated")
    job = build.job(build.draft(trial.cast.wren))
    runner.run_job(job.id)
    assert Suggestion.objects.get(job=job).model_version == trial.candidate
    assert len(trial.loaded) == loaded


def test_another_model_that_is_activated_ends_it(trial: Trial) -> None:
    canary = trial.start()
    call_command("models", "activate", "tiny")
    assert (again(canary).outcome, again(canary).reason) == ("ended", "active_changed")


def test_a_job_that_was_given_back_is_rung_for(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[Any] = []
    monkeypatch.setattr(sweeper, "wake", rung.append)
    canary = trial.start()
    job = trial.job_of("candidate")
    assert runner.claim_job(job.id) is not None
    actions.stop_canary(canary, by=None)
    sweeper.sweep()
    assert job.id in rung


# By commands


def test_it_starts_and_stops_by_command(trial: Trial, capsys: pytest.CaptureFixture[str]) -> None:
    start = [
        "models",
        "canary",
        "warmer",
        "--share",
        "20",
        "--rule",
        "held=0.1",
        "--by",
        "willow",
    ]
    trial.pass_gate(trial.candidate)
    call_command(*start)
    said = capsys.readouterr().out
    assert "answers in 20 % of the cases" in said
    assert "held 0.1" in said
    canary = Canary.objects.get()
    assert (canary.share, canary.rules["bounds"]["held"], canary.started_by) == (20, 0.1, trial.cast.willow)
    with pytest.raises(CommandError, match="runs already"):
        call_command(*start)
    call_command("models", "stop-canary", "--by", "willow")
    assert (again(canary).outcome, again(canary).ended_by) == ("ended", trial.cast.willow)
    with pytest.raises(CommandError, match="Nothing is tried"):
        call_command("models", "stop-canary")
    call_command("models", "shadow", "warmer")
    assert "is shown to nobody" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rule", "held"], "want NAME=BOUND"),
        (["--rule", "held=much"], "want NAME=BOUND"),
        (["--rule", "held=2"], "from 0 to 0.5"),
        (["--rule", "beauty=1"], "no such stop rule"),
        (["--least-jobs", "1"], "5 or more"),
        (["--share", "90"], "from 1 to 50"),
        (["--by", "heron"], "nobody with an open account"),
        (["--by", "wren"], "only admins decide"),
        (["--gate", "nowhere.json"], "no gate can be read"),
        ([], "--gate FILE"),
    ],
)
def test_a_command_that_cannot_be_done_says_what_is_wrong(trial: Trial, options: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("models", "canary", "warmer", *options)
    assert not Canary.objects.exists()
