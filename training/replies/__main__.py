"""python -m training.replies crossvalidate|train --data FOLDER [--out FILE]"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np

from assistant.safety.reply_model import FAULTS, SHIPPED
from training.replies.corpus import CorpusError, Example, load
from training.replies.export import write
from training.replies.features import Windows, windows
from training.replies.fit import fit, out_of_fold, threshold
from training.replies.measure import beyond_thresholds, flagged_by_rules, lines

VERSION = 2  # of the shipped file; raised with each training that is kept


def main(arguments: list[str] | None = None) -> int:
    options = _parsed(arguments)
    try:
        examples = load(options.data)
    except CorpusError as error:
        print(error, file=sys.stderr)
        return 2
    rows = windows(examples)
    if options.do == "train":
        train(examples, rows, options.out)
    else:
        beyond = beyond_thresholds(out_of_fold(examples, rows), examples)
        by_rules = flagged_by_rules(examples) if options.beside_rules else None
        print("\n".join(lines(examples, beyond, by_rules)))
    return 0


def train(examples: list[Example], rows: Windows, out: Path) -> None:
    """The thresholds are those of the cross-validation: a model is too sure of what it learnt from."""
    everything = np.ones(len(examples), dtype=bool)
    scores = out_of_fold(examples, rows)
    thresholds = {fault: threshold(scores[fault], examples, using=everything) for fault in FAULTS}
    models = {fault: fit(fault, examples, rows, using=everything) for fault in FAULTS}
    write(out, models, thresholds, version=VERSION)
    print(f"{out}: {out.stat().st_size:,} bytes, from {len(examples):,} replies in {rows.rows.shape[0]:,} pieces.")


def _parsed(arguments: list[str] | None) -> Namespace:
    parser = ArgumentParser(prog="python -m training.replies", description="Trains and measures the reply classifier.")
    parser.add_argument("do", choices=("crossvalidate", "train"))
    parser.add_argument(
        "--data", type=Path, required=True, help="a folder with diasafety, safetext, counsel-chat, esconv"
    )
    parser.add_argument("--out", type=Path, default=SHIPPED, help="where to write the trained file")
    parser.add_argument(
        "--beside-rules", action="store_true", help="also screen all replies by the rules; takes minutes"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
