"""The base model: the starter out of its GGUF, dequantized by transformers, or a folder as Hugging Face lays it out.

A GGUF is unpacked once, into a folder of the cache: reading its vocabulary takes transformers a quarter of a minute, and a
model that came out of a GGUF refuses to be cast from one precision to another.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GgufConfig

from training.stages.recipe import BaseModel, Precision
from training.sums import sha256_of

DTYPES = {Precision.FLOAT32: torch.float32, Precision.BFLOAT16: torch.bfloat16}


class WrongBase(ValueError):
    """Not the model that the recipe names."""


def sha256_of_base(path: Path) -> str:
    """Of a folder: of the names and sums of its weights and its settings, in order."""
    if path.is_file():
        return sha256_of(path)
    files = sorted([*path.glob("*.safetensors"), *path.glob("config.json"), *path.glob("tokenizer*.json")])
    if not files:
        raise WrongBase(f"{path}: no such model. Name a GGUF file, or a folder with config.json and *.safetensors.")
    told = "".join(f"{file.name} {sha256_of(file)}\n" for file in files)
    return hashlib.sha256(told.encode()).hexdigest()


def check(base: BaseModel) -> str:
    """Its hash. Raises WrongBase."""
    found = sha256_of_base(base.path)
    if base.sha256 and found != base.sha256:
        raise WrongBase(f"{base.path}: hashes to {found}, not to {base.sha256}. Fetch the base that the recipe names.")
    return found


def load_model(base: BaseModel, precision: Precision, *, four_bit: bool = False) -> Any:
    options: dict[str, Any] = {"dtype": DTYPES[precision], "attn_implementation": "sdpa"}
    if torch.cuda.is_available():
        options["device_map"] = {"": 0}
    if four_bit:
        options["quantization_config"] = _four_bit()
    model = AutoModelForCausalLM.from_pretrained(str(folder_of(base)), **options)
    model.config.use_cache = False
    return model


def load_tokenizer(base: BaseModel) -> Any:
    return AutoTokenizer.from_pretrained(str(folder_of(base)))


def load_config(base: BaseModel) -> Any:
    return AutoConfig.from_pretrained(str(folder_of(base)))


def _four_bit() -> Any:
    if not torch.cuda.is_available():
        raise WrongBase("lora.four_bit: QLoRA needs a GPU, and there is none. Set it to false.")
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def folder_of(base: BaseModel) -> Path:
    if not base.path.is_file():
        return base.path
    cache = Path(os.environ.get("LANTERN_CACHE") or Path.home() / ".cache" / "lantern") / "bases"
    folder = cache / f"{sha256_of(base.path)}-{transformers.__version__}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=cache) as part:
            _unpack(base.path, Path(part))
            with contextlib.suppress(OSError):  # somebody else was faster
                Path(part).rename(folder)
                Path(part).mkdir()  # for its context manager to remove
    return folder


def _unpack(path: Path, folder: Path) -> None:
    where = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    how = GgufConfig(dequantize=True)  # else it keeps them packed, and nothing trains
    unpacked = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32, quantization_config=how)
    config = AutoConfig.from_pretrained(**where)
    config.dtype = "float32"
    plain = AutoModelForCausalLM.from_config(config)  # the unpacked one still counts as quantised, and is not saved
    plain.load_state_dict(unpacked.state_dict())
    plain.save_pretrained(str(folder))
    tokenizer = AutoTokenizer.from_pretrained(**where)
    _cut_as_llama_cpp(tokenizer, path)
    tokenizer.save_pretrained(str(folder))


def _cut_as_llama_cpp(tokenizer: Any, path: Path) -> None:
    """transformers takes GPT-2's way of cutting for every such file; the file names its own."""
    from gguf import GGUFReader

    field = GGUFReader(path).fields.get("tokenizer.ggml.pre")
    name = str(field.contents()) if field else "default"
    if name == "smollm":
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    elif name not in ("gpt-2", "default"):
        raise WrongBase(f"{path.name}: cuts text as {name}, which is not known here. Train from its original folder.")
