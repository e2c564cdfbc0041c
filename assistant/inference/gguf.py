"""What a GGUF file says about itself: its metadata and where its tensors lie. Weights are read only by llama.cpp and by
`merging.py`."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from assistant.inference.engine import ModelUnavailable

MAGIC = b"GGUF"
VERSIONS = (2, 3)
LARGEST_COUNT = 1 << 24  # of anything; a broken file must not make this process allocate without end
LARGEST_STRING = 1 << 24
STRING, ARRAY = 8, 9
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}

Value = int | float | bool | str

# How llama.cpp numbers the layouts of whole files (`general.file_type`).
LAYOUTS = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 25: "IQ4_NL", 30: "IQ4_XS", 32: "BF16",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    name: str
    shape: tuple[int, ...]  # as in the file: the dimension that lies together in memory first
    type: int
    offset: int  # from the start of the data


@dataclass(frozen=True, slots=True)
class Header:
    metadata: dict[str, Value] = field(default_factory=dict)  # without arrays
    tensors: dict[str, Tensor] = field(default_factory=dict)
    data_start: int = 0

    def text(self, key: str) -> str:
        return str(self.metadata.get(key, ""))

    @property
    def architecture(self) -> str:
        return self.text("general.architecture")

    @property
    def is_adapter(self) -> bool:
        return self.text("general.type") == "adapter"

    @property
    def layout(self) -> str:
        number = self.metadata.get("general.file_type")
        return "" if number is None else LAYOUTS.get(int(number), f"type {number}")

    def misfit(self, base: Header) -> str:
        """Why this adapter cannot belong to that base; empty when it can."""
        if self.text("adapter.type") != "lora":
            return f"its adapter.type is {self.text('adapter.type') or 'missing'}, not lora"
        if self.architecture != base.architecture:
            return f"it was made for {self.architecture}, the base is {base.architecture}"
        if "adapter.lora.alpha" not in self.metadata:
            return "it has no adapter.lora.alpha"
        changed = {name.removesuffix(".lora_a") for name in self.tensors if name.endswith(".lora_a")}
        if not changed or len(self.tensors) != 2 * len(changed):
            return "its tensors are not pairs of lora_a and lora_b"
        return next(filter(None, (self._misfit_of(name, base) for name in sorted(changed))), "")

    def _misfit_of(self, name: str, base: Header) -> str:
        weight, a, b = base.tensors.get(name), self.tensors[f"{name}.lora_a"], self.tensors.get(f"{name}.lora_b")
        if weight is None:
            return f"the base has no {name}"
        fits = b is not None and (a.shape[0], b.shape[-1]) == weight.shape[:2] and a.shape[-1] == b.shape[0]
        return "" if fits else f"the shape of {name} is another one in the base"


def read_header(path: Path) -> Header:
    """Raises ModelUnavailable where the file is cut off or not a GGUF."""
    try:
        with path.open("rb") as file:
            return _read(file, path.stat().st_size)
    except FileNotFoundError:
        raise ModelUnavailable(f"{path}: no such file.") from None
    except (struct.error, ValueError, OverflowError, OSError) as error:
        raise ModelUnavailable(
            f"{path.name} is not a whole GGUF model file ({error}). Fetch or convert it again."
        ) from error


def _read(file: BinaryIO, size: int) -> Header:
    if file.read(4) != MAGIC:
        raise ValueError("it does not begin with GGUF")
    version, tensor_count, value_count = _numbers(file, "IQQ")
    if version not in VERSIONS:
        raise ValueError(f"GGUF version {version} is unknown")
    if max(tensor_count, value_count) > LARGEST_COUNT:
        raise ValueError("its counts are impossible")
    metadata = {}
    for _ in range(value_count):
        key = _string(file)
        value = _value(file, *_numbers(file, "I"))
        if value is not None:
            metadata[key] = value
    tensors = {}
    for _ in range(tensor_count):
        name = _string(file)
        (dimensions,) = _numbers(file, "I")
        if dimensions > 4:
            raise ValueError(f"{name} has {dimensions} dimensions")
        shape = _numbers(file, "Q" * dimensions)
        kind, offset = _numbers(file, "IQ")
        tensors[name] = Tensor(name, shape, kind, offset)
    alignment = int(metadata.get("general.alignment", 32)) or 32
    data_start = -(-file.tell() // alignment) * alignment
    if any(data_start + tensor.offset >= size for tensor in tensors.values()):
        raise ValueError("its tensors lie behind its end")
    return Header(metadata, tensors, data_start)


def _numbers(file: BinaryIO, form: str) -> tuple[int, ...]:
    form = "<" + form
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _string(file: BinaryIO) -> str:
    (length,) = _numbers(file, "Q")
    if length > LARGEST_STRING:
        raise ValueError("a string is impossibly long")
    data = file.read(length)
    if len(data) != length:
        raise ValueError("it ends in the middle of a string")
    return data.decode("utf-8", "replace")


def _value(file: BinaryIO, kind: int) -> Value | None:
    """None for an array, which is passed over: the vocabulary is llama.cpp's business."""
    if kind == STRING:
        return _string(file)
    if kind == ARRAY:
        item, count = _numbers(file, "IQ")
        if count > LARGEST_COUNT or item == ARRAY:
            raise ValueError("an array is impossible")
        if item == STRING:
            for _ in range(count):
                file.seek(_numbers(file, "Q")[0], 1)
        else:
            file.seek(count * struct.calcsize(f"<{NUMBERS[item]}") if item in NUMBERS else _unknown(item), 1)
        return None
    return _numbers(file, NUMBERS[kind])[0] if kind in NUMBERS else _unknown(kind)


def _unknown(kind: int) -> int:
    raise ValueError(f"a value has the unknown type {kind}")
