"""python -m training.stages VERB: the stages, and what is measured and made of their adapters."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training.recipe_files import BadRecipe
from training.stages import manifest
from training.stages.accuracy import show
from training.stages.recipe import Recipe, Stage, read_recipe
from training.stages.tracking import write_whole

DISCARDED = 3  # exit code: the run went to its end and its adapter is not to be used


def main(words: list[str] | None = None) -> int:
    options = parser().parse_args(words)
    try:
        return int(options.act(options) or 0)
    except (BadRecipe, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="python -m training.stages", description=__doc__)
    verbs = whole.add_subparsers(dest="verb", required=True)
    for stage in Stage:
        one = _verb(verbs, stage, train, f"train an adapter by {stage.upper()}")
        _recipe_and_run(one)
        one.add_argument("--data", type=Path, help="the prepared rows; default: the run folder")
        one.add_argument("--adapter", type=Path, required=stage is Stage.DPO, help="the adapter folder to go on from")
        one.add_argument("--resume", action="store_true", help="go on after the last whole checkpoint, if there is one")
    one = _verb(
        verbs, "preference", preference, "how often each model finds the better answer of held-out pairs likelier"
    )
    one.add_argument("--recipe", type=Path, required=True, help="a DPO recipe: base, tasks, sources")
    one.add_argument("--pairs", type=Path, required=True)
    one.add_argument("--adapter", action="append", default=[], metavar="NAME=FOLDER")
    one.add_argument("--split", default="held_out")
    one.add_argument("--out", type=Path)
    one = _verb(verbs, "adherence", adherence, "how often answers are of the kind that the mode token asks for")
    _asks(one)
    one.add_argument("--answers", type=Path, help="what training.sampling wrote; default: asked here, slowly")
    one.add_argument("--adapter", type=Path, help="to sample from; default: the base")
    one.add_argument("--out", type=Path)
    one = _verb(verbs, "to-gguf", to_gguf, "write the adapter as GGUF and compare it with PEFT")
    _recipe_and_run(one)
    one.add_argument("--base-gguf", type=Path, help="default: the recipe's base, where that is a GGUF")
    one.add_argument("--site-python", type=Path, default=Path(".venv/bin/python"), help="a Python that has llama.cpp")
    one.add_argument("--outtype", choices=("f16", "f32"), default="f16")
    one = _verb(verbs, "from-gguf", from_gguf, "an adapter folder from a GGUF adapter, to go on training from it")
    one.add_argument("--recipe", type=Path, required=True, help="any recipe of the same base")
    one.add_argument("--adapter", type=Path, required=True, help="as GGUF")
    one.add_argument("--out", type=Path, required=True, help="the folder to make")
    one = _verb(verbs, "merge", merge, "base and adapter as one quantised GGUF (with the site's Python)")
    one.add_argument("--base", type=Path, required=True)
    one.add_argument("--adapter", type=Path, required=True, help="as GGUF")
    one.add_argument("--layout", default="Q8_0")
    one.add_argument("--out", type=Path, required=True)
    one = _verb(verbs, "manifest", write_manifest, "write manifest.json, last, or check it")
    one.add_argument("--run", type=Path, required=True)
    one.add_argument("--verify", action="store_true")
    return whole


def _verb(verbs: Any, name: str, act: Callable[[argparse.Namespace], int | None], says: str) -> argparse.ArgumentParser:
    one: argparse.ArgumentParser = verbs.add_parser(name, help=says, description=says)
    one.set_defaults(act=act)
    return one


def _recipe_and_run(one: argparse.ArgumentParser) -> None:
    one.add_argument("--recipe", type=Path, required=True)
    one.add_argument("--run", type=Path, required=True, help="the folder that this run fills")


def _asks(one: argparse.ArgumentParser) -> None:
    one.add_argument("--recipe", type=Path, required=True, help="an SFT recipe: base and tasks")
    one.add_argument("--data", type=Path, required=True)
    one.add_argument("--split", default="held_out")
    one.add_argument("--of-each", type=int, default=50, help="rows of each task")


# What needs torch is loaded when it is asked for: some verbs run with the site's Python, which has none.


def _on_this_machine(recipe: Recipe) -> Recipe:
    changed: Recipe = importlib.import_module("training.stages.machine").on_this_machine(recipe)
    return changed


def train(options: argparse.Namespace) -> int:
    recipe = _on_this_machine(read_recipe(options.recipe, Stage(options.verb)))
    stage = importlib.import_module(f"training.stages.{options.verb}")
    course = importlib.import_module("training.stages.course")
    data = options.data or options.run
    try:
        summary = stage.train(recipe, data=data, run=options.run, adapter=options.adapter, resume=options.resume)
    except course.Discarded as discarded:
        print(discarded, file=sys.stderr)
        return DISCARDED
    print(json.dumps({name: value for name, value in summary.items() if name != "record"}, indent=2))
    return 0


def preference(options: argparse.Namespace) -> None:
    recipe = _on_this_machine(read_recipe(options.recipe, Stage.DPO))
    module = importlib.import_module("training.stages.preference")
    adapters = {name: Path(folder) for name, _, folder in (one.partition("=") for one in options.adapter)}
    schemas = importlib.import_module("training.schemas")
    told = module.measure(
        recipe, pairs=options.pairs, adapters=adapters, split=schemas.Split(options.split), out=options.out
    )
    print(show(told))


def adherence(options: argparse.Namespace) -> None:
    asking = importlib.import_module("training.stages.asking")
    recipe = read_recipe(options.recipe, Stage.SFT)
    rows = asking.rows_of_each(recipe, options.data, options.split, options.of_each)
    answers = asking.read_answers(options.answers) if options.answers else _sampled(recipe, options.adapter, rows)
    told = asking.adherence(rows, answers, asking.feedback_lines(options.data))
    if options.out:
        write_whole(options.out, told)
    for task, one in told.items():
        print(f"{task:10} {one['right']} of {one['of']} ({one['share']:.0%})")


def _sampled(recipe: Any, adapter: Path | None, rows: Any) -> dict[str, list[str]]:
    sample, base, lora, tokens = (
        importlib.import_module(f"training.stages.{name}") for name in ("sample", "base", "lora", "tokens")
    )
    recipe = _on_this_machine(recipe)
    model, known = lora.for_use(recipe, adapter), tokens.Tokens(base.load_tokenizer(recipe.base))
    told = sample.answers(model, known, rows, precision=recipe.training.precision, max_tokens=160)
    return {row.id: [answer] for row, answer in zip(rows, told, strict=True)}


def to_gguf(options: argparse.Namespace) -> None:
    convert = importlib.import_module("training.stages.converting")
    recipe = _any_stage(options.recipe)
    told = convert.convert_and_check(
        recipe,
        run=options.run,
        base_file=options.base_gguf or recipe.base.path,
        site_python=options.site_python,
        outtype=options.outtype,
    )
    print(json.dumps(told, indent=2))


def from_gguf(options: argparse.Namespace) -> None:
    recipe = _any_stage(options.recipe)
    base, back, there = (
        importlib.import_module(f"training.stages.{name}") for name in ("base", "from_gguf", "to_gguf")
    )
    base.check(recipe.base)
    shape = there.Shape.of(base.load_config(recipe.base))
    layers = back.restore(options.adapter, options.out, base_name=recipe.base.name, shape=shape)
    print(f"{options.out}: {layers} layers. Go on with --adapter {options.out}.")


def _any_stage(path: Path) -> Any:
    recipes = importlib.import_module("training.stages.recipe")
    return importlib.import_module("training.recipe_files").load(recipes.Recipe, path)


def merge(options: argparse.Namespace) -> None:
    merged = importlib.import_module("training.stages.merged")
    changed = merged.merge(options.base, options.adapter, options.out, layout=options.layout)
    print(f"{options.out}: {changed} weights changed, laid out as {options.layout}.")


def write_manifest(options: argparse.Namespace) -> None:
    told = manifest.verify(options.run) if options.verify else manifest.write(options.run)
    kind = "may be published" if told["publishable"] else "stays in the house: a licence forbids publishing"
    print(f"{told['name']}: {told['adapter']['sha256']}, {told['adapter']['size']:,} bytes; {kind}.")


if __name__ == "__main__":
    raise SystemExit(main())
