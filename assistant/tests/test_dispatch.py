"""Messages hold ids and go to the worker that keeps a case, or to whoever is free; what comes of them in the engine."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import redis
from celery import Celery
from celery.worker import WorkController
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import actions, dispatch, preparing, sweeper, tasks
from assistant.inference.types import Preparation
from assistant.models import Draft, SuggestionJob, Worker
from assistant.worker_state import Serving, holder
from moderation.models import Flag
from webapp import test as build
from webapp.accounts.models import User
from webapp.celery import app
from webapp.privacy import erase_post
from webapp.private_servers import PrivateRedis
from webapp.running import wait_until
from webapp.test import Cast, FakeEngine

pytestmark = pytest.mark.django_db(transaction=True)

CANARY = "quartzmarigold"
JSON = {"Accept": "application/json"}


@pytest.fixture
def draft(cast: Cast) -> Draft:
    return build.draft(cast.wren)


def worker(name: str, *, model: str = "fake", seconds_ago: float = 0, **state: Any) -> Worker:
    seen_at = timezone.now() - timedelta(seconds=seconds_ago)
    return Worker.objects.create(name=name, seen_at=seen_at, model=model, state=state)


def words(preparation: Preparation) -> str:
    return "".join(segment.text for segment in preparation.prompt.segments)


# From the page to the engine, over Celery


@contextmanager
def consuming(of: Celery, *, queues: Sequence[str] = ()) -> Iterator[None]:
    """A Celery worker of one thread in this process."""
    app.loader.import_default_modules()
    ready = threading.Event()
    worker = WorkController(
        app=of,
        queues=list(queues),
        pool_cls="threads",
        concurrency=1,
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
        ready_callback=lambda _consumer: ready.set(),
    )
    thread = threading.Thread(target=worker.start, daemon=True)
    thread.start()
    assert ready.wait(timeout=20)
    try:
        yield
    finally:
        worker.stop(in_sighandler=False)
        thread.join(timeout=10)


@pytest.fixture(scope="module")
def celery_worker() -> Iterator[None]:
    with app.connection_for_write() as connection:
        connection.default_channel.queue_purge("suggestions")  # rings of other tests
    with consuming(app):
        yield


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """The one of this process."""
    preparing.forget_closed(engine=FakeEngine())  # cases of earlier tests, which are gone from the database
    engine = FakeEngine()
    monkeypatch.setattr(holder, "ready", lambda: engine)
    monkeypatch.setattr(holder, "loaded", lambda: [engine])
    return engine


@pytest.fixture
def site_engine(celery_worker: None, engine: FakeEngine) -> FakeEngine:
    """Of a worker that the site has heard of."""
    worker("here:1")
    return engine


def heard(what: Sequence[object], count: int = 1) -> None:
    wait_until(lambda: len(what) >= count, seconds=10, what="the message to arrive")


def save(client: Client, draft: Draft, text: str, base: int) -> int:
    return client.post(f"/drafts/{draft.id}/save", {"text": text, "base": base}, headers=JSON).status_code


def test_opening_the_page_and_every_save_prepare_the_draft(
    site_engine: FakeEngine, cast: Cast, client: Client, draft: Draft
) -> None:
    client.force_login(cast.wren)
    client.get(f"/drafts/{draft.id}/")
    heard(site_engine.prepared)
    assert save(client, draft, f"{build.KIND_DRAFT} {CANARY}", 1) == 200
    heard(site_engine.prepared, 2)
    assert [CANARY in words(one) for one in site_engine.prepared] == [False, True]
    assert {one.case for one in site_engine.prepared} == {str(draft.case_id)}


def test_who_is_not_its_author_prepares_nothing(
    site_engine: FakeEngine, cast: Cast, client: Client, draft: Draft
) -> None:
    own = build.draft(cast.robin)
    for person, answer in ((cast.robin, 404), (cast.birch, 404), (cast.stranger, 403), (cast.ash, 403)):
        client.force_login(person)
        assert client.get(f"/drafts/{draft.id}/").status_code == answer
        assert save(client, draft, build.KIND_DRAFT, 1) == answer
    client.force_login(cast.robin)
    client.get(f"/drafts/{own.id}/")
    heard(site_engine.prepared)
    assert [one.case for one in site_engine.prepared] == [str(own.case_id)]


def test_a_burst_of_saves_does_not_end_with_an_old_draft(
    site_engine: FakeEngine, cast: Cast, client: Client, draft: Draft
) -> None:
    client.force_login(cast.wren)
    for number in range(1, 9):
        assert save(client, draft, f"{build.KIND_DRAFT} {number}", number) == 200
    wait_until(
        lambda: site_engine.prepared and "cook? 8" in words(site_engine.prepared[-1]), seconds=10, what="the last one"
    )
    assert len(site_engine.prepared) <= 8


def by_sending(client: Client, draft: Draft) -> None:
    client.post(f"/drafts/{draft.id}/send", {"text": build.KIND_DRAFT, "base": 1})


def by_giving_back(client: Client, draft: Draft) -> None:
    client.post(f"/drafts/{draft.id}/give-back")


def by_handing_over(client: Client, draft: Draft) -> None:
    client.post(f"/drafts/{draft.id}/hand-over")


def by_erasing(_client: Client, draft: Draft) -> None:
    erase_post(draft.post)


def by_rejecting_the_post(client: Client, draft: Draft) -> None:
    actions.worry(draft.post, by=draft.author)
    client.force_login(User.objects.get(username="ash"))
    flag = Flag.objects.get(post=draft.post)
    said = {"outcome": "reject", "policy": "other", "reason": "Spam.", "version": flag.version}
    client.post(f"/moderation/flags/{flag.id}/decide", said)


@pytest.mark.parametrize("close", [by_sending, by_giving_back, by_handing_over, by_erasing, by_rejecting_the_post])
def test_closing_a_case_is_told_to_the_engine(
    site_engine: FakeEngine, cast: Cast, client: Client, draft: Draft, close: Callable[[Client, Draft], None]
) -> None:
    client.force_login(cast.wren)
    close(client, draft)
    heard(site_engine.forgotten)
    assert site_engine.forgotten == [str(draft.case_id)]


def test_a_job_leaves_nothing_that_the_round_would_not_find(
    site_engine: FakeEngine, cast: Cast, client: Client, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the engine keeps of a case whose job it ran, although nothing was prepared for it."""
    monkeypatch.setattr(holder, "serving", lambda _mode: Serving(site_engine.will_say(build.KIND_REVISION)))
    job = build.job(draft)
    sweeper.sweep(ring_after=timedelta(0))
    wait_until(lambda: SuggestionJob.objects.get(id=job.id).status == "done", seconds=10, what="the job")
    actions.send_reply(draft, by=draft.author, revision=build.head_of(draft))
    wait_until(lambda: sweeper.sweep() and site_engine.forgotten, seconds=10, what="the case to be forgotten")
    assert site_engine.forgotten == [str(draft.case_id)]


