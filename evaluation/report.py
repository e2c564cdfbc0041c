"""A report of one run: report.json for programs, report.md for people, plots as SVG. No text of a case is in it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from evaluation.stats import Estimate
from evaluation.suite import Plot, Results, Table, Value

_MOST_IDS_ON_THE_PAGE = 60


def write_report(folder: Path, head: Mapping[str, str | int | float], results: Results) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(as_json(head, results), encoding="utf-8")
    (folder / "report.md").write_text(as_markdown(head, results), encoding="utf-8")
    for plot in results.plots:
        draw(plot, folder / f"{plot.name}.svg")


def as_json(head: Mapping[str, str | int | float], results: Results) -> str:
    whole: dict[str, object] = {
        "head": dict(head),
        "facts": dict(results.facts),
        "figures": [
            {"name": figure.name, **_value(figure.value), "target": figure.target} for figure in results.figures
        ],
        "tables": [
            {
                "title": table.title,
                "note": table.note,
                "columns": list(table.columns),
                "rows": [[_value(cell) for cell in row] for row in table.rows],
            }
            for table in results.tables
        ],
        "plots": [asdict(plot) for plot in results.plots],
        "ids": {name: list(ids) for name, ids in results.ids.items()},
        "notes": list(results.notes),
    }
    if results.per_case:
        columns = {name: [_rounded(one) for one in values] for name, values in results.per_case.values.items()}
        whole["per_case"] = {"ids": list(results.per_case.ids), "values": columns}
    return json.dumps(whole, indent=1, allow_nan=False) + "\n"


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 4)


def _value(value: Value) -> dict[str, object]:
    fields = asdict(value) if isinstance(value, Estimate) else {"value": value}
    return {name: None if isinstance(one, float) and not math.isfinite(one) else one for name, one in fields.items()}


def as_markdown(head: Mapping[str, str | int | float], results: Results) -> str:
    parts = [f"# {head.get('suite', 'Report')}", ""]
    parts += [f"- {name}: {value}" for name, value in {**head, **results.facts}.items()]
    parts += ["", *_table(figures_table(results))]
    for table in results.tables:
        parts += [f"## {table.title}", "", *_table(table)]
        if table.note:
            parts += [table.note, ""]
    for plot in results.plots:
        parts += [f"![{plot.title}]({plot.name}.svg)", ""]
    if results.ids:
        parts += ["## To look at", ""]
        parts += [f"- {name} ({len(ids)}): {_named(ids)}" for name, ids in results.ids.items()] + [""]
    if results.notes:
        parts += ["## What the figures do not say", "", *[f"- {note}" for note in results.notes], ""]
    parts.append("An interval is the 95 % one. A share is followed by its count.")
    return "\n".join(parts) + "\n"


def figures_table(results: Results) -> Table:
    rows = tuple((figure.name, figure.value, figure.target or None) for figure in results.figures)
    return Table("Figures", ("figure", "value", "bar"), rows)


def _table(table: Table) -> list[str]:
    lines = [f"| {' | '.join(table.columns)} |", f"|{' --- |' * len(table.columns)}"]
    lines += [f"| {' | '.join(shown(cell) for cell in row)} |" for row in table.rows]
    return [*lines, ""]


def _named(ids: Sequence[str]) -> str:
    names = ", ".join(f"`{_cell(one)}`" for one in ids[:_MOST_IDS_ON_THE_PAGE])
    return f"{names}, … (all are in report.json)" if len(ids) > _MOST_IDS_ON_THE_PAGE else names or "none"


def shown(value: Value) -> str:
    if value is None:
        return "–"
    if isinstance(value, Estimate):
        if value.value is None:
            return "– (0)"
        ends = f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"
        return f"{ends} {value.hits}/{value.n}" if value.hits is not None else ends
    return f"{value:.3f}" if isinstance(value, float) else _cell(str(value))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'").replace("\n", " ")


def draw(plot: Plot, path: Path) -> None:
    # Only here: a run that draws nothing does not wait for it.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # Without these the same figures make another file each time.
    with mpl.rc_context({"svg.hashsalt": plot.name, "svg.fonttype": "none"}):
        figure = Figure(figsize=(5.2, 4.6), layout="constrained")
        axes = figure.add_subplot()
        for line in plot.lines:
            axes.plot(line.xs, line.ys, label=line.name, linewidth=1.6)
        axes.set(title=plot.title, xlabel=plot.x_label, ylabel=plot.y_label, xlim=(0, 1), ylim=(0, 1.02))
        axes.grid(visible=True, alpha=0.3)
        axes.legend(fontsize="small")
        figure.savefig(path, format="svg", metadata={"Date": None})
