"""The line between a worker and Redis breaks, and afterwards the doorbell is heard again: what the pinned versions must do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from assistant.tests.starter import starter_model_file
from conftest import start_or_miss
from webapp.private_servers import PrivatePostgres, PrivateRedis
from webapp.running import Outgrown, wait_until
from webapp.tests.conftest import SETTINGS, new_database
from webapp.tests.cuttable_proxy import CuttableProxy
from webapp.visitor import OVER, Visitor

pytestmark = [pytest.mark.process, pytest.mark.model, pytest.mark.deep]

POST = "I moved to a new town for work and the evenings are long. I miss having somebody to cook with."
DRAFT = (
    "Moving somewhere new is hard. I remember how quiet my first flat was. What do you like to cook? Is there a club?"
)
SILENCE = 20.0  # seconds

# The sweeper rings again for what was not heard. Here it must not: it sleeps longer than the tests take.
NO_SWEEPER = {"SWEEP_SECONDS": "3600"}


class Writer:
    """A supporter with a draft, who asks again and again."""

    def __init__(self, admin: Visitor) -> None:
        admin.send("/posts/enter", text=POST, language="en", country="")
        self.visitor = admin.invite("wren", "supporter")
        self.draft = self.visitor.take_post()
        self.base = self.visitor.save(self.draft, DRAFT)

    def ask(self) -> dict[str, Any]:
        return self.visitor.ask(self.draft, DRAFT, base=self.base)

    def state(self, job: dict[str, Any]) -> dict[str, Any]:
        return self.visitor.twin(job)

    def wait_for_start(self, job: dict[str, Any]) -> None:
        wait_until(lambda: self.state(job)["status"] != "queued", seconds=30, what="the job to start")

    def seconds_to_end(self, job: dict[str, Any], *, at_most: float) -> float:
        began = time.monotonic()
        wait_until(lambda: self.state(job)["status"] in OVER, seconds=at_most, what="the end of the job")
        return time.monotonic() - began


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRedis]:
    """Apart from the other tests' Redis: the queue has one name, and any worker there would take the jobs."""
    server = PrivateRedis(tmp_path_factory.mktemp("cut-redis"))
    start_or_miss(server, "Redis")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def proxy(own_redis: PrivateRedis) -> Iterator[CuttableProxy]:
    with CuttableProxy(own_redis.port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def writer(
    private_postgres: PrivatePostgres,
    own_redis: PrivateRedis,
    proxy: CuttableProxy,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Writer]:
    """A site whose worker, and only the worker, reaches Redis through the proxy."""
    models = starter_model_file().path.parent
    site = Outgrown(
        tmp_path_factory.mktemp("cut"),
        database=new_database(private_postgres, "cut"),
        redis=own_redis.url,
        settings=SETTINGS | NO_SWEEPER,
        for_worker={
            "REDIS_URL": f"redis://127.0.0.1:{proxy.port}/0",
            "MEASURE_AT_START": "1",
            "OMP_WAIT_POLICY": "passive",
        },
    )
    with site.use_models(models), Visitor(site.url).sign_in() as admin:
        yield Writer(admin)
    said = site.worker.log.read_text(encoding="utf-8")
    assert "OMP_WAIT_POLICY set by the operator" in said  # a worker of its own looks at threads, too


def test_a_reset_line_costs_no_job_and_the_next_ring_is_heard(writer: Writer, proxy: CuttableProxy) -> None:
    running = writer.ask()
    writer.wait_for_start(running)
    assert proxy.cut() > 0

    writer.seconds_to_end(running, at_most=60)
    state = writer.state(running)
    assert (state["status"], state["attempt"]) == ("done", 1)  # the job did not notice
    assert writer.seconds_to_end(writer.ask(), at_most=30) < 30


def test_after_many_resets_in_a_row_rings_are_still_heard(writer: Writer, proxy: CuttableProxy) -> None:
    for _ in range(5):
        proxy.cut()
        time.sleep(0.4)
    assert writer.seconds_to_end(writer.ask(), at_most=40) < 40


def test_a_line_that_died_in_silence_is_given_up_and_rings_are_heard_again(
    writer: Writer, proxy: CuttableProxy
) -> None:
    running = writer.ask()
    writer.wait_for_start(running)
    assert proxy.go_silent() > 0
    time.sleep(SILENCE)
    state = writer.state(running)
    assert (state["status"], state["attempt"]) == ("done", 1)
    asked = writer.ask()
    proxy.speak_again()

    assert writer.seconds_to_end(asked, at_most=60) < 60
    assert writer.seconds_to_end(writer.ask(), at_most=30) < 30
