"""What an adapter brings along: a manifest (what made it), a report (how it was measured), a gate (how it compares).

They are JSON files that training and evaluation write. Only what the registry decides by is looked into here; the rest is
kept as it came.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.inference.types import Mode

LARGEST = 8 * 2**20  # bytes
SHA256 = re.compile(r"[0-9a-f]{64}")
LONGEST_REASON = 1000  # characters
NO_ADAPTER = "none"  # how a report of a base alone says so


class BadPaper(ValueError):
    """A manifest, report or gate that cannot be used: the file, what is wrong, what to do."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A JSON object as its file says it, and what the bytes of the file hash to."""

    path: Path
    sha256: str
    said: dict[str, Any]

    @classmethod
    def read(cls, path: Path, *, what: str) -> Paper:
        """Raises BadPaper."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise BadPaper(
                f"{path}: no {what} can be read there ({type(error).__name__}). Name the file that was written, with --{what}."
            ) from error
        if len(data) > LARGEST:
            raise BadPaper(f"{path}: {len(data):,} bytes are too many for a {what}; {LARGEST:,} fit.")
        try:
            said = json.loads(data, parse_constant=_no_number)
            json.dumps(said, ensure_ascii=False).encode()  # half a surrogate pair cannot be stored
        except (ValueError, RecursionError) as error:
            raise BadPaper(f"{path}: a {what} is one JSON object ({type(error).__name__}).") from error
        if not isinstance(said, dict) or "\\u0000" in data.decode():
            raise BadPaper(f"{path}: a {what} is one JSON object, without NUL in its texts.")
        return cls(path.resolve(), hashlib.sha256(data).hexdigest(), said)

    def hash_at(self, *keys: str) -> str:
        """Raises BadPaper where no SHA-256 sum stands there."""
        found = self.at(*keys)
        if not isinstance(found, str) or not SHA256.fullmatch(found):
            raise BadPaper(f"{self.path}: {'.'.join(keys)} is {shown(found)}; want a SHA-256 sum.")
        return found

    def at(self, *keys: str) -> Any:
        found: Any = self.said
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found


@dataclass(frozen=True, slots=True)
class Manifest:
    """What made an adapter."""

    paper: Paper
    name: str
    mode: Mode
    prompt: str
    base_sha256: str
    adapter_sha256: str

    @classmethod
    def of(cls, paper: Paper) -> Manifest:
        """Raises BadPaper."""
        mode = paper.at("mode")
        if mode not in [*Mode]:
            raise BadPaper(f"{paper.path}: mode is {shown(mode)}; want {' or '.join(Mode)}.")
        prompt = paper.at("prompts", mode) or paper.at("prompt")
        if not isinstance(prompt, str) or not prompt.startswith(f"{mode}-"):
            raise BadPaper(f"{paper.path}: prompt is {shown(prompt)}; want the words it was trained on, as {mode}-2.")
        name = paper.at("name")
        if not isinstance(name, str) or not name.strip() or len(name) > 100:
            raise BadPaper(f"{paper.path}: name is {shown(name)}; want 1 to 100 characters.")
        return cls(
            paper=paper,
            name=name.strip(),
            mode=Mode(mode),
            prompt=prompt,
            base_sha256=paper.hash_at("base", "sha256"),
            adapter_sha256=paper.hash_at("adapter", "sha256"),
        )


@dataclass(frozen=True, slots=True)
class Gate:
    """How a candidate compared with what is active, on frozen suites."""

    paper: Paper
    candidate: str  # SHA-256 of the adapter
    active: str
    passed: bool
    reasons: tuple[str, ...] = ()  # why not; files of earlier rules may give none

    @classmethod
    def of(cls, paper: Paper) -> Gate:
        """Raises BadPaper."""
        if refused := paper.at("refused"):
            raise BadPaper(f"{paper.path}: the two were not compared. {str(refused)[:LONGEST_REASON]}")
        candidate, active = (adapter_named(paper, key) for key in ("candidate", "active"))
        return cls(paper, candidate, active, paper.at("passed") is True, tuple(_reasons(paper.at("checks"))))


def _reasons(checks: Any) -> Iterator[str]:
    for one in checks if isinstance(checks, list) else ():
        reasons = one.get("reasons") if isinstance(one, dict) else None
        for reason in reasons if isinstance(reasons, list) else ():
            yield f"{one.get('suite')}, {one.get('figure')}: {reason}"


def adapter_named(paper: Paper, *places: str) -> str:
    """The hash of the adapter that a report or a gate names at the first of these places that is there. Raises BadPaper."""
    place = next((place for place in places if paper.at(place) is not None), places[0])
    if paper.at(place, "adapter SHA-256") == NO_ADAPTER:
        raise BadPaper(
            f"{paper.path}: {place} is a base without an adapter, which has no gate to pass. Measure the adapter, with --adapter."
        )
    plain = paper.at(place, "adapter_sha256") is not None
    return paper.hash_at(place, "adapter_sha256" if plain else "adapter SHA-256")


def beside(adapter: Path, what: str) -> Path:
    """Where the manifest or the report of this file is looked for: under its own name first, then under the plain one."""
    own = adapter.with_name(f"{adapter.stem}.{what}.json")
    return own if own.is_file() else adapter.with_name(f"{what}.json")


def data_hashes(manifest: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """The sums of what an adapter learned from, with the keys that lead there; of the stages before the last one too."""
    if not isinstance(manifest, dict):
        return
    yield from hashes_in(manifest.get("data"), f"{place}data")
    before = manifest.get("parent")
    if isinstance(before, dict):
        yield from data_hashes(before.get("record"), f"{place}parent.")


def hashes_in(said: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every SHA-256 sum in it."""
    if isinstance(said, dict):
        for key, value in said.items():
            yield from hashes_in(value, f"{place}.{key}" if place else str(key))
    elif isinstance(said, list):
        for number, value in enumerate(said):
            yield from hashes_in(value, f"{place}[{number}]")
    elif isinstance(said, str) and SHA256.fullmatch(said):
        yield place, said


def licences(said: dict[str, Any]) -> str:
    """Of the texts that an adapter learned from, by their keys."""
    given = said.get("licences")
    rows = given if isinstance(given, list) else []
    keys = [str(one.get("key")) if isinstance(one, dict) else str(one) for one in rows]
    return ", ".join(dict.fromkeys(keys)) or "not stated"


def commit_of(manifest: dict[str, Any]) -> str:
    """Of the program that trained it."""
    said = manifest.get("commit")
    if not isinstance(said, dict):
        return facts(said)
    return f"{str(said.get('hash'))[:12]}{' with changes' if said.get('dirty') else ''}"


def facts(said: Any) -> str:
    """A part of a manifest on one line."""
    if said is None:
        return "not stated"
    if isinstance(said, str | int | float):
        return str(said)
    return json.dumps(said, ensure_ascii=False)[:300]


def shown(value: Any) -> str:
    return "missing" if value is None else json.dumps(value, ensure_ascii=False)[:80]


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")
