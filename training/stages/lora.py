"""The adapter: new, gone on with, saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from peft import (
    LoraConfig,
    PeftModel,
    get_peft_model,
    prepare_model_for_kbit_training,
    set_peft_model_state_dict,
)
from safetensors.torch import load_file

from training.stages.base import load_model
from training.stages.fast_lora import speed_up
from training.stages.recipe import Recipe
from training.sums import sha256_of

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def new(recipe: Recipe) -> Any:
    """On a fresh base."""
    return _fast(get_peft_model(_base(recipe), _config(recipe)))


def going_on(recipe: Recipe, adapter: Path) -> Any:
    """Goes on with what a stage before made; the recipe's `lora` does not count then, but for `four_bit`."""
    return _fast(PeftModel.from_pretrained(_base(recipe), str(adapter), is_trainable=True))


def for_use(recipe: Recipe, adapter: Path | None, *, precision: Any = None) -> Any:
    """To be asked, not trained."""
    model = load_model(recipe.base, precision or recipe.training.precision)
    return (PeftModel.from_pretrained(model, str(adapter)) if adapter else model).eval()


def _fast(model: Any) -> Any:
    if not torch.cuda.is_available():
        speed_up(model)
    return model


def _base(recipe: Recipe) -> Any:
    model = load_model(recipe.base, recipe.training.precision, four_bit=recipe.lora.four_bit)
    if recipe.lora.four_bit:
        return prepare_model_for_kbit_training(model, use_gradient_checkpointing=recipe.training.gradient_checkpointing)
    if recipe.training.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return model


def _config(recipe: Recipe) -> LoraConfig:
    return LoraConfig(
        r=recipe.lora.r,
        lora_alpha=recipe.lora.alpha,
        lora_dropout=recipe.lora.dropout,
        target_modules=list(recipe.lora.targets),
        task_type="CAUSAL_LM",
    )


def load_weights(model: Any, folder: Path) -> None:
    """Of an adapter of the same form, in place of those that it has."""
    set_peft_model_state_dict(model, load_file(str(folder / WEIGHTS)))


def save(model: Any, folder: Path, *, base_name: str) -> None:
    """peft writes where the base lay on this machine; a reader elsewhere needs its name only."""
    model.save_pretrained(str(folder), safe_serialization=True)
    (folder / "README.md").unlink(missing_ok=True)  # an empty model card, with the same path in it
    path = folder / CONFIG
    told = json.loads(path.read_text(encoding="utf-8")) | {"base_model_name_or_path": base_name}
    path.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def sha256_of_weights(folder: Path) -> str:
    path = folder / WEIGHTS
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such adapter. Name the `adapter` folder of a finished run.")
    return sha256_of(path)
