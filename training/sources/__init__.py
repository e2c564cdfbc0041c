"""Where training texts come from: one reader for each set, all read the same way.

`read` looks at the licence before it opens a file. Iterate over what it gives; then it also tells what became of every
record (`rows`, `kept`, `refused`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.licences import LICENCES, Refused, Use, check
from training.sources import (
    claff,
    cognitive_reframing,
    counsel_chat,
    discourse,
    epitome,
    esconv,
    lantern,
    mi_strategy,
    pair_reflections,
    positive_frames,
    reddit,
    reddit_breakups,
    study,
    threads,
)
from training.sources.labelled import LabelledText
from training.sources.lantern import FinishedDraft
from training.sources.reading import Reading, Source, SourceError

__all__ = [
    "SOURCES",
    "FinishedDraft",
    "LabelledText",
    "Reading",
    "Source",
    "SourceError",
    "SourceReport",
    "found",
    "read",
    "report",
]

_MODULES = (
    counsel_chat,
    positive_frames,
    claff,
    cognitive_reframing,
    mi_strategy,
    esconv,
    epitome,
    pair_reflections,
    reddit_breakups,
    threads,
    reddit,
    discourse,
    lantern,
    study,
)
SOURCES: dict[str, Source] = {one.SOURCE.name: one.SOURCE for one in _MODULES}


def read(name: str, path: Path, *, use: Use, licence: str = "") -> Reading:
    """`path`: the source's folder, or its file. `licence`: for a source that has none of its own, what its collector says.

    Raises SourceError, and Refused when the licence does not allow this use.
    """
    source = SOURCES.get(name)
    if source is None:
        raise SourceError(f"source={name}: no such source. Known: {', '.join(sorted(SOURCES))}.")
    if licence and source.licence:
        raise SourceError(f"{name}: licence={licence}: this source has its own, {source.licence}. Leave it out.")
    if source.licence or licence:
        check(source.licence or licence, use, source=name)
    if not path.exists():
        raise SourceError(f"{path}: not there. Name the folder of {name}.")
    return Reading(source, path, use, licence)


def found(data: Path) -> list[str]:
    """The sources that have a folder below the data folder."""
    return [name for name, source in SOURCES.items() if (data / source.folder).is_dir()]


@dataclass(frozen=True, slots=True)
class SourceReport:
    source: str
    licence: str
    allowed: bool
    rows: int
    kept: int
    refused: dict[str, int]
    notes: dict[str, int]
    condition: str
    credit: str


def report(data: Path, use: Use) -> Iterator[SourceReport]:
    """What may be used, and how much of it there is. Nothing is kept of a source that the use has no right to."""
    for name in found(data):
        source = SOURCES[name]
        allowed = _allowed(source, use)
        reading = read(name, data / source.folder, use=use if allowed else Use.RESEARCH)
        for _row in reading:
            pass
        refused = dict(reading.refused) if allowed else {f"licence {source.licence}": reading.rows}
        yield SourceReport(
            source=name,
            licence=source.licence or "by row",
            allowed=allowed,
            rows=reading.rows,
            kept=reading.kept if allowed else 0,
            refused=refused,
            notes=dict(reading.notes),
            condition=LICENCES[source.licence].condition if source.licence else "as each row's licence says",
            credit=source.credit,
        )


def _allowed(source: Source, use: Use) -> bool:
    """A source without a licence of its own is judged row by row."""
    try:
        check(source.licence, use, source=source.name) if source.licence else None
    except Refused:
        return False
    return True
