"""Plots of a report as SVG, the same bytes for the same figures, each with the table that it draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.stats import Estimate

_MARKS = "osD^vPX*"


@dataclass(frozen=True, slots=True)
class Dots:
    """Values with their intervals: one line of dots for each group, one mark for each arm."""

    name: str
    title: str
    says: str  # for who does not see it
    x_label: str
    rows: tuple[tuple[str, str, Estimate], ...]  # group, arm, value
    limits: tuple[float, float] | None = None
    middle: float | None = None  # a line where nothing differs

    @property
    def file(self) -> str:
        return f"{self.name}.svg"


def draw(plot: Dots, folder: Path) -> None:
    # Only here: a run that draws nothing does not wait for it.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    groups = list(dict.fromkeys(group for group, _, _ in plot.rows))
    arms = list(dict.fromkeys(arm for _, arm, _ in plot.rows))
    # Without these the same figures make another file each time.
    with mpl.rc_context({"svg.hashsalt": plot.name, "svg.fonttype": "none"}):
        figure = Figure(figsize=(6.4, 1.4 + 0.24 * len(groups) * (len(arms) + 1)), layout="constrained")
        axes = figure.add_subplot()
        for number, arm in enumerate(arms):
            shown = [(groups.index(group), value) for group, of, value in plot.rows if of == arm and _finite(value)]
            if not shown:
                continue
            shift = (number - (len(arms) - 1) / 2) * 0.8 / max(1, len(arms))
            values = [value.value or 0.0 for _, value in shown]
            reach = [[value.value - value.low for _, value in shown if value.value is not None]]
            reach.append([value.high - value.value for _, value in shown if value.value is not None])
            axes.errorbar(
                values,
                [place + shift for place, _ in shown],
                xerr=reach,
                fmt=_MARKS[number % len(_MARKS)],
                markersize=5,
                capsize=2,
                linewidth=1.2,
                label=arm,
            )
        if plot.middle is not None:
            axes.axvline(plot.middle, linewidth=0.8, color="0.5")
        axes.set(title=plot.title, xlabel=plot.x_label, yticks=range(len(groups)), yticklabels=groups)
        axes.set_ylim(len(groups) - 0.5, -0.5)
        if plot.limits:
            axes.set_xlim(*plot.limits)
        axes.grid(visible=True, axis="x", alpha=0.3)
        figure.legend(fontsize="small", loc="outside right upper")
        figure.savefig(folder / plot.file, format="svg", metadata={"Date": None})


def _finite(value: Estimate) -> bool:
    return value.value is not None and abs(value.low) < float("inf") and abs(value.high) < float("inf")


def drawn(plots: Sequence[Dots]) -> list[Dots]:
    """Those in which there is anything to see."""
    return [plot for plot in plots if any(_finite(value) for _, _, value in plot.rows)]
