"""From cells to rows: what was measured, against whom, and whether the target is met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.engine.figures import Bound, Ratio, paired_ratio, quantile, verdict
from bench.engine.run import Cell

FEWEST_ROUNDS = 3  # quiet ones, or nothing is said about a target


@dataclass(frozen=True, slots=True)
class Side:
    """An arm in a scenario, and which of its figures."""

    scenario: str
    arm: str
    figure: str
    of_round: Callable[[Sequence[float]], float] = median


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    ours: Side
    theirs: Side
    bound: Bound
    pooled: float | None = None  # compare this quantile over all rounds, where one round has too few values for it


def p99(values: Sequence[float]) -> float:
    return quantile(values, 0.99)


AT_ONCE = ((4, 1.05), (8, 1.10), (16, 1.10))  # people, and the least ratio


def at_once(count: int) -> tuple[Side, Side]:
    """Ours and the server's."""
    return writing(count, "lantern-16" if count == 16 else "lantern"), writing(count, f"server-{count}")


def writing(count: int, arm: str) -> Side:
    return Side(f"at-once-{count}", arm, "tokens_per_second")


WARM = Side("warm", "server-1", "to_first")
TARGETS = (
    Target("first token, 1 person, post prepared", Side("post-prepared", "lantern", "to_first"), WARM, Bound(0.45)),
    Target(
        "first token, 1 person, post and draft prepared",
        Side("draft-prepared", "lantern", "to_first"),
        WARM,
        Bound(0.15),
    ),
    Target(
        "first token p50, 8 at once, warm",
        Side("at-once-8", "lantern", "to_first"),
        Side("at-once-8", "server-8", "to_first"),
        Bound(0.60),
    ),
    Target(
        "first token p50, 8 people over 10 s",
        Side("arrivals", "lantern", "to_first"),
        Side("arrivals", "server-8", "to_first"),
        Bound(0.30),
    ),
    *(Target(f"tokens/s, {count} at once", *at_once(count), Bound(at_least=least)) for count, least in AT_ONCE),
    Target(
        "tokens/s, 8 at once, beside plain llama-cpp-python",
        Side("at-once-8", "lantern", "tokens_per_second"),
        Side("at-once-8", "plain", "tokens_per_second"),
        Bound(at_least=1.5),
    ),
    Target(
        "worst gap of a running stream while others arrive, p99",
        Side("joining", "lantern", "worst_gaps"),
        Side("joining", "server-8", "worst_gaps"),
        Bound(1.0),
        pooled=0.99,
    ),
    *(
        Target(
            f"tokens/s, {count} at once: {side.arm} beside llama.cpp alone",
            side,
            writing(count, f"alone-{count}"),
            Bound(),
        )
        for count, _least in AT_ONCE
        for side in at_once(count)
    ),
)

SEEN = (  # shown beside the targets; each (title, figure, unit, scenarios)
    (
        "time to first token",
        "to_first",
        "ms",
        (
            "cold",
            "warm",
            "post-prepared",
            "draft-prepared",
            "at-once-4",
            "at-once-8",
            "at-once-16",
            "arrivals",
            "joining",
        ),
    ),
    ("tokens a second", "tokens_per_second", "/s", ("warm", "at-once-4", "at-once-8", "at-once-16")),
    ("between two tokens, alone", "decode_rate", "/s", ("warm",)),
    ("gaps while others arrive", "gaps", "ms", ("joining", "arrivals")),
    ("worst gap of each stream", "worst_gaps", "ms", ("joining",)),
)


