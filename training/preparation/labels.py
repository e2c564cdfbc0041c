"""What the site's own safety checks say of every row. Nothing is learned that would be held, or looked at, if it were sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from assistant.inference.trained_prompts import Task
from assistant.safety import phases
from assistant.safety.pipeline import Pipeline
from assistant.safety.types import Context, Kind, Level, Severity
from training.preparation.parallel import mapped
from training.preparation.quarantine import Entry, Quarantine, Step
from training.schemas import Example, Pair

POST_LEVEL = "post_level"  # among the scores of an example: 0 to 4, see docs/safety.md
# A machine that is busy must not make a row look unchecked: two builds would then differ.
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    text: str = field(repr=False)
    kind: Kind
    post: str = field(repr=False, default="")
    level: Level = Level.NONE
    draft: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class Said:
    codes: tuple[str, ...]
    severity: Severity | None
    level: Level
    stops: tuple[str, ...]  # the codes that hold the text or call for a person
    unscreened: bool


@dataclass(slots=True)
class LabelReport:
    version: str = ""
    rows: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)  # by code; a row may have several
    levels: Counter[str] = field(default_factory=Counter)  # of the posts of rows that stay

    def as_dict(self) -> dict[str, Any]:
        return {
            "checks": self.version,
            "rows": self.rows,
            "codes": dict(sorted(self.codes.items())),
            "stopped_by": dict(sorted(self.stopped.items())),
            "post_levels": dict(sorted(self.levels.items())),
        }


def label(
    examples: Sequence[Example],
    pairs: Sequence[Pair],
    quarantine: Quarantine,
    *,
    processes: int,
    quiet: bool = False,
) -> tuple[list[Example], list[Pair], LabelReport]:
    """Rows whose answer would pass, with its codes. Of a pair only the chosen answer must pass."""
    report = LabelReport(version=_pipeline().version, rows=len(examples) + len(pairs))
    rows: list[Example | Pair] = [*examples, *pairs]
    levels = _levels({row.post for row in rows} - {""}, processes, quiet)
    asked = {row.id: _asked(row, levels) for row in rows}
    said = _screened({one for one in asked.values() if one}, processes, "checking answers", quiet)
    kept_examples, entries = [], []
    for row in examples:
        one = asked[row.id]
        of_row = said[one] if one else Said((), None, Level.NONE, (), unscreened=False)
        if stop := _why_stopped(of_row, report):
            entries.append(Entry(row.id, "example", row.origin.source, Step.LABELS, stop, row.answer))
            continue
        level = max(levels.get(row.post, Level.NONE), of_row.level)
        report.codes.update(of_row.codes)
        report.levels[level.name.lower()] += 1
        scores = row.scores | {POST_LEVEL: float(level)}
        kept_examples.append(replace(row, codes=of_row.codes, scores=scores))
    quarantine.account(Step.LABELS, "example", came=len(examples), kept=len(kept_examples), entries=entries)
    kept_pairs, entries = [], []
    for pair in pairs:
        one = asked[pair.id]
        assert one is not None
        if stop := _why_stopped(said[one], report):
            entries.append(Entry(pair.id, "pair", pair.origin.source, Step.LABELS, stop, pair.chosen))
            continue
        report.codes.update(said[one].codes)
        report.levels[levels.get(pair.post, Level.NONE).name.lower()] += 1
        kept_pairs.append(pair)
    quarantine.account(Step.LABELS, "pair", came=len(pairs), kept=len(kept_pairs), entries=entries)
    return kept_examples, kept_pairs, report


def _asked(row: Example | Pair, levels: dict[str, Level]) -> Asked | None:
    """None: feedback is made of our own fixed sentences."""
    if row.task is Task.FEEDBACK:
        return None if isinstance(row, Example) else Asked(row.chosen, Kind.REPLY)
    text = row.answer if isinstance(row, Example) else row.chosen
    if row.task is Task.SEEKER:
        return Asked(text, Kind.POST)
    # As the site would look at it, were the model to write it: a suggestion is held sooner than a person's reply.
    return Asked(text, Kind.SUGGESTION, row.post, levels.get(row.post, Level.NONE), row.draft)


def _why_stopped(said: Said, report: LabelReport) -> str:
    report.stopped.update(said.stops)
    if said.unscreened:
        return "not fully checked"
    return (
        f"would be {'held' if said.severity == Severity.HOLD else 'looked at'}: {said.stops[0]}" if said.stops else ""
    )


def _levels(posts: Iterable[str], processes: int, quiet: bool) -> dict[str, Level]:
    asked = {post: Asked(post, Kind.POST) for post in posts}
    said = _screened(set(asked.values()), processes, "checking posts", quiet)
    return {post: said[one].level for post, one in asked.items()}


def _screened(asked: set[Asked], processes: int, title: str, quiet: bool) -> dict[Asked, Said]:
    ordered = sorted(asked, key=lambda one: (one.text, one.post))
    done = mapped(screened, ordered, processes=processes, title=title, quiet=quiet)
    return dict(zip(ordered, done, strict=True))


def screened(asked: Asked) -> Said:
    screening = _pipeline().screen(
        asked.text, Context(asked.kind, post=asked.post, draft=asked.draft, level=asked.level)
    )
    stops = sorted({(-one.severity, one.code) for one in screening.findings if one.severity >= Severity.REVIEW})
    return Said(
        codes=tuple(sorted({one.code for one in screening.findings})),
        severity=screening.severity,
        level=screening.level,
        stops=tuple(code for _, code in stops),
        unscreened=screening.unscreened,
    )


@cache
def _pipeline() -> Pipeline:
    """The checks of `pipeline.screen`, with more patience."""
    return Pipeline(phases.build_phases(), phases.REQUIRED, timeout_seconds=_PATIENCE_SECONDS)
