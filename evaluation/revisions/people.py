"""Triples in which people wrote all three texts: `python -m evaluation.revisions.people --data FOLDER --out triples.jsonl`.

FOLDER holds pair_data.csv of PAIR (Min et al. 2022): what a client said, five poor replies to it, a middling one, and
reflections that experts wrote. A poor or middling reply is the draft, the first reflection the good revision. It was not
written as a revision of that draft, so it hardly keeps any of it: read "meaning kept" beside the built triples, and the
rest as it stands. `--pairs` writes the reflection and each other reply as two answers to the client, the better one first, for
the suite `preference`. The set is for research, so what is written is refused inside the repository, but for `var/`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.inference.trained_prompts import Task
from evaluation.revisions.sheet import not_to_commit
from evaluation.rows import csv_rows
from evaluation.suite import BadData

FILE = "pair_data.csv"
GOOD = "hq1"
DRAFTS = {"lq1": "poor", "lq2": "poor", "lq3": "poor", "lq4": "poor", "lq5": "poor", "mq1": "middling"}


def triples(folder: Path) -> Iterator[dict[str, str]]:
    """As the suite `revision` reads them. Raises BadData."""
    for number, row in enumerate(csv_rows(folder / FILE, ("prompt", GOOD, *DRAFTS)), start=1):
        for column, built in DRAFTS.items():
            if draft := row.text(column).strip():
                yield {
                    "id": f"pair-{number}/{column}",
                    "post": row.text("prompt").strip(),
                    "draft": draft,
                    "answer": row.text(GOOD).strip(),
                    "built": built,
                    "group": f"pair-{number}",
                }


def pairs(folder: Path) -> Iterator[dict[str, str]]:
    """As the suite `preference` reads them: the reflection was ranked above the other reply to the same client."""
    for triple in triples(folder):
        kept = {name: triple[name] for name in ("id", "post", "group")}
        yield {**kept, "task": Task.GENERATE, "chosen": triple["answer"], "rejected": triple["draft"]}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation.revisions.people", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--pairs", action="store_true", help="pairs for the suite preference, in place of triples")
    given = parser.parse_args(arguments)
    try:
        made = pairs(given.data) if given.pairs else triples(given.data)
        lines = [json.dumps(one, ensure_ascii=False) for one in made]
        not_to_commit(given.out).parent.mkdir(parents=True, exist_ok=True)
    except BadData as error:
        print(error, file=sys.stderr)
        return 2
    given.out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{given.out}: {len(lines):,} {'pairs' if given.pairs else 'triples'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
