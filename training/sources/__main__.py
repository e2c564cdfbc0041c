"""python -m training.sources report|read. Prints counts, never texts."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from training.licences import Refused, Use
from training.schemas import BadRow, Dialogue, Rewrite, Row, Thread, read_rows, write_rows
from training.sources import SOURCES, FinishedDraft, LabelledText, Reading, SourceError, SourceReport, read, report

FILES: dict[type[Row], str] = {
    Thread: "threads.jsonl",
    Rewrite: "rewrites.jsonl",
    Dialogue: "dialogues.jsonl",
    LabelledText: "labelled.jsonl",
    FinishedDraft: "finished.jsonl",
}
COUNTS = "sources.json"


def main(arguments: list[str] | None = None) -> int:
    options = _parsed(arguments)
    try:
        if options.do == "report":
            print("\n".join(_table(report(options.data, options.use))))
        else:
            for name in options.names:
                print(_read(name, options))
    except (SourceError, Refused, BadRow) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _read(name: str, options: Namespace) -> str:
    if name not in SOURCES:
        raise SourceError(f"source={name}: no such source. Known: {', '.join(sorted(SOURCES))}.")
    source = SOURCES[name]
    reading = read(name, options.data / source.folder, use=options.use, licence=options.licence)
    file = options.out / FILES[source.gives]
    given = write_rows([*_of_others(source.gives, file, name), *reading], file)
    _count(options.out / COUNTS, reading)
    return f"{name}: {reading.kept:,} of {reading.rows:,} records kept{_reasons(reading.refused)}. {file.name}: {given:,} rows."


def _of_others(kind: type[Row], file: Path, name: str) -> Iterable[Row]:
    """A second reading of a source replaces what the first one wrote."""
    rows = read_rows(kind, file) if file.is_file() else ()
    return [row for row in rows if row.origin.source != name]  # type: ignore[attr-defined]


def _count(file: Path, reading: Reading) -> None:
    counts = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    counts[reading.source.name] = {
        "licence": reading.licence or "by row",
        "use": reading.use,
        "rows": reading.rows,
        "kept": reading.kept,
        "refused": dict(sorted(reading.refused.items())),
        "notes": dict(sorted(reading.notes.items())),
        "credit": reading.source.credit,
    }
    file.write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _table(reports: Iterable[SourceReport]) -> Sequence[str]:
    lines = ["| source | rows | kept | licence | allowed | condition |", "| --- | ---: | ---: | --- | --- | --- |"]
    refusals = []
    for one in reports:
        allowed = "yes" if one.allowed else "no"
        lines.append(f"| {one.source} | {one.rows:,} | {one.kept:,} | {one.licence} | {allowed} | {one.condition} |")
        if one.refused:
            refusals.append(f"{one.source}{_reasons(Counter(one.refused))}.")
    return [*lines, "", *refusals]


def _reasons(refused: Counter[str]) -> str:
    told = "; ".join(f"{reason}: {count:,}" for reason, count in refused.most_common())
    return f" (refused: {told})" if told else ""


def _parsed(arguments: list[str] | None) -> Namespace:
    parser = ArgumentParser(prog="python -m training.sources", description="Reads sets of texts for training.")
    commands = parser.add_subparsers(dest="do", required=True)
    reporting = commands.add_parser("report", help="what may be used, and how much of it there is")
    reading = commands.add_parser("read", help="write the rows of sources into a run's folder")
    reading.add_argument("names", nargs="+", metavar="NAME", help=f"one or more of: {', '.join(SOURCES)}")
    reading.add_argument("--out", type=Path, required=True, help="the run's folder, for example var/training/first")
    reading.add_argument(
        "--licence", default="", help="of a source that has none of its own, as its collector states it"
    )
    for command in (reporting, reading):
        command.add_argument("--data", type=Path, required=True, help="the folder that holds a folder for each source")
        command.add_argument("--use", type=Use, choices=list(Use), default=Use.PUBLISH, help="what the model is for")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
