"""Model files: the one in use, and adapters made up for measuring."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant.inference import tuning
from assistant.inference.gguf import read_header
from assistant.inference.modelfile import measured_file
from scripts.setup.steps import ROOT, VAR
from scripts.setup.verbs import site_env

THREADS = VAR / "threads.json"  # where the site of this folder keeps what it measured about threads
RANK = 8
ALIGNMENT = 32
STRING, FLOAT32 = 8, 6
ADAPTED = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")

# With no model in use yet: what the first `make run` does, the layout for this processor included.
IN_USE = """
import json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
import django
django.setup()
from assistant.models import Deployment
from webapp import starting
starting.prepare_database()
if Deployment.active_version() is None:
    print("No model is in use here yet: registered and laid out, as `make run` does it once.", flush=True)
    print(starting.register_model(), flush=True)
    print(starting.measure_layout(lambda line: print(line, flush=True)), flush=True)
version = Deployment.active_version()
base = Deployment.base_for(version) if version.kind == "adapter" else version
print(json.dumps(base.path))
"""


def model_in_use() -> Path:
    """The file that the site of this folder answers from. Raises SystemExit where there is none on this machine."""
    said = subprocess.run(
        [sys.executable, "-c", IN_USE], cwd=ROOT, env=site_env(), stdout=subprocess.PIPE, text=True, check=False
    )
    lines = said.stdout.splitlines()
    if said.returncode != 0 or not lines:
        raise SystemExit("The site's model could not be asked for. Run `make setup`, or name a GGUF file with --model.")
    print(*lines[:-1], sep="\n", flush=True)
    path = json.loads(lines[-1])
    if not path or not Path(path).is_file():
        raise SystemExit(f"{path or 'a remote model'}: no file here. Name a GGUF file with --model.")
    return Path(path)


def ensure_tuned(model: Path, *, say: Callable[[str], None]) -> None:
    """Measure threads for this file as `make run` does, where that was not done."""
    file = measured_file(model)
    if tuning.Tuning.read(THREADS, tuning.key_of(file)) is None:
        say("Threads are measured for this file, once.")
        tuning.measure(file, say=say).write(THREADS)


def write_random_adapter(base: Path, target: Path, *, seed: int, rank: int = RANK) -> Path:
    """A LoRA file that fits the base, with small random numbers on every matrix of every layer: it costs what a trained
    one costs, and says nothing sensible."""
    header = read_header(base)
    chance = np.random.default_rng(seed)
    tensors: dict[str, npt.NDArray[np.float32]] = {}
    for name, tensor in header.tensors.items():
        if name.endswith(".weight") and any(f".{part}." in name for part in ADAPTED):
            columns, rows = tensor.shape[:2]
            tensors[f"{name}.lora_a"] = chance.normal(0, 0.02, (rank, columns)).astype(np.float32)
            tensors[f"{name}.lora_b"] = chance.normal(0, 0.02, (rows, rank)).astype(np.float32).reshape(rows, rank)
    texts = {"general.type": "adapter", "general.architecture": header.architecture, "adapter.type": "lora"}
    _write_gguf(target, texts, {"adapter.lora.alpha": float(rank)}, tensors)
    return target


def _write_gguf(
    target: Path,
    texts: Mapping[str, str],
    numbers: Mapping[str, float],
    tensors: Mapping[str, npt.NDArray[np.float32]],
) -> None:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(texts) + len(numbers))
    head += b"".join(_string(key) + struct.pack("<I", STRING) + _string(text) for key, text in texts.items())
    head += b"".join(_string(key) + struct.pack("<If", FLOAT32, number) for key, number in numbers.items())
    offset = 0
    for name, data in tensors.items():
        # A GGUF names the dimension first that lies together in memory.
        head += _string(name) + struct.pack("<IQQIQ", 2, data.shape[1], data.shape[0], 0, offset)
        offset += _padded(data.nbytes)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(head.ljust(_padded(len(head)), b"\0"))
        for data in tensors.values():
            file.write(data.tobytes().ljust(_padded(data.nbytes), b"\0"))
    part.replace(target)


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data
