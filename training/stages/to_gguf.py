"""A PEFT adapter becomes a GGUF LoRA that llama.cpp attaches to the base.

Written here with the `gguf` package and not with llama.cpp's own converter, which stands in no package, brings 90 files,
and does the same for these architectures: names, the order of query and key rows, and the scale. `loader_check.py` compares
the result with PEFT.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, GGUFWriter, LlamaFileType, get_tensor_name_map
from safetensors.numpy import load_file

from training.stages.lora import CONFIG, WEIGHTS

Outtype = Literal["f16", "f32"]
Matrix = npt.NDArray[Any]
NAME = re.compile(r"base_model\.model\.(?P<layer>.+)\.lora_(?P<side>[AB])(?:\.default)?\.weight")
# Whether the GGUF of this architecture holds the rows of queries and keys in another order than transformers.
PERMUTED = {"llama": True, "mistral": True, "qwen2": False, "qwen3": False, "gemma2": False, "gemma3": False}
SAME_AS = {"mistral": "llama"}
REFUSED = ("use_dora", "rank_pattern", "alpha_pattern", "modules_to_save", "trainable_token_indices")


class CannotConvert(ValueError):
    """An adapter of a kind that this small converter does not know."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What of the base decides how an adapter is written."""

    architecture: str
    layers: int
    heads: int
    key_heads: int

    @classmethod
    def of(cls, config: Any) -> Shape:
        return cls(config.model_type, config.num_hidden_layers, config.num_attention_heads, config.num_key_value_heads)


def convert(adapter: Path, target: Path, *, base_name: str, shape: Shape, outtype: Outtype = "f16") -> int:
    """How many layers it changes. Under its name only once it is whole. Raises CannotConvert."""
    told = json.loads((adapter / CONFIG).read_text(encoding="utf-8"))
    pairs = _pairs(load_file(adapter / WEIGHTS))
    names = name_map(shape)
    part = target.with_name(target.name + ".part")
    writer = GGUFWriter(str(part), SAME_AS.get(shape.architecture, shape.architecture))
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha_of(told))
    writer.add_name(target.stem)
    writer.add_base_model_count(1)
    writer.add_base_model_name(0, base_name)
    writer.add_file_type(LlamaFileType.MOSTLY_F16 if outtype == "f16" else LlamaFileType.ALL_F32)
    dtype = np.float16 if outtype == "f16" else np.float32
    for layer, sides in sorted(pairs.items()):
        name = names.get_name(layer, try_suffixes=(".weight",))
        if name is None or set(sides) != {"A", "B"}:
            raise CannotConvert(f"{layer}: no such layer in {shape.architecture}, or one of its matrices is missing.")
        b = in_order_of_gguf(sides["B"], layer, shape)
        writer.add_tensor(f"{name}.weight.lora_a", np.ascontiguousarray(sides["A"].astype(dtype)))
        writer.add_tensor(f"{name}.weight.lora_b", np.ascontiguousarray(b.astype(dtype)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    part.replace(target)
    return len(pairs)


def alpha_of(told: dict[str, Any]) -> float:
    """llama.cpp scales by alpha over rank. Raises CannotConvert."""
    if found := next((name for name in REFUSED if told.get(name)), ""):
        raise CannotConvert(f"{CONFIG}: {found} is set, which a plain LoRA has not. Train without it.")
    if told.get("bias", "none") != "none":
        raise CannotConvert(f"{CONFIG}: bias={told['bias']}. Train with bias none.")
    alpha = float(told["lora_alpha"])
    return alpha * math.sqrt(told["r"]) if told.get("use_rslora") else alpha


def name_map(shape: Shape) -> Any:
    if shape.architecture not in PERMUTED:
        raise CannotConvert(
            f"{shape.architecture}: not known here. Known: {', '.join(PERMUTED)}. Use convert_lora_to_gguf.py of llama.cpp."
        )
    written = SAME_AS.get(shape.architecture, shape.architecture)
    arch: MODEL_ARCH = next(one for one, name in MODEL_ARCH_NAMES.items() if name == written)
    return get_tensor_name_map(arch, shape.layers)


def _pairs(tensors: dict[str, Matrix]) -> dict[str, dict[str, Matrix]]:
    pairs: dict[str, dict[str, Matrix]] = {}
    for name, tensor in tensors.items():
        found = NAME.fullmatch(name)
        if found is None:
            raise CannotConvert(f"{WEIGHTS}: {name} is neither lora_A nor lora_B of a layer.")
        pairs.setdefault(found["layer"], {})[found["side"]] = tensor
    return pairs


def in_order_of_gguf(b: Matrix, layer: str, shape: Shape) -> Matrix:
    """llama.cpp turns neighbouring rows of queries and keys as a pair, transformers rows half a head apart."""
    if not (heads := _heads_turned(layer, shape)):
        return b
    return b.reshape(heads, 2, b.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(b.shape)


def in_order_of_transformers(b: Matrix, layer: str, shape: Shape) -> Matrix:
    """The way back."""
    if not (heads := _heads_turned(layer, shape)):
        return b
    return b.reshape(heads, b.shape[0] // heads // 2, 2, -1).swapaxes(1, 2).reshape(b.shape)


def _heads_turned(layer: str, shape: Shape) -> int:
    """0 where rows stand in the same order on both sides."""
    if not PERMUTED[shape.architecture] or not layer.endswith(("q_proj", "k_proj")):
        return 0
    return shape.heads if layer.endswith("q_proj") else shape.key_heads
