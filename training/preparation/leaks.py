"""No text that a model is measured on is learned from. Which texts those are, files say."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from training.preparation.corpus import Corpus
from training.preparation.quarantine import Entry, Quarantine, Step
from training.preparation.words import digest, shingles, words_of
from training.schemas import Example, Pair
from training.sources.reading import LARGEST_FIELD

ROOT = Path(__file__).parents[2]
OWN_SUITES = (
    ROOT / "evaluation" / "data",
    ROOT / "assistant" / "inference" / "heldout.toml",
    ROOT / "bench" / "pairs.jsonl",
)
SHINGLE = 8  # words
CONTAINED = 0.5  # of either text's shingles
_FEWEST_WORDS = 4  # "thank you so much" is nobody's test case
_ENDINGS = frozenset((".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".toml", ".yaml", ".yml", ".txt"))

AnyRow = TypeVar("AnyRow", Example, Pair)


class LeakError(ValueError):
    """An evaluation file that cannot be read. Without it nobody knows what leaks."""


@dataclass(slots=True)
class LeakReport:
    sets: dict[str, int] = field(default_factory=dict)  # texts read, by set
    skipped: list[str] = field(default_factory=list)  # files of a folder that hold no texts that can be read
    found: Counter[str] = field(default_factory=Counter)  # by set: texts and built rows set aside

    def as_dict(self) -> dict[str, Any]:
        return {
            "sets": [
                {"set": name, "texts": texts, "leaks": self.found.get(name, 0)} for name, texts in self.sets.items()
            ],
            "skipped": self.skipped,
        }


class LeakIndex:
    """Texts of evaluation sets, by all runs of eight words."""

    def __init__(self) -> None:
        self.report = LeakReport()
        self._names: list[str] = []
        self._sizes = array("L")  # shingles of each text
        self._set_of = array("H")
        self._whole: dict[str, int] = {}
        self._by_shingle: dict[int, array[int]] = {}

    @classmethod
    def of(cls, paths: Iterable[Path], *, below: Path | None = None) -> LeakIndex:
        """Raises LeakError. `below`: what the names in the report leave out."""
        index = cls()
        for path in paths:
            index.add_path(path, _name(path, below))
        return index

    def add_path(self, path: Path, name: str) -> None:
        if not path.exists():
            raise LeakError(f"{path}: not there. Name evaluation files that are, or leave it out of the recipe.")
        files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
        self._names.append(name)
        self.report.sets[name] = 0
        for file in files:
            if path.is_dir() and (file.suffix.casefold() not in _ENDINGS or _is_hidden(file, path)):
                if file.suffix not in (".py", ".pyc", ".md"):
                    self.report.skipped.append(f"{name}/{file.relative_to(path)}")
                continue
            for text in texts_in(file):
                self._add(text, name)

    def _add(self, text: str, name: str) -> None:
        words = words_of(text)
        if len(words) < _FEWEST_WORDS:
            return
        self.report.sets[name] += 1
        number = len(self._sizes)
        whole = digest(" ".join(words))
        if whole in self._whole:
            return
        self._whole[whole] = number
        pieces = shingles(words, SHINGLE) if len(words) >= SHINGLE else frozenset()
        self._sizes.append(len(pieces))
        self._set_of.append(len(self._names) - 1)
        for piece in pieces:
            self._by_shingle.setdefault(_short(piece), array("L")).append(number)

    def found(self, text: str) -> str | None:
        """The set that holds this text, or nearly, or a good part of it."""
        words = words_of(text)
        if len(words) < _FEWEST_WORDS:
            return None
        whole = self._whole.get(digest(" ".join(words)))
        if whole is not None:
            return self._names[self._set_of[whole]]
        if len(words) < SHINGLE:
            return None
        pieces = shingles(words, SHINGLE)
        shared: Counter[int] = Counter()
        for piece in pieces:
            shared.update(self._by_shingle.get(_short(piece), ()))
        leaks = [
            number for number, count in shared.items() if count >= CONTAINED * min(len(pieces), self._sizes[number])
        ]
        return self._names[self._set_of[min(leaks)]] if leaks else None

    def found_in(self, texts: Iterable[str]) -> str | None:
        return next((name for text in texts if text and (name := self.found(text))), None)


def remove_leaks(corpus: Corpus, index: LeakIndex, quarantine: Quarantine) -> Corpus:
    texts = corpus.texts()
    leaks = {one.id: name for one in texts if (name := index.found_in((*one.own, *one.turns)))}
    asked = {one.post for one in texts}
    posts = {post: name for post in asked if (name := index.found(post))}
    entries = []
    for one in texts:
        name = leaks.get(one.id) or posts.get(one.post)
        if name is None:
            continue
        reason = f"in {name}" if one.id in leaks else f"its post is in {name}"
        entries.append(Entry(one.id, "text", one.source, Step.LEAKS, reason, "\n".join(one.own)))
        index.report.found[name] += 1
    kept = corpus.without({entry.id for entry in entries})
    quarantine.account(Step.LEAKS, "text", came=len(texts), kept=len(kept.texts()), entries=entries)
    return kept


def remove_leaking_rows(rows: Sequence[AnyRow], index: LeakIndex, quarantine: Quarantine, what: str) -> list[AnyRow]:
    """Built rows once more: a part of a text may be a leak where the whole is none."""
    kept, entries = [], []
    for row in rows:
        answers: tuple[str, ...] = (row.answer,) if isinstance(row, Example) else (row.chosen, row.rejected)
        name = index.found_in((row.post, row.draft, *answers))
        if name is None:
            kept.append(row)
        else:
            index.report.found[name] += 1
            entries.append(Entry(row.id, what, row.origin.source, Step.LEAKS, f"in {name}"))
    quarantine.account(Step.LEAKS, what, came=len(rows), kept=len(kept), entries=entries)
    return kept


def texts_in(path: Path) -> Iterator[str]:
    """Every text of a file, whatever its fields are called. Raises LeakError."""
    ending = path.suffix.casefold()
    try:
        content = path.read_text(encoding="utf-8-sig", errors="replace")
        if ending in (".jsonl", ".ndjson"):
            for line in content.splitlines():
                if line.strip():
                    yield from _strings(json.loads(line))
        elif ending == ".json":
            yield from _strings(json.loads(content))
        elif ending == ".toml":
            yield from _strings(tomllib.loads(content))
        elif ending in (".yaml", ".yml"):
            yield from _strings(yaml.safe_load(content))
        elif ending in (".csv", ".tsv"):
            csv.field_size_limit(LARGEST_FIELD)
            for row in csv.reader(io.StringIO(content, newline=""), delimiter="\t" if ending == ".tsv" else ","):
                yield from row
        else:
            for paragraph in content.split("\n\n"):
                yield paragraph
                yield from paragraph.splitlines() if "\n" in paragraph.strip() else ()
    except (OSError, ValueError, csv.Error, yaml.YAMLError, RecursionError) as error:
        raise LeakError(
            f"{path}: cannot be read as {ending or 'text'} ({type(error).__name__}). Mend the file."
        ) from error


def _strings(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        for value in told.values():
            yield from _strings(value)
    elif isinstance(told, list | tuple):
        for value in told:
            yield from _strings(value)


def _name(path: Path, below: Path | None) -> str:
    for root in (ROOT, below):
        if root is not None and path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return path.name


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith((".", "__")) for part in file.relative_to(folder).parts)


def _short(piece: str) -> int:
    """Eight bytes instead of forty letters. Two pieces that share them are as rare as a disk that fails."""
    return int(digest(piece)[:15], 16)
