"""/metrics: who reads it, that it can be parsed, and that every number is the one that it says it is."""

from __future__ import annotations

import math
import re
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from assistant.inference.types import EngineState
from assistant.models import Deployment, ModelVersion, Post, SecondReading, SuggestionJob, Worker
from assistant.safety import pipeline
from assistant.safety_watch import SafetyWatch
from webapp import metrics, watching
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.tests.test_docs import section
from webapp.tests.workers import ADAPTER_SHA, BUSY, SHA, state, worker

pytestmark = pytest.mark.django_db

TOKEN = "a-token-of-the-tests-0123456789"
# Workers, jobs, jobs that ended, readings, flags, alerts, notifiers, the last check, and what is active in two modes.
QUERIES = 10


@pytest.fixture(autouse=True)
def a_token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def ask(token: str = TOKEN, **headers: str) -> Any:
    return Client().get("/metrics", headers={"Authorization": f"Bearer {token}"} | headers)


def families() -> dict[str, Metric]:
    parsed = text_string_to_metric_families(ask().content.decode())
    return {family.name: family for family in parsed}


def values() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families().values()
        for sample in family.samples
    }


def value(name: str, **labels: str) -> float | None:
    return values().get((name, frozenset(labels.items())))


def of_engine(name: str, worker: str = "here:1", model: str = "starter", **labels: str) -> float | None:
    return value(name, worker=worker, model=model, **labels)


# Who reads it


def test_whoever_brings_the_token_reads_it_without_signing_in_and_nothing_keeps_it() -> None:
    answer = ask()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert not answer.cookies


@pytest.mark.parametrize("token", ["not this one at all", TOKEN[:-1], TOKEN + "x", "ü" * 20])
def test_a_wrong_token_is_refused(token: str) -> None:
    answer = ask(token)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert b"lantern_" not in answer.content


