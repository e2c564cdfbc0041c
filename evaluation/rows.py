"""Reads the files that suites load. What is wrong is said with file and row, and never with what stands in the row."""

from __future__ import annotations

import csv
import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from assistant.inference.trained_prompts import Goal
from assistant.safety.types import Level
from evaluation.suite import BadData, Options

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a file, and where it stands."""

    path: Path
    where: str  # "row 12", counted from 1 as a person would
    fields: Mapping[str, Any]

    def text(self, name: str, *, missing: str | None = None) -> str:
        value = self.fields.get(name, missing)
        if not isinstance(value, str):
            raise BadData(self.path, self.where, f'want "{name}" with text.')
        return value

    def one_of(self, name: str, choices: Sequence[str]) -> str:
        value = self.text(name)
        if value not in choices:
            raise BadData(self.path, self.where, f'want "{name}" to be {" or ".join(choices)}.')
        return value

    def identity(self, fallback: str) -> str:
        value = self.fields.get("id", fallback)
        if not isinstance(value, (str, int)) or isinstance(value, bool) or value == "":
            raise BadData(self.path, self.where, 'want "id" to be a text or a number.')
        return str(value)

    def word(self, name: str) -> str:
        """A short field to sort by, such as a kind; empty when there is none. Never a text of a case."""
        value = self.fields.get(name)
        return str(value)[:60] if isinstance(value, (str, int, float)) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.fields.get(name) or ()
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
            raise BadData(self.path, self.where, f'want "{name}" to be a list of texts.')
        return tuple(value)

    def goals(self) -> tuple[Goal, ...]:
        """What the supporter asked of a revision."""
        try:
            return tuple(Goal(one) for one in self.texts("goals"))
        except ValueError as error:
            raise BadData(self.path, self.where, f'want "goals" from {", ".join(Goal)}.') from error


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadData(path, f"byte {error.start + 1}", "not UTF-8.") from error
    except OSError as error:
        raise BadData(path, "", f"cannot be read: {error.strerror}.") from error


def jsonl_rows(path: Path) -> Iterator[Row]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            fields = _json(path, f"row {number}", line)
            if not isinstance(fields, dict):
                raise BadData(path, f"row {number}", "want one JSON object a line.")
            yield Row(path, f"row {number}", fields)


def list_rows(path: Path) -> Iterator[Row]:
    """A JSON file with one list of objects."""
    rows = read_json(path)
    if not isinstance(rows, list):
        raise BadData(path, "", "want a JSON list of objects.")
    for number, fields in enumerate(rows, start=1):
        if not isinstance(fields, dict):
            raise BadData(path, f"row {number}", "want a JSON object.")
        yield Row(path, f"row {number}", fields)


def csv_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    reader = csv.DictReader(read_text(path).splitlines(keepends=True))
    lacking = [column for column in columns if column not in (reader.fieldnames or ())]
    if lacking:
        raise BadData(path, "row 1", f"want the column {', '.join(lacking)}.")
    for number, fields in enumerate(reader, start=2):
        yield Row(path, f"row {number}", fields)


def read_json(path: Path) -> Any:
    return _json(path, "", read_text(path))


def _json(path: Path, where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadData(path, where, "not JSON.") from error


@dataclass(frozen=True, slots=True)
class Label:
    """What a person said of one text: see evaluation/adjudication/guide.md."""

    level: Level
    flags: str  # letters; empty for none


_FLAGS = frozenset("TCAVPOESHGFU")


def read_labels(path: Path) -> dict[str, Label]:
    """`id level flags`, tab separated; "-" for no flags."""
    labels: dict[str, Label] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip() or line.startswith(("#", "id\t")):
            continue
        where = f"row {number}"
        parts = line.split("\t")
        if len(parts) != 3 or parts[1] not in ("0", "1", "2", "3", "4"):
            raise BadData(path, where, "want id, level from 0 to 4 and flags, with tabs between.")
        flags = "" if parts[2].strip() == "-" else parts[2].strip()
        if not _FLAGS.issuperset(flags):
            raise BadData(path, where, f"want flags from {''.join(sorted(_FLAGS))}, or - for none.")
        if parts[0] in labels:
            raise BadData(path, where, "this id has a level already.")
        labels[parts[0]] = Label(Level(int(parts[1])), flags)
    if not labels:
        raise BadData(path, "", "holds no labels.")
    return labels


def drawn(items: Sequence[Item], options: Options) -> list[Item]:
    """`--limit` of them, drawn with `--seed`, in their order."""
    if options.limit is None or options.limit >= len(items):
        return list(items)
    chosen = random.Random(options.seed).sample(range(len(items)), options.limit)  # noqa: S311  a draw, not a secret
    return [items[index] for index in sorted(chosen)]


def fingerprint(path: Path) -> str:
    """Which data a report speaks of."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
