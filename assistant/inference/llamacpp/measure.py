"""A process of its own that loads model files, times them and scores texts: `python -m assistant.inference.llamacpp.measure`.

It reads one request a line from standard input and answers each with one line. OpenMP reads its settings once, when it is
loaded, and pins the thread that loads it; so every setting is tried in a fresh process, and the site's stays as it is.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.inference.engine import EngineError, ModelUnavailable
from assistant.inference.llamacpp.context import load_adapter, set_adapter
from assistant.inference.llamacpp.library import available_cores, first_error, forget_errors, library
from assistant.inference.llamacpp.model import LlamaModel
from assistant.inference.llamacpp.quantize import lay_out
from assistant.inference.modelfile import ModelFile
from assistant.inference.prompts import build_improve
from assistant.inference.quality import Quadruple, Scores, Texts
from assistant.inference.scaffold import TURN_END
from assistant.inference.types import Prompt, Segment

DEPTH = 400  # what a request finds evaluated, about
PREFILL = 512
ROWS = 8
ROOM = 1024  # of each sequence
LIKELIEST = 64  # of the original's predictions, kept to compare with
LONGEST_PASSAGE = 400  # tokens
LONGEST_ROW = 2048  # tokens of a prompt and an answer
FLASH_ATTENTION_ON = 1

Logits = npt.NDArray[np.float32]
Row = tuple[int, int, int, bool]  # token, position, sequence, whether its prediction is wanted


class Bench:
    """One loaded file with a context of several sequences."""

    def __init__(
        self, file: ModelFile, *, sequences: int, threads: int, unified: bool, outputs: int = ROWS, room: int = ROOM
    ) -> None:
        """`room`: tokens of each sequence."""
        self.model = LlamaModel(file)
        self._lib = library()
        params = self._lib.llama_context_default_params()
        params.n_ctx = room * sequences
        params.n_batch = params.n_ubatch = PREFILL
        params.n_seq_max = sequences
        params.n_outputs_max = params.n_outputs_max_per_seq = outputs
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = unified
        params.flash_attn_type = FLASH_ATTENTION_ON
        forget_errors()
        self._context = self._lib.llama_init_from_model(self.model.weights, params)
        if not self._context:
            self.model.close()
            raise ModelUnavailable(f"{file.path.name}: no memory to measure it.{first_error()}")
        self._memory = self._lib.llama_get_memory(self._context)
        self._batch = self._lib.llama_batch_init(PREFILL, 0, 1)

    def close(self) -> None:
        self._lib.llama_batch_free(self._batch)
        self._lib.llama_free(self._context)
        self.model.close()

    def attach(self, adapter: ModelFile) -> None:
        """For all steps that follow. Raises ModelUnavailable, EngineError."""
        loaded = load_adapter(self.model, adapter, name=adapter.path.name)
        set_adapter(self._lib, self._context, loaded, name=adapter.path.name)

    def step(self, rows: Sequence[Row]) -> None:
        for start in range(0, len(rows), PREFILL):
            part = rows[start : start + PREFILL]
            for index, (token, position, sequence, wanted) in enumerate(part):
                self._batch.token[index] = token
                self._batch.pos[index] = position
                self._batch.n_seq_id[index] = 1
                self._batch.seq_id[index][0] = sequence
                self._batch.logits[index] = wanted
            self._batch.n_tokens = len(part)
            code = self._lib.llama_decode(self._context, self._batch)
            if code != 0:
                raise EngineError(f"llama.cpp could not decode while measuring (code {code}).")

    def fill(self, tokens: Sequence[int], *, at: int = 0, sequence: int = 0) -> None:
        self.step([(token, at + index, sequence, False) for index, token in enumerate(tokens)])

    def predictions(self, count: int) -> Logits:
        """Log-probabilities of the rows of the last step whose prediction was wanted, in their order."""
        pointer = self._lib.llama_get_logits(self._context)
        logits: Logits = np.ctypeslib.as_array(pointer, shape=(count, self.model.vocabulary)).astype(np.float32)
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return logits

    def cut(self, keep: int, *, sequence: int = 0) -> None:
        self._lib.llama_memory_seq_rm(self._memory, sequence, keep if keep else -1, -1)

    def copy(self, sequence: int, *, source: int = 0) -> None:
        self._lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        self._lib.llama_memory_seq_cp(self._memory, source, sequence, -1, -1)


@contextmanager
def opened(file: ModelFile, **options: Any) -> Iterator[Bench]:
    bench = Bench(file, **options)
    try:
        yield bench
    finally:
        bench.close()


def plain_tokens(bench: Bench, text: str) -> list[int]:
    return list(bench.model.tokenise(Prompt((Segment(text, scaffold=False),), mode=None, version="measure")).tokens)


# Speed.


def timed(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def some_tokens(bench: Bench, count: int) -> list[int]:
    """Ordinary words: which ones changes nothing about the time."""
    tokens = plain_tokens(bench, "I read what you wrote and I am glad that you told somebody about it. ")
    return (tokens * (count // len(tokens) + 1))[:count]


def speed_of(file: ModelFile, *, threads: int, steps: int, most_seconds: float, prompt: int) -> dict[str, float]:
    """One round: tokens a second of a prompt, of one row and of eight."""
    with opened(file, sequences=ROWS, threads=threads, unified=False) as bench:
        tokens = some_tokens(bench, DEPTH + prompt)
        bench.fill(tokens[:DEPTH])  # also warms up
        prefill = timed(lambda: bench.fill(tokens[DEPTH:], at=DEPTH))
        bench.cut(DEPTH)
        one = seconds_a_step(bench, rows=1, steps=steps, most_seconds=most_seconds)
        bench.cut(DEPTH)
        for sequence in range(1, ROWS):
            bench.copy(sequence)
        eight = seconds_a_step(bench, rows=ROWS, steps=max(4, steps // 2), most_seconds=most_seconds)
    return {"prefill": prompt / prefill, "decode": 1 / one, "decode_eight": ROWS / eight}


def seconds_a_step(bench: Bench, *, rows: int, steps: int, most_seconds: float) -> float:
    """The mean: a neighbour makes few steps very slow, and they count for the one who waits."""
    taken: list[float] = []
    for number in range(2 + steps):  # the first two build the graph of this many rows
        batch = [(100, DEPTH + number, sequence, True) for sequence in range(rows)]
        taken.append(timed(lambda batch=batch: bench.step(batch)))  # type: ignore[misc]
        if number >= 5 and sum(taken) > most_seconds:
            break
    return sum(taken[2:]) / len(taken[2:])


# Quality.


@dataclass
class Kept:
    """What the original predicted for one passage: its likeliest tokens, and how much is left for all others."""

    ids: npt.NDArray[np.int64]
    logs: Logits

    @property
    def rest(self) -> Logits:
        return rest_of(self.logs)


def rest_of(logs: Logits) -> Logits:
    rest: Logits = np.maximum(1.0 - np.exp(logs.astype(np.float64)).sum(axis=1), 1e-9).astype(np.float32)
    return rest


class Scorer:
    """Scores texts with one file after the other; the first one is what the others are compared with."""

    def __init__(self) -> None:
        self._original: list[Kept] = []

    def scores(self, file: ModelFile, texts: Texts, *, threads: int) -> Scores:
        is_original = not self._original
        with opened(file, sequences=3, threads=threads, unified=True, outputs=PREFILL) as bench:
            tokens, losses, agreed, diverged = [], [], 0.0, 0.0
            for number, passage in enumerate(texts.passages):
                ids = plain_tokens(bench, passage)[:LONGEST_PASSAGE]
                logs = self._predict(bench, ids)
                tokens.append(len(ids) - 1)
                losses.append(float(-logs[np.arange(len(ids) - 1), ids[1:]].sum()))
                if is_original:
                    best = np.argpartition(-logs, LIKELIEST, axis=1)[:, :LIKELIEST]
                    self._original.append(Kept(best, np.take_along_axis(logs, best, axis=1)))
                else:
                    agreed += self._agreed(number, logs)
                    diverged += self._diverged(number, logs)
            judged = judge(bench, texts.quadruples)
        return Scores(
            tokens=tuple(tokens),
            losses=tuple(losses),
            better_tokens=tuple(row[0] for row in judged),
            better_losses=tuple(row[1] for row in judged),
            worse_losses=tuple(row[2] for row in judged),
            agreement=None if is_original else agreed / sum(tokens),
            divergence=None if is_original else diverged / sum(tokens),
        )

    def _predict(self, bench: Bench, ids: list[int]) -> Logits:
        bench.cut(0)
        bench.step([(token, index, 0, True) for index, token in enumerate(ids[:-1])])
        return bench.predictions(len(ids) - 1)

    def _agreed(self, number: int, logs: Logits) -> float:
        kept = self._original[number]
        first = np.take_along_axis(kept.ids, kept.logs.argmax(axis=1)[:, None], axis=1)[:, 0]
        return float((logs.argmax(axis=1) == first).sum())

    def _diverged(self, number: int, logs: Logits) -> float:
        kept = self._original[number]
        now = np.take_along_axis(logs, kept.ids, axis=1)
        listed = (np.exp(kept.logs) * (kept.logs - now)).sum()
        others = (kept.rest * (np.log(kept.rest) - np.log(rest_of(now)))).sum()
        return float(listed + others)


def judge(bench: Bench, quadruples: Sequence[Quadruple]) -> list[tuple[int, float, float]]:
    """Of each: tokens of the better revision, its loss, and the loss per token of the worse one."""
    judged = []
    prompts = Prompts(bench)
    for row in quadruples:
        prompt = list(bench.model.tokenise(build_improve(post=row.post, draft=row.draft)).tokens)
        prompts.fill(prompt)
        better, worse = plain_tokens(bench, row.better), plain_tokens(bench, row.worse)
        losses = [loss_of(bench, prompt, revision) for revision in (better, worse)]
        judged.append((len(better), losses[0], losses[1] / len(worse)))
    return judged


class Prompts:
    """Prompts one after the other in the first sequence; what each shares with the one before is not evaluated again."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._filled: list[int] = []
        bench.cut(0)

    def fill(self, prompt: list[int]) -> None:
        """All but the last token."""
        told = prompt[:-1]
        common = next((at for at, (a, b) in enumerate(zip(told, self._filled, strict=False)) if a != b), None)
        kept = min(len(told), len(self._filled)) if common is None else common
        self._bench.cut(kept)
        self._bench.fill(told[kept:], at=kept)
        self._filled = told


