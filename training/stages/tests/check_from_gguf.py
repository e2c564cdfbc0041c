"""From a GGUF adapter back to a folder that training goes on from, and there again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGUFWriter
from peft import LoraConfig, get_peft_model
from safetensors.numpy import load_file

from training.stages import base, from_gguf, lora, to_gguf
from training.stages.tests import tiny

SHIPPED = Path("assistant/starter")
TINY = to_gguf.Shape("llama", layers=2, heads=4, key_heads=2)


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """An adapter folder as peft writes it, with weights that f16 holds exactly."""
    config = LoraConfig(r=2, lora_alpha=3, target_modules=["q_proj", "k_proj", "down_proj"], task_type="CAUSAL_LM")
    model = get_peft_model(tiny.model(), config)
    for number, (name, weights) in enumerate(model.named_parameters()):
        if "lora_" in name:
            weights.data = (weights.data * 0 + number / 8 + 1).cumsum(0)
    model.save_pretrained(str(tmp_path / "trained"))
    return tmp_path / "trained"


def test_what_went_there_comes_back(trained: Path, tmp_path: Path) -> None:
    to_gguf.convert(trained, tmp_path / "adapter.gguf", base_name="tiny", shape=TINY)
    layers = from_gguf.restore(tmp_path / "adapter.gguf", tmp_path / "back", base_name="tiny", shape=TINY)
    assert layers == 6
    before, after = load_file(trained / lora.WEIGHTS), load_file(tmp_path / "back" / lora.WEIGHTS)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    told = json.loads((tmp_path / "back" / lora.CONFIG).read_text())
    assert (told["r"], told["lora_alpha"], told["base_model_name_or_path"]) == (2, 3, "tiny")
    assert told["target_modules"] == ["down_proj", "k_proj", "q_proj"]


@pytest.mark.parametrize("task", ["im", "gm"])
def test_the_shipped_adapters_come_back_byte_for_byte(task: str, tmp_path: Path) -> None:
    shape, file = to_gguf.Shape.of(base.load_config(tiny.STARTER)), SHIPPED / task / "adapter.gguf"
    from_gguf.restore(file, tmp_path / "back", base_name=tiny.STARTER.name, shape=shape)
    to_gguf.convert(tmp_path / "back", tmp_path / file.name, base_name=tiny.STARTER.name, shape=shape)
    assert (tmp_path / file.name).read_bytes() == file.read_bytes()


def test_what_stands_there_is_not_written_over(trained: Path, tmp_path: Path) -> None:
    to_gguf.convert(trained, tmp_path / "adapter.gguf", base_name="tiny", shape=TINY)
    with pytest.raises(to_gguf.CannotConvert, match="there is one already"):
        from_gguf.restore(tmp_path / "adapter.gguf", trained, base_name="tiny", shape=TINY)


@pytest.mark.parametrize(
    ("kind", "tensors", "says"),
    [
        ("control_vector", {}, "'lora' is wanted"),
        ("lora", {}, "nothing in it"),
        ("lora", {"blk.9.attn_q.weight": 2}, "blk.9.attn_q.weight.lora_a"),
        ("lora", {"blk.0.attn_q.weight": 2, "blk.1.attn_q.weight": 4}, r"ranks \[2, 4\]"),
    ],
)
def test_what_is_no_adapter_of_this_base_is_refused(
    kind: str, tensors: dict[str, Any], says: str, tmp_path: Path
) -> None:
    writer = GGUFWriter(str(tmp_path / "adapter.gguf"), "llama")
    writer.add_string("adapter.type", kind)
    writer.add_float32("adapter.lora.alpha", 4.0)
    for name, rank in tensors.items():
        writer.add_tensor(f"{name}.lora_a", np.ones((rank, 16), dtype=np.float16))
        writer.add_tensor(f"{name}.lora_b", np.ones((16, rank), dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(to_gguf.CannotConvert, match=says):
        from_gguf.restore(tmp_path / "adapter.gguf", tmp_path / "back", base_name="tiny", shape=TINY)
    assert not (tmp_path / "back").exists()
