"""The mix that the recipe declares, made by leaving rows out and by repeating some; what came of it is in the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from assistant.inference.trained_prompts import Task
from training.preparation.quarantine import Entry, Quarantine, Step
from training.preparation.words import fraction
from training.schemas import Example

TOLERANCE = 2.0  # points that a share may be off
_ROUNDING = 0.05  # points by which declared shares may miss 100


class MixError(ValueError):
    """The declared mix cannot be had. Names the share, what was wanted, what was achieved, and the remedy."""


@dataclass(frozen=True, slots=True)
class Share:
    """Rows that belong to it, and how much of all they are to be. The first share that a row fits takes it."""

    task: Task
    share: float  # per cent
    source: str = ""  # empty: any. Rows made of several sources belong to each of them
    made: Literal["any", "written", "built"] = "any"  # as people wrote it, or with a draft or revision made from that
    copies: int = 1  # how often a row may stand there, where there are too few

    def __post_init__(self) -> None:
        if not 0 < self.share <= 100:
            raise ValueError(f"share={self.share}: wanted above 0, up to 100 per cent.")
        if not 1 <= self.copies <= 8:
            raise ValueError(f"copies={self.copies}: wanted 1 to 8. More of the same row is learned by heart.")

    @property
    def name(self) -> str:
        return "/".join(
            part for part in (self.task.value, self.source, self.made if self.made != "any" else "") if part
        )

    def takes(self, row: Example) -> bool:
        return (
            row.task is self.task
            and (not self.source or self.source in row.origin.source.split("+"))
            and (self.made == "any" or (self.made == "built") == bool(row.built))
        )


@dataclass(frozen=True, slots=True)
class MixOptions:
    shares: tuple[Share, ...] = ()
    pairs_alone: bool = False  # no examples are wanted, for DPO on pairs that people's ratings made
    rows: int = 0  # 0: as many as the shares allow
    choose: Literal["quality", "draw"] = "draw"  # where there are too many: the best, or any

    def __post_init__(self) -> None:
        if self.pairs_alone:
            if self.shares:
                raise ValueError("shares: there are some, and pairs_alone wants no examples. Leave one of them out.")
            return
        if not self.shares:
            raise ValueError("shares: none. Declare at least one.")
        names = [one.name for one in self.shares]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"shares: {twice[0]} stands there twice.")
        total = sum(one.share for one in self.shares)
        if abs(total - 100) > _ROUNDING:
            raise ValueError(f"shares: they add up to {total:g}, wanted 100 per cent.")
        if self.rows < 0:
            raise ValueError(f"rows={self.rows}: wanted 0 (as many as there are) or more.")


@dataclass(frozen=True, slots=True)
class Achieved:
    name: str
    wanted: float  # per cent
    achieved: float
    rows: int
    there: int  # before the mix
    copied: int

    @property
    def is_off(self) -> bool:
        return abs(self.achieved - self.wanted) > TOLERANCE


@dataclass(slots=True)
class MixReport:
    shares: list[Achieved] = field(default_factory=list)
    wanted_rows: int = 0

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.shares)

    def as_dict(self) -> dict[str, Any]:
        return {
            "tolerance_points": TOLERANCE,
            "rows_wanted": self.wanted_rows,
            "rows": self.rows,
            "shares": [
                {
                    "share": one.name,
                    "wanted": one.wanted,
                    "achieved": round(one.achieved, 2),
                    "rows": one.rows,
                    "there": one.there,
                    "copied": one.copied,
                }
                for one in self.shares
            ],
        }


def mix(
    rows: Sequence[Example], options: MixOptions, quarantine: Quarantine, *, seed: int
) -> tuple[list[Example], MixReport]:
    """Raises MixError when a declared share is off by more than two points."""
    found: dict[str, list[Example]] = {one.name: [] for one in options.shares}
    entries: list[Entry] = []
    for row in rows:
        share = next((one for one in options.shares if one.takes(row)), None)
        if share is None:
            entries.append(_entry(row, "no share of the mix takes it"))
        else:
            found[share.name].append(row)
    total = options.rows or _most(options.shares, found)
    report = MixReport(wanted_rows=options.rows)
    kept: list[Example] = []
    copies: list[Example] = []
    for share in options.shares:
        there = sorted(found[share.name], key=lambda row: _rank(row, options, seed))
        count = min(round(total * share.share / 100), len(there) * share.copies)
        kept += there[:count]
        more = _copies(there, count - len(there))
        copies += more
        entries += (_entry(row, f"more than the mix takes of {share.name}") for row in there[count:])
        report.shares.append(Achieved(share.name, share.share, 0.0, count, len(there), len(more)))
    everything = sum(one.rows for one in report.shares)
    report.shares = [replace(one, achieved=100 * one.rows / max(everything, 1)) for one in report.shares]
    quarantine.account(Step.MIX, "example", came=len(rows), kept=len(kept), entries=entries)
    _check(report, {one.name: one for one in options.shares}, total)
    return sorted([*kept, *copies], key=lambda row: row.id), report


def _most(shares: Sequence[Share], found: Mapping[str, Sequence[Example]]) -> int:
    """Rows in all, so that the scarcest share is just met. A share that is empty is no reason to have nothing."""
    limits = [len(found[one.name]) * one.copies / one.share * 100 for one in shares if found[one.name]]
    return math.floor(min(limits, default=0.0))


def _rank(row: Example, options: MixOptions, seed: int) -> tuple[float, float, str]:
    best_first = -row.scores.get("quality", 0.0) if options.choose == "quality" else 0.0
    return best_first, fraction(f"{seed}/mix/{row.id}"), row.id


def _copies(rows: Sequence[Example], more: int) -> list[Example]:
    if more <= 0:
        return []
    return [replace(rows[at % len(rows)], id=f"{rows[at % len(rows)].id}~{2 + at // len(rows)}") for at in range(more)]


def _entry(row: Example, reason: str) -> Entry:
    return Entry(row.id, "example", row.origin.source, Step.MIX, reason, row.answer)


def _check(report: MixReport, shares: Mapping[str, Share], total: int) -> None:
    off = next((one for one in report.shares if one.is_off), None)
    if off is None:
        return
    wanted = round(total * off.wanted / 100)
    if off.there * shares[off.name].copies < wanted or not off.there:
        remedy = (
            f"There are {off.there:,} rows and {wanted:,} are wanted: add rows, raise its `copies` (now"
            f" {shares[off.name].copies}), lower `rows`, or declare less."
        )
    else:
        remedy = "Another share has too few rows; mend that one, or declare what there is."
    raise MixError(
        f"mix: {off.name}: wanted {off.wanted:g} %, achieved {off.achieved:.1f} %: more than {TOLERANCE:g} points off."
        f" {remedy}"
    )
