"""python -m evaluation.run --suite all --plan plan.toml [--out DIR]

Measures what `plan.py` describes, cell by cell (`cells.py`), and writes one report of all: report.md for people, report.json with
every comparison, plots beside them. Exit: 0 all measured, 1 some cell failed, 2 the plan is wrong.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant.inference.tuning import cpu_name
from evaluation.beside import draw, short, targets
from evaluation.cells import ROOT, Cell, Failed, cells_of, measure
from evaluation.gate import Report
from evaluation.plan import PEOPLE, Plan
from evaluation.report import shown
from evaluation.stats import Paired, at_once, paired
from evaluation.suite import BadData, Options

SEED = Options().seed


@dataclass(frozen=True, slots=True)
class Measured:
    """One suite of the plan: its reports, by arm, in the plan's order."""

    title: str
    reports: dict[str, Report]
    cells: dict[str, Cell]

    @property
    def one(self) -> Report:
        return next(iter(self.reports.values()))


@dataclass(frozen=True, slots=True)
class Comparison:
    figure: str
    arm: str
    other: str
    found: Paired  # arm less other
    q: float  # p, held to the number of comparisons in this suite


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation.run --suite all", description=__doc__)
    parser.add_argument("--suite", choices=("all",), required=True)
    parser.add_argument("--plan", type=Path, required=True, metavar="FILE", help="TOML; see evaluation/plan.py")
    parser.add_argument("--out", type=Path, metavar="DIR", default=ROOT / "var" / "evaluation" / "all")
    asked = parser.parse_args(arguments)
    try:
        plan = Plan.read(asked.plan)
        cells = cells_of(plan)
    except BadData as error:
        print(error, file=sys.stderr)
        return 2
    failed = measure(cells, asked.out)
    for one in failed:
        print(f"{one.cell.title}, {one.cell.arm.name}: {one.reason}", file=sys.stderr)
    suites = list(measured(cells, asked.out / "cells"))
    write(plan, suites, failed, asked.out)
    print(f"{len(cells) - len(failed)} of {len(cells)} cells; report in {asked.out}")
    return 1 if failed else 0


def measured(cells: Sequence[Cell], folder: Path) -> Iterator[Measured]:
    for title, group in itertools.groupby(cells, key=lambda cell: cell.title):
        there = {cell.arm.name: cell for cell in group if cell.folder(folder).exists()}
        if there:
            yield Measured(title, {name: Report.read(cell.folder(folder)) for name, cell in there.items()}, there)


def comparisons(suite: Measured, *, seed: int) -> list[Comparison]:
    """Each arm with each before it, figure by figure, on the cases that both have. What all arms have alike, such as the length
    of people's replies, is of the cases and no comparison."""
    found = []
    alike = [
        figure
        for figure, values in suite.one.per_case.items()
        if all(one.per_case.get(figure) == values for one in suite.reports.values())
    ]
    for (other, before), (arm, report) in itertools.combinations(suite.reports.items(), 2):
        for figure, values in report.per_case.items():
            others = {} if figure in alike else before.per_case.get(figure, {})
            both = [identity for identity in values if identity in others]
            if both:
                pair = paired([values[one] for one in both], [others[one] for one in both], seed=seed)
                found.append((figure, arm, other, pair))
    qs = at_once([pair.p for *_, pair in found])
    return [Comparison(*told, q) for told, q in zip(found, qs, strict=True)]


# The report