def loss_of(bench: Bench, prompt: list[int], answer: list[int]) -> float:
    """Of the answer's tokens, after a prompt of which all but the last token are evaluated in the first sequence."""
    bench.copy(1)
    told = [prompt[-1], *answer[:-1]]
    loss = 0.0
    for start in range(0, len(told), PREFILL):  # predictions are of one step
        part, wanted = told[start : start + PREFILL], answer[start : start + PREFILL]
        bench.step([(token, len(prompt) - 1 + start + index, 1, True) for index, token in enumerate(part)])
        loss -= float(bench.predictions(len(part))[np.arange(len(part)), wanted].sum())
    return loss


def likelihoods(
    file: ModelFile, adapter: ModelFile | None, rows: Sequence[dict[str, Any]], *, threads: int
) -> list[list[tuple[float, int]] | None]:
    """Of each answer the sum of its log-likelihoods and its tokens, the end of the turn included, as in training."""
    with opened(file, sequences=2, threads=threads, unified=True, outputs=PREFILL, room=LONGEST_ROW) as bench:
        if adapter:
            bench.attach(adapter)
        prompts = Prompts(bench)
        return [likelihoods_of(bench, prompts, row) for row in rows]


def likelihoods_of(bench: Bench, prompts: Prompts, row: dict[str, Any]) -> list[tuple[float, int]] | None:
    """None for a row that is too long."""
    segments = tuple(Segment(**segment) for segment in row["segments"])

    def tokens_of(*more: Segment) -> list[int]:
        return list(bench.model.tokenise(Prompt((*segments, *more), mode=None, version="measure")).tokens)

    prompt = tokens_of()
    end = Segment(TURN_END.strip(), scaffold=True)
    answers = [tokens_of(Segment(text, scaffold=False), end)[len(prompt) :] for text in row["answers"]]
    if len(prompt) + max(map(len, answers)) > LONGEST_ROW:
        return None
    prompts.fill(prompt)
    return [(-loss_of(bench, prompt, answer), len(answer)) for answer in answers]


