"""Another layout of the weights: what its figures mean, which one is chosen, what is kept, and one run on the real model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from assistant.inference import layouts
from assistant.inference.engine import ModelUnavailable
from assistant.inference.gguf import read_header
from assistant.inference.layouts import Speed
from assistant.inference.merging import merge_in_place
from assistant.inference.quality import HELDOUT, Scores, Texts, compare
from assistant.models import Deployment, ModelVersion
from assistant.tests import gguf_files
from assistant.tests.starter import starter_model_file

TOKENS = (50, 60, 40, 55)
ORIGINAL = Scores(
    TOKENS, (150.0, 190.0, 118.0, 170.0), (20, 20, 20, 20), (50.0, 52.0, 49.0, 60.0), (2.6, 2.7, 2.4, 3.1)
)


def worse_by(share: float, *, lost: int = 0) -> Scores:
    """Its perplexity is this share higher on every text; of the first `lost` it prefers the other revision."""
    more = float(np.log(1 + share))
    return Scores(
        TOKENS,
        tuple(loss + more * count for loss, count in zip(ORIGINAL.losses, TOKENS, strict=True)),
        ORIGINAL.better_tokens,
        tuple(loss + more * 20 for loss in ORIGINAL.better_losses),
        tuple(0.0 if number < lost else worse + more for number, worse in enumerate(ORIGINAL.worse_losses)),
    )


def test_the_ratio_of_perplexities_comes_with_its_interval() -> None:
    found = compare(worse_by(0.02), ORIGINAL)
    assert found.perplexity.value == pytest.approx(1.02)
    assert found.perplexity.low == pytest.approx(1.02)  # every text alike: drawing them again changes nothing
    assert found.reference is not None
    assert found.reference.value == pytest.approx(1.02)


@pytest.mark.parametrize(("share", "lost", "said"), [(0.029, 1, ""), (0.031, 0, "perplexity 1.031"), (-0.1, 0, "")])
def test_the_bound_is_three_percent(share: float, lost: int, said: str) -> None:
    assert layouts.out_of_bound(compare(worse_by(share, lost=lost), ORIGINAL)).startswith(said)


def test_lost_preferences_count_when_chance_does_not_explain_them() -> None:
    many = Scores((10,), (30.0,), (10,) * 8, (20.0,) * 8, (2.5,) * 8)
    worse = Scores((10,), (30.0,), (10,) * 8, (20.0,) * 8, (*([1.5] * 5), 2.5, 2.5, 2.5))
    assert layouts.out_of_bound(compare(worse, many)) == "prefers the better revision 3 times instead of 8 of 8"
    assert compare(worse, many).chance_of_losses == pytest.approx(1 / 32)


def test_the_standard_request_decides_and_a_slow_minute_hits_all_alike() -> None:
    quiet, slow = (
        {"prefill": 700.0, "decode": 120.0, "decode_eight": 200.0},
        {"prefill": 70.0, "decode": 12.0, "decode_eight": 20.0},
    )
    original = Speed.of_rounds([quiet, slow, quiet])
    twice = Speed.of_rounds([{name: 2 * value for name, value in row.items()} for row in (quiet, slow, quiet)])
    assert original.request_seconds == pytest.approx(280 / 700 + 60 / 120 + 60 / 200)
    assert layouts.gain(twice, original) == pytest.approx(2.0)
    assert layouts.by_speed({"Q4_1": original, "same": original, "twice": twice}, "Q4_1") == ["twice"]


def test_of_a_large_model_no_unquantised_layout_is_tried() -> None:
    assert "BF16" in layouts.candidates("Q4_1", size=98_000_000, quick=True)
    assert layouts.candidates("Q4_K_M", size=5 * 2**30, quick=False) == ("Q4_0", "Q8_0", "Q6_K", "IQ4_NL")


def test_the_quick_form_rounds_nothing_to_four_bits_twice() -> None:
    assert layouts.candidates("Q4_1", size=98_000_000, quick=True) == ("Q8_0", "BF16")
    assert layouts.candidates("F16", size=270_000_000, quick=True) == ("Q4_0", "Q8_0", "BF16")
    assert "Q4_0" in layouts.candidates("Q4_1", size=98_000_000, quick=False)


def test_the_shipped_texts_are_whole() -> None:
    texts = Texts.read()
    assert len(texts.passages) == len(texts.quadruples) == 40
    assert all(60 <= len(passage.split()) <= 120 for passage in texts.passages)
    assert len({row.better for row in texts.quadruples} | {row.worse for row in texts.quadruples}) == 80


def test_any_text_can_be_measured_on(tmp_path: Path) -> None:
    path = tmp_path / "ours.txt"
    path.write_text("Too short.\n\n" + "word " * 30 + "\n\n" + "more " * 25)
    assert len(Texts.read(path).passages) == 2
    (tmp_path / "wrong.toml").write_text("[[passage]]\nwords = 1\n")
    with pytest.raises(ValueError, match="want"):
        Texts.read(tmp_path / "wrong.toml")


def test_a_merged_matrix_is_the_base_with_the_product_added(tmp_path: Path) -> None:
    base = gguf_files.base(tmp_path / "base.gguf", width=32)
    lora = gguf_files.adapter(tmp_path / "lora.gguf", of=base, rank=4, alpha=8.0, size=0.5)
    assert merge_in_place(lora, base) == 1
    header, data = read_header(lora), lora.read_bytes()
    parts = {
        name[-1]: np.frombuffer(data, "<f4", count=128, offset=header.data_start + tensor.offset).reshape(
            tensor.shape[::-1]
        )
        for name, tensor in header.tensors.items()
    }
    merged = np.frombuffer(base.read_bytes()[read_header(base).data_start :], "<f4").reshape(32, 32)
    assert np.allclose(merged, 8.0 / 4 * parts["b"] @ parts["a"])


def test_an_adapter_of_another_shape_is_not_merged(tmp_path: Path) -> None:
    lora = gguf_files.adapter(tmp_path / "lora.gguf", of=gguf_files.base(tmp_path / "wide.gguf", width=64))
    with pytest.raises(ModelUnavailable, match="cannot be merged"):
        merge_in_place(lora, gguf_files.base(tmp_path / "base.gguf"))


@pytest.mark.deep
@pytest.mark.django_db
@pytest.mark.model
def test_a_layout_is_derived_measured_registered_and_found_again(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DATA_DIR = tmp_path
    # One candidate, one round, and a bound that whatever is measured here is within: the choice has its own tests.
    for name, value in {"QUICK_CANDIDATES": ("Q8_0",), "ROUNDS": 1, "LEAST_GAIN": 0.0, "MOST_PERPLEXITY": 1e9}.items():
        monkeypatch.setattr(layouts, name, value)
    text = tmp_path / "text.txt"
    text.write_text(Texts.read(HELDOUT).passages[0])
    left = tmp_path / "models" / ".layout-Q4_0.gguf"
    left.parent.mkdir()
    left.write_bytes(b"of a run that was killed")
    call_command("models", "add", str(starter_model_file().path), "--name", "starter")
    call_command("models", "activate", "starter")
    call_command("models", "optimize", "starter", "--text", str(text), "--quick", "--activate")
    derived = Deployment.active_version()
    assert derived is not None
    assert (derived.name, derived.layout) == ("starter-q8_0", "Q8_0")
    assert derived.derived_from == ModelVersion.objects.get(name="starter")
    assert 0.9 < derived.figures["quality"]["perplexity"]["value"] < 1.1
    assert derived.figures["quality"]["agreement"] > 0.8
    assert 0 <= derived.figures["quality"]["divergence"] < 0.1
    assert [path.name for path in left.parent.glob("*.gguf")] + [
        path.name for path in left.parent.glob(".layout-*")
    ] == ["starter.Q8_0.gguf"]
    assert json.dumps(derived.figures)
    call_command("models", "verify", "starter-q8_0")
    capsys.readouterr()
    call_command("models", "optimize", "starter", "--text", str(text), "--quick")
    assert "Measured before on this machine" in capsys.readouterr().out
    call_command("models", "add-remote", "http://10.0.0.5", "--name", "far")
    with pytest.raises(CommandError, match="far is no base model"):
        call_command("models", "optimize", "far")
