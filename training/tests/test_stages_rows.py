"""Which rows a stage learns from, and what weights do to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.inference.trained_prompts import Task
from training.recipe_files import BadRecipe
from training.sampling import prompt_of
from training.schemas import Example, Objective, Origin, Pair, PairSource, Split, write_rows
from training.stages.recipe import BaseModel, Recipe, Stage, Training, read_recipe
from training.stages.rows import NothingToLearn, read_split, some_of, weigh

ORIGIN = Origin("invented", "1", "cc0-1.0")
RECIPES = Path(__file__).resolve().parents[1] / "recipes"


def example(name: str, **told: Any) -> Example:
    return Example(
        **{
            "id": name,
            "task": Task.IMPROVE,
            "answer": "How are you now?",
            "origin": ORIGIN,
            "group": name,
            "draft": "How are you?",
            **told,
        }
    )


def pair(name: str, **told: Any) -> Pair:
    return Pair(
        **{
            "id": name,
            "task": Task.GENERATE,
            "chosen": "That sounds hard.",
            "rejected": "Get over it.",
            "source": PairSource.COMMUNITY_VOTE,
            "objective": Objective.EMPATHY,
            "origin": ORIGIN,
            "group": name,
            "post": "My cat ran away.",
            **told,
        }
    )


def recipe(stage: Stage = Stage.SFT, **told: Any) -> Recipe:
    return Recipe(
        **{
            "name": "test",
            "stage": stage,
            "base": BaseModel(Path("base.gguf"), "base"),
            "training": Training(1e-3),
            **told,
        }
    )


@pytest.mark.parametrize(
    "path", sorted(RECIPES.glob("[gis]m*/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_every_recipe_of_a_stage_is_read(path: Path) -> None:
    stage = Stage.SFT if "sft" in path.name else Stage.DPO
    assert read_recipe(path, stage).stage is stage


def test_a_recipe_of_the_other_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="this is a recipe for sft, not for dpo"):
        read_recipe(RECIPES / "im" / "sft.yaml", Stage.DPO)


def test_a_layer_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    told = (RECIPES / "im" / "sft.yaml").read_text(encoding="utf-8")
    path = tmp_path / "sft.yaml"
    path.write_text(told.replace("lora: {", "lora: {targets: [middle_proj], "), encoding="utf-8")
    with pytest.raises(BadRecipe, match="middle_proj: no such layer"):
        read_recipe(path, Stage.SFT)


def test_two_recipes_that_differ_in_a_number_have_different_hashes() -> None:
    assert recipe(seed=1).sha256() == recipe(seed=1).sha256() != recipe(seed=2).sha256()


def test_only_rows_of_the_split_and_of_the_tasks_are_learned(tmp_path: Path) -> None:
    rows = [example("a"), example("b", split=Split.HELD_OUT), example("c", task=Task.GENERATE, post="Hello.")]
    write_rows(rows, tmp_path / "examples.jsonl")
    assert [row.id for row in read_split(tmp_path, recipe(), Split.TRAIN)] == ["a"]


def test_dpo2_takes_the_pairs_of_peoples_ratings_alone(tmp_path: Path) -> None:
    write_rows([pair("a"), pair("b", source=PairSource.HUMAN_RATING)], tmp_path / "pairs.jsonl")
    told = recipe(Stage.DPO, tasks=(Task.GENERATE,), sources=(PairSource.HUMAN_RATING,))
    assert [row.id for row in read_split(tmp_path, told, Split.TRAIN)] == ["b"]


def test_data_without_a_fitting_row_is_named(tmp_path: Path) -> None:
    write_rows([pair("a")], tmp_path / "pairs.jsonl")
    with pytest.raises(NothingToLearn, match=r"pairs\.jsonl: no row of split train for the tasks improve"):
        read_split(tmp_path, recipe(Stage.DPO), Split.TRAIN)


def test_a_weight_of_two_doubles_and_a_weight_of_zero_leaves_out() -> None:
    rows = [pair("a", objective=Objective.SAFETY), pair("b", objective=Objective.STYLE), pair("c")]
    weights = {"objective": {"safety": 2.0, "style": 0.0}}
    assert [row.id for row in weigh(rows, weights, fields=("objective",), seed=1)] == ["a", "a", "c"]


def test_a_weight_of_a_half_keeps_about_half_of_the_rows_and_always_the_same() -> None:
    rows = [example(str(number), built="fault:cold") for number in range(400)]
    weights = {"built": {"fault:*": 0.5}}
    kept = weigh(rows, weights, fields=("built",), seed=3)
    assert 160 < len(kept) < 240
    assert kept == weigh(rows, weights, fields=("built",), seed=3)


def test_weights_of_several_fields_are_multiplied() -> None:
    rows = [pair("a", objective=Objective.SAFETY)]
    weights = {"objective": {"safety": 2.0}, "source": {"community_vote": 1.5}}
    assert len(weigh(rows, weights, fields=("objective", "source"), seed=1)) == 3


def test_a_weight_for_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValueError, match="mood: no such field"):
        weigh([pair("a")], {"mood": {"glad": 2.0}}, fields=("objective",), seed=1)


def test_the_limit_takes_the_same_rows_every_time() -> None:
    rows = [pair(str(number)) for number in range(50)]
    assert some_of(rows, 5, seed=1) == some_of(rows, 5, seed=1) != some_of(rows, 5, seed=2)


def test_the_prompt_of_a_row_is_the_one_that_the_site_asks() -> None:
    row = example("a", post="I am new here.", goals=("warmer",), keep=("How are you",), answer="How are you now?")
    texts = [segment.text for segment in prompt_of(row).segments]
    assert texts[1] == "I am new here."
    assert any("Goals:\nwarmer" in text for text in texts)
    assert texts[-2] == "How are you"
