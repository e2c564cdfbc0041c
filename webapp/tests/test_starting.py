"""What `serve` prepares: tables, keys, a model, and in demo mode an invented world; all of it can be done twice."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from assistant.inference.engine import ModelUnavailable
from assistant.models import Deployment, ModelVersion, Post, Reply
from moderation.models import Flag
from webapp import demo, starting
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.embedded import AlreadyRunning, only_server_here
from webapp.studies.models import Output, Study

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the adapters of a release lie; none, unless a test puts one there."""
    monkeypatch.setattr(starting, "STARTER_ADAPTERS", tmp_path / "starter")
    return tmp_path / "starter"


def test_the_demonstration_has_somebody_in_every_role_and_something_in_the_queue(settings: Settings) -> None:
    settings.DEMO = True
    demo.seed_if_empty()
    assert {role.value for role in Role} == {name for user in User.objects.all() for name in user.role_names}
    assert Post.objects.filter(status="waiting").count() >= 5
    assert sorted(Flag.objects.values_list("severity", flat=True)) == [2, 2, 3, 3]
    assert Reply.objects.get().status == "held"
    study = Study.objects.get()
    assert study.status == "open"
    assert sorted(study.raters.values_list("user__username", flat=True)) == ["sorrel", "thyme"]
    assert not Output.objects.filter(screened="held").exists()


def test_the_demonstration_is_not_made_twice() -> None:
    demo.seed_if_empty()
    posts = Post.objects.count()
    assert demo.seed_if_empty() == "already there"
    assert Post.objects.count() == posts


def test_demonstration_passwords_are_random_and_for_their_owner_only() -> None:
    demo.seed_if_empty()
    passwords = [line.split()[2] for line in demo.account_lines()]
    assert len(set(passwords)) == len(passwords)
    assert stat.S_IMODE(demo.accounts_file().stat().st_mode) == 0o600


def test_a_real_installation_gets_no_demonstration_accounts(settings: Settings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError):
        call_command("demo")
    assert User.objects.count() == 0


def test_the_starter_model_is_registered_once() -> None:
    starting.register_model()
    starting.register_model()
    assert ModelVersion.objects.count() == Deployment.objects.count() == 1


def test_a_configured_model_takes_over(tmp_path: Path, settings: Settings) -> None:
    starting.register_model()
    settings.MODEL_PATH = str(tmp_path / "big.gguf")
    Path(settings.MODEL_PATH).write_bytes(b"GGUF" + bytes(20))
    starting.register_model()
    active = Deployment.active_version()
    assert active is not None
    assert active.name == "big"


@pytest.mark.parametrize("wrong", ["missing", "hash"])
def test_a_configured_model_that_is_not_what_it_should_be_is_named(
    tmp_path: Path, settings: Settings, wrong: str
) -> None:
    path = tmp_path / "big.gguf"
    if wrong == "hash":
        path.write_bytes(b"GGUF" + bytes(20))
    settings.MODEL_PATH, settings.MODEL_SHA256 = str(path), "0" * 64
    with pytest.raises(ModelUnavailable, match="MODEL_PATH"):
        starting.register_model()


def test_a_second_server_on_the_same_data_is_refused() -> None:
    lock = only_server_here()
    try:
        with pytest.raises(AlreadyRunning, match="DATA_DIR"):
            only_server_here()
    finally:
        lock.close()


def test_a_port_that_another_program_has_is_refused_before_anything_is_prepared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(starting, "prepare_database", lambda: pytest.fail("Too late: it has begun already."))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"port {port}: .*try PORT={port + 1}"):
            call_command("serve", "--host", "127.0.0.1", "--port", str(port), skip_checks=True)
