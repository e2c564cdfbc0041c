"""Sentence vectors on a model made here: its pieces of words, its arithmetic, and that it can be left out."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from evaluation.revisions import vectors
from evaluation.revisions.meaning import Vectors
from evaluation.revisions.vectors import HEADS, LAYERS, Floats, MiniLM, WordPieces

WIDTH = 2 * HEADS
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "i", "hear", "##ing", "you", ".", "!", "cafe", "你"]


def model(folder: Path, *, seed: int) -> MiniLM:
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    generator = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        f"embeddings.{name}_embeddings.weight": (size, WIDTH)
        for name, size in (("word", 12), ("position", 16), ("token_type", 2))
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        norms += [at + "attention.output.LayerNorm", at + "output.LayerNorm"]
        for name in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            shapes |= {f"{at}{name}.weight": (WIDTH, WIDTH), f"{at}{name}.bias": (WIDTH,)}
        shapes |= {f"{at}intermediate.dense.weight": (4 * WIDTH, WIDTH), f"{at}intermediate.dense.bias": (4 * WIDTH,)}
        shapes |= {f"{at}output.dense.weight": (WIDTH, 4 * WIDTH), f"{at}output.dense.bias": (WIDTH,)}
    tensors = {name: generator.normal(size=shape).astype("<f4") for name, shape in shapes.items()}
    for name in norms:
        tensors |= {f"{name}.weight": np.ones(WIDTH, "<f4"), f"{name}.bias": np.zeros(WIDTH, "<f4")}
    write(folder / "model.safetensors", tensors)
    return MiniLM(folder, name="made here")


def write(path: Path, tensors: dict[str, np.ndarray]) -> None:
    header, place = {}, 0
    for name, one in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(one.shape), "data_offsets": [place, place + one.nbytes]}
        place += one.nbytes
    told = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    path.write_bytes(struct.pack("<Q", len(told)) + told + b"".join(one.tobytes() for one in tensors.values()))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("I hear you.", ["i", "hear", "you", "."]),
        ("HEARING", ["hear", "##ing"]),
        ("Café!you", ["cafe", "!", "you"]),
        ("hearsay", ["[UNK]"]),
        ("i你i", ["i", "你", "i"]),
        ("i\u200b\0\n you", ["i", "you"]),
        ("", []),
    ],
)
def test_a_text_falls_into_its_pieces(tmp_path: Path, text: str, pieces: list[str]) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    numbers = WordPieces(tmp_path / "vocab.txt").numbers(text)
    assert [PIECES[number] for number in numbers] == ["[CLS]", *pieces, "[SEP]"]


def test_attention_is_what_the_definition_says(tmp_path: Path) -> None:
    made = model(tmp_path, seed=3)
    states = np.random.default_rng(5).normal(size=(4, WIDTH)).astype(np.float32)
    at, tensors = "encoder.layer.0.attention.self.", made._tensors
    query, key, value = (
        states @ tensors[f"{at}{name}.weight"].T + tensors[f"{at}{name}.bias"] for name in ("query", "key", "value")
    )
    for row in range(4):
        for head in range(HEADS):
            own = slice(head * 2, head * 2 + 2)
            weights = [math.exp(float(query[row, own] @ key[other, own]) / math.sqrt(2)) for other in range(4)]
            expected = sum(weight * value[other, own] for other, weight in enumerate(weights)) / sum(weights)
            assert made._attended(at, states)[row, own] == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_a_text_is_like_itself_and_less_like_another(tmp_path: Path) -> None:
    made = model(tmp_path, seed=4)
    rows = made.encode(["I hear you.", "i hear you .", "cafe!"])
    assert rows[0] @ rows[1] == pytest.approx(1)
    assert rows[0] @ rows[2] < 0.999
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1)


class Counting:
    """Vectors of how often three words stand in a text."""

    name = "counting"

    def encode(self, texts: Sequence[str]) -> Floats:
        rows = (
            np.array([[text.lower().count(word) for word in ("dog", "sea", "bus")] for text in texts], dtype=float)
            + 1e-9
        )
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_meaning_is_kept_sentence_by_sentence_whatever_is_added() -> None:
    draft, answer = "Walk the dog. Bus!", "Perhaps walk the dog."
    good, bad = "I hear you, and the sea is wide. Walk your dog?", "The sea, the sea."
    made = Vectors(Counting(), [draft, answer, good, bad, ""])
    assert made.sentences_kept(draft, answer, good) == pytest.approx(1)
    assert made.sentences_kept(draft, answer, bad) == pytest.approx(0, abs=1e-6)
    assert made.likeness(draft, draft) == pytest.approx(1)
    assert made.likeness(draft, good) < 0.9
    assert made.likeness(draft, "") == 0


def test_without_the_package_there_are_no_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "MODULE", "no_such_package_of_vectors")
    assert vectors.load() is None
