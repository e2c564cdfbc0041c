"""Loaded by pytest before settings are read: nothing of this machine's installation may show in a test.

A conftest would come too late: pytest-django reads the settings first.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from webapp.private_policy import signed_policy
from webapp.private_servers import PrivatePostgres

FORGOTTEN = (
    "ADMIN_EMAIL",
    "ADMIN_PASSWORD_FILE",
    "DATABASE_URL",
    "EMAIL_RELAY_URL",
    "HOST",
    "MODEL_PATH",
    "PORT",
    "PUBLIC_URL",
    "REDIS_URL",
    "VAULT_KEYS_FILE",
)

TOUCH_A_DATABASE = {"db", "transactional_db", "django_db_setup", "live_server"}  # fixtures

folder = Path(tempfile.mkdtemp(prefix=f"lantern-test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-"))
postgres: PrivatePostgres | None = None


def prepare() -> None:
    global postgres
    for name in FORGOTTEN:
        os.environ[name] = ""  # empty counts as not set, and wins over a developer's .env
    (folder / "static").mkdir()
    os.environ.update(DATA_DIR=str(folder), SECRET_KEY="for the tests alone, and as long as one should be", DEMO="0")
    os.environ["MEASURE_AT_START"] = "0"  # tests that measure ask for it
    os.environ.update(SECOND_REVIEW_SHARE="0", GOLDEN_SHARE="0")  # nothing is drawn that a test does not ask for
    os.environ["MFA_REQUIRED"] = "0"  # tests of it switch it on
    os.environ["LIVE"] = "0"  # tests of the panel's sign-off switch it on
    os.environ["SAFETY_POLICY_FILE"] = str(signed_policy(folder))
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if os.environ.get("LANTERN_TEST_DB") == "postgres":
        postgres = PrivatePostgres(folder / "postgres")
        postgres.start()
        os.environ["DATABASE_URL"] = postgres.url


def pytest_configure() -> None:
    from django.conf import settings

    from assistant.vault.keys import create_key_file

    create_key_file(settings.VAULT_KEYS_FILE)
    # Argon2 takes its time on purpose; in tests the time buys nothing.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if postgres is None:  # nothing of a test has to survive a power cut
        settings.DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only what touches a database is worth a second run, and what ends transactions is so every day."""
    for item in items:
        if commits(item):
            item.add_marker("commits")
    if postgres is None:
        return
    config.hook.pytest_deselected(items=[item for item in items if not touches_a_database(item)])
    items[:] = [item for item in items if touches_a_database(item)]


def touches_a_database(item: pytest.Item) -> bool:
    fixtures = TOUCH_A_DATABASE.intersection(getattr(item, "fixturenames", ()))
    return bool(fixtures) or item.get_closest_marker("django_db") is not None


def commits(item: pytest.Item) -> bool:
    """Its transactions end, so that locks and several connections meet."""
    mark = item.get_closest_marker("django_db")
    own = mark is not None and bool(mark.kwargs.get("transaction") or mark.args[:1] == (True,))
    return own or "transactional_db" in getattr(item, "fixturenames", ())


def pytest_unconfigure() -> None:
    if postgres is not None:
        postgres.stop()
    shutil.rmtree(folder, ignore_errors=True)


prepare()
