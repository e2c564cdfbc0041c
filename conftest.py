"""Fixtures of every test. What must happen before settings are read is in webapp/pytest_environment.py."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.private_servers import MissingServer, PrivatePostgres, PrivateRedis

SITES = ("embedded_site", "outgrown_site")  # fixtures
STARTS_SOMETHING = ("browser", "process", "model")  # marks

IN_CI = os.environ.get("CI", "").lower() == "true"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is slow to start is started once: all its tests run on one worker of `--dist loadgroup`."""
    for item in items:
        if any(item.get_closest_marker(name) for name in STARTS_SOMETHING):
            item.add_marker(pytest.mark.xdist_group(shared_site_of(item) or item.path.name))


def shared_site_of(item: pytest.Item) -> str | None:
    chosen = item.callspec.params.get("site") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ""
    names = {f"{chosen}_site", *getattr(item, "fixturenames", ())}
    return next((site for site in SITES if site in names), None)


def missing(what: str) -> None:
    """Skip by name on a developer's machine; in CI what is missing is a failure."""
    if IN_CI:
        pytest.fail(f"{what} is missing here, and CI must have it.")
    pytest.skip(f"{what} is missing here")


def start_or_miss(server: PrivatePostgres | PrivateRedis, what: str) -> None:
    try:
        server.start()
    except MissingServer as name:
        missing(f"{what} ({name})")


@pytest.fixture(scope="session")
def private_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivatePostgres]:
    server = PrivatePostgres(Path(tempfile.mkdtemp(prefix="lantern-pg-")) / "pg")
    start_or_miss(server, "Postgres")
    yield server
    server.stop()
    shutil.rmtree(server.folder.parent, ignore_errors=True)


@pytest.fixture(scope="session")
def private_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRedis]:
    server = PrivateRedis(tmp_path_factory.mktemp("redis"))
    start_or_miss(server, "Redis")
    yield server
    server.stop()


@pytest.fixture
def cast(db: None) -> object:
    from webapp.test import Cast

    return Cast()
