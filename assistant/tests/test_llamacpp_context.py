"""The real context: what is put back is what was saved, sequences do not see each other, rows in one step differ a little.

llama.cpp computes one row and several rows with different kernels, so that the same token at the same place has slightly
other logits. What draft lookup and batching change is bounded here, in nats between the two next-token distributions.
"""

from __future__ import annotations

from collections.abc import Iterator

import llama_cpp
import numpy as np
import pytest

from assistant.inference.decoder import Row
from assistant.inference.llamacpp.context import LlamaContext
from assistant.inference.llamacpp.model import LlamaModel
from assistant.inference.prompts import build_prompt
from assistant.inference.types import Mode
from assistant.tests.starter import starter_model_file

pytestmark = pytest.mark.model

MEAN_NATS = 0.02  # 0.002 and 0.014 were measured with AVX-512
MOST_NATS = 0.2


@pytest.fixture(scope="module")
def context() -> Iterator[LlamaContext]:
    opened = LlamaContext(LlamaModel(starter_model_file()), context_tokens=1024, sequences=3, threads=2)
    yield opened
    opened.close()


@pytest.fixture
def tokens(context: LlamaContext) -> list[int]:
    prompt = build_prompt(
        Mode.IMPROVE, post="My cat ran off and I look for it all day.", draft="I hear you. Keep looking."
    )
    return context.tokenise(prompt).tokens


def logits(context: LlamaContext, row: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    raw = llama_cpp.llama_get_logits_ith(context._context, row)
    return np.ctypeslib.as_array(raw, (context._model.vocabulary,)).copy()


def log_probabilities(
    values: np.ndarray[tuple[int], np.dtype[np.float32]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    shifted = values.astype(np.float64) - float(values.max())
    return shifted - float(np.log(np.exp(shifted).sum()))


def test_a_saved_sequence_goes_on_elsewhere_with_the_very_same_logits(context: LlamaContext, tokens: list[int]) -> None:
    context.wipe()
    context.decode([Row(0, tokens[:-1], 0)])
    state = context.save(0)
    context.decode([Row(0, tokens[-1:], len(tokens) - 1)])
    straight = logits(context, 0)
    context.decode([Row(1, tokens[5:90], 0)])  # whatever was there before
    assert context.restore(1, state)
    context.decode([Row(1, tokens[-1:], len(tokens) - 1)])
    assert np.array_equal(logits(context, 0), straight)


@pytest.mark.deep
def test_a_sequence_that_was_cut_goes_on_as_if_the_rest_had_never_been(
    context: LlamaContext, tokens: list[int]
) -> None:
    context.wipe()
    context.decode([Row(0, tokens, 0)])
    straight = logits(context, len(tokens) - 1)
    context.decode([Row(1, tokens[:-20], 0, last=False)])
    context.decode([Row(1, tokens[100:140], len(tokens) - 20)])  # another case's words, then cut off
    assert context.cut(1, len(tokens) - 20)
    context.decode([Row(1, tokens[-20:], len(tokens) - 20)])
    context.cut(0, len(tokens) - 20)
    context.decode([Row(0, tokens[-20:], len(tokens) - 20)])
    again = logits(context, 19)
    context.cut(1, len(tokens) - 20)
    context.decode([Row(1, tokens[-20:], len(tokens) - 20)])
    assert np.array_equal(logits(context, 19), again)
    assert int(straight.argmax()) == int(again.argmax())


@pytest.mark.deep
@pytest.mark.parametrize("other", [0, 60])
def test_two_sequences_change_places_with_all_they_hold(context: LlamaContext, tokens: list[int], other: int) -> None:
    context.wipe()
    context.decode([Row(0, tokens[:-1], 0)])
    if other:
        context.decode([Row(2, tokens[20 : 20 + other], 0)])
    context.decode([Row(0, tokens[-1:], len(tokens) - 1)])
    straight = logits(context, 0)
    context.cut(0, len(tokens) - 1)
    assert context.swap(0, 2)
    context.decode([Row(2, tokens[-1:], len(tokens) - 1)])
    assert np.array_equal(logits(context, 0), straight)
    context.decode([Row(0, tokens[:10], other)])  # refused if anything else were there


@pytest.mark.deep
def test_a_step_that_is_left_leaves_everything_as_it_was(context: LlamaContext, tokens: list[int]) -> None:
    context.wipe()
    context.decode([Row(0, tokens[:100], 0)])
    context.abort()
    assert not context.decode([Row(0, tokens[100:-1], 100)])
    context.resume()
    context.decode([Row(0, tokens[100:-1], 100)])
    context.decode([Row(0, tokens[-1:], len(tokens) - 1)])
    left_once = logits(context, 0)
    context.decode([Row(1, tokens[:100], 0)])
    context.decode([Row(1, tokens[100:-1], 100)])
    context.decode([Row(1, tokens[-1:], len(tokens) - 1)])
    assert np.array_equal(logits(context, 0), left_once)


def test_a_sequence_does_not_see_what_stands_in_another(context: LlamaContext, tokens: list[int]) -> None:
    answers = []
    for other in (tokens[:60], tokens[200:320]):
        context.wipe()
        context.decode([Row(2, other, 0)])
        context.decode([Row(0, tokens, 0)])
        answers.append(logits(context, len(tokens) - 1))
    context.wipe()
    context.decode([Row(0, tokens, 0)])
    assert all(np.array_equal(answer, logits(context, len(tokens) - 1)) for answer in answers)


@pytest.mark.deep
def test_rows_in_one_step_have_nearly_the_distribution_of_rows_one_by_one(
    context: LlamaContext, tokens: list[int]
) -> None:
    context.wipe()
    start = len(tokens) - 32
    context.decode([Row(0, tokens[:start], 0)])
    context.decode([Row(1, tokens[:start], 0)])
    together: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []
    for step in range(0, 32, 16):
        context.decode([Row(0, tokens[start + step : start + step + 16], start + step, every=True)])
        together += [log_probabilities(logits(context, row)) for row in range(16)]
    nats = []
    for number in range(32):
        context.decode([Row(1, tokens[start + number : start + number + 1], start + number)])
        one_by_one = log_probabilities(logits(context, 0))
        nats.append(float((np.exp(one_by_one) * (one_by_one - together[number])).sum()))
    assert np.mean(nats) < MEAN_NATS
    assert max(nats) < MOST_NATS