def test_without_a_token_set_no_token_opens_it(settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    for token in (TOKEN, "x"):
        assert ask(token).status_code == 401
    for nothing in ("Bearer", "Bearer ", "Basic eDp5"):
        assert Client().get("/metrics", headers={"Authorization": nothing}).status_code == 302


def test_an_admin_reads_it_and_nobody_else_who_is_signed_in(settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    for role in Role:
        client = Client()
        client.force_login(build.person(f"a-{role}", role))
        assert client.get("/metrics").status_code == (200 if role is Role.ADMIN else 403), role


def test_a_stranger_is_sent_to_sign_in() -> None:
    answer = Client().get("/metrics")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in/?next=/metrics")


def test_it_says_so_when_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise DatabaseError

    monkeypatch.setattr(watching, "workers", away)
    assert ask().status_code == 503


# What is written about it


def test_every_metric_is_in_the_table_with_its_labels_and_the_table_names_no_other() -> None:
    rows = re.findall(r"^\| `(lantern_\w+)` \| (.*?) \| (.*) \|$", section("docs/operations.md", "Prometheus"), re.M)
    said = {
        name: (help, tuple(re.findall(r"`(\w+)`", labels.replace("engine's", "`worker`, `model`"))))
        for name, labels, help in rows
    }
    assert said == {name: (one.help, one.labels) for name, one in metrics.METRICS.items()}


def test_the_alarms_can_be_read_and_ask_for_metrics_that_there_are() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", section("docs/operations.md", "Prometheus"), re.S)
    rules = [rule for block in blocks for group in yaml.safe_load(block).get("groups", []) for rule in group["rules"]]
    assert len(rules) == 6
    for rule in rules:
        assert set(re.findall(r"lantern_\w+", rule["expr"])) <= set(metrics.METRICS), rule


# What it says


def test_both_formats_can_be_parsed_and_hold_the_metrics_that_are_described_and_no_other() -> None:
    worker(state=state(adapters={"im": ADAPTER_SHA}))
    described = {name.removesuffix("_total") for name in metrics.METRICS}
    assert set(families()) == described
    accepted = "application/openmetrics-text;version=1.0.0"
    assert {family.name for family in parse_openmetrics(ask(Accept=accepted).content.decode())} == described  # type: ignore[no-untyped-call]


def test_names_and_types_follow_the_conventions() -> None:
    worker()
    for name, family in families().items():
        assert family.documentation
        assert name.startswith("lantern_")
        assert family.type == ("counter" if f"{name}_total" in metrics.METRICS else "gauge")


def test_every_number_of_an_engine_is_there() -> None:
    shown = {*metrics.OF_ENGINE, "ended", "notes"}
    assert {field.name for field in fields(EngineState)} == shown
    worker(state=state(adapters={"im": ADAPTER_SHA}))
    for field, name in metrics.OF_ENGINE.items():
        assert of_engine(name) == getattr(BUSY, field), name
    assert of_engine("lantern_engine_requests_ended_total", reason="end") == 190
    assert of_engine("lantern_engine_info", sha256=SHA) == 1
    assert of_engine("lantern_engine_adapter_info", adapter="im", sha256=ADAPTER_SHA) == 1


def test_each_worker_has_its_own_numbers() -> None:
    worker("one:1")
    worker("two:1", model="other", state=state(EngineState(slots=9)))
    assert of_engine("lantern_engine_slots", "one:1") == 4
    assert of_engine("lantern_engine_slots", "two:1", "other") == 9
    assert of_engine("lantern_engine_first_text_p50_seconds", "two:1", "other") is None  # nobody asked yet


def test_each_engine_of_a_worker_has_its_own_numbers() -> None:
    """A base here, and a server elsewhere for the other mode."""
    far = state(EngineState(slots=9), model="far", sha256="", adapters={})
    worker("one:1", state=state() | {"others": [far, {"model": "no slots"}, "text"]})
    assert of_engine("lantern_engine_slots", "one:1") == 4
    assert of_engine("lantern_engine_slots", "one:1", "far") == 9
    assert of_engine("lantern_engine_slots", "one:1", "no slots") is None


def test_a_silent_worker_is_counted_and_its_old_numbers_are_not_shown() -> None:
    row = worker(silent_for=60)
    assert of_engine("lantern_engine_slots") is None
    assert value("lantern_workers", state="silent") == 1
    assert value("lantern_workers", state="ready") == 0
    seen_at = value("lantern_worker_seen_timestamp_seconds", worker="here:1")
    assert seen_at == pytest.approx(row.seen_at.timestamp(), abs=1)
    row.seen_at -= timedelta(days=2)
    row.save()
    assert value("lantern_workers", state="silent") == 0


def test_workers_are_counted_by_state() -> None:
    worker("one:1")
    worker("two:1", model="", loading=True, state={"modes": ["improve"]})
    worker("three:1", model="", problem="No model is registered.", state={})
    assert [value("lantern_workers", state=state) for state in metrics.WORKER_STATES] == [1, 1, 1, 0]


def test_a_worker_of_an_older_version_is_counted_and_has_no_engine() -> None:
    worker(state={})
    assert value("lantern_workers", state="ready") == 1
    assert not [key for key in values() if key[0].startswith("lantern_engine_")]
    assert value("lantern_safety_passed_timestamp_seconds", process="here:1") == 0


@pytest.mark.parametrize(
    "said",
    [
        [],
        "text",
        {"slots": 4},
        {"slots": True, "modes": "improve"},
        {
            "slots": 4,
            "running": "two",
            "ended": [1],
            "notes": "a",
            "threads": -1,
            "modes": [1, None],
            "adapters": ["x"],
        },
        {"slots": 4, "evictions": 10**400, "tokens_per_second": 10**400, "seconds_to_first_p50": "soon"},
        {"slots": 4, "since": "2026-13-45T00:00:00Z", "safety_passed_at": 5, "sha256": 7, "adapters": {"x": 1}},
        {"slots": 4, "since": "2026-01-01T00:00:00", "unknown": 1, "ended": {"end": -4, "a b": 2, "c d": 3}},
    ],
)
def test_a_state_that_makes_no_sense_breaks_nothing(said: Any) -> None:
    worker(state=said)
    found = values()
    assert not [number for number in found.values() if math.isnan(number) or number < 0]
    assert value("lantern_workers", state="ready") == 1


def test_names_that_no_answer_could_carry_are_replaced() -> None:
    half = "\ud800"  # half a letter, which SQLite's JSON can hold
    row = Worker(name="here:1", seen_at=timezone.now(), state={"slots": 1, "adapters": {half: SHA}, "notes": [half, 3]})
    seen = watching.seen(row, silent=False)
    (loaded,) = seen.loaded
    assert loaded.engine is not None
    assert (loaded.adapters, loaded.engine.notes) == ({"?": SHA}, ("?", "3"))


def test_a_reason_that_is_no_code_of_ours_is_not_repeated() -> None:
    worker(state=state(ended={"end": 1, "my name is Wren": 2, "I live in Cork": 3}))
    job = build.job(build.draft(build.person("wren", Role.SUPPORTER)))
    SuggestionJob.objects.filter(id=job.id).update(status="failed", reason="I live in Cork", ended_at=timezone.now())
    assert b"Cork" not in ask().content
    assert of_engine("lantern_engine_requests_ended_total", reason="other") == 5
    assert value("lantern_jobs_ended_last_hour", mode="improve", status="failed", reason="other") == 1


def test_hostile_names_are_escaped() -> None:
    name = 'a"} 1\nlantern_workers{state="ready"} 99\\'
    worker(name, model=name)
    assert of_engine("lantern_engine_slots", name, name) == 4
    assert value("lantern_workers", state="ready") == 1


def test_the_queue_by_mode() -> None:
    wren, robin = build.person("wren", Role.SUPPORTER), build.person("robin", Role.SUPPORTER)
    waiting, running = build.job(build.draft(wren)), build.job(build.draft(robin))
    SuggestionJob.objects.filter(id=waiting.id).update(queued_at=timezone.now() - timedelta(seconds=90))
    SuggestionJob.objects.filter(id=running.id).update(status="running")
    assert value("lantern_jobs", mode="improve", status="queued") == 1
    assert value("lantern_jobs", mode="improve", status="running") == 1
    assert value("lantern_jobs", mode="generate", status="queued") == 0
    assert value("lantern_jobs_oldest_queued_seconds", mode="improve") == pytest.approx(90, abs=5)
    assert value("lantern_jobs_oldest_queued_seconds", mode="generate") == 0


def test_jobs_that_ended_count_for_an_hour() -> None:
    wren = build.person("wren", Role.SUPPORTER)
    build.suggestion(build.draft(wren))
    assert value("lantern_jobs_ended_last_hour", mode="improve", status="done", reason="end") == 1
    SuggestionJob.objects.update(ended_at=timezone.now() - timedelta(minutes=61))
    assert value("lantern_jobs_ended_last_hour", mode="improve", status="done", reason="end") is None


def test_readings_that_wait() -> None:
    post = build.post()
    SecondReading.objects.create(case=post.case, post=post)
    assert value("lantern_second_readings_waiting") == 1


def test_flags_by_what_is_flagged_and_by_tier() -> None:
    build.post(build.URGENT_POST)
    assert Post.objects.get().tier == "urgent"
    assert value("lantern_flags_open", subject="post", tier="urgent") == 1
    assert value("lantern_flags_open", subject="post", tier="none") == 0
    assert value("lantern_flags_open", subject="reply", tier="urgent") == 0
    oldest = value("lantern_flags_oldest_seconds", subject="post", tier="urgent")
    assert oldest is not None
    assert 0 <= oldest < 60
    assert value("lantern_flags_oldest_seconds", subject="reply", tier="urgent") == 0


def test_safety_of_this_process_and_of_each_worker() -> None:
    pipeline.forget_default_pipeline()
    worker(safety=[{"check": "links", "status": "open", "since": timezone.now().isoformat(), "error": "KeyError"}])
    assert value("lantern_safety_checks_open", process="here:1") == 1
    assert value("lantern_safety_checks_open", process="site") == 0
    assert value("lantern_safety_passed_timestamp_seconds", process="site") == 0
    SafetyWatch().look()
    now = timezone.now().timestamp()
    assert value("lantern_safety_passed_timestamp_seconds", process="site") == pytest.approx(now, abs=60)
    assert value("lantern_safety_passed_timestamp_seconds", process="here:1") == pytest.approx(now - 30, abs=60)
    pipeline.forget_default_pipeline()


def test_what_is_active_in_each_mode() -> None:
    base = ModelVersion.objects.create(name="starter", sha256=SHA, layout="Q4_0")
    adapter = ModelVersion.objects.create(
        name="im-7", kind="adapter", sha256=ADAPTER_SHA, layout="F16", base=base, mode="improve"
    )
    Deployment.objects.create(version=base)
    Deployment.objects.create(version=adapter, mode="improve")
    labels = {"model": "im-7", "kind": "adapter", "layout": "F16", "sha256": ADAPTER_SHA, "base": "starter"}
    assert value("lantern_model_active_info", mode="improve", **labels) == 1
    labels = {"model": "starter", "kind": "base", "layout": "Q4_0", "sha256": SHA, "base": ""}
    assert value("lantern_model_active_info", mode="generate", **labels) == 1


def test_no_person_and_no_text_is_in_it() -> None:
    wren = build.person("wren", Role.SUPPORTER)
    build.suggestion(build.draft(wren, post_text=build.WORRYING_POST))
    worker()
    said = ask().content.decode()
    for word in ("wren", "Moving", "wake up"):
        assert word not in said


def test_the_number_of_queries_does_not_depend_on_how_much_there_is() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert ask().status_code == 200
        return len(captured)

    few = queries()
    for number in range(5):
        supporter = build.person(f"wren-{number}", Role.SUPPORTER)
        build.suggestion(build.draft(supporter, post_text=build.WORRYING_POST))
        worker(f"w:{number}")
        base = ModelVersion.objects.create(name=f"base-{number}", sha256=SHA)
        adapter = ModelVersion.objects.create(name=f"a-{number}", kind="adapter", base=base, mode="improve")
        Deployment.objects.create(version=adapter, mode="improve")
    assert queries() == few == QUERIES
