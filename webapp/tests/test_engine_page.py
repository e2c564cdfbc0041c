"""The admins' page about the engine: what it says of numbers that are good, bad, old, hostile or missing."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant.inference.types import EngineState
from assistant.models import Deployment, ModelVersion, SecondReading, SuggestionJob, Worker
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.tests.workers import ADAPTER_SHA, BUSY, SHA, state, worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(build.person("willow", Role.ADMIN))
    return client


@pytest.fixture
def active() -> ModelVersion:
    version = ModelVersion.objects.create(name="starter", sha256=SHA, size=92_000_000, layout="Q4_0")
    Deployment.objects.create(version=version)
    return version


def words(page: str) -> str:
    """What a person reads, without the marks around it."""
    main = page.split("<main", 1)[-1].split("</main>", 1)[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


def shown(client: Client, address: str = "/engine/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return words(answer.content.decode())


def with_engine(client: Client, **changes: Any) -> str:
    worker(state=state(replace(BUSY, **changes)))
    return shown(client)


def test_a_worker_with_a_model_here_and_one_elsewhere_shows_both(admin: Client, active: ModelVersion) -> None:
    far = state(EngineState(slots=9, running=7), model="far", sha256="", adapters={})
    worker(state=state() | {"others": [far]})
    page = shown(admin)
    assert "2 of 4 at a time" in page
    assert "7 of 9 at a time" in page
    assert re.search(r"Has loaded starter .* Has loaded far ", page)


# Who sees it


def test_only_admins_have_it_in_their_menu() -> None:
    for role in Role:
        client = Client()
        client.force_login(build.person(f"a-{role}", role))
        menu = client.get("/account/password/").content.decode()
        assert ('href="/engine/"' in menu) is (role is Role.ADMIN)


# How it stays fresh


def test_what_changes_is_fetched_again_and_is_the_same_as_in_the_page(admin: Client, active: ModelVersion) -> None:
    worker()
    page = admin.get("/engine/").content.decode()
    assert 'hx-get="/engine/state" hx-trigger="every 5s"' in page
    part = words(admin.get("/engine/state").content.decode())
    assert "Time to the first text" in part
    without_time = re.compile(r"As of \S+")
    assert without_time.sub("", part).strip() in without_time.sub("", words(page))


def test_it_can_be_made_to_stand_still(admin: Client) -> None:
    page = admin.get("/engine/?still").content.decode()
    assert "hx-get" not in page
    assert "No worker is running" in page


# What it says


def test_a_site_that_is_well_has_nothing_to_do(admin: Client, active: ModelVersion) -> None:
    worker()
    page = shown(admin)
    assert "Nothing to do" in page
    assert "look here" not in page
    for said in (
        "starter · Q4_0 · 88 MB",
        "sha256 abababababab…",
        SHA,
        "half within 0.4 s, 19 of 20 within 1.6 s",
        "2 of 4 at a time, 1 waiting",
        "12, 180 MB of 512 MB",
        "82% of 200",
        "70% of 130,000 tokens",
        "78% of 4,000 tokens were right",
        "finished 190 · stopped by a person or a check 7 · cut at JOB_MAX_TOKENS 3",
        "640 MB",
        "61.5",
        "2 threads: measured fastest here.",
        "improves drafts and drafts from the post",
    ):
        assert said in page, said


def test_an_adapter_is_shown_with_the_base_that_carries_it(admin: Client, active: ModelVersion) -> None:
    faster = ModelVersion.objects.create(name="starter-q8", sha256="ef" * 32, layout="Q8_0", derived_from=active)
    adapter = ModelVersion.objects.create(
        name="im-7", kind="adapter", sha256=ADAPTER_SHA, base=active, mode="improve", layout="F16"
    )
    Deployment.objects.create(version=faster)
    Deployment.objects.create(version=adapter, mode="improve")
    worker(state=state(sha256="ef" * 32, adapters={"im-7": ADAPTER_SHA}))
    page = shown(admin)
    assert re.search(r"Base starter-q8 · Q8_0 sha256 efefefefefef… \w+ Adapter im-7 · F16 sha256 cdcdcdcdcdcd…", page)
    assert "Nothing to do" in page


def test_a_remote_model_is_shown_with_its_address(admin: Client) -> None:
    far = ModelVersion.objects.create(name="far", kind="remote", url="http://10.0.0.5:8080")
    Deployment.objects.create(version=far)
    page = with_engine(admin, prepared_limit=0, ended={"end": 30, "engine_away": 10}, threads=0)
    assert "on another machine: http://10.0.0.5:8080" in page
    assert "look whether it runs and can be reached" in page
    assert "Where another machine holds the model it keeps the contexts" in page


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"waiting": 5}, "raise MODEL_SLOTS"),
        ({"seconds_to_first_p50": 2.5}, "whether contexts are prepared in time"),
        ({"seconds_to_first_p95": 7.0}, "whether contexts are prepared in time"),
        ({"prepared_hits": 10, "prepared_misses": 90}, "the engine has no time to prepare"),
        ({"evictions": 900}, "Raise PREPARED_MEGABYTES"),
        ({"ended": {"end": 90, "deadline": 10}}, "the machine is too slow"),
        ({"ended": {"end": 90, "repetition": 10}}, "try another model"),
        ({"ended": {"end": 90, "engine_busy": 10}}, "start another worker"),
        ({"ended": {"end": 90, "prompt_too_long": 10}}, "MODEL_CONTEXT_TOKENS"),
        ({"ended": {"end": 90, "never_heard_of": 10}}, "Look into the log"),
    ],
)
def test_a_bad_number_says_what_to_do(
    admin: Client, active: ModelVersion, changes: dict[str, Any], remedy: str
) -> None:
    page = with_engine(admin, **changes)
    assert page.count("look here") == 1
    assert remedy in page
    assert "Nothing to do" not in page
    assert "Look here here:1, " in page  # the summary names the worker


@pytest.mark.parametrize(
    "changes",
    [
        {"prepared_hits": 3, "prepared_misses": 7},
        {"evictions": 15, "prepared_hits": 0, "prepared_misses": 0},
        {"ended": {"deadline": 3}},
        {"ended": {"end": 97, "deadline": 3}},
        {"waiting": 4, "running": 4},
    ],
)
def test_a_few_say_nothing_yet(admin: Client, active: ModelVersion, changes: dict[str, Any]) -> None:
    assert "look here" not in with_engine(admin, **changes)


def test_an_engine_that_nobody_asked_yet_says_so_instead_of_dividing_by_nothing(
    admin: Client, active: ModelVersion
) -> None:
    worker(state=state(EngineState(slots=8, prepared_limit=2**29)))
    page = shown(admin)
    assert page.count("none yet") == 3
    assert "nothing yet" in page
    assert "Nothing to do" in page


# Nothing there, or not all of it


@pytest.mark.parametrize(("embedded", "remedy"), [(True, "restart the site"), (False, "manage.py run_worker")])
def test_without_a_worker_it_says_how_to_start_one(
    admin: Client, active: ModelVersion, settings: Settings, embedded: bool, remedy: str
) -> None:
    settings.EMBEDDED = embedded
    page = shown(admin)
    assert "Look here No worker is running" in page
    assert "People draft and send as always" in page
    assert remedy in page


def test_without_a_model_it_says_how_to_register_one(admin: Client) -> None:
    worker(model="", problem="No model is registered. Run `make setup`.", state={"modes": ["improve", "generate"]})
    page = shown(admin)
    assert page.count("look here: no model is active") == 2
    assert "manage.py models add PATH" in page
    assert "look here: no usable model No model is registered. Run `make setup`." in page


def test_a_model_that_is_being_loaded_is_no_trouble(admin: Client, active: ModelVersion) -> None:
    worker(model="", loading=True, state={"modes": ["improve", "generate"]})
    page = shown(admin)
    assert "loading its model" in page
    assert "Seconds for a small model" in page
    assert "Nothing to do" in page


def test_a_silent_worker_says_what_became_of_its_jobs_and_shows_no_old_numbers(
    admin: Client, active: ModelVersion
) -> None:
    worker(silent_for=90)
    page = shown(admin)
    assert "look here: silent Its jobs were given to others." in page
    assert "Tokens per second" not in page
    assert "measured fastest here" not in page
    assert "No worker is running" in page


def test_a_worker_that_went_away_a_day_ago_is_forgotten(admin: Client) -> None:
    worker(silent_for=25 * 3600)
    assert "here:1" not in shown(admin)


@pytest.mark.parametrize("said", [{}, [], "null", {"slots": "4"}, {"modes": "x", "slots": None}])
def test_a_worker_of_an_older_version_is_shown_without_figures(admin: Client, active: ModelVersion, said: Any) -> None:
    worker()
    Worker.objects.update(state=said)
    page = shown(admin)
    assert "It reports no figures: it runs an earlier version." in page
    assert "improves drafts and drafts from the post" in page


def test_a_worker_that_has_something_else_loaded_is_named(admin: Client, active: ModelVersion) -> None:
    worker(state=state(sha256="99" * 32))
    assert "look here: not what is active It still has another model loaded" in shown(admin)


def test_a_mode_that_no_worker_gives_is_named(admin: Client, active: ModelVersion) -> None:
    worker(state=state(modes=["improve"]))
    page = shown(admin)
    assert "look here: no worker gives this help Start a worker whose WORKER_MODES has generate." in page
    assert "Does improves drafts Has loaded" in page


def test_hostile_words_stay_words(admin: Client) -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    Deployment.objects.create(version=ModelVersion.objects.create(name=hostile[:100], url=hostile, layout="<b>"))
    worker(
        hostile[:80],
        model=hostile[:100],
        problem=hostile,
        state=state(replace(BUSY, notes=(hostile,), ended={hostile: 3}), adapters={hostile: hostile}),
    )
    page = admin.get("/engine/").content.decode()
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "<b>" not in page
    assert hostile in html.unescape(page)


# The queue


def queued(seconds: float) -> None:
    job = build.job(build.draft(build.person("wren", Role.SUPPORTER)))
    SuggestionJob.objects.filter(id=job.id).update(queued_at=timezone.now() - timedelta(seconds=seconds))


def test_a_short_wait_is_no_trouble(admin: Client, active: ModelVersion) -> None:
    worker()
    queued(3)
    page = shown(admin)
    assert re.search(r"waiting 1, the first for [3-9]\.\d s", page)
    assert "Nothing to do" in page


@pytest.mark.parametrize(
    ("engine", "remedy"),
    [
        (None, "No worker with a model gives this help now."),
        (EngineState(slots=4, running=1), "raise WORKER_CONCURRENCY"),
        (EngineState(slots=4, running=4), "Every slot is taken."),
    ],
)
def test_a_long_wait_says_why(admin: Client, active: ModelVersion, engine: EngineState | None, remedy: str) -> None:
    worker(**({"state": state(engine)} if engine else {"model": "", "loading": True}))
    queued(300)
    page = shown(admin)
    assert "waiting 1, the first for 5 min look here" in page
    assert remedy in page
    assert "Look here Improving a draft: waiting: 1, the first for 5 min" in page


def test_readings_are_shown_where_there_are_any(admin: Client, active: ModelVersion) -> None:
    worker()
    assert "Second readings" not in shown(admin)
    post = build.post()
    SecondReading.objects.create(case=post.case, post=post)
    assert "SECOND_READER is off" in shown(admin)


def test_the_number_of_queries_does_not_grow_with_the_workers(admin: Client, active: ModelVersion) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            shown(admin, "/engine/state")
        return len(captured)

    worker()
    few = queries()
    for number in range(5):
        worker(f"w:{number}")
    assert queries() == few
