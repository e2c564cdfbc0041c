"""Reading a set row by row, so that every row of its files ends up kept or refused for a reason that is counted."""

from __future__ import annotations

import csv
import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from training.licences import LICENCES, Refused, Use, check
from training.schemas import Consent, Origin, Row
from training.sources.text import mend
from training.sums import sha256_of

Made = TypeVar("Made", bound=Row)
Told = dict[str, Any]  # one record as its file has it

LARGEST_FIELD = 1 << 24  # characters; the csv module stops at 128 KiB unless told


class SourceError(ValueError):
    """A file of a source that is missing or is not what its reader reads. Names the file and the remedy, never a text."""


class Refusal(ValueError):
    """Why one record is not taken: a few words, counted, never with a text in them."""


@dataclass(frozen=True, slots=True)
class Source:
    """A set and how it is read."""

    name: str
    folder: str  # below the data folder
    gives: type[Row]
    reader: Callable[[Reading], Iterator[Row]] = field(repr=False)
    licence: str = ""  # empty: whoever collected it has to say, for the set or for each row
    credit: str = ""  # whom to name when a model that learned from it is given away


class Reading:
    """The rows of one source, and after the last of them what became of every record. May be gone through again."""

    def __init__(self, source: Source, path: Path, use: Use, licence: str = "") -> None:
        self.source = source
        self.path = path
        self.use = use
        self.licence = licence or source.licence
        self.hashes: dict[str, str] = {}  # of the files that were read, by name
        self._forget()

    def __iter__(self) -> Iterator[Row]:
        self._forget()
        yield from self.source.reader(self)
        if self.rows != self.kept + sum(self.refused.values()):
            raise SourceError(
                f"{self.source.name}: {self.rows} records read, {self.kept} kept and {sum(self.refused.values())}"
                " refused. Its reader loses some; mend the reader."
            )

    def _forget(self) -> None:
        self.rows = 0
        self.kept = 0
        self.refused: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()  # what was mended or left out inside of kept records
        self._salt = secrets.token_bytes(16)  # not kept: after this run nobody can tell whose code is whose
        self._numbers: dict[str, int] = {}

    # What became of a record

    def saw(self, count: int = 1) -> None:
        self.rows += count

    def keep(self, count: int = 1) -> None:
        self.kept += count

    def refuse(self, reason: str, count: int = 1) -> None:
        if count:
            self.refused[reason] += count

    def note(self, what: str, count: int = 1) -> None:
        if count:
            self.notes[what] += count

    def made(self, records: Iterable[tuple[int, Told]], make: Callable[[int, Told], Made]) -> Iterator[Made]:
        """For sets where one record gives one row."""
        for number, told in records:
            try:
                row = make(number, told)
            except Refusal as refusal:
                self.refuse(str(refusal))
                continue
            self.keep()
            yield row

    # Terms and authors

    def origin(self, row: str, *, licence: object = None, consent: object = None) -> Origin:
        """Raises Refusal when this use has no right to the row. What the row itself says goes before what its set says."""
        named = "-".join(licence.casefold().split()) if isinstance(licence, str) else ""
        named = named or self.licence or "unknown"
        if named not in LICENCES:
            named = "unknown"
        try:
            check(named, self.use, source=self.source.name)
        except Refused as refused:
            raise Refusal(f"licence {named}") from refused
        return Origin(self.source.name, row, named, _consent(consent))

    def code(self, name: object) -> str:
        """A one-way code for an author; the same within this reading only."""
        if not name or not isinstance(name, str | int):
            return ""
        return "a" + hashlib.blake2b(str(name).encode("utf-8", "replace"), key=self._salt, digest_size=6).hexdigest()

    def numbered(self, name: str) -> str:
        """A number for an author of a published set, by first appearance: no name, and the same in every run."""
        return f"{self.source.name}-{self._numbers.setdefault(name, len(self._numbers) + 1)}" if name else ""

    # Files

    def files(self, *endings: str) -> list[Path]:
        """The source itself where it is a file; else the files of the folder with these endings, by name."""
        found = [self.path] if self.path.is_file() else []
        if self.path.is_dir():
            found = sorted(one for one in self.path.iterdir() if one.is_file() and one.name.endswith(endings))
        if not found:
            raise SourceError(f"{self.path}: no file of {self.source.name} ({' or '.join(endings)}). Check --data.")
        return self._hashed(found)

    def some_of(self, *names: str) -> list[Path]:
        """Those of the named files that are there. At least one has to be."""
        folder = self.path
        found = [folder / name for name in names if (folder / name).is_file()]
        if not found:
            raise SourceError(f"{folder}: no {' and no '.join(names)}. Name the folder of {self.source.name}.")
        return self._hashed(found)

    def _hashed(self, paths: list[Path]) -> list[Path]:
        self.hashes |= {path.name: sha256_of(path) for path in paths}
        return paths

    def json_lines(self, path: Path) -> Iterator[tuple[int, Told]]:
        """One object on a line. The number is the line's."""
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                self.saw()
                try:
                    told = json.loads(line)
                except (ValueError, RecursionError):
                    self.refuse("not JSON")
                    continue
                if isinstance(told, dict):
                    yield number, told
                else:
                    self.refuse("not an object")

    def csv_rows(self, path: Path, *needed: str) -> Iterator[tuple[int, Told]]:
        """With a head line that names at least the needed columns. The number counts records, not lines."""
        csv.field_size_limit(LARGEST_FIELD)
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            records = csv.DictReader(file)
            if missing := [name for name in needed if name not in (records.fieldnames or ())]:
                raise SourceError(f"{path}: no column {missing[0]}. Is it another file, or another version of the set?")
            number = 0
            while True:
                number += 1
                try:
                    told: dict[Any, Any] = next(records)
                except StopIteration:
                    return
                except csv.Error:
                    self.saw()
                    self.refuse("not CSV")
                    continue
                self.saw()
                if None in told or None in told.values():
                    self.refuse("wrong number of columns")
                else:
                    yield number, told


def whole_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig", errors="replace"))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path}: not JSON. Fetch the file again.") from error


def needed(told: Mapping[str, Any], name: str) -> str:
    """The field's text, mended. Raises Refusal when there is none."""
    text = optional(told, name)
    if not text:
        raise Refusal(f"no {name}")
    return text


def optional(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return mend(value) if isinstance(value, str) else ""


def whole(value: object) -> int | None:
    """A whole number however it is written ("4", 4.0), or None."""
    number = real(value)
    return int(number) if number is not None and number.is_integer() else None


def real(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 1e15 else None  # neither infinite nor "nan", which is smaller than nothing


def _consent(told: object) -> Consent:
    """Nothing said: whoever published the set answers for it. Anything that is not plainly a yes is a no."""
    if told is None or told == "":
        return Consent.PUBLISHED
    if told is True:
        return Consent.GIVEN
    known = told.strip().casefold() if isinstance(told, str) else ""
    if known not in (Consent.PUBLISHED, Consent.GIVEN):
        raise Refusal("no consent")
    return Consent(known)
