"""python -m training.preparation build|quality --data FOLDER ..."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from training.licences import Refused
from training.pairs import PairError
from training.preparation import agreement
from training.preparation.build import SCORER, Settings, prepare
from training.preparation.leaks import LeakError
from training.preparation.mix import MixError
from training.preparation.quality import QualityError
from training.preparation.recipe import DataRecipe
from training.recipe_files import BadRecipe
from training.sources import SourceError


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parsed(arguments)
    try:
        return int(options.do(options))
    except (BadRecipe, Refused, SourceError, LeakError, MixError, PairError, QualityError) as error:
        print(error, file=sys.stderr)
        return 2


def build(options: Namespace) -> int:
    told = prepare(
        DataRecipe.read(options.recipe),
        Settings(
            data=options.data,
            out=options.out,
            evaluation=tuple(options.evaluation),
            processes=options.processes,
            with_text=options.with_text,
        ),
    )
    examples, pairs = (sum(one["rows"] for one in told[name]) for name in ("examples", "pair_rows"))
    print(f"{options.out}: {examples:,} examples, {pairs:,} pairs. Read {options.out / 'report.md'}.")
    return 0


def quality(options: Namespace) -> int:
    scorer, found = agreement.measure(options.data, seed=options.seed, draws=options.draws)
    print("\n".join((agreement.HEAD, *(one.line() for one in found))))
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        scorer.save(options.out / SCORER)
        told = json.dumps(agreement.as_dicts(found), indent=1)
        (options.out / "agreement.json").write_text(told + "\n", encoding="utf-8")
    return 0


def _parsed(arguments: Sequence[str] | None) -> Namespace:
    parser = ArgumentParser(prog="python -m training.preparation", description="Prepares rows to learn from.")
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("build", help="from sources to examples.jsonl and pairs.jsonl, with a report")
    one.add_argument("--recipe", type=Path, required=True)
    one.add_argument("--data", type=Path, required=True, help="the folder that holds the sets")
    one.add_argument("--out", type=Path, required=True, help="the run's folder")
    one.add_argument(
        "--evaluation",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="files or folders that models are measured on, beside the project's own suites and those of the recipe",
    )
    one.add_argument(
        "--with-text", action="store_true", help="write what was set aside with its text; keep that file safe"
    )
    one.add_argument("--processes", type=int, default=2)
    one.set_defaults(do=build)
    two = commands.add_parser("quality", help="how far the quality scores agree with human labels")
    two.add_argument("--data", type=Path, required=True)
    two.add_argument("--out", type=Path, help="the run's folder, for the fitted scorer and the figures")
    two.add_argument("--seed", type=int, default=1)
    two.add_argument("--draws", type=int, default=agreement.DRAWS, help="of the bootstrap")
    two.set_defaults(do=quality)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