# Which worker


def names_of_workers(cases: Sequence[uuid.UUID]) -> list[str]:
    found = [dispatch.worker_of(case) for case in cases]
    return [one.name for one in found if one is not None]


@pytest.mark.django_db
def test_a_case_stays_with_its_worker_when_others_come_and_go() -> None:
    for name in ("a:1", "b:1", "c:1"):
        worker(name)
    cases = [uuid.UUID(int=number) for number in range(300)]
    before = names_of_workers(cases)
    assert {name: before.count(name) > 60 for name in ("a:1", "b:1", "c:1")} == {"a:1": True, "b:1": True, "c:1": True}
    Worker.objects.filter(name="b:1").delete()
    after = names_of_workers(cases)
    assert all(new == old for old, new in zip(before, after, strict=True) if old != "b:1")
    worker("b:1")
    assert names_of_workers(cases) == before


@pytest.mark.django_db
def test_only_a_worker_that_can_help_keeps_cases() -> None:
    worker("silent:1", seconds_ago=11)
    worker("without-a-model:1", model="")
    worker("generates:1", modes=["generate"])
    case = uuid.uuid4()
    assert dispatch.worker_of(case) is None
    worker("improves:1", modes=["improve"])
    assert names_of_workers([case]) == ["improves:1"]


@pytest.mark.django_db
def test_help_is_offered_for_what_a_worker_gives(cast: Cast, client: Client) -> None:
    client.force_login(cast.birch)  # a lead, who may ask for a draft from the post
    page = f"/drafts/{build.draft(cast.birch).id}/"
    worker("generates:1", modes=["generate"])
    assert "No suggestions at the moment" in client.get(page).text
    worker("improves:1", modes=["improve"])
    assert 'value="improve"' in client.get(page).text
    assert 'value="generate"' in client.get(page).text
    Worker.objects.filter(name="generates:1").delete()
    assert 'value="improve"' in client.get(page).text
    assert 'value="generate"' not in client.get(page).text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "free"),
    [
        ({}, False),
        ({"slots": "many"}, False),
        ({"slots": 4}, True),
        ({"slots": 4, "running": 3, "waiting": 0}, True),
        ({"slots": 4, "running": 3, "waiting": 1}, False),
        ({"slots": 1, "running": 0}, False),  # it has claimed a job since that report
    ],
)
def test_whether_a_worker_has_a_free_slot(draft: Draft, state: dict[str, Any], free: bool) -> None:
    SuggestionJob.objects.filter(id=build.job(draft).id).update(status="running", worker="a:1")
    assert dispatch.has_free_slot(worker("a:1", **state)) is free


# Over Redis


@pytest.fixture
def over_redis(
    private_redis: PrivateRedis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Celery, redis.Redis]]:
    """The outgrown form's broker, and what lies in it."""
    settings.EMBEDDED = False
    settings.WORKER_MODES = ["improve", "generate"]
    address = private_redis.url.replace("/0", "/7")  # a database of its own
    client = redis.Redis.from_url(address)
    outgrown = Celery("outgrown", set_as_current=False)
    outgrown.config_from_object("django.conf:settings", namespace="CELERY")
    outgrown.conf.broker_url, outgrown.conf.broker_transport_options = address, {}
    monkeypatch.setattr(dispatch, "current_app", outgrown)
    yield outgrown, client
    outgrown.close()
    client.flushdb()
    client.close()


