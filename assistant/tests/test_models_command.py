"""Model files are registered by path and hash, and one of them answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from assistant import worker_state
from assistant.inference.engine import ModelUnavailable
from assistant.models import AuditEvent, Deployment, ModelVersion, Worker
from webapp.test import FakeEngine

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    return path


def test_a_file_is_registered_with_what_it_hashes_to(file: Path) -> None:
    call_command("models", "add", str(file))
    version = ModelVersion.objects.get()
    assert (version.name, version.size, len(version.sha256)) == ("tiny", 104, 64)


def test_a_file_with_another_hash_is_refused(file: Path) -> None:
    with pytest.raises(CommandError, match="hashes to"):
        call_command("models", "add", str(file), "--sha256", "0" * 64)
    assert ModelVersion.objects.count() == 0


def test_activating_is_a_row_and_going_back_is_another(file: Path) -> None:
    call_command("models", "add", str(file), "--name", "first")
    call_command("models", "add", str(file), "--name", "second")
    for name in ("first", "second", "first"):
        call_command("models", "activate", name)
    active = Deployment.active_version()
    assert active is not None
    assert active.name == "first"
    assert Deployment.objects.count() == 3
    assert AuditEvent.objects.filter(action="model.activated").count() == 3


def test_an_unknown_name_is_answered_with_the_known_ones(file: Path) -> None:
    call_command("models", "add", str(file))
    with pytest.raises(CommandError, match="tiny"):
        call_command("models", "activate", "big")


def test_verify_names_a_file_that_changed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("models", "add", str(file))
    call_command("models", "verify")
    file.write_bytes(b"GGUF" + bytes(99) + b"x")
    with pytest.raises(CommandError):
        call_command("models", "verify")
    assert "refused  tiny" in capsys.readouterr().out


def test_a_file_that_changed_is_not_opened(file: Path) -> None:
    call_command("models", "add", str(file))
    call_command("models", "activate", "tiny")
    file.write_bytes(b"GGUF" + bytes(99) + b"x")
    with pytest.raises(ModelUnavailable):
        worker_state.load_registered()


def test_without_a_worker_the_page_says_why_there_is_no_help() -> None:
    assert worker_state.help_state().available is False
    assert "worker" in worker_state.help_state().reason


def test_a_worker_that_was_seen_lately_makes_help_available() -> None:
    worker_state.beat()
    assert worker_state.help_state().available is False  # it has no model
    Worker.objects.update(model="tiny")
    assert worker_state.help_state().available is True


def test_an_engine_whose_thread_died_is_loaded_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("models", "add", str(file))
    call_command("models", "activate", "tiny")
    engines = [FakeEngine(), FakeEngine()]
    monkeypatch.setattr(worker_state, "load", lambda *_: engines.pop(0))
    holder = worker_state.Holder()
    first = holder.engine()
    assert holder.engine() is first
    first.usable = False  # type: ignore[misc]
    assert holder.model_name == ""
    assert holder.engine() is not first
