"""What the safety layer says of a case: the same call that `manage.py screen` makes, without the words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.safety import records
from assistant.safety.types import Kind, Level, Screening, Tier
from evaluation.rows import Row, jsonl_rows
from evaluation.suite import BadData


@dataclass(frozen=True, slots=True)
class Judged:
    tier: Tier
    level: Level
    score: float
    codes: tuple[str, ...]
    seconds: float

    @property
    def flagged(self) -> bool:
        return self.tier is not Tier.NONE

    @property
    def urgent(self) -> bool:
        return self.tier is Tier.URGENT

    @property
    def in_trouble(self) -> bool:
        """A check failed or took too long on it: then its tier says nothing about what the text is."""
        return any(code.startswith("pipeline.") for code in self.codes)


def judge(text: str, kind: Kind = Kind.POST, *, post: str = "", country: str = "") -> Judged:
    return judged(records.screen_row(records.Row(id="", text=text, post=post, country=country), kind), kind)


def judged(screening: Screening, kind: Kind) -> Judged:
    codes = tuple(dict.fromkeys(finding.code for finding in screening.findings))
    return Judged(screening.tier, screening.level, records.ranking(screening, kind), codes, screening.seconds)


def judged_before(path: Path, ids: Sequence[str]) -> dict[str, Judged]:
    """The output of `manage.py screen`, also one that was made elsewhere, for example by cross-validation."""
    before = {row.identity(""): _from_row(row) for row in jsonl_rows(path)}
    lacking = [one for one in ids if one not in before]
    if lacking:
        raise BadData(path, "", f"says nothing of {len(lacking)} of the {len(ids)} cases.")
    return before


def _from_row(row: Row) -> Judged:
    tier = Tier(row.one_of("tier", [tier.value for tier in Tier]))
    level, score = row.fields.get("level", 0), row.fields.get("score", 0.0)
    if level not in tuple(Level) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
        raise BadData(row.path, row.where, 'want "level" from 0 to 4 and "score" from 0 to 1.')
    findings = row.fields.get("findings") or ()
    codes = tuple(dict.fromkeys(str(finding.get("code", "")) for finding in findings))
    return Judged(tier, Level(level), float(score), codes, float(row.fields.get("ms") or 0) / 1000)


def time_facts(seconds: Sequence[float], troubled: int) -> dict[str, str | int | float]:
    """For `Results.facts`. Times are of this machine, as busy as it was."""
    ordered = sorted(seconds)
    at = {name: ordered[min(len(ordered) - 1, int(len(ordered) * part))] for name, part in (("50", 0.5), ("95", 0.95))}
    return {
        **{f"milliseconds a text, percentile {name}": round(value * 1000, 1) for name, value in at.items()},
        "texts on which a check failed": troubled,
    }
