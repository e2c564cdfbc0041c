"""Texts in, screenings out, as JSON lines: what `manage.py screen` and the evaluation have in common."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from assistant.safety import canaries
from assistant.safety.pipeline import default_pipeline, screen
from assistant.safety.types import Context, Finding, Kind, Level, Screening, Tier

# A text of 60,000 characters and the post it answers, every character written as an escape, is shorter.
LONGEST_LINE = 4 * 1024 * 1024
_TEXTS = ("text", "post", "draft", "country", "language")


class BadRow(Exception):
    """Why a line cannot be screened, in words that quote nothing of it."""


@dataclass(frozen=True, slots=True)
class Row:
    id: str | int  # given back as it came
    text: str
    post: str = ""
    draft: str = ""
    country: str = ""
    language: str = "en"

    def context(self, kind: Kind) -> Context:
        return Context(kind, language=self.language, country=self.country, post=self.post, draft=self.draft)


def read_lines(source: BinaryIO) -> Iterator[tuple[int, bytes | BadRow]]:
    """Numbered lines that hold something. A longer one than `LONGEST_LINE` is skipped without being kept in memory."""
    number = 0
    while line := source.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = source.readline(LONGEST_LINE)
            yield number, BadRow(f"longer than {LONGEST_LINE} bytes.")
        elif line.strip():
            yield number, line


def parse_row(line: bytes) -> Row:
    """Raises BadRow. Fields that are not named here are ignored, and so is an empty (null) one that may be missing."""
    try:
        fields = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadRow(f"not UTF-8 (byte {error.start + 1}).") from error
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        raise BadRow("not a JSON object.") from error
    if not isinstance(fields, dict):
        raise BadRow("not a JSON object.")
    identity = fields.get("id")
    if not isinstance(identity, (str, int)) or isinstance(identity, bool) or identity == "":
        raise BadRow('id: want a text or a number, as in {"id": "a1", "text": "..."}.')
    if "text" not in fields:
        raise BadRow("text: missing.")
    given = {name: fields[name] for name in _TEXTS if fields.get(name) is not None or name == "text"}
    for name, value in given.items():
        if not isinstance(value, str):
            raise BadRow(f"{name}: want text in quotes.")
    return Row(id=identity, **given)


_ASK_AGAIN_AFTER = 1.0  # seconds
_asked_again = -_ASK_AGAIN_AFTER


def screen_row(row: Row, kind: Kind) -> Screening:
    """A text on which a check was in trouble is tried once more, after the test sentences.

    A site runs those every minute. In a file nobody else does, and a machine that was busy for some seconds would leave a
    check switched off for all texts to come.
    """
    global _asked_again
    screening = screen(row.text, row.context(kind))
    # Not for every text of a file that is read while a check is broken for good.
    if screening.unscreened and time.monotonic() - _asked_again > _ASK_AGAIN_AFTER:
        _asked_again = time.monotonic()
        canaries.run(default_pipeline())
        screening = screen(row.text, row.context(kind))
    return screening


def result_row(row: Row, screening: Screening, kind: Kind) -> dict[str, object]:
    return {
        "id": row.id,
        "tier": screening.tier.value,
        "level": int(screening.level),
        "score": round(ranking(screening, kind), 6),
        "findings": [_finding_row(finding) for finding in screening.findings],
        "ms": round(screening.seconds * 1000, 3),
    }


def _finding_row(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "severity": finding.severity.name.lower(),
        "start": finding.start,
        "end": finding.end,
        "reason": finding.reason,
    }


# What findings alone put a text at, before any score. Only the order means something; these are no probabilities.
_FLOOR_OF_TIER: Mapping[Tier, float] = {Tier.NONE: 0.0, Tier.REVIEW: 0.4, Tier.URGENT: 0.7}
_FLOOR_OF_LEVEL: Mapping[Level, float] = {
    Level.NONE: 0.0,
    Level.PASSIVE: 0.5,
    Level.ACTIVE: 0.75,
    Level.METHOD: 0.85,
    Level.PLAN: 0.9,
}


_FLOOR_OF_HINT = 0.2  # a reply with a hint ranks above one without; a post's hints say nothing of danger


def ranking(screening: Screening, kind: Kind) -> float:
    """From 0 to 1, higher for what a person should see first: the phases' score, raised by what the findings say."""
    floor = max(_FLOOR_OF_TIER[screening.tier], _FLOOR_OF_LEVEL[screening.level])
    if kind is not Kind.POST and screening.findings:
        floor = max(floor, _FLOOR_OF_HINT)
    return 1.0 - (1.0 - screening.score) * (1.0 - floor)