def waits_in(client: redis.Redis, key: str, count: int = 1) -> None:
    wait_until(lambda: client.llen(key) >= count, seconds=10, what=f"a message in {key}")


def test_a_job_rings_at_the_worker_of_its_case_if_that_has_a_free_slot(
    over_redis: tuple[Celery, redis.Redis], cast: Cast
) -> None:
    _, client = over_redis
    near = worker("near:1", slots=1, running=0)
    first, second = build.job(build.draft(cast.wren)), build.job(build.draft(cast.robin))
    dispatch.wake_after_commit(first)
    waits_in(client, "worker.near:1")
    SuggestionJob.objects.filter(id=first.id).update(status="running", worker=near.name)
    dispatch.wake_after_commit(second)
    waits_in(client, "suggestions.improve")
    sweeper.sweep(ring_after=timedelta(0))  # rings for everybody, so that a dead worker's ring is not the last
    waits_in(client, "suggestions.improve", 2)
    assert client.llen("worker.near:1") == 1


def test_each_kind_of_help_has_a_queue(over_redis: tuple[Celery, redis.Redis], cast: Cast) -> None:
    _, client = over_redis
    worker("near:1", slots=4)
    job = build.job(build.draft(cast.birch), mode="generate", because="No words today.")
    dispatch.wake_after_commit(job)
    dispatch.wake(job.id)
    waits_in(client, "suggestions.generate", 2)


def test_the_queue_of_a_worker_that_died_does_not_stay(over_redis: tuple[Celery, redis.Redis], draft: Draft) -> None:
    _, client = over_redis
    worker("dead:1", slots=4)
    dispatch.forget_after_commit(draft.case_id)
    dispatch.prepare_after_commit(draft)
    waits_in(client, "worker.dead:1")
    last = f"worker.dead:1\x06\x16{dispatch.LAST}"
    waits_in(client, last)
    for key in ("worker.dead:1", last):
        assert 0 < client.pttl(key) <= dispatch.OWN_QUEUE_LIVES * 1000
    assert set(client.keys("worker.*")) == {b"worker.dead:1", last.encode()}


def test_forgetting_is_told_to_every_worker(over_redis: tuple[Celery, redis.Redis], draft: Draft) -> None:
    _, client = over_redis
    worker("a:1")
    worker("loading:1", model="")
    worker("silent:1", seconds_ago=11)
    dispatch.forget_after_commit(draft.case_id)
    waits_in(client, "worker.a:1")
    waits_in(client, "worker.loading:1")
    assert client.llen("worker.silent:1") == 0


def test_a_worker_hears_its_kinds_of_help_the_queue_of_earlier_versions_and_its_own(
    over_redis: tuple[Celery, redis.Redis], engine: FakeEngine, settings: Settings
) -> None:
    outgrown, client = over_redis
    settings.WORKER_MODES = ["improve"]
    for queue in ("suggestions", "suggestions.generate", "suggestions.improve"):
        outgrown.send_task(dispatch.FORGET, args=[queue], queue=queue)
    outgrown.send_task(dispatch.FORGET, args=["own"], queue=dispatch.own_queue("me:1"))
    with consuming(outgrown, queues=dispatch.queues_of("me:1", app=outgrown)):
        heard(engine.forgotten, 3)
    assert sorted(engine.forgotten) == ["own", "suggestions", "suggestions.improve"]
    assert client.llen("suggestions.generate") == 1


def test_what_comes_last_is_taken_last_and_what_is_too_old_not_at_all(
    over_redis: tuple[Celery, redis.Redis], engine: FakeEngine
) -> None:
    outgrown, _ = over_redis
    own = dispatch.own_queue("me:1")
    for what, seconds in (("too old", 0.001), ("last", 15), ("last of all", 15)):
        outgrown.send_task(dispatch.FORGET, args=[what], queue=own, priority=dispatch.LAST, expires=seconds)
    outgrown.send_task(dispatch.FORGET, args=["first"], queue="suggestions.improve")
    with consuming(outgrown, queues=dispatch.queues_of("me:1", app=outgrown)):
        heard(engine.forgotten, 3)
    assert engine.forgotten == ["first", "last", "last of all"]


def test_a_job_of_the_other_kind_is_passed_on(
    over_redis: tuple[Celery, redis.Redis], cast: Cast, settings: Settings
) -> None:
    """Rung by an earlier version in the queue that every worker hears."""
    _, client = over_redis
    settings.WORKER_MODES = ["improve"]
    job = build.job(build.draft(cast.birch), mode="generate", because="No words today.")
    tasks.run_job.apply(args=[str(job.id)])
    waits_in(client, "suggestions.generate")
    assert SuggestionJob.objects.get(id=job.id).status == "queued"
