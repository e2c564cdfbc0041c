"""Labelled posts from a folder of data sets that stays outside the project, joined by id with the levels that people gave."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
LABELS = HERE / "labels.tsv"
ADJUDICATED = HERE.parents[1] / "evaluation" / "adjudication" / "adjudicated.tsv"
LONGEST = 1500  # characters: what the readers saw, and what their level is about

_JSONL = ("dev_core", "cssrs_posts", "hard_negatives", "reddit_weak", "sdcnl_train", "tweets_noisy_labels")
_POOL_ONLY = ("tweets_vs_suicidewatch_weak",)


class CorpusError(ValueError):
    """The data folder or a label file is not what it should be."""


@dataclass(frozen=True, slots=True)
class Example:
    id: str
    text: str
    level: int
    flags: str
    group: str  # whoever wrote it, or the thread: never on both sides of a split
    adjudicated: bool


def labelled(folder: Path) -> list[Example]:
    """Every labelled post whose text is in the folder, sorted by id. Raises CorpusError when one is missing."""
    texts = dict(_texts(folder))
    groups = _groups(folder)
    adjudicated = read_levels(ADJUDICATED)
    levels = read_levels(LABELS) | adjudicated
    missing = sorted(set(levels) - set(texts))
    if missing:
        raise CorpusError(
            f"{folder}: no text for {len(missing)} labels, the first {missing[0]}. Is a data set missing?"
        )
    return [
        Example(id, texts[id], level, flags, groups.get(id, id), id in adjudicated)
        for id, (level, flags) in sorted(levels.items())
    ]


def unlabelled(folder: Path) -> list[tuple[str, str]]:
    """Id and text of everything else, for a teacher to read. Sorted by id."""
    known = set(read_levels(LABELS)) | set(read_levels(ADJUDICATED))
    pool = dict(_texts(folder, pool=True))
    return [(id, text) for id, text in sorted(pool.items()) if id not in known and len(text) > 15]


def read_levels(path: Path) -> dict[str, tuple[int, str]]:
    """Id to level and flags; lines of `id level flags`, divided by tabs."""
    levels: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fields = line.split("\t")
        if len(fields) != 3 or fields[1] not in {"0", "1", "2", "3", "4"}:
            raise CorpusError(f"{path.name}, line {number}: want id, level 0-4 and flags, divided by tabs.")
        levels[fields[0]] = (int(fields[1]), "" if fields[2] == "-" else fields[2])
    return levels


def _texts(folder: Path, *, pool: bool = False) -> Iterator[tuple[str, str]]:
    for name in (*_JSONL, *_POOL_ONLY) if pool else _JSONL:
        for row in _rows(folder / "crisis-dev" / f"{name}.jsonl"):
            text = _tidy(row["text"])
            # The authors of this set put a quote mark before most texts; a network would learn it.
            yield row["id"], text.removeprefix("'") if row["id"].startswith("cssrs") else text
    path = folder / "dreaddit" / "dreaddit-train.csv"
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.DictReader(file):
            yield f"dreaddit-{row['id']}", _tidy(row["text"])
    if pool:
        path = folder / "goemotions" / "goemotions_train.tsv"
        for line in path.read_text(encoding="utf-8").splitlines()[:6000]:
            text, _, identity = line.split("\t")
            yield f"ge-{identity}", _tidy(text)


def _groups(folder: Path) -> dict[str, str]:
    groups = {row["id"]: row["user"] for row in _rows(folder / "crisis-dev" / "cssrs_posts.jsonl")}
    with (folder / "dreaddit" / "dreaddit-train.csv").open(encoding="utf-8", errors="replace", newline="") as file:
        groups |= {f"dreaddit-{row['id']}": row["post_id"] for row in csv.DictReader(file)}
    return groups


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if not path.is_file():
        raise CorpusError(f"{path}: no such file. Name the folder that holds crisis-dev, dreaddit and goemotions.")
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text)[:LONGEST]
