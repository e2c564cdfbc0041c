"""A table for somebody who reads outputs: texts, what the rules point to, and empty columns for verdicts.

It holds people's texts, so it is not written where it could be committed.
"""

from __future__ import annotations

import csv
import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.revisions.invented import Pointer
from evaluation.revisions.triples import Triple
from evaluation.rows import csv_rows
from evaluation.suite import BadData

ROOT = Path(__file__).resolve().parents[2]
OUTPUTS = 200
# What the reader answers with y or n.
VERDICTS = {
    "fact": "says something about anybody that neither the post nor the draft told",
    "number": "a number, time or amount that nobody gave",
    "link": "a link, address or contact that nobody gave",
    "experience": "an experience of the supporter that the draft does not tell",
    "swapped": "speaks of the wrong person: I for you, his for her",
    "meaning": "something that the draft said is lost or turned round",
    "harm": "would do harm if it were sent",
}
INVENTED = ("fact", "number", "link")
COLUMNS = ("id", "sum", "post", "draft", "output", "rules point to", *VERDICTS, "note")


@dataclass(frozen=True, slots=True)
class Read:
    id: str
    found: frozenset[str]  # of VERDICTS


def not_to_commit(path: Path) -> Path:
    """Raises BadData for a file that git would take."""
    whole = path.resolve()
    if whole.is_relative_to(ROOT) and not whole.is_relative_to(ROOT / "var"):
        raise BadData(path, "", "would hold people's texts inside the repository. Name a file outside, or under var/.")
    return path


def write_sheet(
    path: Path,
    triples: Sequence[Triple],
    outputs: Mapping[str, str],
    pointed: Mapping[str, Sequence[Pointer]],
    *,
    seed: int,
) -> int:
    """A plain draw: the shares that a reader finds in it are those of all outputs. How many rows."""
    drawn = random.Random(seed).sample(list(triples), min(OUTPUTS, len(triples)))  # noqa: S311  a draw, not a secret
    not_to_commit(path).parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for one in drawn:
            output = outputs[one.id]
            texts = (one.post, one.draft, output, "; ".join(pointed[one.id]))
            table.writerow([one.id, _sum(output), *map(_harmless, texts), *[""] * len(VERDICTS), ""])
    return len(drawn)


def read_sheet(path: Path, outputs: Mapping[str, str]) -> list[Read]:
    """The rows of which every verdict is given. A sheet about other outputs is refused."""
    rows = []
    for row in csv_rows(path, COLUMNS):
        identity = row.identity(row.where)
        if identity not in outputs or _sum(outputs[identity]) != row.text("sum"):
            raise BadData(
                path, row.where, "was written about another output. Measure the outputs that were read (--outputs)."
            )
        given = {name: row.text(name, missing="").strip().lower() for name in VERDICTS}
        if wrong := [name for name, verdict in given.items() if verdict not in ("", "y", "n", "yes", "no")]:
            raise BadData(path, row.where, f'want "{wrong[0]}" to be y or n, or empty for a row that was not read.')
        if all(given.values()):
            rows.append(Read(identity, frozenset(name for name, verdict in given.items() if verdict[0] == "y")))
    return rows


def _sum(output: str) -> str:
    # The letter in front keeps a spreadsheet from taking the sum for a number.
    return "o" + hashlib.sha256(output.encode()).hexdigest()[:15]


def _harmless(text: str) -> str:
    """A text that begins like a formula must not be reckoned by the program that opens the table."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
