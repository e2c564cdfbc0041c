"""The adapters that a release brings answer from the first start on, until somebody chooses otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from assistant.actions.deployments import activate_layout
from assistant.inference import openmp, tuning
from assistant.inference.modelfile import STARTER, ModelFile
from assistant.inference.types import Mode
from assistant.models import AuditEvent, Deployment, ModelVersion
from assistant.tests import gguf_files
from webapp import starting

pytestmark = pytest.mark.django_db

MODES = {"im": "improve", "gm": "generate"}


class Release:
    """The folder of adapters, as one release after the other has it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tiny = gguf_files.base(folder.with_name("tiny.gguf"))  # the starter model itself is not here to look into

    def brings(self, number: int, *kinds: str) -> None:
        for kind in kinds or MODES:
            home = self.folder / kind
            home.mkdir(parents=True, exist_ok=True)
            lora = gguf_files.adapter(home / "adapter.gguf", of=self.tiny, seed=2 * number + [*MODES].index(kind))
            gguf_files.papers(lora, base=STARTER.sha256, mode=MODES[kind], name=f"{kind}-starter-{number}")
            for what in ("manifest", "report"):
                (home / f"adapter.{what}.json").rename(home / f"{what}.json")


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Release:
    settings.DATA_DIR = tmp_path / "data"
    monkeypatch.setattr(starting, "STARTER_ADAPTERS", tmp_path / "starter")
    return Release(tmp_path / "starter")


def answers() -> list[str]:
    versions = [Deployment.active_version(mode) for mode in (Mode.IMPROVE, Mode.GENERATE)]
    return [version.name if version else "" for version in versions]


def test_they_answer_from_the_first_start_on(release: Release) -> None:
    release.brings(1)
    line = starting.register_model()
    assert line == "smollm2-135m-instruct with adapters im-starter-1, gm-starter-1 (registered now)"
    assert answers() == ["im-starter-1", "gm-starter-1"]
    assert {version.prompt for version in ModelVersion.objects.filter(shipped=True)} == {"improve-2", "generate-2"}


def test_starting_again_changes_nothing(release: Release) -> None:
    release.brings(1)
    starting.register_model()
    before = AuditEvent.objects.count()
    assert "with adapters im-starter-1, gm-starter-1 (registered 2" in starting.register_model()
    assert AuditEvent.objects.count() == before
    assert ModelVersion.objects.count() == 3


def test_without_them_the_base_answers_alone(release: Release) -> None:
    assert starting.register_model() == "smollm2-135m-instruct (registered now)"
    release.brings(1, "im")  # a later release
    assert "with adapter im-starter-1 (" in starting.register_model()
    assert answers() == ["im-starter-1", "smollm2-135m-instruct"]


def test_a_newer_one_takes_over_and_one_can_go_back(release: Release) -> None:
    release.brings(1)
    starting.register_model()
    release.brings(2, "im")  # over the files of the first
    starting.register_model()
    assert answers() == ["im-starter-2", "gm-starter-1"]
    call_command("models", "verify", "im-starter-1")
    call_command("models", "rollback", "--mode", "improve")
    starting.register_model()
    assert answers() == ["im-starter-1", "gm-starter-1"]
    release.brings(3, "im")
    assert "im-starter-1" in starting.register_model()
    assert answers() == ["im-starter-1", "gm-starter-1"]
    for number in (1, 2, 3):  # the third is registered, for who wants it
        call_command("models", "verify", f"im-starter-{number}")


def test_what_somebody_chose_stays(release: Release) -> None:
    release.brings(1)
    starting.register_model()
    call_command("models", "activate", "smollm2-135m-instruct")
    for number in (1, 2):
        release.brings(number)
        starting.register_model()
        assert answers() == ["smollm2-135m-instruct", "smollm2-135m-instruct"]


