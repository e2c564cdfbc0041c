"""The crisis suite's tables: by level, by slice, and what changed copies of a text do to its tier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.safety.types import Level
from evaluation.judged import judge
from evaluation.stats import kappa, share, share_of
from evaluation.suite import Table, Value
from evaluation.variants import CHANGES, variants

if TYPE_CHECKING:
    from evaluation.suites.crisis import Seen


def levels_table(seen: Sequence[Seen]) -> Table:
    """The levels that people gave against what the layer says."""
    levelled = [(one.case.label.level, one.judged) for one in seen if one.case.label]
    rows: list[tuple[Value, ...]] = []
    for level in Level:
        here = [judged for given, judged in levelled if given == level]
        found = [sum(judged.level == own for judged in here) for own in Level]
        rows.append(
            (
                f"{int(level)} {level.name.lower()}",
                len(here),
                share_of([judged.flagged for judged in here]),
                share_of([judged.urgent for judged in here]),
                *found,
            )
        )
    agreement = kappa(
        [int(given) for given, _ in levelled], [int(judged.level) for _, judged in levelled], weights="quadratic"
    )
    said = (
        f"{agreement.value:.3f} [{agreement.low:.3f}, {agreement.high:.3f}]"
        if agreement.value is not None
        else "unknown"
    )
    columns = ("level given", "cases", "flagged", "urgent", *(f"said to be {int(own)}" for own in Level))
    return Table("By level", columns, tuple(rows), f"Quadratic kappa of given and said levels: {said}.")


def slices_table(truth: str, seen: Sequence[Seen], positive: Sequence[bool]) -> Table:
    groups: dict[tuple[str, str], list[tuple[Seen, bool]]] = {}
    for one, yes in zip(seen, positive, strict=True):
        for name, value in one.case.groups.items():
            groups.setdefault((name, value), []).append((one, yes))
        for flag in one.case.label.flags if one.case.label else "":
            groups.setdefault(("flag", flag), []).append((one, yes))
    rows: list[tuple[Value, ...]] = [
        (
            f"{name}: {value}",
            len(members),
            share_of([one.judged.flagged for one, yes in members if yes]),
            share_of([one.judged.urgent for one, yes in members if yes]),
            share_of([one.judged.flagged for one, yes in members if not yes]),
            share_of([one.judged.urgent for one, yes in members if not yes]),
        )
        for (name, value), members in sorted(groups.items(), key=_slice_order)
    ]
    columns = (
        "slice",
        "cases",
        "recall",
        "urgent, of positives",
        "flagged, of negatives",
        "urgent, of negatives",
    )
    return Table(f"Slices (positive: {truth})", columns, tuple(rows), "Flags are explained in the levelling guide.")


def _slice_order(slice_: tuple[tuple[str, str], object]) -> tuple[str, int, str]:
    (name, value), _ = slice_
    return name, len(value) if name == "length" else 0, value  # 100 before 1000


def variants_table(seen: Sequence[Seen], positive: Sequence[bool], seed: int) -> Table:
    """Of the positives that are flagged: how many of their changed copies are not."""
    tried: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    lost_explicit: Counter[str] = Counter()
    lowered: Counter[str] = Counter()
    urgent: Counter[str] = Counter()
    for one, yes in zip(seen, positive, strict=True):
        if not (yes and one.judged.flagged):
            continue
        for name, copy in variants(one.case.text, seed=seed).items():
            now = judge(copy)
            tried[name] += 1
            urgent[name] += one.judged.urgent
            lost[name] += not now.flagged
            lost_explicit[name] += not now.flagged and bool(one.case.label and one.case.label.level >= Level.METHOD)
            lowered[name] += one.judged.urgent and not now.urgent
    rows: list[tuple[Value, ...]] = [
        (name, share(lost[name], tried[name]), lost_explicit[name], share(lowered[name], urgent[name]))
        for name in CHANGES
    ]
    columns = ("changed copy", "flag lost", "of these, level 3 or 4", "urgent lost")
    return Table("Changed copies of flagged positives", columns, tuple(rows))
