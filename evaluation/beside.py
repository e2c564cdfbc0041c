"""Several reports of one suite side by side: python -m evaluation.beside A B C [--names base,SFT,DPO] [--plots DIR] > table.md

A, B and C are report.json files or the folders that hold them; the first is what the others are compared with.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from evaluation.gate import NotComparable, Report, compared, must_be_measured_alike
from evaluation.report import shown
from evaluation.stats import Estimate
from evaluation.suite import Value

FIRST_LETTERS = 12  # of a hash


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation.beside", description=__doc__)
    parser.add_argument("reports", type=Path, nargs="+", metavar="REPORT")
    parser.add_argument("--names", help="of the columns, with commas between (the folders' names)")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="also plots, as PNG")
    asked = parser.parse_args(arguments)
    try:
        reports = [Report.read(path) for path in asked.reports]
        for other in reports[1:]:
            must_be_measured_alike(other, reports[0])
    except NotComparable as error:
        print(error, file=sys.stderr)
        return 2
    names = asked.names.split(",") if asked.names else [one.path.parent.name for one in reports]
    if len(names) != len(reports):
        print(f"--names {asked.names}: want {len(reports)} names, with commas between.", file=sys.stderr)
        return 2
    print("\n".join(table_of(names, reports)))
    if asked.plots:
        for path in draw(names, reports, asked.plots):
            print(f"\n![{path.stem}]({path.name})")
    return 0


def table_of(names: Sequence[str], reports: Sequence[Report]) -> list[str]:
    """Figures in rows, reports in columns; behind each but the first, what changed from the first, pair by pair."""
    first = reports[0]
    lines = [f"| figure | {' | '.join(names)} | bar |", f"|{' --- |' * (len(names) + 2)}"]
    for figure, target in targets(reports).items():
        cells = [cell(figure, one, None if one is first else first) for one in reports]
        lines.append(f"| {figure} | {' | '.join(cells)} | {target or '–'} |")
    lines += ["", f"Suite {first.suite} {first.head.get('suite version')}, {first.head.get('cases')} cases of data"]
    lines[-1] += f" {short(first.head.get('data SHA-256'))}. Intervals are 95 %; Δ is the change from {names[0]}."
    for name, one in zip(names, reports, strict=True):
        told = {key: one.facts.get(key) or "none" for key in ("base SHA-256", "adapter SHA-256", "prompt")}
        lines.append(f"- {name}: " + ", ".join(f"{key} {short(value)}" for key, value in told.items()))
    return lines


def targets(reports: Sequence[Report]) -> Mapping[str, str]:
    return {figure: target for one in reports for figure, target in one.targets.items()}


def cell(figure: str, report: Report, first: Report | None) -> str:
    own = report.figures.get(figure)
    if own is None or own.value is None:
        return "–"
    value: Value = own if own.n else own.value
    if first is None or figure not in first.figures:
        return shown(value)
    gap = compared(figure, report, first)
    return shown(value) + (
        f"<br>Δ {gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]" if gap.value is not None and own.n else ""
    )


def short(value: object) -> str:
    return str(value)[:FIRST_LETTERS]


def draw(names: Sequence[str], reports: Sequence[Report], folder: Path) -> list[Path]:
    """One plot of all shares, one small plot for each other figure."""
    folder.mkdir(parents=True, exist_ok=True)
    known = [
        figure
        for figure in targets(reports)
        if any((one.figures.get(figure) or Estimate(None, 0, 0, 0, "")).n for one in reports)
    ]
    shares = [figure for figure in known if all(_is_share(one.figures.get(figure)) for one in reports)]
    others = [figure for figure in known if figure not in shares]
    drawn = []
    if shares:
        drawn.append(_draw(names, reports, shares, folder / "shares.png", together=True))
    if others:
        drawn.append(_draw(names, reports, others, folder / "other-figures.png", together=False))
    return drawn


def _is_share(one: Estimate | None) -> bool:
    return one is None or one.value is None or one.hits is not None


def _draw(
    names: Sequence[str], reports: Sequence[Report], figures: Sequence[str], path: Path, *, together: bool
) -> Path:
    # Only here: who wants a table alone does not wait for it.
    from matplotlib.figure import Figure as Canvas

    rows = 1 if together else len(figures)
    canvas = Canvas(
        figsize=(8.5, 1.2 + (0.22 * len(figures) * len(names) if together else 0.95 * rows)), layout="constrained"
    )
    if together:
        axes = canvas.add_subplot()
        for number, (name, report) in enumerate(zip(names, reports, strict=True)):
            points = [(place, report.figures.get(figure)) for place, figure in enumerate(figures)]
            _dots(axes, [(place + 0.18 * (number - len(names) / 2), one) for place, one in points], f"C{number}", name)
        axes.set_yticks(range(len(figures)), figures, fontsize="small")
        axes.set_xlim(-0.02, 1.02)
        axes.invert_yaxis()
        axes.grid(visible=True, axis="x", alpha=0.3)
        axes.legend(fontsize="small")
    else:
        for place, figure in enumerate(figures, start=1):
            axes = canvas.add_subplot(rows, 1, place)
            for number, report in enumerate(reports):
                _dots(axes, [(number, report.figures.get(figure))], f"C{number}", "")
            axes.set_yticks(range(len(names)), names, fontsize="small")
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.set_title(figure, fontsize="small", loc="left")
            axes.grid(visible=True, axis="x", alpha=0.3)
    canvas.savefig(path, format="png", dpi=110, metadata={"Software": None})
    return path


def _dots(axes: object, points: Sequence[tuple[float, Estimate | None]], colour: str, name: str) -> None:
    there = [(place, one) for place, one in points if one is not None and one.value is not None]
    if not there:
        return
    xs = [one.value or 0.0 for _place, one in there]
    ends = [[value - one.low for value, (_place, one) in zip(xs, there, strict=True)]]
    ends.append([one.high - value for value, (_place, one) in zip(xs, there, strict=True)])
    axes.errorbar(  # type: ignore[attr-defined]
        xs, [place for place, _one in there], xerr=ends, fmt="o", markersize=4, color=colour, label=name, capsize=2
    )


if __name__ == "__main__":
    sys.exit(main())
