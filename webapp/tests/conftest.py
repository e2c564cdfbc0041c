"""A site with one of everything; the site as processes, started once for all tests that look at it from outside; a browser."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from assistant.tests.starter import starter_model_file
from conftest import missing
from webapp.private_servers import PrivatePostgres, PrivateRedis
from webapp.running import Embedded, Outgrown, Site
from webapp.tests.stage import Stage

# Many jobs in a short time, and leases that end while a test can wait for it.
SETTINGS = {"SUGGESTIONS_PER_TEN_MINUTES": "1000"}


def new_database(server: PrivatePostgres, name: str) -> str:
    """An empty database of its own on a private server; its URL."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return server.url.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture
def stage(db: None) -> Stage:
    return Stage()


@pytest.fixture(scope="session")
def embedded_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """Started under an audit hook that notes every address it connects to or looks up."""
    models = starter_model_file().path.parent
    folder = tmp_path_factory.mktemp("embedded")
    settings = SETTINGS | {"ADDRESSES_FILE": str(folder / "addresses")}
    watched = [sys.executable, "-m", "webapp.tests.noting_addresses"]
    with Embedded(folder, python=watched, settings=settings).use_models(models) as site:
        yield site


@pytest.fixture(scope="session")
def outgrown_site(
    private_postgres: PrivatePostgres, private_redis: PrivateRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outgrown]:
    models = starter_model_file().path.parent
    folder = tmp_path_factory.mktemp("outgrown")
    database = new_database(private_postgres, "outgrown")
    with Outgrown(folder, database=database, redis=private_redis.url, settings=SETTINGS).use_models(models) as site:
        yield site


@pytest.fixture(params=["embedded", "outgrown"])
def site(request: pytest.FixtureRequest) -> Site:
    found: Site = request.getfixturevalue(f"{request.param}_site")
    return found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing("chromium")
    expect.set_options(timeout=30_000)  # beside a model that writes, five seconds are not always enough
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def queries_beside_a_loop() -> Iterator[None]:
    """Playwright's loop runs in the thread of the tests, beside the queries of tests and fixtures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield
