"""Test sentences: does each process still find what it must find, and let pass what it must let pass?

They are also the only thing that asks a check again which the breaker has opened.
"""

from __future__ import annotations

import logging
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant.safety.breaker import canary_of
from assistant.safety.pipeline import Pipeline
from assistant.safety.types import Context, Kind, Screening, Severity

logger = logging.getLogger(__name__)

SHIPPED = Path(__file__).with_name("canaries.toml")


class CanaryError(ValueError):
    """The test sentences cannot be read. Then no kind of text is trusted."""


@dataclass(frozen=True, slots=True)
class Canary:
    number: int
    kind: Kind
    text: str
    found: str  # the phase that must find something; empty: nothing may ask for a person
    severity: Severity

    def is_judged_rightly(self, screening: Screening) -> bool:
        """By the phases' own findings: that a check is in trouble finds nothing."""
        own = [finding for finding in screening.findings if finding.phase != "pipeline"]
        if self.found:
            return any(finding.phase == self.found and finding.severity >= self.severity for finding in own)
        return all(finding.severity < self.severity for finding in own)


def load_canaries(path: Path = SHIPPED) -> tuple[Canary, ...]:
    """Raises CanaryError; also when a kind lacks a known-bad or a known-good sentence."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["canary"]
        canaries = tuple(_canary(number, entry) for number, entry in enumerate(entries, start=1))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise CanaryError(f"{path.name}: cannot be used ({type(error).__name__}). Restore the file.") from error
    for kind in Kind:
        if {bool(canary.found) for canary in canaries if canary.kind is kind} != {True, False}:
            raise CanaryError(f"{path.name}: {kind} needs a sentence to find and one to let pass. Add it.")
    return canaries


def _canary(number: int, entry: dict[str, Any]) -> Canary:
    found = entry.get("found", "")
    severity = Severity[entry["severity"].upper()] if found else Severity.REVIEW
    return Canary(number, Kind(entry["kind"]), str(entry["text"]), found, severity)


def run(pipeline: Pipeline, path: Path = SHIPPED) -> list[str]:
    """One round through this process's phases, opening and closing its breaker; what was judged wrongly, by number."""
    try:
        canaries = load_canaries(path)
    except CanaryError as error:
        for kind in Kind:
            pipeline.breaker.open(canary_of(kind), "canaries_unreadable")
        logger.error("safety canaries: %s", error)
        return ["canaries_unreadable"]
    built = pipeline.built_phases
    pipeline.breaker.begin_probe(built)
    wrong: list[str] = []
    for kind in Kind:
        missed = [
            f"{canary.kind}.{canary.number}"
            for canary in canaries
            if canary.kind is kind and not _passes(pipeline, canary)
        ]
        if missed:
            pipeline.breaker.open(canary_of(kind), "canary_misjudged")
        else:
            pipeline.breaker.close(canary_of(kind))
        wrong += missed
    pipeline.breaker.end_probe(built)
    if wrong:
        logger.error("safety canaries misjudged: %s", ",".join(wrong))
    else:
        pipeline.breaker.passed_at = datetime.now(UTC)
    return wrong


def _passes(pipeline: Pipeline, canary: Canary) -> bool:
    return canary.is_judged_rightly(pipeline.screen(canary.text, Context(kind=canary.kind), probe=True))