def test_another_layout_keeps_them(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    release.brings(1)
    starting.register_model()
    starter = ModelVersion.objects.get(sha256=STARTER.sha256)
    wishes: list[Any] = []

    def optimize(wish: Any, *, say: Any) -> tuple[Any, ModelVersion]:
        wishes.append(wish)
        derived = ModelVersion.objects.create(name="starter-bf16", sha256="b" * 64, layout="BF16", derived_from=starter)
        return SimpleNamespace(reason="BF16 is faster."), derived

    monkeypatch.setattr(starting, "optimize", optimize)
    assert starting.measure_layout(lambda _: None) == "BF16 is faster."
    assert wishes[0].original == starter
    assert answers() == ["im-starter-1", "gm-starter-1"]
    improving = Deployment.active_version(Mode.IMPROVE)
    assert improving is not None
    assert Deployment.loaded_for(improving).name == "starter-bf16"
    assert starting.measure_layout(lambda _: None) == "as registered"  # measured once
    release.brings(2)
    assert "starter-bf16 with adapters im-starter-2, gm-starter-2" in starting.register_model()


def test_threads_are_measured_for_the_file_that_carries_them(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    release.brings(1)
    starting.register_model()
    files = []

    def key_of(file: ModelFile) -> str:
        files.append(file.sha256)
        return "key"

    monkeypatch.setattr(openmp, "set_by_operator", list)
    monkeypatch.setattr(tuning, "key_of", key_of)
    monkeypatch.setattr(starting, "LARGEST_TO_TUNE", 0)
    assert "not measured" in starting.measure_threads(lambda _: None)
    assert files == [STARTER.sha256]


def test_nothing_is_measured_that_cannot_be_kept(
    release: Release, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    release.brings(1)
    starting.register_model()
    monkeypatch.setattr(openmp, "set_by_operator", list)
    settings.THREADS_FILE = tmp_path / "nowhere" / "threads.json"
    said: list[str] = []
    assert f"THREADS_FILE={settings.THREADS_FILE} cannot be written" in starting.measure_threads(said.append)
    assert said == []


def test_a_worker_that_computes_nothing_here_measures_nothing(settings: Settings) -> None:
    far = ModelVersion.objects.create(name="far", kind="remote", url="http://10.0.0.5:8080")
    Deployment.objects.create(version=far)
    assert starting.measure_threads(lambda _: None) == "no model is computed here"


def test_what_cannot_be_measured_is_said_and_stops_nothing() -> None:
    def broken(_say: object) -> str:
        raise OSError("the disk is full")

    assert starting.try_to_measure(broken, lambda _: None) == "not measured: OSError. It runs with what it has."


def test_one_that_cannot_be_used_is_left_out_and_the_line_says_why(release: Release) -> None:
    release.brings(1)
    (release.folder / "im" / "report.json").unlink()
    line = starting.register_model()
    assert "with adapter gm-starter-1" in line
    assert "the adapter in im/ was left out" in line
    assert "no report can be read" in line


def test_a_copy_that_was_removed_is_made_again(release: Release) -> None:
    release.brings(1)
    starting.register_model()
    for version in ModelVersion.objects.filter(shipped=True):
        Path(version.path).unlink()
    starting.register_model()
    for version in ModelVersion.objects.filter(shipped=True):
        call_command("models", "verify", version.name)


def test_where_several_machines_share_only_the_program_no_copy_is_made(release: Release, settings: Settings) -> None:
    settings.EMBEDDED = False
    release.brings(1, "im")
    starting.register_model()
    assert Path(ModelVersion.objects.get(shipped=True).path) == release.folder / "im" / "adapter.gguf"


def test_another_model_gets_none_of_them(release: Release, tmp_path: Path, settings: Settings) -> None:
    release.brings(1)
    settings.MODEL_PATH = str(tmp_path / "big.gguf")
    Path(settings.MODEL_PATH).write_bytes(b"GGUF" + bytes(20))
    assert starting.register_model() == "big (registered now)"
    settings.MODEL_PATH = ""
    starting.register_model()
    assert answers() == ["big", "big"]


def test_what_the_repository_has_is_whole() -> None:
    """The folder itself: what is there can be registered on the starter model."""
    root = Path(starting.__file__).resolve().parents[1] / "assistant" / "starter"
    for path in root.glob("*/adapter.gguf"):
        manifest = json.loads((path.parent / "manifest.json").read_text())
        report = json.loads((path.parent / "report.json").read_text())
        assert manifest["base"]["sha256"] == STARTER.sha256
        assert manifest["adapter"]["sha256"] == report["facts"]["adapter SHA-256"] == gguf_files.sha256(path)
        assert path.stat().st_size < 8 * 2**20


def test_a_layout_chosen_by_hand_keeps_them_too(release: Release) -> None:
    release.brings(1)
    starting.register_model()
    starter = ModelVersion.objects.get(sha256=STARTER.sha256)
    activate_layout(ModelVersion.objects.create(name="q8", sha256="b" * 64, derived_from=starter))
    release.brings(2)
    starting.register_model()
    assert answers() == ["im-starter-2", "gm-starter-2"]
