"""Small GGUF files for tests: headers that say what a test needs, random adapters in the starter's shapes, and the papers
without which no adapter is registered."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    path: Path,
    *,
    of: Path,
    rank: int = 8,
    alpha: float = 16.0,
    size: float = 0.02,
    architecture: str = "",
    seed: int = 7,
) -> Path:
    """A random LoRA on every attention matrix of that base."""
    header: Header = read_header(of)
    drawn = np.random.default_rng(seed)
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


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def papers(lora: Path, *, base: Path | str, mode: str = "improve", **said: Any) -> Path:
    """A manifest and a report beside the adapter, as training and evaluation write them. `base`: its file, or what it hashes
    to. `said`: for the manifest. The adapter again."""
    manifest = {
        "name": lora.stem,
        "mode": mode,
        "prompts": {mode: f"{mode}-2"},
        "base": {"name": "base", "sha256": base if isinstance(base, str) else sha256(base)},
        "adapter": {"sha256": sha256(lora), "size": lora.stat().st_size},
        "data": {"examples": {"rows": 3, "sha256": "e" * 64}},
        "licences": [{"key": "mit", "publish": True}],
        "recipe": {"stage": "sft"},
        "commit": "0" * 40,
        "seed": 7,
    } | said
    report = {"head": {"suite": "revision"}, "facts": {"base SHA-256": "f" * 64, "adapter SHA-256": sha256(lora)}}
    for what, content in (("manifest", manifest), ("report", report)):
        lora.with_name(f"{lora.stem}.{what}.json").write_text(json.dumps(content), encoding="utf-8")
    return lora


def gate(path: Path, *, candidate: Path, active: Path, passed: bool = True) -> Path:
    sums = {"candidate": {"adapter SHA-256": sha256(candidate)}, "active": {"adapter SHA-256": sha256(active)}}
    path.write_text(json.dumps(sums | {"passed": passed}), encoding="utf-8")
    return path
