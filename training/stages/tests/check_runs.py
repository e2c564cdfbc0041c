"""Runs of a tiny base: killed and resumed, discarded, gone on with, refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from safetensors.torch import load_file

from training.stages import course, dpo, sft, tracking
from training.stages.course import ADAPTER, Discarded, RunRefused
from training.stages.lora import WEIGHTS
from training.stages.recipe import BaseModel, Recipe, SafetyBound, Stage
from training.stages.tests import tiny

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    return tiny.folder(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def finished(base: BaseModel, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "unbroken"
    sft.train(tiny.recipe(base), data=data, run=run)
    return run


def losses(run: Path) -> dict[int, float]:
    return {line["step"]: line["loss"] for line in tracking.read_metrics(run) if "loss" in line}


def written(recipe: Recipe, path: Path) -> Path:
    path.write_text(yaml.safe_dump(recipe.as_dict()), encoding="utf-8")
    return path


def start(recipe: Path, data: Path, run: Path, *more: str) -> subprocess.Popen[bytes]:
    words: list[str | Path] = ["-m", "training.stages", "sft", "--recipe", recipe, "--data", data, "--run", run, *more]
    return subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_a_killed_run_goes_on_where_it_was_and_its_curve_is_the_unbroken_one(
    base: BaseModel, data: Path, finished: Path, tmp_path: Path
) -> None:
    recipe, run = written(tiny.recipe(base), tmp_path / "recipe.yaml"), tmp_path / "run"
    process = start(recipe, data, run)
    until = time.monotonic() + 120
    while max(losses(run), default=0) < 5 and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (run / ADAPTER).exists()
    assert start(recipe, data, run, "--resume").wait() == 0
    assert (run / ADAPTER).is_dir()
    unbroken, resumed = losses(finished), losses(run)
    assert list(resumed) == list(unbroken) == list(range(1, 13))
    assert resumed == pytest.approx(unbroken, rel=1e-3)
    steps = [line["step"] for line in tracking.read_metrics(run) if "validation_loss" in line]
    assert steps == [0, 3, 6, 9, 12]


def test_the_loss_falls_and_the_summary_says_how(finished: Path) -> None:
    told = json.loads((finished / tracking.SUMMARY).read_text(encoding="utf-8"))
    assert told["best"]["validation_loss"] < told["before"]["validation_loss"]
    assert told["tokens"] > 0
    assert told["record"]["data"]["rows_sha256"]
    assert (finished / tracking.PLOT).stat().st_size > 1000


def test_the_adapter_does_not_say_where_its_base_lay(base: BaseModel, finished: Path) -> None:
    for file in (finished / ADAPTER).iterdir():
        assert str(base.path).encode() not in file.read_bytes()


def test_dpo_goes_on_from_sft_and_wins_pairs(base: BaseModel, data: Path, finished: Path, tmp_path: Path) -> None:
    told = dpo.train(tiny.recipe(base, Stage.DPO), data=data, run=tmp_path / "dpo", adapter=finished / ADAPTER)
    assert told["best"]["validation_wins"] > 0.9
    assert told["best"]["validation_wins_empathy"] == told["best"]["validation_wins_community_vote"]
    assert told["record"]["parent"]["record"]["name"] == "tiny-sft"


def test_a_run_whose_answers_got_worse_is_discarded(base: BaseModel, data: Path, tmp_path: Path) -> None:
    bound = SafetyBound(prompts=2, worse_by=-1.5, max_tokens=4)  # no run can be that much better
    with pytest.raises(Discarded):
        sft.train(tiny.recipe(base, safety=bound), data=data, run=tmp_path / "run")
    assert not (tmp_path / "run" / ADAPTER).exists()
    assert json.loads((tmp_path / "run" / tracking.DISCARDED).read_text(encoding="utf-8"))["step"] == 3


def test_a_run_goes_back_to_the_last_check_that_passed(
    base: BaseModel, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flagged = iter([0.0, 0.0, 0.0, 1.0])  # before, and at the steps 3, 6 and 9
    monkeypatch.setattr(course, "share_flagged", lambda *_: next(flagged))
    run = tmp_path / "run"
    told = sft.train(tiny.recipe(base, safety=SafetyBound(prompts=2, max_tokens=4)), data=data, run=run)
    discarded = json.loads((run / tracking.DISCARDED).read_text(encoding="utf-8"))
    assert (discarded["step"], discarded["passed_at_step"], told["adapter_of_step"]) == (9, 6, 6)
    kept, six = (load_file(folder / WEIGHTS) for folder in (run / ADAPTER, run / "checkpoints" / "checkpoint-6"))
    assert kept.keys() == six.keys()
    assert all(bool((kept[name] == six[name]).all()) for name in kept)


def test_a_run_that_ended_is_not_run_over(base: BaseModel, data: Path, finished: Path) -> None:
    with pytest.raises(RunRefused, match="has ended"):
        sft.train(tiny.recipe(base), data=data, run=finished)


def test_a_run_does_not_go_on_with_another_recipe(base: BaseModel, data: Path, tmp_path: Path) -> None:
    (tmp_path / "begun.json").write_text(json.dumps({"recipe_sha256": "another"}), encoding="utf-8")
    with pytest.raises(RunRefused, match="recipe_sha256 is another one"):
        sft.train(tiny.recipe(base), data=data, run=tmp_path, resume=True)


def test_a_checkpoint_that_a_kill_cut_off_does_not_count(tmp_path: Path) -> None:
    from training.stages.trainer import WHOLE, last_checkpoint

    for step, is_whole in ((3, True), (6, False)):
        folder = tmp_path / "checkpoints" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        if is_whole:
            (folder / WHOLE).touch()
    found = last_checkpoint(tmp_path)
    assert found is not None
    assert found.name == "checkpoint-3"
    assert not (tmp_path / "checkpoints" / "checkpoint-6").exists()
