"""The improvement model on held-out triples: whether it revises the draft, keeps what it says, and makes it kinder."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from assistant.inference.engine import EngineError
from assistant.inference.types import StopReason
from evaluation.empathy import EmpathyScorer
from evaluation.revisions import asking, stock, vectors
from evaluation.revisions.figures import report
from evaluation.revisions.measured import measure
from evaluation.revisions.run import Run
from evaluation.revisions.sheet import not_to_commit, read_sheet, write_sheet
from evaluation.revisions.triples import Triple, read_outputs, read_triples
from evaluation.rows import drawn, fingerprint
from evaluation.suite import BadData, Options, Results, Suite

SPLITS = ("held_out", "validation", "train")


class Revision(Suite[Triple]):
    name = "revision"
    version = 1
    says = "revisions of drafts by an improvement model, on triples that it was not trained on"

    def add_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", type=Path, metavar="FILE", help="the base model, a GGUF file")
        parser.add_argument("--adapter", type=Path, metavar="FILE", help="a GGUF adapter on top of it")
        parser.add_argument(
            "--prompt",
            choices=asking.VERSIONS,
            help="how the model is asked (improve-2 with an adapter, else improve-3)",
        )
        parser.add_argument(
            "--outputs",
            type=Path,
            metavar="FILE",
            help="JSONL of id and output: measure these; --model and --adapter only name",
        )
        parser.add_argument("--write", type=Path, metavar="FILE", help="write the outputs there, for --outputs")
        parser.add_argument("--split", choices=SPLITS, default=SPLITS[0], help="rows of this split (held_out)")
        parser.add_argument(
            "--empathy", type=Path, metavar="FILE", help="weights of `python -m evaluation.empathy train`"
        )
        parser.add_argument(
            "--sheet", type=Path, metavar="FILE", help="write 200 outputs as a table for a reader (CSV)"
        )
        parser.add_argument("--read", type=Path, metavar="FILE", help="count the verdicts of such a table")

    def load(self, path: Path, options: Options) -> list[Triple]:
        for name in ("write", "sheet"):
            if options.more.get(name):
                not_to_commit(options.more[name])
        if not options.more.get("outputs") and not options.more.get("model"):
            raise BadData(path, "", "needs --model FILE to ask, or --outputs FILE that one wrote.")
        return drawn(read_triples(path, split=options.more.get("split") or SPLITS[0]), options)

    def measure(self, cases: Sequence[Triple], options: Options) -> Results:
        more = options.more
        scorer = EmpathyScorer.load(more["empathy"]) if more.get("empathy") else None
        outputs, facts = outputs_of(cases, more, asking.VERSIONS)
        facts["split"] = str(more.get("split") or SPLITS[0])
        if more.get("write"):
            write_outputs(more["write"], outputs)
        with tqdm(cases, unit="output", file=sys.stderr) as bar:
            run = Run([measure(one, outputs[one.id]) for one in bar])
        run.stock = stock.ignoring(cases, outputs)
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
            facts["outputs in the sheet"] = write_sheet(more["sheet"], cases, outputs, pointed, seed=options.seed)
        if more.get("read"):
            run.read = {one.id: one.found for one in read_sheet(more["read"], outputs)}
        return report(run, facts)


SUITE = Revision()


# The outputs


def outputs_of(
    cases: Sequence[Triple], more: Mapping[str, Any], versions: tuple[str, str]
) -> tuple[dict[str, str], dict[str, str | int | float]]:
    """By id; and what wrote them. `versions`: how a base is asked, and how a trained model."""
    base = asking.measured(more["model"]) if more.get("model") else None
    adapter = asking.measured(more["adapter"]) if more.get("adapter") else None
    version = more.get("prompt") or versions[1 if adapter else 0]
    facts = asking.model_facts(base, adapter, str(version))
    if written := more.get("outputs"):
        return read_outputs(written, cases), facts | {
            "outputs": "read from a file",
            "outputs SHA-256": fingerprint(written),
        }
    assert base is not None  # `load` refused
    try:
        engine = asking.open_engine(base, adapter)
        try:
            answers = asking.ask_all(engine, cases, version=str(version), adapter=asking.ADAPTER if adapter else "")
        finally:
            engine.close()
    except EngineError as error:
        raise BadData(base.path, "", str(error)) from error
    stops = Counter(one.stop for one in answers.values() if one.stop != StopReason.END)
    facts |= {"outputs": "written in this run, greedy"} | {
        f"outputs that ended by {stop}": n for stop, n in stops.items()
    }
    return {identity: one.text for identity, one in answers.items()}, facts


def write_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps({"id": identity, "output": text}, ensure_ascii=False) for identity, text in outputs.items())
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
