"""How well a model does as the second reader: which posts in danger it says yes to, and which others.

python -m bench.second_reader --data posts.jsonl [--model model.gguf] [--rows 50]

Each line of the file is {"text": …, "label": "crisis" | "no_crisis"[, "part": …]}. Nothing of a text is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

import django

django.setup()

from assistant.inference.engine import Engine  # noqa: E402 Django must be set up before
from assistant.second_reader import request_for, verdict_of  # noqa: E402
from assistant.worker_state import load_file  # noqa: E402
from evaluation.stats import share_of  # noqa: E402


@dataclass(frozen=True, slots=True)
class Row:
    text: str
    danger: bool
    part: str


def rows_of(path: Path, *, most: int, seed: int) -> list[Row]:
    """Up to `most` in danger, and as many others spread over the parts of the file."""
    groups: dict[tuple[bool, str], list[Row]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        given = json.loads(line)
        row = Row(given["text"], given["label"] == "crisis", str(given.get("part", "")))
        groups[row.danger, row.part].append(row)
    chosen: list[Row] = []
    for danger in (True, False):
        parts = [rows for (wanted, _part), rows in sorted(groups.items()) if wanted == danger]
        for rows in parts:
            chosen += random.Random(seed).sample(rows, min(len(rows), most // len(parts)))
    return chosen


def says_yes(engine: Engine, row: Row) -> bool:
    return verdict_of("".join(engine.submit(request_for("measure", row.text)))) == "risk"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rows", type=int, default=50, help="at most so many in danger, and so many others")
    parser.add_argument("--seed", type=int, default=7)
    wanted = parser.parse_args()
    rows = rows_of(wanted.data, most=wanted.rows, seed=wanted.seed)
    engine = load_file(wanted.model)
    began = time.monotonic()
    said: dict[tuple[bool, str], list[bool]] = defaultdict(list)
    for row in rows:
        said[row.danger, row.part].append(says_yes(engine, row))
    seconds = (time.monotonic() - began) / max(1, len(rows))
    engine.close()
    print(f"{engine.model.name}: {len(rows)} posts, {seconds:.2f} s each")
    for (danger, part), answers in sorted(said.items(), reverse=True):
        kind = "in danger, raised" if danger else "others, raised"
        share = share_of(answers)
        print(
            f"{kind} ({part or 'all'}): {sum(answers)} of {len(answers)}, 95 % interval {share.low:.2f} to {share.high:.2f}"
        )


if __name__ == "__main__":
    main()
