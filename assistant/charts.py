"""Small bar charts, as numbers for a template: every one comes with a sentence and a table that say the same. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SLOT, BAR, HEIGHT = 12, 7, 36  # in units of the drawing
NOTHING = 1.5  # the height of a bar for nothing, to be told from what is not known
LINE = 1.0  # of an outline; half of it stands outside its shape


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    code: str
    title: str
    sentence: str
    width: int
    height: int
    bars: Sequence[Bar]
    outlines: Sequence[Bar]
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def chart(
    code: str,
    title: str,
    sentence: str,
    *,
    heights: Sequence[float | None],
    columns: Mapping[str, Sequence[str]],
    slots: int,
    outlines: Sequence[float | None] = (),
) -> Chart:
    """`heights`, `outlines`: 0..1 each, None where it is not known. `columns`: of the table. `slots`: how many bars fit."""
    return Chart(
        code=code,
        title=title,
        sentence=sentence,
        width=slots * SLOT,
        height=HEIGHT,
        bars=[_bar(place, part) for place, part in enumerate(heights) if part is not None],
        outlines=[_outline(place, part) for place, part in enumerate(outlines) if part],
        headings=list(columns),
        rows=list(zip(*columns.values(), strict=True)),
    )


def _bar(place: int, part: float) -> Bar:
    tall = max(NOTHING, round(min(part, 1.0) * HEIGHT, 1))
    return Bar(place * SLOT + (SLOT - BAR) / 2, round(HEIGHT - tall, 1), BAR, tall)


def _outline(place: int, part: float) -> Bar:
    around = _bar(place, part)
    tall = round(around.height - LINE, 1)
    return Bar(around.x + LINE / 2, round(HEIGHT - tall - LINE / 2, 1), around.width - LINE, tall)
