"""From the adapter folder of a run to `adapter.gguf`, compared with what was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.stages import base, loader_check, to_gguf
from training.stages.course import ADAPTER
from training.stages.manifest import ADAPTER_FILE, CHECK
from training.stages.recipe import Recipe
from training.stages.tokens import Tokens
from training.stages.tracking import write_whole


def convert_and_check(
    recipe: Recipe, *, run: Path, base_file: Path, site_python: Path, outtype: to_gguf.Outtype
) -> dict[str, Any]:
    """Raises CannotConvert, NotTheSame, WrongBase."""
    if not base_file.is_file():
        raise base.WrongBase(f"{base_file}: not a GGUF file. Name one with --base-gguf.")
    base.check(recipe.base)
    target, adapter = run / ADAPTER_FILE, run / ADAPTER
    layers = to_gguf.convert(
        adapter,
        target,
        base_name=recipe.base.name,
        shape=to_gguf.Shape.of(base.load_config(recipe.base)),
        outtype=outtype,
    )
    tokens = Tokens(base.load_tokenizer(recipe.base))
    told = loader_check.compare(
        recipe, adapter=adapter, file=target, tokens=tokens, site_python=site_python, base_file=base_file
    )
    told |= {"layers": layers, "outtype": outtype}
    write_whole(run / CHECK, told)
    if not told["passed"]:
        raise loader_check.NotTheSame(f"{target}: differs from PEFT by {told['f16']}, allowed are {told['tolerance']}.")
    return told
