"""Small GGUF files for tests: headers that say what a test needs, and random adapters in the starter's shapes."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant.inference.gguf import Header, read_header

Array = npt.NDArray[np.float32]


def write_gguf(path: Path, metadata: Mapping[str, str | int | float], tensors: Mapping[str, Array]) -> Path:
    """Version 3, little-endian, F32 tensors."""
    parts = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    for key, value in metadata.items():
        parts.append(_string(key))
        if isinstance(value, str):
            parts.append(struct.pack("<I", 8) + _string(value))
        else:
            parts.append(struct.pack("<II", 4, value) if isinstance(value, int) else struct.pack("<If", 6, value))
    offset = 0
    for name, array in tensors.items():
        shape = array.shape[::-1]
        parts.append(_string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, offset))
        offset += -(-array.nbytes // 32) * 32
    header = b"".join(parts)
    with path.open("wb") as file:
        file.write(header.ljust(-(-len(header) // 32) * 32, b"\0"))
        for array in tensors.values():
            data = array.astype("<f4").tobytes()
            file.write(data.ljust(-(-len(data) // 32) * 32, b"\0"))
    return path


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def base(path: Path, *, architecture: str = "llama", width: int = 32) -> Path:
    """A header like that of a base model, with one matrix; llama.cpp would not load it."""
    weights = {"blk.0.attn_q.weight": np.zeros((width, width), np.float32)}
    return write_gguf(
        path, {"general.architecture": architecture, "general.type": "model", "general.file_type": 0}, weights
    )


def adapter(
    path: Path, *, of: Path, rank: int = 8, alpha: float = 16.0, size: float = 0.02, architecture: str = ""
) -> Path:
    """A random LoRA on every attention matrix of that base."""
    header: Header = read_header(of)
    drawn = np.random.default_rng(7)
    tensors: dict[str, Array] = {}
    for name, weight in header.tensors.items():
        if name.endswith(("attn_q.weight", "attn_v.weight")):
            n_in, n_out = weight.shape
            tensors[f"{name}.lora_a"] = (size * drawn.standard_normal((rank, n_in))).astype(np.float32)
            tensors[f"{name}.lora_b"] = (size * drawn.standard_normal((n_out, rank))).astype(np.float32)
    said: dict[str, str | int | float] = {
        "general.architecture": architecture or header.architecture,
        "general.type": "adapter",
        "adapter.type": "lora",
        "adapter.lora.alpha": alpha,
    }
    return write_gguf(path, said, tensors)
