"""How fast one model answers one person on this machine, through the site's own engine, and what memory it takes."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from assistant.inference.engine import Engine, EngineError
from assistant.inference.prompts import build_prompt
from assistant.inference.quality import HELDOUT, Quadruple, Texts
from assistant.inference.statistics import resident_bytes
from assistant.inference.trained_prompts import Task
from assistant.inference.tuning import cpu_name
from assistant.inference.types import Mode, Outcome, Params, Request
from evaluation.revisions import asking
from evaluation.rows import drawn
from evaluation.stats import mean_drawn_again, share_of
from evaluation.suite import BadData, Figure, Options, PerCase, Results, Suite

TASKS = (Task.IMPROVE, Task.GENERATE)
PARAMS = Params(temperature=0.0, max_tokens=96, deadline_seconds=600.0)
MIB = 2**20

NOTES = (
    "One request at a time, after one that is not counted. `python -m bench.engine` measures several people at once.",
    "Figures of two runs compare only where the machine was equally busy; what else it did is not known here.",
    "Memory is what this process holds more than before the model was opened, the pages of the file included.",
)


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    texts: Quadruple


class Speed(Suite[Case]):
    name = "speed"
    version = 1
    says = "time to the first word, words after it, and memory, of one model on this machine, one person at a time"
    needs_data = False
    default_data = HELDOUT
    asks = Task.IMPROVE
    of_machine = True

    def add_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", type=Path, metavar="FILE", help="the base model, a GGUF file")
        parser.add_argument("--adapter", type=Path, metavar="FILE", help="a GGUF adapter on top of it")
        parser.add_argument(
            "--task", choices=[str(one) for one in TASKS], default=str(TASKS[0]), help="what it is asked for"
        )
        prompts = [one for task in TASKS for one in asking.VERSIONS_FOR[task]]
        parser.add_argument("--prompt", choices=prompts, help="how the model is asked (as trained with an adapter)")

    def asks_for(self, asked: Namespace) -> Task:
        return Task(asked.task)

    def load(self, path: Path, options: Options) -> list[Case]:
        if not options.more.get("model"):
            raise BadData(path, "", "needs --model FILE to ask.")
        try:
            texts = Texts.read(path)
        except (ValueError, OSError) as error:
            raise BadData(path, "", f"{error}") from error
        return drawn([Case(str(number), one) for number, one in enumerate(texts.quadruples, start=1)], options)

    def measure(self, cases: Sequence[Case], options: Options) -> Results:
        more = options.more
        base = asking.measured(more["model"])
        adapter = asking.measured(more["adapter"]) if more.get("adapter") else None
        task = Task(more["task"])
        version = str(more.get("prompt") or asking.VERSIONS_FOR[task][1 if adapter else 0])
        before = resident_bytes()
        try:
            engine = asking.open_engine(base, adapter)
            try:
                name = asking.ADAPTER if adapter else ""
                outcomes = ask_one_by_one(engine, cases, task=task, version=version, adapter=name)
                state = engine.state()
            finally:
                engine.close()
        except EngineError as error:
            raise BadData(base.path, "", str(error)) from error
        return report(
            cases,
            outcomes,
            memory=state.resident_bytes - before,
            seed=options.seed,
            facts={
                **asking.model_facts(base, adapter, version),
                "machine": cpu_name(),
                "threads": state.threads,
            },
        )


SUITE = Speed()


def ask_one_by_one(engine: Engine, cases: Sequence[Case], *, task: Task, version: str, adapter: str) -> list[Outcome]:
    mode = Mode.GENERATE if task is Task.GENERATE else Mode.IMPROVE

    def ask(case: Case) -> Outcome:
        prompt = build_prompt(mode, post=case.texts.post, draft=case.texts.draft, version=version)
        stream = engine.submit(Request(id=case.id, prompt=prompt, params=PARAMS, adapter=adapter))
        for _piece in stream:
            pass
        assert stream.outcome is not None  # set when a stream ends
        return stream.outcome

    ask(cases[0])  # opens files and builds graphs, which nobody waits for again
    with tqdm(cases, unit="answer", file=sys.stderr) as bar:
        return [ask(case) for case in bar]


def report(
    cases: Sequence[Case], outcomes: Sequence[Outcome], *, memory: int, seed: int, facts: dict[str, str | int | float]
) -> Results:
    first = [None if one.seconds_to_first is None else 1000 * one.seconds_to_first for one in outcomes]
    columns = {"first token (ms)": tuple(first), "tokens a second": tuple(map(_rate, outcomes))}
    told = sorted(one for one in first if one is not None)
    return Results(
        figures=(
            *(
                Figure(name, mean_drawn_again([one for one in values if one is not None], seed=seed))
                for name, values in columns.items()
            ),
            Figure("first token, p95 (ms)", told[min(len(told) - 1, int(len(told) * 0.95))] if told else None),
            Figure("answers without a word", share_of([one is None for one in first])),
            Figure("memory, MiB", round(memory / MIB)),
        ),
        notes=NOTES,
        facts={**facts, "tokens of prompts": sum(one.prompt_tokens for one in outcomes)},
        per_case=PerCase(tuple(case.id for case in cases), columns),
    )


def _rate(one: Outcome) -> float | None:
    """After the first. None where there is no second token."""
    if one.seconds_to_first is None or one.output_tokens < 2 or one.seconds <= one.seconds_to_first:
        return None
    return (one.output_tokens - 1) / (one.seconds - one.seconds_to_first)