def write(plan: Plan, suites: Sequence[Measured], failed: Sequence[Failed], out: Path) -> None:
    compared = {suite.title: comparisons(suite, seed=plan.seed or SEED) for suite in suites}
    head = {
        "plan": plan.path.name,
        "plan SHA-256": plan.sha256,
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": cpu_name(),
    }
    out.mkdir(parents=True, exist_ok=True)
    whole = {
        "head": head,
        "suites": [_as_json(suite, compared[suite.title]) for suite in suites],
        "failed": [{"title": one.cell.title, "arm": one.cell.arm.name, "reason": one.reason} for one in failed],
    }
    (out / "report.json").write_text(json.dumps(whole, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    lines = ["# All suites", "", *(f"- {name}: {value}" for name, value in head.items()), ""]
    for suite in suites:
        lines += _section(suite, compared[suite.title], _plots(suite, out))
    if failed:
        lines += ["## Not measured", ""]
        lines += [f"- {one.cell.title}, {one.cell.arm.name}: {one.reason}" for one in failed] + [""]
    lines += NOTES
    (out / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


NOTES = [
    "Intervals are 95 % ones. Differences are taken case by case, on the cases that both arms have, and their intervals draw",
    "cases again. Shares are compared by McNemar's exact test, other values by Wilcoxon's signed ranks; q is p held to the",
    "number of comparisons in the suite (Benjamini and Hochberg). Cases of one post or writer are not independent, so the",
    "truth is somewhat less certain than all of them. What each suite cannot tell stands in the reports of its cells.",
]


def _as_json(suite: Measured, compared: Sequence[Comparison]) -> dict[str, Any]:
    return {
        "title": suite.title,
        "arms": [
            {
                "name": name,
                "cell": f"cells/{suite.cells[name].key}",
                "head": dict(report.head),
                "facts": dict(report.facts),
                "figures": {figure: _finite(asdict(one)) for figure, one in report.figures.items()},
            }
            for name, report in suite.reports.items()
        ],
        "comparisons": [
            {
                "figure": one.figure,
                "arm": one.arm,
                "other": one.other,
                "difference": _finite(asdict(one.found.difference)),
                "effect size": one.found.effect_size,
                "effect": _finite(asdict(one.found.effect)),
                "test": one.found.test,
                "p": one.found.p,
                "q": one.q,
            }
            for one in compared
        ],
    }


def _finite(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(one, float) and not math.isfinite(one) else one for name, one in fields.items()}


def _section(suite: Measured, compared: Sequence[Comparison], plots: Sequence[str]) -> list[str]:
    names, reports = list(suite.reports), list(suite.reports.values())
    bars = targets(reports)
    lines = [f"## {suite.title}", "", f"{suite.one.head.get('about', '')}."]
    lines += [f"{suite.one.head.get('cases')} cases of data {short(suite.one.head.get('data SHA-256'))}.", ""]
    lines += [f"| figure | {' | '.join(names)} | bar |", f"|{' --- |' * (len(names) + 2)}"]
    for figure in dict.fromkeys(figure for one in reports for figure in one.figures):
        cells = [_cell(figure, one) for one in reports]
        if any(cells):
            lines.append(f"| {figure} | {' | '.join(one or '–' for one in cells)} | {bars.get(figure) or '–'} |")
    lines += ["", *(f"![{name}]({name})" for name in plots)]
    first = [one for one in compared if one.other == names[0] or one.arm == PEOPLE]
    if first:
        lines += ["", "| compared | figure | difference | effect | p | q |", f"|{' --- |' * 6}"]
        lines += [_compared(one) for one in first]
    cells_of_arms = [f"[{name}](cells/{suite.cells[name].key}/report.md)" for name in names]
    return [*lines, "", f"Reports of the cells: {', '.join(cells_of_arms)}.", ""]


def _cell(figure: str, report: Report) -> str:
    """Empty for what was not measured."""
    own = report.figures.get(figure)
    if own is None or own.value is None:
        return ""
    if own.n:
        return shown(own)
    return shown(int(own.value) if own.value.is_integer() else own.value)


def _compared(one: Comparison) -> str:
    gap, effect = one.found.difference, one.found.effect
    said = f"{gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}], n {gap.n}"
    size = f"{one.found.effect_size} {shown(effect)}" if effect.value is not None else "–"
    return f"| {one.arm} − {one.other} | {one.figure} | {said} | {size} | {one.found.p:.3g} | {one.q:.3g} |"


def _plots(suite: Measured, out: Path) -> list[str]:
    if len(suite.reports) < 2:
        return []
    folder = out / "plots" / re.sub(r"[^a-z0-9]+", "-", suite.title.lower()).strip("-")
    drawn = draw(list(suite.reports), list(suite.reports.values()), folder)
    return [path.relative_to(out).as_posix() for path in drawn]