# Requests.


def answers(request: dict[str, Any], *, scorer: Scorer) -> dict[str, Any]:
    threads = request.get("threads") or available_cores()
    match request["task"]:
        case "speed":
            spent = {name: request[name] for name in ("steps", "most_seconds", "prompt")}
            return speed_of(file_of(request), threads=threads, **spent)
        case "scores":
            quadruples = tuple(Quadruple(**row) for row in request["quadruples"])
            texts = Texts(tuple(request["passages"]), quadruples)
            return asdict(scorer.scores(file_of(request), texts, threads=threads))
        case "likelihoods":
            adapter = file_of(request["adapter"]) if request.get("adapter") else None
            return {"rows": likelihoods(file_of(request), adapter, request["rows"], threads=threads)}
        case "lay_out":
            lay_out(Path(request["source"]), Path(request["target"]), request["layout"], threads=threads)
            return {}
    raise EngineError(f"{request['task']}: no such task of this process.")


def file_of(request: dict[str, Any]) -> ModelFile:
    return ModelFile(path=Path(request["path"]), sha256=request["sha256"], size=request["size"])


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        # The one who started this process may be pinned to one core by OpenMP, and a child inherits that.
        os.sched_setaffinity(0, {int(core) for core in sys.argv[1].split(",")})
    scorer = Scorer()
    for line in sys.stdin:
        try:
            answer = answers(json.loads(line), scorer=scorer)
        except EngineError as error:
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
