"""`python -m training.triage crossvalidate|train --data FOLDER`: see training/README.md."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from scipy.sparse import csr_matrix

from assistant.safety.classifier import SHIPPED, Classifier
from assistant.safety.phases import REQUIRED, build_phases
from assistant.safety.phases.classifier import ClassifierPhase
from assistant.safety.pipeline import Pipeline
from assistant.safety.records import Row, result_row
from assistant.safety.types import Context, Kind
from training.triage.corpus import CorpusError, Example, labelled
from training.triage.features import Reader
from training.triage.model import Recipe, fit, folds, write

_POST = Context(kind=Kind.POST)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.triage", description=__doc__)
    parser.add_argument("act", choices=("crossvalidate", "train"))
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds crisis-dev and dreaddit")
    parser.add_argument(
        "--out", type=Path, help="crossvalidate: JSON lines for `evaluation.run --screened`; train: the file"
    )
    given = parser.parse_args(arguments)
    recipe, reader = Recipe(), Reader()
    try:
        examples = labelled(given.data)
    except CorpusError as error:
        print(error, file=sys.stderr)
        return 2
    rows = reader.matrix([reader.read(example.text) for example in examples], trait_scale=recipe.trait_scale)
    print(f"{len(examples)} posts, {sum(example.level > 0 for example in examples)} of them at level 1 or above")
    if given.act == "train":
        fitted = fit(rows, [example.level for example in examples], recipe)
        out = given.out or SHIPPED
        write(out, fitted, traits=reader.trait_names, recipe=recipe)
        print(f"{out}: {out.stat().st_size:,} bytes")
        return 0
    with (given.out or Path("crossvalidated.jsonl")).open("w", encoding="utf-8") as file:
        for line in crossvalidated(rows, examples, reader, recipe):
            file.write(json.dumps(line) + "\n")
    return 0


def crossvalidated(
    rows: csr_matrix, examples: Sequence[Example], reader: Reader, recipe: Recipe
) -> Iterator[dict[str, object]]:
    """Every post as the whole pipeline screens it, with a classifier that saw nothing of its writer."""
    with tempfile.TemporaryDirectory() as folder:
        for number, (fitted, unseen) in enumerate(folds(rows, examples, recipe)):
            path = Path(folder) / f"{number}.npz"
            classifier = write(path, fitted, traits=reader.trait_names, recipe=recipe)
            pipeline = _pipeline(classifier)
            for index in unseen:
                example = examples[index]
                screening = pipeline.screen(example.text, _POST)
                yield result_row(Row(example.id, example.text), screening, Kind.POST)


def _pipeline(classifier: Classifier) -> Pipeline:
    """That of the site, with this classifier in place of the shipped one, which knows the posts."""
    phases = [phase for phase in build_phases() if phase.name != ClassifierPhase.name]
    return Pipeline([*phases, ClassifierPhase(classifier)], REQUIRED, timeout_seconds=10.0)


if __name__ == "__main__":
    sys.exit(main())
