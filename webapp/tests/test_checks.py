"""Settings that would be unsafe together are refused at start, each with an id and a remedy."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings as written
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django.fixtures import Settings

from assistant.safety import policy
from assistant.safety.policy_signing import sign
from webapp.asgi import application
from webapp.checks import live_only, unsafe_ids, unsafe_mixes
from webapp.logs import ContentFreeFormatter
from webapp.private_policy import policy_in_force

LONG_KEY = "a-key-of-the-tests-with-many-different-letters-0123456789"


def found() -> list[str]:
    return [str(message.id) for message in unsafe_mixes()]


def use_database(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    monkeypatch.setitem(written.DATABASES["default"], "ENGINE", engine)


def test_the_embedded_default_is_accepted() -> None:
    assert found() == []


def test_every_message_says_what_to_change(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    settings.ALLOWED_HOSTS, settings.SECRET_KEY, settings.EMBEDDED = ["*"], "short", False
    use_database(monkeypatch, "django.db.backends.sqlite3")
    messages = unsafe_mixes()
    assert len(messages) == 4
    assert all(message.hint and message.msg.endswith(".") for message in messages)


@pytest.mark.parametrize(
    "url", ["lantern.example.org", "//lantern.example.org", "ftp://lantern.example.org", "https://"]
)
def test_it_refuses_a_public_address_that_is_none(settings: Settings, url: str) -> None:
    settings.PUBLIC_URL = url
    assert "lantern.E001" in found()


@pytest.mark.parametrize("host", ["*", "*.example.org"])
def test_it_refuses_to_answer_to_every_name(settings: Settings, host: str) -> None:
    settings.ALLOWED_HOSTS = ["localhost", host]
    assert found() == ["lantern.E002"]


def test_it_refuses_a_demonstration_on_the_internet(settings: Settings) -> None:
    settings.PUBLIC_URL, settings.DEMO = "https://lantern.example.org", True
    assert found() == ["lantern.E003"]
    settings.DEMO, settings.MFA_REQUIRED, settings.LIVE = False, True, True
    assert found() == []


def test_it_refuses_to_answer_people_from_a_demonstration(settings: Settings) -> None:
    settings.DEMO, settings.LIVE = True, True
    assert found() == ["lantern.E014"]


def test_it_warns_where_models_go_live_without_the_panel_on_the_internet(settings: Settings) -> None:
    settings.PUBLIC_URL, settings.MFA_REQUIRED, settings.LIVE = "https://lantern.example.org", True, False
    assert found() == ["lantern.W005"]


def test_it_warns_where_a_password_alone_is_enough_on_the_internet(settings: Settings) -> None:
    settings.PUBLIC_URL, settings.MFA_REQUIRED, settings.LIVE = "https://lantern.example.org", False, True
    assert found() == ["lantern.W004"]


@pytest.mark.parametrize("key", ["tests", "a" * 60, "abcd" * 20, "django-insecure-" + LONG_KEY])
def test_it_refuses_a_key_that_can_be_guessed(settings: Settings, key: str) -> None:
    settings.SECRET_KEY = key
    assert [str(message.id) for message in unsafe_mixes()] == ["lantern.E004"]
    assert not any(key in str(message) for message in unsafe_mixes())


def test_it_refuses_a_token_for_the_metrics_that_can_be_guessed(settings: Settings) -> None:
    settings.METRICS_TOKEN = "letmein"
    assert found() == ["lantern.E011"]
    assert not any("letmein" in str(message) for message in unsafe_mixes())
    settings.METRICS_TOKEN = "16-letters-or-so"
    assert found() == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o777])
def test_it_refuses_a_vault_that_others_may_read(settings: Settings, tmp_path: Path, mode: int) -> None:
    settings.VAULT_KEYS_FILE = tmp_path / "vault-keys"
    settings.VAULT_KEYS_FILE.touch(mode=0o600)
    assert found() == []
    settings.VAULT_KEYS_FILE.chmod(mode)
    assert found() == ["lantern.E005"]


def test_it_warns_of_a_vault_that_could_be_committed(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    settings.VAULT_KEYS_FILE = tmp_path / "keys" / "vault-keys"
    assert found() == ["lantern.W002"]
    settings.DATA_DIR = tmp_path / "keys"
    assert found() == []


@pytest.mark.parametrize("engine", ["django.db.backends.mysql", "django.db.backends.oracle"])
def test_it_refuses_databases_that_it_was_not_made_for(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    use_database(monkeypatch, engine)
    assert found() == ["lantern.E006"]


def test_it_refuses_several_processes_on_sqlite(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EMBEDDED = False
    use_database(monkeypatch, "django.db.backends.sqlite3")
    assert found() == ["lantern.E007"]
    use_database(monkeypatch, "django.db.backends.postgresql")
    assert found() == []


@pytest.mark.parametrize(
    ("host", "url", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000", []),
        ("::1", "http://[::1]:8000", []),
        ("localhost", "http://localhost:8000", []),
        ("0.0.0.0", "http://127.0.0.1:8000", ["lantern.W001"]),
        ("127.0.0.1", "http://lantern.example.org", ["lantern.W001"]),
        ("0.0.0.0", "https://lantern.example.org", []),
    ],
)
def test_it_warns_of_a_site_that_others_reach_without_encryption(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, host: str, url: str, expected: list[str]
) -> None:
    monkeypatch.setenv("HOST", host)
    settings.PUBLIC_URL, settings.MFA_REQUIRED, settings.LIVE = url, True, True
    assert found() == expected


@pytest.fixture
def policy_file(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """A copy of the shipped policy, which nobody signed, in use."""
    path = tmp_path / "policy.toml"
    path.write_bytes(policy.SHIPPED.read_bytes())
    settings.SAFETY_POLICY_FILE = path
    with policy_in_force(path):
        yield path


def test_it_refuses_a_policy_that_is_missing_or_broken(policy_file: Path) -> None:
    policy_file.write_text("version = ")
    assert found() == ["lantern.E008"]
    policy_file.unlink()
    assert found() == ["lantern.E008"]
    assert str(policy_file) in unsafe_mixes()[0].msg


def test_a_live_site_needs_a_signed_policy_and_a_demonstration_does_not(settings: Settings, policy_file: Path) -> None:
    assert found() == []  # so that people can set up and sign
    assert unsafe_ids() == ["lantern.E009"]
    refusal, _warning_of_helplines = live_only()
    assert str(policy_file) in refusal.msg
    assert 'policy sign --role "safeguarding lead"' in str(refusal.hint)
    settings.DEMO = True
    assert unsafe_ids() == []


def test_a_policy_that_was_changed_after_it_was_signed_counts_as_unsigned(policy_file: Path) -> None:
    for role in policy.REQUIRED_ROLES:
        sign(policy_file, role=role, name="Somebody Invented", day=date(2026, 11, 20))
    assert unsafe_ids() == []
    policy_file.write_text(policy_file.read_text().replace("clock_minutes = 5", "clock_minutes = 4"))
    assert unsafe_ids() == ["lantern.E009"]


@pytest.mark.parametrize(("command", "form"), [("serve", "embedded"), ("run_worker", "outgrown")])
def test_what_serves_people_does_not_start_unsigned(
    settings: Settings, policy_file: Path, command: str, form: str
) -> None:
    settings.EMBEDDED = form == "embedded"
    with pytest.raises(SystemCheckError, match=r"lantern\.E009"):
        call_command(command)


def test_a_command_does_not_run_with_unsafe_settings(settings: Settings) -> None:
    settings.SECRET_KEY = "tests"
    with pytest.raises(SystemCheckError, match=r"lantern\.E004"):
        call_command("prune", skip_checks=False)


async def test_a_server_without_manage_py_does_not_start_either_and_says_where_to_read_why(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(ContentFreeFormatter())
    monkeypatch.setattr(logging.getLogger("lantern.server"), "handlers", [handler])
    settings.SECRET_KEY = "tests"
    line: Any = ApplicationCommunicator(application, {"type": "lifespan"})  # type: ignore[no-untyped-call]
    await line.send_input({"type": "lifespan.startup"})
    assert (await line.receive_output())["type"] == "lifespan.startup.failed"
    await line.wait()
    told = json.loads(said.getvalue())
    assert told["code"] == "lantern.E004"
    assert told["code"] in (written.BASE_DIR / told["see"]).read_text(encoding="utf-8")


def test_serve_stops_with_the_reason(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", "1"],
        cwd=written.BASE_DIR,
        env=os.environ | {"DATA_DIR": str(tmp_path), "DEMO": "1", "PUBLIC_URL": "https://lantern.example.org"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "lantern.E003" in done.stderr
    assert "Set DEMO=0" in done.stderr
    assert not list(tmp_path.glob("*.sqlite3"))
