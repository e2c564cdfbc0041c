"""A recipe is computed in a precision that the machine has."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.stages import machine
from training.stages.machine import on_this_machine
from training.stages.recipe import Precision, Recipe, Stage, read_recipe

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "im" / "sft.yaml"


@pytest.fixture
def recipe() -> Recipe:
    read = read_recipe(RECIPE, Stage.SFT)
    assert read.training.precision is Precision.BFLOAT16
    return read


def test_what_the_machine_computes_stays(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "computes_bfloat16", lambda: True)
    assert on_this_machine(recipe) is recipe


def test_what_it_would_imitate_becomes_float32_and_that_is_said(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "computes_bfloat16", lambda: False)
    changed = on_this_machine(recipe)
    assert changed.training.precision is Precision.FLOAT32
    assert changed.lora == recipe.lora
    assert changed.sha256() != recipe.sha256(), "a manifest says what was computed"
    assert "float32 instead of bfloat16" in capsys.readouterr().err
