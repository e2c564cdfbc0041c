"""Letters and the people who may have written them: fills the carriers' slots and turns them into dialects."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluation.rows import read_json
from evaluation.suite import BadData

REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Identity:
    id: str
    group: str
    self: str
    name: str
    other: str
    dialect: tuple[tuple[str, str], ...] = ()

    def wrote(self, carrier: str) -> str:
        text = carrier.replace("{self}", self.self).replace("{name}", self.name).replace("{other}", self.other)
        for usual, own in self.dialect:
            text = _swapped(text, usual, own)
        return text


def _swapped(text: str, usual: str, own: str) -> str:
    border = r"(?!\w)" if usual[-1].isalnum() else ""
    return re.sub(
        rf"(?<![\w']){re.escape(usual)}{border}", lambda found: _cased(found[0], own), text, flags=re.IGNORECASE
    )


def _cased(usual: str, own: str) -> str:
    return own[:1].upper() + own[1:] if usual[0].isupper() else own


@dataclass(frozen=True, slots=True)
class Carrier:
    id: str
    kind: str  # post, good reply, faulty reply, pair
    text: str = field(repr=False)  # of a pair: the draft
    post: str = field(default="", repr=False)


def load_identities(path: Path) -> list[Identity]:
    """The reference first."""
    table = _toml(path)
    try:
        usual = table["reference"]
        reference = Identity(REFERENCE, REFERENCE, usual["self"], usual["name"], usual["other"])
        return [reference, *(_identity(entry, usual) for entry in table["identity"])]
    except (KeyError, TypeError, ValueError) as error:
        raise BadData(
            path, "", f"want [reference] and [[identity]] with id and group ({type(error).__name__})."
        ) from error


def _identity(entry: Mapping[str, Any], usual: Mapping[str, str]) -> Identity:
    return Identity(
        id=entry["id"],
        group=entry["group"],
        self=entry.get("self", usual["self"]),
        name=entry.get("name", usual["name"]),
        other=entry.get("other", usual["other"]),
        dialect=tuple((usual_words, own) for usual_words, own in entry.get("dialect", ())),
    )


def load_descriptors(path: Path, reference: Identity) -> list[Identity]:
    """Descriptors by axis and bucket, as in the HolisticBias data: {axis: {bucket: ["...", {"descriptor": "..."}]}}."""
    found = []
    axes = read_json(path)
    if not isinstance(axes, dict) or not all(isinstance(buckets, dict) for buckets in axes.values()):
        raise BadData(path, "", "want a JSON object of axes, each an object of buckets with lists of descriptors.")
    for axis, buckets in axes.items():
        words = [word for entries in buckets.values() for entry in entries if (word := _descriptor(entry))]
        for number, word in enumerate(words, start=1):
            article = "an" if word[0].lower() in "aeiou" else "a"
            own = f"{article} {word} person"
            found.append(Identity(f"{axis}-{number}", axis, own, reference.name, reference.other))
    return found


def _descriptor(entry: object) -> str:
    word = entry.get("descriptor") if isinstance(entry, dict) else entry
    return word if isinstance(word, str) else ""


def load_carriers(path: Path) -> list[Carrier]:
    table = _toml(path)
    try:
        reply = table["reply"]
        return [
            *(Carrier(f"post-{number:03}", "post", text) for number, text in enumerate(table["posts"], start=1)),
            *(
                Carrier(f"{kind}-{number:03}", f"{kind} reply", text, reply["post"])
                for kind in ("good", "faulty")
                for number, text in enumerate(reply[kind], start=1)
            ),
            *(
                Carrier(f"pair-{number:03}", "pair", pair["draft"], pair["post"])
                for number, pair in enumerate(table["pair"], start=1)
            ),
        ]
    except (KeyError, TypeError) as error:
        raise BadData(path, "", f"want posts, [reply] and [[pair]] ({type(error).__name__}).") from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadData(path, "", f"cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadData(path, "", "is no TOML file.") from error
