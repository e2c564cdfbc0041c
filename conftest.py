"""Fixtures of every test. What must happen before settings are read is in webapp/pytest_environment.py."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, connections

from webapp.private_servers import MissingServer, PrivatePostgres, PrivateRedis

IN_CI = os.environ.get("CI", "").lower() == "true"


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


@pytest.fixture
def own_connections() -> Iterator[None]:
    """One for each thread, as so many processes have, instead of the pool of one."""
    if connection.vendor != "postgresql":
        pytest.skip("only a database that lets several write at once has this race")
    connection.close()  # back into the pool, as long as there is one
    options = connections.settings["default"]["OPTIONS"]
    pool = options.pop("pool")
    yield
    connection.close()
    options["pool"] = pool
