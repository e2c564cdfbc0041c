"""Curves of a run as a picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # no screen

from matplotlib import pyplot

from training.stages.tracking import PLOT, column, read_metrics

PANELS = (
    ("loss", ("loss", "validation_loss")),
    ("margin", ("margin", "validation_margin")),
    ("wins", ("validation_wins",)),
)


def draw(run: Path) -> Path | None:
    """None where there is nothing to draw yet."""
    lines = read_metrics(run)
    shown = [(title, names) for title, names in PANELS if any(column(lines, name)[0] for name in names)]
    if not shown:
        return None
    figure, axes = pyplot.subplots(1, len(shown), figsize=(5 * len(shown), 3.5), squeeze=False)
    for axis, (title, names) in zip(axes[0], shown, strict=True):
        for name in names:
            steps, values = column(lines, name)
            if steps:
                axis.plot(steps, values, label=name.replace("_", " "), marker="o" if len(steps) < 30 else None)
        axis.set_title(title)
        axis.set_xlabel("step")
        axis.legend()
    figure.tight_layout()
    path = run / PLOT
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
    return path
