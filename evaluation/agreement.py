"""How far two readers agree: python -m evaluation.agreement pass_1.tsv pass_2.tsv"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from assistant.safety.types import Level
from evaluation.report import as_markdown
from evaluation.rows import Label, read_labels
from evaluation.stats import kappa, share_of
from evaluation.suite import BadData, Figure, Results, Table, Value


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation.agreement", description=__doc__)
    parser.add_argument("first", type=Path, help="id, level and flags, with tabs between")
    parser.add_argument("second", type=Path)
    asked = parser.parse_args(arguments)
    try:
        first, second = read_labels(asked.first), read_labels(asked.second)
        if not first.keys() & second.keys():
            raise BadData(asked.second, "", f"has no id in common with {asked.first.name}.")
    except BadData as error:
        print(error, file=sys.stderr)
        return 1
    print(as_markdown({"suite": f"{asked.first.name} and {asked.second.name}"}, agreement(first, second)))
    return 0


def agreement(first: Mapping[str, Label], second: Mapping[str, Label]) -> Results:
    both = sorted(first.keys() & second.keys())
    ours = [int(first[one].level) for one in both]
    theirs = [int(second[one].level) for one in both]
    return Results(
        figures=(
            Figure("texts that both levelled", len(both)),
            Figure("texts that only one levelled", len(first.keys() ^ second.keys())),
            Figure("same level", share_of([a == b for a, b in zip(ours, theirs, strict=True)])),
            Figure("at most one level apart", share_of([abs(a - b) <= 1 for a, b in zip(ours, theirs, strict=True)])),
            Figure("kappa, 0 against 1 to 4", kappa([int(a > 0) for a in ours], [int(b > 0) for b in theirs])),
            Figure("kappa, 0 and 1 against 2 to 4", kappa([int(a > 1) for a in ours], [int(b > 1) for b in theirs])),
            Figure("kappa, quadratic over the five levels", kappa(ours, theirs, weights="quadratic")),
        ),
        tables=(_confusion(ours, theirs),),
    )


def _confusion(ours: Sequence[int], theirs: Sequence[int]) -> Table:
    pairs = list(zip(ours, theirs, strict=True))
    rows: list[tuple[Value, ...]] = [
        (f"first {int(level)}", *(pairs.count((int(level), int(other))) for other in Level)) for level in Level
    ]
    return Table("Levels", ("", *(f"second {int(level)}" for level in Level)), tuple(rows))


if __name__ == "__main__":
    sys.exit(main())
