"""A pair behind one prompt gives what two rows give, and our losses are trl's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from assistant.inference.trained_prompts import Task
from training.stages import base, fast_lora, losses
from training.stages.batches import collate, score, score_all
from training.stages.recipe import Loss, Precision, Preference
from training.stages.tests import tiny
from training.stages.tokens import Encoded

PAD = 2
ROWS = [
    Encoded("a", Task.IMPROVE, (1, 50, 60, 70, 80), ((90, 91, 92, 2), (93, 2))),
    Encoded("b", Task.IMPROVE, (1, 51, 61), ((94, 95, 2), (96, 97, 98, 99, 2))),
]


def single(row: Encoded, which: int) -> Encoded:
    return Encoded(row.id, row.task, row.prompt, (row.answers[which],))


def adapted(seed: int) -> Any:
    model = tiny.model()
    torch.manual_seed(seed)
    lora = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"], init_lora_weights=False)
    return get_peft_model(model, lora).eval()


def test_a_pair_behind_one_prompt_gives_what_two_rows_give() -> None:
    model = adapted(1)
    both = score(model, collate(ROWS, pad=PAD), precision=Precision.FLOAT32)
    for which in (0, 1):
        alone = score(model, collate([single(row, which) for row in ROWS], pad=PAD), precision=Precision.FLOAT32)
        torch.testing.assert_close(both.sums[:, which], alone.sums[:, 0], rtol=1e-4, atol=1e-4)
        assert both.lengths[:, which].tolist() == alone.lengths[:, 0].tolist()


def test_scores_are_those_of_transformers_own_forward() -> None:
    model, row = adapted(1), single(ROWS[0], 0)
    ids = torch.tensor([[*row.prompt, *row.answers[0]]])
    labels = ids.clone()
    labels[:, : len(row.prompt)] = -100
    told = score(model, collate([row], pad=PAD), precision=Precision.FLOAT32)
    torch.testing.assert_close(-told.sums[0, 0] / told.lengths[0, 0], model(input_ids=ids, labels=labels).loss)


def test_the_order_of_scores_is_that_of_the_rows() -> None:
    model = adapted(1)
    one, _ = score_all(model, ROWS, precision=Precision.FLOAT32, pad=PAD, batch=1)
    other, _ = score_all(model, ROWS[::-1], precision=Precision.FLOAT32, pad=PAD, batch=2)
    torch.testing.assert_close(one, other.flip(0), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("precision", list(Precision))
def test_the_fast_layers_give_what_pefts_layers_give(precision: Precision) -> None:
    told = []
    for is_fast in (False, True):
        model = adapted(1)
        if precision is Precision.BFLOAT16:
            for weight in model.parameters():
                weight.data = weight.data if weight.requires_grad else weight.data.bfloat16()
        if is_fast:
            assert fast_lora.speed_up(model) == 4
        loss = losses.of_examples(score(model, collate([single(row, 0) for row in ROWS], pad=PAD), precision=precision))
        loss.backward()
        gradients = {name: one.grad for name, one in model.named_parameters() if one.requires_grad}
        told.append((loss, gradients))
    loose = 1e-4 if precision is Precision.FLOAT32 else 3e-2
    torch.testing.assert_close(told[0][0], told[1][0], rtol=loose, atol=loose)
    assert len(told[0][1]) == 8
    for name, gradient in told[0][1].items():
        torch.testing.assert_close(gradient, told[1][1][name], rtol=loose, atol=loose)


def test_a_switched_off_adapter_is_the_base_with_fast_layers_too() -> None:
    model, row = adapted(1), [single(ROWS[0], 0)]
    fast_lora.speed_up(model)
    with model.disable_adapter():
        off = score(model, collate(row, pad=PAD), precision=Precision.FLOAT32).sums
    torch.testing.assert_close(off, score(tiny.model().eval(), collate(row, pad=PAD), precision=Precision.FLOAT32).sums)
    assert not torch.equal(off, score(model, collate(row, pad=PAD), precision=Precision.FLOAT32).sums)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return base.load_tokenizer(tiny.STARTER)


def test_the_loss_of_examples_is_that_of_trl(tmp_path: Path, tokenizer: Any) -> None:
    model, rows = adapted(1), [single(row, 0) for row in ROWS]
    ours = losses.of_examples(score(model, collate(rows, pad=PAD), precision=Precision.FLOAT32))
    told = [
        {"input_ids": [*row.prompt, *row.answers[0]], "labels": [-100] * len(row.prompt) + list(row.answers[0])}
        for row in rows
    ]
    config = SFTConfig(
        str(tmp_path),
        report_to="none",
        use_cpu=True,
        bf16=False,
        per_device_train_batch_size=2,
        gradient_checkpointing=False,
    )
    trainer = SFTTrainer(model, config, train_dataset=Dataset.from_list(told), processing_class=tokenizer)
    trainer.model.eval()
    theirs = trainer.compute_loss(trainer.model, trainer.data_collator(told))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("loss", [Loss.SIGMOID, Loss.SIGMOID_NORM, Loss.IPO])
def test_the_loss_of_pairs_is_that_of_trl(tmp_path: Path, tokenizer: Any, loss: Loss) -> None:
    model = adapted(1)
    reference = score(adapted(2), collate(ROWS, pad=PAD), precision=Precision.FLOAT32).sums.detach()
    ours = losses.of_pairs(
        score(model, collate(ROWS, pad=PAD), precision=Precision.FLOAT32),
        reference,
        Preference(loss=loss, beta=0.3),
    )
    told = [
        {"prompt_ids": list(row.prompt), "chosen_ids": list(row.answers[0]), "rejected_ids": list(row.answers[1])}
        | {"ref_chosen_logps": float(known[0]), "ref_rejected_logps": float(known[1])}
        for row, known in zip(ROWS, reference, strict=True)
    ]
    config = DPOConfig(
        str(tmp_path),
        report_to="none",
        use_cpu=True,
        bf16=False,
        beta=0.3,
        loss_type=[str(loss)],
        per_device_train_batch_size=2,
        gradient_checkpointing=False,
    )
    words = Dataset.from_list([{"prompt": "a", "chosen": " b", "rejected": " c"}])  # it takes no tokens; not looked at
    trainer = DPOTrainer(model, args=config, train_dataset=words, processing_class=tokenizer)
    trainer.precompute_ref_logps = True
    trainer.model.eval()
    theirs = trainer.compute_loss(trainer.model, trainer.data_collator(told))
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_label_smoothing_and_the_loss_of_the_chosen_answer_are_added() -> None:
    told = score(adapted(1), collate(ROWS, pad=PAD), precision=Precision.FLOAT32)
    reference = told.sums.detach() + torch.tensor([[1.0, -1.0]])
    plain = losses.of_pairs(told, reference, Preference(beta=1.0))
    smoothed = losses.of_pairs(told, reference, Preference(beta=1.0, label_smoothing=0.25))
    torch.testing.assert_close(plain - smoothed, torch.tensor(0.25 * 2.0))  # the gap is -2 in each pair
    with_sft = losses.of_pairs(told, reference, Preference(beta=1.0, sft=0.5))
    torch.testing.assert_close(with_sft - plain, -0.5 * (told.sums[:, 0] / told.lengths[:, 0]).mean())


def test_simpo_needs_no_reference() -> None:
    told = score(adapted(1), collate(ROWS, pad=PAD), precision=Precision.FLOAT32)
    how = Preference(loss=Loss.SIMPO, beta=2.0, margin=0.5)
    one, other = (losses.of_pairs(told, reference, how) for reference in (told.sums * 0, told.sums + 9))
    torch.testing.assert_close(one, other)
