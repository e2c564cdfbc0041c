"""python -m evaluation.run --suite crisis --data FILE [--labels FILE] [--variants] [--out DIR]

--suite all --plan FILE [--out DIR] measures all that a plan describes; see evaluation/plan.py.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from assistant.safety.pipeline import default_pipeline
from evaluation.report import figures_table, shown, write_report
from evaluation.rows import fingerprint
from evaluation.suite import BadData, Options, Suite

SUITES = (
    "crisis",
    "over_flagging",
    "decided",
    "reply_safety",
    "pii",
    "injection",
    "bias",
    "revision",
    "drafting",
    "meters",
    "language",
    "preference",
    "empathy",
    "speed",
)
ALL = "all"
ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    name = name_of(arguments)
    if name == ALL:
        from evaluation.combined import main as measure_all  # it needs this module to name and read the suites

        return measure_all(arguments)
    suite = suite_named(name)
    asked = parse(suite, arguments)
    path: Path | None = asked.data or suite.default_data
    if path is None:
        print(f"--suite {suite.name}: want --data FILE.", file=sys.stderr)
        return 2
    try:
        options = options_of(asked)
        cases = suite.load(path, options)
        if not cases:
            raise BadData(path, "", "holds no case for this suite.")
        began = time.perf_counter()
        results = suite.measure(cases, options)
    except BadData as error:
        print(error, file=sys.stderr)
        return 1
    head: dict[str, str | int | float] = {
        "suite": suite.name,
        "suite version": suite.version,
        "about": suite.says,
        "cases": len(cases),
        "data": path.name,
        "data SHA-256": fingerprint(path),
        "labels": options.labels.name if options.labels else "",
        "safety layer": f"as in {options.screened.name}" if options.screened else default_pipeline().version,
        "seed": options.seed,
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "seconds": round(time.perf_counter() - began, 1),
    }
    folder = asked.out or ROOT / "var" / "evaluation" / suite.name
    write_report(folder, {name: value for name, value in head.items() if value != ""}, results)
    for figure, value, bar in figures_table(results).rows:
        print(f"{figure}: {shown(value)}{f'   (bar: {bar})' if bar else ''}")
    print(f"{len(cases)} cases in {head['seconds']} s; report in {folder}")
    return 0


def name_of(arguments: Sequence[str] | None) -> str:
    """First the suite alone is read: it may have options of its own."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--suite", choices=(*SUITES, ALL))
    name: str | None = first.parse_known_args(arguments)[0].suite
    if name is None:
        parser_for(None).parse_args(arguments)  # prints the help that was asked for, or what is missing
        raise SystemExit(2)
    return name


def suite_named(name: str) -> Suite[Any]:
    suite: Suite[Any] = import_module(f"evaluation.suites.{name}").SUITE
    return suite


def parser_for(suite: Suite[Any] | None, *, prog: str = "python -m evaluation.run") -> argparse.ArgumentParser:
    formats = suite.formats if suite else ("auto",)
    parser = argparse.ArgumentParser(prog=prog, description=__doc__, allow_abbrev=False)
    parser.add_argument("--suite", choices=(*SUITES, ALL), required=True)
    parser.add_argument("--data", type=Path, metavar="FILE", help="the cases; see evaluation/README.md for their form")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the report goes (var/evaluation/SUITE)")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="levels by id: id, level, flags, with tabs between")
    parser.add_argument(
        "--screened", type=Path, metavar="FILE", help="measure this output of `manage.py screen`, not the present layer"
    )
    parser.add_argument("--variants", action="store_true", help="also changed copies of the cases")
    parser.add_argument("--seed", type=int, default=Options().seed)
    parser.add_argument("--limit", type=int, metavar="N", help="so many cases at most, drawn with the seed")
    parser.add_argument("--format", choices=formats, default=formats[0], help="of the data file")
    if suite:
        suite.add_options(parser)
    return parser


def parse(suite: Suite[Any], arguments: Sequence[str] | None) -> argparse.Namespace:
    return parser_for(suite).parse_args(arguments)


def options_of(asked: argparse.Namespace) -> Options:
    common = {field.name for field in fields(Options)} - {"more"}
    given = vars(asked)
    more = {name: value for name, value in given.items() if name not in common | {"suite", "data", "out"}}
    return Options(**{name: given[name] for name in common}, more=more)


if __name__ == "__main__":
    sys.exit(main())
