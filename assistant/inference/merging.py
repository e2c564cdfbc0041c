"""Merges a LoRA adapter into a copy of its base. The copy must be in F16: llama.cpp makes it, and lays it out again after."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from assistant.inference.engine import ModelUnavailable
from assistant.inference.gguf import Header, read_header

TYPES: dict[int, np.dtype[Any]] = {0: np.dtype("<f4"), 1: np.dtype("<f2")}


def merge_in_place(adapter_path: Path, into: Path) -> int:
    """Add scale · B·A to every weight that the adapter changes; how many. Raises ModelUnavailable, the copy is then void."""
    adapter, base = read_header(adapter_path), read_header(into)
    if reason := adapter.misfit(base):
        raise ModelUnavailable(f"{adapter_path.name} cannot be merged: {reason}.")
    names = [name.removesuffix(".lora_a") for name in adapter.tensors if name.endswith(".lora_a")]
    for name in names:
        a = np.asarray(_mapped(adapter_path, adapter, f"{name}.lora_a"), dtype=np.float32)
        b = np.asarray(_mapped(adapter_path, adapter, f"{name}.lora_b"), dtype=np.float32)
        weight = _mapped(into, base, name, mode="r+")
        scale = float(adapter.metadata["adapter.lora.alpha"]) / a.shape[0]
        weight[...] = (weight.astype(np.float32) + scale * (b @ a)).astype(weight.dtype)
        weight.flush()
    return len(names)


def _mapped(path: Path, header: Header, name: str, *, mode: Literal["r", "r+"] = "r") -> np.memmap[Any, np.dtype[Any]]:
    tensor = header.tensors[name]
    if tensor.type not in TYPES:
        raise ModelUnavailable(f"{path.name}: {name} is stored as type {tensor.type}. Convert it to F32 or F16.")
    offset = header.data_start + tensor.offset
    return np.memmap(path, dtype=TYPES[tensor.type], mode=mode, offset=offset, shape=tensor.shape[::-1])
