"""The improvement model on held-out triples: whether it revises the draft, keeps what it says, and makes it kinder."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from assistant.inference.trained_prompts import Task
from evaluation.empathy import EmpathyScorer
from evaluation.revisions import asking, outputs, stock, vectors
from evaluation.revisions.figures import report
from evaluation.revisions.measured import measure
from evaluation.revisions.run import Run
from evaluation.revisions.sheet import read_sheet, write_sheet
from evaluation.revisions.triples import Triple, read_triples
from evaluation.rows import drawn
from evaluation.suite import Options, Results, Suite


class Revision(Suite[Triple]):
    name = "revision"
    version = 1
    says = "revisions of drafts by an improvement model, on triples that it was not trained on"
    asks = Task.IMPROVE

    def add_options(self, parser: ArgumentParser) -> None:
        outputs.add_options(parser, asking.VERSIONS)
        parser.add_argument(
            "--empathy", type=Path, metavar="FILE", help="weights of `python -m evaluation.empathy train`"
        )
        parser.add_argument(
            "--sheet", type=Path, metavar="FILE", help="write 200 outputs as a table for a reader (CSV)"
        )
        parser.add_argument("--read", type=Path, metavar="FILE", help="count the verdicts of such a table")

    def load(self, path: Path, options: Options) -> list[Triple]:
        outputs.check(path, options, folders=("write", "kept", "sheet"))
        return drawn(read_triples(path, split=outputs.split_of(options)), options)

    def measure(self, cases: Sequence[Triple], options: Options) -> Results:
        more = options.more
        scorer = EmpathyScorer.load(more["empathy"]) if more.get("empathy") else None
        texts, facts = outputs.outputs_of(cases, more, asking.VERSIONS)
        facts["split"] = outputs.split_of(options)
        if more.get("write"):
            outputs.write_outputs(more["write"], texts)
        with tqdm(cases, unit="output", file=sys.stderr) as bar:
            run = Run([measure(one, texts[one.id]) for one in bar])
        run.stock = stock.ignoring(cases, texts)
        if scorer:
            run.judge_empathy(scorer)
            facts |= {"empathy scorer SHA-256": scorer.sha256}
            facts |= {f"empathy scorer, {name}": value for name, value in scorer.figures.items() if "SHA" not in name}
        encoder = vectors.load()
        if encoder:
            run.judge_meaning(encoder)
        facts["sentence vectors"] = encoder.name if encoder else "not installed: meaning is measured by words alone"
        if more.get("sheet"):
            pointed = {one.triple.id: one.pointers for one in run.cases}
            facts["outputs in the sheet"] = write_sheet(more["sheet"], cases, texts, pointed, seed=options.seed)
        if more.get("read"):
            run.read = {one.id: one.found for one in read_sheet(more["read"], texts)}
        return report(run, facts)


SUITE = Revision()
