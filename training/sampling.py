"""Answers of a model to prepared examples, written by the engine that the site uses: `python -m training.sampling`.

Needs llama.cpp, not torch: run it with the site's environment. What is written are texts of the model, beside the ids of
the examples; they stay in the run folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from assistant.inference import trained_prompts
from assistant.inference.engine import Engine
from assistant.inference.modelfile import measured_file
from assistant.inference.trained_prompts import Goal, Task
from assistant.inference.types import Params, Prompt, Request
from training.schemas import Example, Pair, read_rows

ADAPTER = "adapter"
AT_ONCE = 16


def prompt_of(row: Example | Pair) -> Prompt:
    """What the model is given; the same words in training, sampling and on the site."""
    match row.task:
        case Task.IMPROVE:
            goals = [Goal(goal) for goal in row.goals]
            return trained_prompts.build_improve(post=row.post, draft=row.draft, goals=goals, keep=row.keep)
        case Task.GENERATE:
            return trained_prompts.build_generate(post=row.post)
        case Task.FEEDBACK:
            return trained_prompts.build_feedback(post=row.post, draft=row.draft)
        case Task.SEEKER:
            return trained_prompts.build_seeker(topic=row.topic if isinstance(row, Example) else row.post)


def sample(
    engine: Engine, rows: Iterable[Example], *, count: int, temperature: float, seed: int, adapter: str = ADAPTER
) -> Iterator[tuple[Example, list[str]]]:
    """`count` answers to each. Temperature 0 gives one."""

    def answer(asked: tuple[Example, int]) -> str:
        row, number = asked
        params = Params(
            max_tokens=260,
            temperature=temperature,
            top_p=0.95,
            repeat_penalty=1.0,
            seed=seed + number,
            deadline_seconds=600,
        )
        request = Request(id=f"{row.id}/{number}", prompt=prompt_of(row), params=params, adapter=adapter)
        return "".join(engine.submit(request)).strip()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for batch in batches(rows, 4 * AT_ONCE):
            asked = [(row, number) for row in batch for number in range(count)]
            said = list(pool.map(answer, asked))
            for number, row in enumerate(batch):
                yield row, said[number * count : (number + 1) * count]


def batches(rows: Iterable[Example], size: int) -> Iterator[list[Example]]:
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.sampling", description=__doc__)
    parser.add_argument("examples", type=Path)
    parser.add_argument("--model", type=Path, required=True, help="the base, a GGUF file")
    parser.add_argument("--adapter", type=Path, help="an adapter for it, a GGUF file")
    parser.add_argument("--task", type=Task, choices=list(Task), default=Task.IMPROVE)
    parser.add_argument("--split", default="", help="only examples of this split")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)

    rows = [row for row in read_rows(Example, given.examples) if row.task is given.task]
    rows = [row for row in rows if not given.split or row.split == given.split]
    rows.sort(key=lambda row: hashlib.sha256(row.id.encode()).hexdigest())
    rows = rows[: given.limit or None]

    from assistant.inference.llamacpp.engine import LlamaCppEngine

    adapters = {ADAPTER: measured_file(given.adapter)} if given.adapter else {}
    engine = LlamaCppEngine(
        measured_file(given.model),
        name=given.model.stem,
        slots=AT_ONCE,
        context_tokens=1536,
        adapters=adapters,
        lookup=False,
    )
    began = time.monotonic()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    count = 1 if given.temperature == 0 else given.count
    with given.out.open("w", encoding="utf-8") as file:
        answers = sample(
            engine,
            rows,
            count=count,
            temperature=given.temperature,
            seed=given.seed,
            adapter=ADAPTER if adapters else "",
        )
        for row, said in tqdm(answers, total=len(rows), unit="example"):
            file.write(json.dumps({"id": row.id, "outputs": said}, ensure_ascii=False) + "\n")
    engine.close()
    print(f"{len(rows)} examples, {count} answers each, in {time.monotonic() - began:.0f} s: {given.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
