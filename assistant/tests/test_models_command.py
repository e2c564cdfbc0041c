"""Model files are registered by path and hash, and one of them answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import worker_state
from assistant.actions import deployments
from assistant.actions.refused import Refused
from assistant.inference import gguf
from assistant.inference.engine import ModelUnavailable
from assistant.inference.types import Mode
from assistant.models import AuditEvent, Deployment, ModelVersion, Worker
from assistant.tests import gguf_files
from webapp.test import Cast, FakeEngine

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return gguf_files.base(tmp_path / "tiny.gguf")


@pytest.fixture
def lora(tmp_path: Path, file: Path) -> Path:
    call_command("models", "add", str(file), "--name", "tiny")
    return gguf_files.adapter(tmp_path / "lora.gguf", of=file)


def broken(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1] + b"x")


def test_a_file_is_registered_with_what_it_hashes_to(file: Path) -> None:
    call_command("models", "add", str(file))
    version = ModelVersion.objects.get()
    assert (version.name, version.size, len(version.sha256)) == ("tiny", file.stat().st_size, 64)
    assert (version.kind, version.layout) == ("base", "F32")


def test_a_file_with_another_hash_is_refused(file: Path) -> None:
    with pytest.raises(CommandError, match="hashes to"):
        call_command("models", "add", str(file), "--sha256", "0" * 64)
    assert ModelVersion.objects.count() == 0


def test_without_the_key_file_it_says_what_to_run(file: Path, tmp_path: Path, settings: Settings) -> None:
    settings.VAULT_KEYS_FILE = tmp_path / "lost-keys"
    with pytest.raises(
        CommandError, match=r"lost-keys: no such file\. Restore it, or run `manage\.py rotate_keys --create`"
    ):
        call_command("models", "add", str(file))
    assert ModelVersion.objects.count() == 0


def test_an_adapter_without_papers_is_refused_with_the_option_that_names_them(lora: Path) -> None:
    with pytest.raises(CommandError, match="Name the file that was written, with --manifest"):
        call_command("models", "add", str(lora))


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


def test_rolling_back_is_another_row_and_there_is_something_to_go_back_to(file: Path) -> None:
    call_command("models", "add", str(file), "--name", "first")
    call_command("models", "add", str(file), "--name", "second")
    call_command("models", "activate", "first")
    with pytest.raises(CommandError, match="No other version"):
        call_command("models", "rollback")
    call_command("models", "activate", "second")
    call_command("models", "rollback")
    assert {answers(mode) for mode in Mode} == {"first"}


def test_what_no_worker_could_open_is_not_activated_nor_gone_back_to(tmp_path: Path, file: Path) -> None:
    for name in ("first", "second"):
        call_command("models", "add", str(file), "--name", name)
        call_command("models", "activate", name)
    third = gguf_files.base(tmp_path / "third.gguf", width=64)
    call_command("models", "add", str(third))
    third.write_bytes(third.read_bytes()[:-1])
    with pytest.raises(CommandError, match=r"third.gguf has \d+ bytes where"):
        call_command("models", "activate", "third")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CommandError, match=r"tiny.gguf has \d+ bytes where"):
        call_command("models", "rollback")
    assert {answers(mode) for mode in Mode} == {"second"}
    assert Deployment.objects.count() == 2


def test_an_unknown_name_is_answered_with_the_known_ones(file: Path) -> None:
    call_command("models", "add", str(file))
    with pytest.raises(CommandError, match="tiny"):
        call_command("models", "activate", "big")


def test_verify_names_a_file_that_changed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("models", "add", str(file))
    call_command("models", "verify")
    broken(file)
    with pytest.raises(CommandError):
        call_command("models", "verify")
    assert "refused  tiny" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["x" * 101, "tiny\x1b[31m", "two\nlines", " tiny", "--all", "tiny\u202e"])
def test_a_name_that_no_page_and_no_terminal_can_show_is_refused(file: Path, name: str) -> None:
    with pytest.raises(CommandError, match="a name has 1 to 100 characters that can be seen"):
        call_command("models", "add", str(file), f"--name={name}")
    assert not ModelVersion.objects.exists()


def test_what_the_row_cannot_hold_is_refused_in_words(file: Path) -> None:
    with pytest.raises(CommandError, match="The served model has more than 200 characters"):
        call_command("models", "add-remote", "http://10.0.0.5:8080", "--name", "far", "--served-model", "x" * 201)
    assert not ModelVersion.objects.exists()


def test_verify_does_not_pass_a_name_that_it_does_not_know(file: Path) -> None:
    call_command("models", "add", str(file))
    with pytest.raises(CommandError, match=r"tinny: no such model version. Known: tiny"):
        call_command("models", "verify", "tinny")


def test_going_back_says_who_did_if_it_was_an_admin(file: Path, cast: Cast) -> None:
    for name in ("first", "second"):
        call_command("models", "add", str(file), "--name", name)
        call_command("models", "activate", name)
    with pytest.raises(CommandError, match="only admins decide"):
        call_command("models", "rollback", "--by", "wren")
    call_command("models", "rollback", "--by", "willow")
    assert {row.by for row in Deployment.objects.all()[2:]} == {cast.willow}


def test_a_file_that_changed_is_not_opened(file: Path) -> None:
    call_command("models", "add", str(file))
    call_command("models", "activate", "tiny")
    broken(file)
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


# Adapters, modes, remote models


def answers(mode: Mode) -> str:
    version = Deployment.active_version(mode)
    return version.name if version else ""


def add_adapter(path: Path, *, name: str, mode: str) -> None:
    base = ModelVersion.objects.get(name="tiny")
    call_command("models", "add", str(gguf_files.papers(path, base=base.sha256, mode=mode)), "--name", name)


def test_an_adapter_is_known_by_its_file_and_belongs_to_a_base_and_a_mode(lora: Path) -> None:
    add_adapter(lora, name="warm", mode="improve")
    version = ModelVersion.objects.get(name="warm")
    assert (version.kind, version.mode, version.base and version.base.name) == ("adapter", "improve", "tiny")


@pytest.mark.parametrize(("width", "architecture", "said"), [(32, "gemma", "made for gemma"), (64, "", "shape")])
def test_an_adapter_of_another_base_is_refused(
    tmp_path: Path, lora: Path, width: int, architecture: str, said: str
) -> None:
    other = gguf_files.base(tmp_path / "other.gguf", width=width)
    strange = gguf_files.adapter(tmp_path / "strange.gguf", of=other, architecture=architecture)
    with pytest.raises(CommandError, match=said):  # whatever its manifest says
        add_adapter(strange, name="strange", mode="improve")


def test_an_adapter_answers_in_its_own_mode_alone(lora: Path) -> None:
    add_adapter(lora, name="warm", mode="improve")
    call_command("models", "activate", "tiny")
    call_command("models", "activate", "warm")
    assert (answers(Mode.IMPROVE), answers(Mode.GENERATE)) == ("warm", "tiny")
    with pytest.raises(CommandError, match="cannot generate"):
        call_command("models", "activate", "warm", "--mode", "generate")
    call_command("models", "rollback", "--mode", "improve")
    assert (answers(Mode.IMPROVE), answers(Mode.GENERATE)) == ("tiny", "tiny")


def test_one_engine_with_the_adapters_of_both_modes_answers_both(lora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, mode in (("warm", "improve"), ("first-words", "generate")):
        add_adapter(lora, name=name, mode=mode)
        call_command("models", "activate", name)
    loaded: list[list[str]] = []

    def load(base: ModelVersion, adapters: list[ModelVersion]) -> FakeEngine:
        loaded.append([base.name, *(adapter.name for adapter in adapters)])
        return FakeEngine()

    monkeypatch.setattr(worker_state, "load", load)
    holder = worker_state.Holder()
    improving, generating = holder.serving(Mode.IMPROVE), holder.serving(Mode.GENERATE)
    assert improving.engine is generating.engine
    assert (improving.adapter, generating.adapter) == ("warm", "first-words")
    assert improving.version == ModelVersion.objects.get(name="warm")
    assert [sorted(names) for names in loaded] == [["first-words", "tiny", "warm"]]


def test_two_bases_for_the_two_modes_are_refused_unless_a_worker_serves_one_mode(
    file: Path, settings: Settings
) -> None:
    for name in ("one", "two"):
        call_command("models", "add", str(file), "--name", name)
    call_command("models", "activate", "one")
    with pytest.raises(CommandError, match="generate from one and improve from two"):
        call_command("models", "activate", "two", "--mode", "improve")
    assert answers(Mode.IMPROVE) == "one"
    settings.EMBEDDED, settings.WORKER_MODES = False, ["improve"]
    call_command("models", "activate", "two", "--mode", "improve")
    assert (answers(Mode.IMPROVE), answers(Mode.GENERATE)) == ("two", "one")


def test_a_remote_model_may_answer_one_mode_beside_a_file(file: Path) -> None:
    call_command("models", "add", str(file))
    call_command("models", "add-remote", "http://10.0.0.5:8080", "--name", "far", "--served-model", "big")
    call_command("models", "activate", "tiny")
    call_command("models", "activate", "far", "--mode", "generate")
    assert (answers(Mode.IMPROVE), answers(Mode.GENERATE)) == ("tiny", "far")
    with pytest.raises(CommandError, match="REMOTE_API_KEY"):
        call_command("models", "add-remote", "http://me:key@10.0.0.5", "--name", "leaky")


def test_another_layout_takes_over_with_the_adapters_that_were_active(file: Path, lora: Path) -> None:
    add_adapter(lora, name="warm", mode="improve")
    call_command("models", "activate", "tiny")
    call_command("models", "activate", "warm")
    tiny, warm = ModelVersion.objects.get(name="tiny"), ModelVersion.objects.get(name="warm")
    derived = ModelVersion.objects.create(
        name="tiny-q8_0", path=str(file), sha256=tiny.sha256, size=tiny.size, derived_from=tiny
    )
    deployments.activate_layout(derived)
    assert (answers(Mode.IMPROVE), answers(Mode.GENERATE)) == ("warm", "tiny-q8_0")
    assert Deployment.base_for(warm) == derived


def test_a_file_with_an_adapter_merged_gives_the_help_of_that_adapter_alone(
    file: Path, lora: Path, settings: Settings
) -> None:
    add_adapter(lora, name="warm", mode="improve")
    call_command("models", "activate", "tiny")
    tiny = ModelVersion.objects.get(name="tiny")
    merged = ModelVersion.objects.create(
        name="tiny+warm-q8_0", path=str(file), sha256=tiny.sha256, size=tiny.size, derived_from=tiny, mode="improve"
    )
    with pytest.raises(Refused, match="WORKER_MODES, which needs workers of their own"):
        deployments.activate(merged)
    assert answers(Mode.IMPROVE) == "tiny"
    settings.EMBEDDED, settings.WORKER_MODES = False, ["improve"]
    deployments.activate(merged)
    assert (answers(Mode.IMPROVE), answers(Mode.GENERATE)) == ("tiny+warm-q8_0", "tiny")
    with pytest.raises(Refused, match="trained to improve; it cannot generate"):
        deployments.activate(merged, mode=Mode.GENERATE)


def test_what_a_worker_reports_is_numbers_names_and_hashes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("models", "add", str(file))
    call_command("models", "activate", "tiny")
    monkeypatch.setattr(worker_state, "load", lambda *_: FakeEngine())
    monkeypatch.setattr(worker_state, "holder", worker_state.Holder())
    worker_state.holder.serving(Mode.IMPROVE)
    worker_state.beat()
    state = Worker.objects.get().state
    assert (state["slots"], state["running"], state["sha256"], state["adapters"]) == (1, 0, "0" * 64, {})
    assert state["modes"] == ["generate", "improve"]


def test_a_worker_with_a_file_here_and_a_server_elsewhere_reports_both(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_command("models", "add", str(file))
    call_command("models", "add-remote", "http://10.0.0.5:8080", "--name", "far", "--served-model", "big")
    call_command("models", "activate", "tiny")
    call_command("models", "activate", "far", "--mode", "generate")

    def load(version: ModelVersion, _adapters: object) -> FakeEngine:
        engine = FakeEngine()
        engine.model = replace(engine.model, name=version.name)
        return engine

    monkeypatch.setattr(worker_state, "load", load)
    monkeypatch.setattr(worker_state, "holder", worker_state.Holder())
    worker_state.holder.serving(Mode.GENERATE)
    worker_state.holder.serving(Mode.IMPROVE)
    worker_state.beat()
    state = Worker.objects.get().state
    assert [state["model"], *(other["model"] for other in state["others"])] == ["tiny", "far"]


@pytest.mark.parametrize("content", [b"GGUF" + bytes(100), b"text", b"GGUF\x03\0\0\0" + b"\xff" * 16, b""])
def test_a_file_that_is_no_whole_gguf_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(content)
    with pytest.raises(CommandError, match="not a whole GGUF"):
        call_command("models", "add", str(path))


def test_every_cut_of_a_header_is_an_error_of_ours(tmp_path: Path, lora: Path) -> None:
    content = lora.read_bytes()
    for length in range(0, 700, 7):
        (tmp_path / "cut.gguf").write_bytes(content[:length])
        with pytest.raises(ModelUnavailable, match="not a whole GGUF"):
            gguf.read_header(tmp_path / "cut.gguf")


def test_a_server_outside_the_network_is_not_added() -> None:
    with pytest.raises(CommandError, match="outside the network"):
        call_command("models", "add-remote", "http://8.8.8.8:8080", "--name", "far")
    assert not ModelVersion.objects.exists()


def test_reports_of_workers_that_are_gone_are_pruned() -> None:
    Worker.objects.create(name="gone:1", seen_at=timezone.now() - timedelta(days=2))
    Worker.objects.create(name="here:1", seen_at=timezone.now() - timedelta(hours=2))
    call_command("prune")
    assert [worker.name for worker in Worker.objects.all()] == ["here:1"]
