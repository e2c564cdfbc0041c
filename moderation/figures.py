"""A figure of the safety page: a drawing, a sentence and a table for people, and the same table as a file for machines."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from django.utils.translation import gettext

from assistant.charts import Chart, chart

SLOTS = 15  # that bars have at the least: drawings with few of them are as flat as the others

SHORT = 8  # rows

Cell: TypeAlias = str | int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """`values` go into a file under `name`; `shown` says how a person reads one of them."""

    name: str
    heading: str
    values: Sequence[Cell]
    shown: Callable[[Cell], str] = str


@dataclass(frozen=True, slots=True)
class Figure:
    chart: Chart
    columns: Sequence[Column]

    @property
    def rows(self) -> list[tuple[Cell, ...]]:
        return list(zip(*(column.values for column in self.columns), strict=True))

    @property
    def is_short(self) -> bool:
        """Its table is small enough to stand open beside the other drawings."""
        return len(self.rows) <= SHORT

    def as_csv(self) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(column.name for column in self.columns)
        writer.writerows(self.rows)
        return out.getvalue()

    def as_json(self, *, at: datetime) -> dict[str, object]:
        names = [column.name for column in self.columns]
        return {
            "figure": self.chart.code,
            "at": at.isoformat(timespec="seconds"),
            "rows": [dict(zip(names, row, strict=True)) for row in self.rows],
        }


def figure(
    code: str,
    title: str,
    sentence: str,
    *,
    columns: Sequence[Column],
    heights: Sequence[float | None],
    outlines: Sequence[float | None] = (),
) -> Figure:
    """Heights are of any unit: the highest fills the drawing."""
    most = max((one for one in (*heights, *outlines) if one), default=1)
    drawn = chart(
        code,
        title,
        sentence,
        heights=[None if one is None else one / most for one in heights],
        outlines=[None if one is None else one / most for one in outlines],
        columns={column.heading: [column.shown(value) for value in column.values] for column in columns},
        slots=max(SLOTS, len(heights)),
    )
    return Figure(drawn, columns)


def minutes(duration: timedelta | None) -> int | None:
    return None if duration is None else round(duration.total_seconds() / 60)


def minutes_words(value: Cell) -> str:
    if not isinstance(value, int):
        return "–"
    days, rest = divmod(value, 24 * 60)
    hours, left = divmod(rest, 60)
    if days:
        return gettext("%(days)s d %(hours)s h") % {"days": days, "hours": hours}
    if hours:
        return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": left}
    return gettext("%(minutes)s min") % {"minutes": left}


def percent_words(value: Cell) -> str:
    return "–" if not isinstance(value, float) else f"{100 * value:.0f} %"
