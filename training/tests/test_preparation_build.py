"""From a small invented community to rows, files and a report; twice the same."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("datasketch")

from training.licences import Refused, Use
from training.preparation.__main__ import main
from training.preparation.build import Settings, prepare
from training.preparation.division import on_both_sides
from training.preparation.mix import MixError, MixOptions
from training.preparation.recipe import DataRecipe, SourceUse
from training.recipe_files import BadRecipe
from training.schemas import Example, Pair, PairSource, Split, read_rows
from training.stages.rows import hashes
from training.sums import sha256_of

RECIPES = Path(__file__).parents[1] / "recipes" / "data"
SAMPLE = Path(__file__).parent / "samples" / "smoke" / "community.jsonl"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A third of the sample, two texts of which are in a suite."""
    folder = tmp_path_factory.mktemp("data")
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()[:12]
    (folder / "smoke").mkdir()
    (folder / "smoke" / "community.jsonl").write_text("\n".join(lines), encoding="utf-8")
    told = json.loads(lines[0])
    suite = [{"case": told["post"]}, {"case": json.loads(lines[1])["comments"][0]["text"]}]
    (folder / "suite.jsonl").write_text("\n".join(map(json.dumps, suite)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def recipe() -> DataRecipe:
    return DataRecipe.read(RECIPES / "smoke.yaml")


@pytest.fixture(scope="module")
def run(data: Path, recipe: DataRecipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("run")
    return out, prepare(recipe, settings(data, out))


def settings(data: Path, out: Path) -> Settings:
    suites = (data / "suite.jsonl",)
    return Settings(data, out, evaluation=suites, own_suites=(), processes=1, quiet=True)


def test_every_step_accounts_for_what_came(run: tuple[Path, dict[str, Any]]) -> None:
    out, told = run
    steps = told["quarantine"]["steps"]
    assert all(one["came"] == one["kept"] + one["set_aside"] for one in steps)
    lines = (out / "quarantine.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum(one["set_aside"] for one in steps) == len(lines) > 0
    texts = [one for one in steps if one["what"] == "text"]
    assert texts[0]["came"] == told["texts_in"]
    assert all(one["kept"] == other["came"] for one, other in pairwise(texts))


def test_what_leaks_is_set_aside_with_all_that_answers_it(run: tuple[Path, dict[str, Any]], data: Path) -> None:
    out, told = run
    assert told["leaks"]["sets"][0]["leaks"] == 5  # a post, its three answers, an answer elsewhere
    secret = json.loads((data / "suite.jsonl").read_text(encoding="utf-8").splitlines()[0])["case"]
    assert secret not in (out / "examples.jsonl").read_text(encoding="utf-8")


def test_rows_can_be_read_and_none_crosses(run: tuple[Path, dict[str, Any]]) -> None:
    out, _ = run
    examples = list(read_rows(Example, out / "examples.jsonl"))
    pairs = list(read_rows(Pair, out / "pairs.jsonl"))
    assert on_both_sides(examples, pairs) == []
    assert {one.split for one in examples} >= {Split.TRAIN, Split.HELD_OUT}
    assert len({one.id for one in examples}) == len(examples)
    assert all(one.scores["quality"] >= 0 and "post_level" in one.scores for one in examples)


def test_the_report_names_hashes_licences_and_no_text(run: tuple[Path, dict[str, Any]], data: Path) -> None:
    out, told = run
    shown = (out / "report.md").read_text(encoding="utf-8")
    assert told["sha256"]["examples.jsonl"] in shown
    assert "CC0 1.0" in shown
    for line in (data / "smoke" / "community.jsonl").read_text(encoding="utf-8").splitlines():
        assert json.loads(line)["post"] not in shown
    assert json.loads((out / "report.json").read_text(encoding="utf-8"))["sha256"] == told["sha256"]


def test_the_files_of_a_source_can_be_traced_from_what_learns_from_them(
    run: tuple[Path, dict[str, Any]], data: Path
) -> None:
    out, _ = run
    read = {"community.jsonl": sha256_of(data / "smoke" / "community.jsonl")}
    assert read in hashes(out, "examples.jsonl")["sources"].values()
    assert read["community.jsonl"] in (out / "report.md").read_text(encoding="utf-8")


def test_a_second_run_gives_the_same_bytes(
    run: tuple[Path, dict[str, Any]], data: Path, recipe: DataRecipe, tmp_path: Path
) -> None:
    out, told = run
    assert prepare(recipe, settings(data, tmp_path)) == told
    for name in ("examples.jsonl", "pairs.jsonl", "quarantine.jsonl", "report.json", "report.md"):
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes()


def test_a_mix_that_cannot_be_had_fails_and_leaves_no_report(data: Path, recipe: DataRecipe, tmp_path: Path) -> None:
    shares = tuple(replace(one, copies=1) for one in recipe.mix.shares)
    (tmp_path / "report.json").write_text("{}", encoding="utf-8")
    with pytest.raises(MixError, match="more than 2 points off"):
        prepare(replace(recipe, mix=MixOptions(shares, rows=400)), settings(data, tmp_path))
    assert not (tmp_path / "report.json").exists()


def test_a_set_that_must_not_be_published_is_refused_before_it_is_read(
    data: Path, recipe: DataRecipe, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="esconv"):
        prepare(replace(recipe, sources=(SourceUse("esconv"),)), settings(data, tmp_path))


def test_the_command_says_in_one_sentence_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        "name: bad\nversion: 1\nuse: publish\nsources: [{name: nothing}]\nmix: {shares: []}\n", encoding="utf-8"
    )
    assert main(["build", "--recipe", str(path), "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "source=nothing: no such source. Known:" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_recipes_of_the_project_are_sound(path: Path) -> None:
    recipe = DataRecipe.read(path)
    assert recipe.name == path.stem


def test_what_raters_said_becomes_pairs_and_no_examples(tmp_path: Path) -> None:
    recipe = DataRecipe.read(RECIPES / "ratings.yaml")
    prepare(recipe, Settings(SAMPLE.parents[1], tmp_path, own_suites=(), processes=1, quiet=True))
    (pair,) = read_rows(Pair, tmp_path / "pairs.jsonl")
    assert (pair.source, pair.origin.source, pair.score_chosen) == (PairSource.HUMAN_RATING, "study", 4.75)
    assert list(read_rows(Example, tmp_path / "examples.jsonl")) == []


def test_the_starter_uses_only_sets_whose_licence_allows_publishing() -> None:
    assert DataRecipe.read(RECIPES / "starter.yaml").use is Use.PUBLISH


def test_a_labelled_set_has_to_say_what_it_serves(tmp_path: Path) -> None:
    text = (RECIPES / "starter.yaml").read_text(encoding="utf-8").replace("serves: lines", "path: claff-offmychest")
    path = tmp_path / "starter.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadRecipe, match="claff-offmychest: serves=nothing: wanted `serves: lines`"):
        DataRecipe.read(path)
