"""How far the three mechanisms of EPITOME are there in replies: of a model, or of people, to the same posts."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant.inference.trained_prompts import Task
from assistant.meters import mechanisms_in
from evaluation.empathy import MECHANISMS, EmpathyScorer
from evaluation.revisions import asking, outputs
from evaluation.revisions.triples import Triple, read_triples
from evaluation.rows import drawn
from evaluation.stats import mean_of, paired, share_of
from evaluation.suite import BadData, Figure, Options, PerCase, Results, Suite, Table, Value
from evaluation.suites.meters import OF_LABEL

TASKS = (Task.GENERATE, Task.IMPROVE)

NOTES = (
    "A scorer expects what people would mark (0 not there, 1 weak, 2 strong), trained on short comments of one community. Its own"
    " figures on held-out replies stand above. It reads words: set phrases and questions please it, and longer texts hold more.",
    "By wording is what a supporter is told beside a draft (assistant/meters.py); the suite meters says how far people agree.",
    "A mechanism that is there may be no comfort to this person, and may be false: the scorer does not know the post's truth.",
)


class Empathy(Suite[Triple]):
    name = "empathy"
    version = 1
    says = "the three mechanisms of empathy in replies, by a scorer trained on people's labels, and by wording"
    asks = Task.GENERATE

    def add_options(self, parser: ArgumentParser) -> None:
        outputs.add_options(parser, tuple(one for task in TASKS for one in asking.VERSIONS_FOR[task]))
        parser.add_argument(
            "--task", choices=[str(one) for one in TASKS], default=str(TASKS[0]), help="rows of this task"
        )
        parser.add_argument(
            "--empathy", type=Path, metavar="FILE", help="weights of `evaluation.empathy train`; needed"
        )

    def asks_for(self, asked: Namespace) -> Task:
        return Task(asked.task)

    def load(self, path: Path, options: Options) -> list[Triple]:
        outputs.check(path, options)
        if not options.more.get("empathy"):
            raise BadData(path, "", "needs --empathy FILE. Make one: python -m evaluation.empathy train.")
        return drawn(read_triples(path, split=outputs.split_of(options), task=Task(options.more["task"])), options)

    def measure(self, cases: Sequence[Triple], options: Options) -> Results:
        scorer = EmpathyScorer.load(options.more["empathy"])
        texts, facts = outputs.outputs_of(cases, options.more, asking.VERSIONS_FOR[Task(options.more["task"])])
        if options.more.get("write"):
            outputs.write_outputs(options.more["write"], texts)
        posts, said = [one.post for one in cases], [texts[one.id] for one in cases]
        expected = scorer.expected(posts, said)
        theirs = scorer.expected(posts, [one.answer for one in cases])
        columns: dict[str, tuple[float | None, ...]] = {}
        for number, (label, mechanism) in enumerate(OF_LABEL.items()):
            name = label.replace("_", " ")
            columns[f"{name}, expected level (0 to 2)"] = _floats(expected[:, number])
            columns[f"{name}, there by the scorer"] = _floats(scorer.levels(posts, said)[:, number] > 0)
            columns[f"{name}, there by wording"] = tuple(float(mechanism in mechanisms_in(text)) for text in said)
        columns["all three, expected (0 to 6)"] = _floats(expected.sum(axis=1))
        return Results(
            figures=tuple(Figure(name, _estimate(name, values)) for name, values in columns.items()),
            tables=(beside_people(expected, theirs, seed=options.seed),),
            notes=NOTES,
            facts={
                **facts,
                "split": outputs.split_of(options),
                "empathy scorer SHA-256": scorer.sha256,
                **{f"empathy scorer, {name}": value for name, value in scorer.figures.items() if "SHA" not in name},
            },
            per_case=PerCase(tuple(one.id for one in cases), columns),
        )


SUITE = Empathy()


def _floats(values: np.ndarray) -> tuple[float | None, ...]:
    return tuple(float(one) for one in values)


def _estimate(name: str, values: Sequence[float | None]) -> Value:
    told = [one for one in values if one is not None]
    return share_of([bool(one) for one in told]) if ", there by " in name else mean_of(told)


def beside_people(own: np.ndarray, theirs: np.ndarray, *, seed: int) -> Table:
    rows = []
    for number, label in enumerate(MECHANISMS):
        gap = paired(own[:, number].tolist(), theirs[:, number].tolist(), seed=seed)
        both = (mean_of(own[:, number].tolist()), mean_of(theirs[:, number].tolist()))
        rows.append((label.replace("_", " "), *both, gap.difference, gap.effect))
    return Table(
        "Beside people's replies to the same posts",
        ("mechanism, expected level", "these", "people's", "difference", "Hedges' g_av"),
        tuple(rows),
    )