class Report:
    def __init__(self, cells: Sequence[Cell], *, allow_busy: bool) -> None:
        self._all = list(cells)
        self._cells = [cell for cell in cells if allow_busy or cell.quiet]
        self.left_out = len(self._all) - len(self._cells)

    def rows(self) -> list[dict[str, Any]]:
        rows = [self._row(target) for target in TARGETS]
        rows += [self._outside(), self._lookup(copying=True), self._lookup(copying=False), self._cancel()]
        return [row for row in rows if row is not None]

    def _values(self, side: Side) -> dict[int, list[float]]:
        return {
            cell.round: list(cell.figures[side.figure])
            for cell in self._cells
            if (cell.scenario, cell.arm) == (side.scenario, side.arm) and cell.figures.get(side.figure)
        }

    def _row(self, target: Target) -> dict[str, Any] | None:
        ours, theirs = self._values(target.ours), self._values(target.theirs)
        rounds = sorted(set(ours) & set(theirs))
        if not rounds:
            return None
        ratio = paired_ratio(
            [target.ours.of_round(ours[number]) for number in rounds],
            [target.theirs.of_round(theirs[number]) for number in rounds],
        )
        if target.pooled is not None:
            both = [
                quantile([value for number in rounds for value in side[number]], target.pooled)
                for side in (ours, theirs)
            ]
            ratio = Ratio(both[0] / both[1], ratio.low, ratio.high, len(rounds))
        return row(target.name, ratio, target.bound, pooled=target.pooled is not None)

    def _outside(self) -> dict[str, Any] | None:
        shares = [
            share
            for name in ("at-once-8", "at-once-4")
            for of_round in self._values(Side(name, "lantern", "outside_share")).values()
            for share in of_round
        ]
        if not shares:
            return None
        ratio = Ratio(median(shares), min(shares), max(shares), len(shares))
        return row("per-token cost outside llama.cpp, of a step", ratio, Bound(0.02))

    def _lookup(self, *, copying: bool) -> dict[str, Any] | None:
        """Text by text, with and without; then the middle of each round."""
        name = "lookup-copying" if copying else "lookup-natural"
        cells = {(cell.round, cell.arm): cell.figures["rates"] for cell in self._cells if cell.scenario == name}
        medians = []
        texts = 0
        for number in sorted({number for number, _ in cells}):
            on, off = cells.get((number, "lantern"), {}), cells.get((number, "lantern-no-lookup"), {})
            ratios = [on[case] / off[case] for case in on if case in off]
            texts += len(ratios)
            if ratios:
                medians.append(median(ratios))
        if not medians:
            return None
        title = "draft lookup, text that keeps >= 80 % of the draft" if copying else "draft lookup, text that does not"
        ratio = Ratio(median(medians), min(medians), max(medians), len(medians))
        return {**row(title, ratio, Bound(at_least=1.3 if copying else 0.98)), "texts": texts}

    def _cancel(self) -> dict[str, Any] | None:
        steps = [
            step for cell in self._cells if cell.scenario == "cancel" for step in cell.figures["steps_after_cancel"]
        ]
        if not steps:
            return None
        ratio = Ratio(float(max(steps)), float(min(steps)), float(max(steps)), len(steps))
        return row("steps of others until a cancelled slot is free, at most", ratio, Bound(1.0))

    def seen(self) -> list[dict[str, Any]]:
        """Each arm's own figures, all quiet rounds together."""
        found = []
        for title, figure, unit, scenarios in SEEN:
            for name in scenarios:
                arms = dict.fromkeys(cell.arm for cell in self._cells if cell.scenario == name)
                for arm in sorted(arms):
                    values = [
                        value for of_round in self._values(Side(name, arm, figure)).values() for value in of_round
                    ]
                    if values:
                        found.append(
                            {
                                "what": title,
                                "scenario": name,
                                "arm": arm,
                                "unit": unit,
                                "count": len(values),
                                "median": median(values),
                                "p95": quantile(values, 0.95),
                                "p99": quantile(values, 0.99),
                            }
                        )
        return found


def row(name: str, ratio: Ratio, bound: Bound, *, pooled: bool = False) -> dict[str, Any]:
    said = verdict(ratio, bound) if not pooled else ("met" if bound.holds(ratio.median) else "not met")
    if ratio.rounds < FEWEST_ROUNDS:
        said = f"too few quiet rounds ({ratio.rounds})"
    return {
        "target": name,
        "bound": str(bound),
        "measured": ratio.median,
        "low": ratio.low,
        "high": ratio.high,
        "rounds": ratio.rounds,
        "verdict": said,
    }


def as_text(result: dict[str, Any]) -> str:
    machine = result["machine"]
    lines = [
        "",
        f"{machine['cpu']}, {machine['usable_cores']} of {machine['cores']} cores, governor {machine['governor']}, "
        f"{machine['memory_mib']} MiB, {machine['compiler']}",
        f"llama.cpp {result['llama_cpp']['commit'][:10]} in llama-cpp-python {result['llama_cpp']['binding']}; "
        f"{result['model']['file']} ({result['model']['sha256'][:12]}), {result['rounds']} rounds",
        f"Neighbours: median {result['neighbours']['median']:.1%} of one core, most {result['neighbours']['most']:.1%}; "
        f"{result['neighbours']['left_out']} cells left out for more than 10 %.",
        "",
        "| target | bound | measured | lowest to highest round | verdict |",
        "| --- | --- | --: | --- | --- |",
    ]
    lines += [
        f"| {row['target']} | {row['bound']} | {row['measured']:.3g} | {row['low']:.3g} to {row['high']:.3g} | {row['verdict']} |"
        for row in result["targets"]
    ]
    lines += [
        "",
        "| what | scenario | arm | median | p95 | p99 | values |",
        "| --- | --- | --- | --: | --: | --: | --: |",
    ]
    for seen in result["seen"]:
        scale = 1000 if seen["unit"] == "ms" else 1
        median_, p95, p99_ = (f"{seen[name] * scale:.4g}" for name in ("median", "p95", "p99"))
        lines.append(
            f"| {seen['what']}, {seen['unit']} | {seen['scenario']} | {seen['arm']} "
            f"| {median_} | {p95} | {p99_} | {seen['count']} |"
        )
    return "\n".join(lines)
