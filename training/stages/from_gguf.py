"""A GGUF LoRA becomes a PEFT adapter folder again: to go on training from one that was shipped without its folder.

The way back of `to_gguf.py`, for the same kinds of adapters. What f16 rounded away stays away.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from gguf import GGUFReader
from peft import LoraConfig
from safetensors.numpy import save_file

from training.stages.lora import CONFIG, WEIGHTS
from training.stages.to_gguf import CannotConvert, Matrix, Shape, in_order_of_transformers, name_map

# Of a layer, as transformers names them in every architecture that is known here.
LINEAR = (
    *(f"self_attn.{name}_proj" for name in ("q", "k", "v", "o")),
    *(f"mlp.{name}_proj" for name in ("gate", "up", "down")),
)


def restore(file: Path, folder: Path, *, base_name: str, shape: Shape) -> int:
    """How many layers it changes. Raises CannotConvert, also where the folder holds an adapter already."""
    if (folder / WEIGHTS).exists():
        raise CannotConvert(f"{folder / WEIGHTS}: there is one already. Name another folder with --out.")
    reader = GGUFReader(file)
    if (kind := _told(reader, "adapter.type")) != "lora":
        raise CannotConvert(
            f"{file}: adapter.type is {kind!r}, and 'lora' is wanted. Name the GGUF file of an adapter."
        )
    tensors, targets = _tensors(file, reader, shape)
    ranks = {tensor.shape[0] for name, tensor in tensors.items() if ".lora_A." in name}
    if len(ranks) != 1:
        raise CannotConvert(f"{file}: ranks {sorted(ranks)}, and all layers have to have one and the same.")
    alpha = float(_told(reader, "adapter.lora.alpha"))
    folder.mkdir(parents=True, exist_ok=True)
    _write_config(folder, rank=ranks.pop(), alpha=alpha, targets=targets, base_name=base_name)
    save_file(tensors, folder / WEIGHTS)
    return len(tensors) // 2


def _told(reader: GGUFReader, key: str) -> str | float:
    field = reader.get_field(key)
    value: str | float = field.contents() if field is not None else ""
    return value


def _tensors(file: Path, reader: GGUFReader, shape: Shape) -> tuple[dict[str, Matrix], list[str]]:
    """By the names of PEFT, in float32; and the names of the linear layers that are changed."""
    here = {tensor.name: tensor.data for tensor in reader.tensors}
    names, found, targets = name_map(shape), {}, set()
    for layer in (f"model.layers.{number}.{linear}" for number in range(shape.layers) for linear in LINEAR):
        stem = f"{names.get_name(layer)}.weight"
        if f"{stem}.lora_a" not in here:
            continue
        a, b = here.pop(f"{stem}.lora_a"), here.pop(f"{stem}.lora_b")
        found[f"base_model.model.{layer}.lora_A.weight"] = np.array(a, dtype=np.float32)
        turned = in_order_of_transformers(np.array(b, dtype=np.float32), layer, shape)
        found[f"base_model.model.{layer}.lora_B.weight"] = np.ascontiguousarray(turned)
        targets.add(layer.rpartition(".")[2])
    if here or not found:
        raise CannotConvert(
            f"{file}: {', '.join(sorted(here)) or 'nothing in it'} is no layer of {shape.architecture}."
        )
    return found, sorted(targets)


def _write_config(folder: Path, *, rank: int, alpha: float, targets: list[str], base_name: str) -> None:
    config = LoraConfig(
        r=rank,
        lora_alpha=int(alpha) if alpha.is_integer() else alpha,
        target_modules=targets,
        task_type="CAUSAL_LM",
        inference_mode=True,
        base_model_name_or_path=base_name,
    )
    config.save_pretrained(str(folder))
    path = folder / CONFIG
    told = json.loads(path.read_text(encoding="utf-8")) | {"target_modules": targets}  # peft writes a set, in any order
    path.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")
