"""Whether a candidate may be made active: its reports against those of the active model, on the same cases.

python -m evaluation.gate --candidate A/revision A/injection ... --active B/revision B/injection ...

A report of each suite that the rules require for what the model was trained to do, and of others where there are some.
Prints what passed and each reason why not, and writes gate.json beside the candidate's first report. Exit: 0 it may, 1 it may
not, 2 the reports cannot be compared, which counts as not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evaluation.report import shown
from evaluation.stats import Estimate, difference, mean_of, paired_shares

RULES = Path(__file__).resolve().parent / "data" / "gate.toml"
# Two reports speak of the same thing when these are the same. The measured layers belong to it: a figure that another
# version of the checks or of a scorer made is another figure.
SAME_HEAD = ("suite", "suite version", "data SHA-256", "cases", "seed", "safety layer")
SAME_FACTS = ("split", "empathy scorer SHA-256", "sentence vectors", "screened as", "pairs asked about")
MODEL = ("base", "base SHA-256", "adapter", "adapter SHA-256", "prompt", "outputs")
MAY, MAY_NOT, REFUSED = 0, 1, 2
REPORT = "a report of this suite"
NOT_SAID = "does not say. Measure it again with what this figure needs."
NONE_COUNT = "has no case that counts for it. Measure both models on data that has some."


class NotComparable(Exception):
    """Two reports say nothing about each other, or one cannot be read. The sentence is for a person."""


@dataclass(frozen=True, slots=True)
class Rule:
    suite: str
    figure: str
    better: str  # "higher" or "lower"
    bound: float | None = None
    margin: float | None = None  # None: the active model's figure does not matter
    or_as_active: bool = False  # where the active model is beyond the bound itself, its figure is the bound
    only_if_there: bool = False
    least_cases: int | None = None  # None: as for all rules
    budget: bool = False  # the bound is what [budget] says of this figure

    def __post_init__(self) -> None:
        if self.better not in ("higher", "lower") or (self.bound is None and self.margin is None and not self.budget):
            raise NotComparable(
                f"rule {self.figure}: want better = higher or lower, and a bound, a margin or budget = true."
            )


@dataclass(frozen=True, slots=True)
class Rules:
    version: int
    least_cases: int
    rules: tuple[Rule, ...]
    required: Mapping[
        str, tuple[str, ...]
    ]  # suites, by what a model was trained to do; empty: whatever is given is enough
    budget: Mapping[str, float]  # by figure
    sha256: str

    @classmethod
    def read(cls, path: Path, *, budget: Mapping[str, float] | None = None) -> Rules:
        """`budget`: of this machine, in the place of what the file says. Raises NotComparable."""
        try:
            whole = path.read_bytes()
            table = tomllib.loads(whole.decode())
            allowed = {name: float(value) for name, value in {**table.get("budget", {}), **(budget or {})}.items()}
            rules = tuple(within(Rule(**one), allowed) for one in table["rule"])
            required = {mode: tuple(suites) for mode, suites in table.get("required", {}).items()}
            version, least_cases = int(table["version"]), int(table["least_cases"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotComparable(f"{path}: want version, least_cases and [[rule]] tables ({error}).") from error
        if unknown := set(budget or {}) - {rule.figure for rule in rules if rule.budget}:
            raise NotComparable(f"--budget {min(unknown)}: no rule has a budget of this name.")
        return cls(version, least_cases, rules, required, allowed, hashlib.sha256(whole).hexdigest())


def within(rule: Rule, budget: Mapping[str, float]) -> Rule:
    return replace(rule, bound=budget[rule.figure]) if rule.budget else rule


@dataclass(frozen=True, slots=True)
class Report:
    path: Path
    sha256: str
    head: Mapping[str, Any]
    facts: Mapping[str, Any]
    figures: Mapping[str, Estimate]
    targets: Mapping[str, str]  # by figure, as the suite wrote them
    per_case: Mapping[str, Mapping[str, float]]  # figure, then id

    @property
    def suite(self) -> str:
        return str(self.head["suite"])

    @classmethod
    def read(cls, path: Path) -> Report:
        """A report.json, or the folder that holds one."""
        path = path / "report.json" if path.is_dir() else path
        try:
            whole = path.read_bytes()
            told = json.loads(whole)
            columns = told.get("per_case") or {"ids": [], "values": {}}
            return cls(
                path=path,
                sha256=hashlib.sha256(whole).hexdigest(),
                head={"suite": told["head"]["suite"], **told["head"]},
                facts=dict(told["facts"]),
                figures={one["name"]: _estimate(one) for one in told["figures"]},
                targets={one["name"]: str(one.get("target", "")) for one in told["figures"]},
                per_case={
                    figure: {
                        identity: float(value)
                        for identity, value in zip(columns["ids"], values, strict=True)
                        if value is not None
                    }
                    for figure, values in columns["values"].items()
                },
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotComparable(
                f"{path}: is no report of python -m evaluation.run ({type(error).__name__})."
            ) from error


def _estimate(one: Mapping[str, Any]) -> Estimate:
    value = one["value"]
    number = float(value) if isinstance(value, int | float) else None
    low, high = (number if one.get(end) is None else float(one[end]) for end in ("low", "high"))
    lowest, highest = (float("-inf") if low is None else low), (float("inf") if high is None else high)
    return Estimate(number, lowest, highest, int(one.get("n") or 0), str(one.get("method", "")), one.get("hits"))


@dataclass(frozen=True, slots=True)
class Check:
    """One rule, asked of two reports."""

    suite: str
    figure: str
    candidate: float | None
    active: float | None
    difference: tuple[float, float, float] | None  # candidate less active, and its interval
    passed: bool
    reasons: tuple[str, ...] = ()
    cases: int = 0
    note: str = ""  # beside what passed: which bound it misses, as the active model does


def check(rule: Rule, candidate: Report, active: Report, *, least_cases: int) -> Check | None:
    """None where a rule that need not apply does not."""
    own, other = candidate.figures.get(rule.figure), active.figures.get(rule.figure)
    if own is None or own.value is None:
        if rule.only_if_there:
            return None
        why = f"the candidate's report {NOT_SAID if own is None else NONE_COUNT}"
        return Check(rule.suite, rule.figure, None, other.value if other else None, None, False, (why,))
    least = least_cases if rule.least_cases is None else rule.least_cases
    gap = compared(rule.figure, candidate, active) if rule.margin is not None else None
    cases = own.n or int(candidate.head.get("cases") or 0)  # a figure without an interval is of the whole report
    if gap is not None and gap.value is not None:
        cases = min(cases, gap.n)
    reasons, note = beyond_bound(rule, own.value, other.value if other else None)
    if cases < least:
        reasons.append(f"{cases} cases, and {least} are wanted. Measure both models on more.")
    elif gap is not None:
        reasons += beyond_margin(rule, gap)
    found = (gap.value, gap.low, gap.high) if gap is not None and gap.value is not None else None
    return Check(
        suite=rule.suite,
        figure=rule.figure,
        candidate=own.value,
        active=other.value if other else None,
        difference=found,
        passed=not reasons,
        reasons=tuple(reasons),
        cases=cases,
        note="" if reasons else note,
    )


def beyond_bound(rule: Rule, value: float, active: float | None) -> tuple[list[str], str]:
    """Reasons against it; and a note where the active model's figure excuses it."""
    if rule.bound is None:
        return [], ""
    sign, word = (1, "at least") if rule.better == "higher" else (-1, "at most")
    if sign * value >= sign * rule.bound:
        return [], ""
    said = "slower than its budget: " if rule.budget else ""
    missed = f"{said}{value:.3f}, and {word} {rule.bound:g} is wanted"
    if not rule.or_as_active or active is None or sign * active >= sign * rule.bound:
        return [f"{missed}."], ""
    if sign * value < sign * active:
        return [f"{missed}, or {active:.3f} as the active model has."], ""
    return [], f"{missed}; the active model misses it, too, by as much or more."


def beyond_margin(rule: Rule, gap: Estimate) -> list[str]:
    assert rule.margin is not None
    if gap.value is None:
        return ["the active model's report does not say. Measure the active model again."]
    worst = -gap.low if rule.better == "higher" else gap.high
    if worst <= rule.margin:
        return []
    is_worse = gap.value < -rule.margin if rule.better == "higher" else gap.value > rule.margin
    return [
        f"{'is' if is_worse else 'may be'} worse than the active model by more than {rule.margin:g}: the difference is"
        f" {gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}] on {gap.n} cases."
        f"{'' if is_worse else ' More cases would tell.'}"
    ]


def compared(figure: str, candidate: Report, active: Report) -> Estimate:
    """Pair by pair where both reports have the cases; else by their intervals, which is wider."""
    own, other = candidate.per_case.get(figure, {}), active.per_case.get(figure, {})
    both = [identity for identity in own if identity in other]
    if both and len(both) == len(own) == len(other):
        first, second = [own[identity] for identity in both], [other[identity] for identity in both]
        if candidate.figures[figure].hits is not None:
            return paired_shares(first, second)
        return mean_of([mine - theirs for mine, theirs in zip(first, second, strict=True)])
    nothing = Estimate(None, float("-inf"), float("inf"), 0, "")
    return difference(candidate.figures.get(figure, nothing), active.figures.get(figure, nothing))


def pairs_of(candidates: Sequence[Report], actives: Sequence[Report]) -> list[tuple[Report, Report]]:
    """Each suite once on either side, about the same data. Raises NotComparable."""
    pairs = []
    for one in candidates:
        others = [other for other in actives if other.suite == one.suite]
        if len(others) != 1 or [other.suite for other in candidates].count(one.suite) != 1:
            own = [other.suite for other in candidates].count(one.suite)
            raise NotComparable(
                f"{one.suite}: want one report of each model; {own} of the candidate and {len(others)} of the active model are"
                f" given. To make one, {measure_with(one.suite)}."
            )
        must_be_measured_alike(one, others[0])
        must_name_its_model(one)
        must_name_its_model(others[0])
        pairs.append((one, others[0]))
    for side in (candidates, actives):
        other = next((one for one in side if named(one) != named(side[0])), None)
        if other is not None:
            raise NotComparable(
                f"{other.path}: is of {named(other)}, and {side[0].path} of {named(side[0])}. Give reports of one model."
            )
    return pairs


def named(report: Report) -> str:
    base, adapter = (str(report.facts.get(f"{part} SHA-256") or "none") for part in ("base", "adapter"))
    return f"base {base[:12]} with {f'adapter {adapter[:12]}' if adapter != 'none' else 'no adapter'}"


def must_name_its_model(report: Report) -> None:
    if not report.facts.get("base SHA-256"):
        raise NotComparable(f"{report.path}: names no model. Measure with --model, and --adapter where there is one.")


def must_be_measured_alike(one: Report, other: Report) -> None:
    for names, mine, theirs in ((SAME_HEAD, one.head, other.head), (SAME_FACTS, one.facts, other.facts)):
        for name in names:
            own, others = mine.get(name, "nothing"), theirs.get(name, "nothing")
            if own != others:
                raise NotComparable(f"{one.path}: {name} is {own}, and {others} in {other.path}. Measure both alike.")


def model_of(report: Report) -> dict[str, str]:
    return {name: str(report.facts.get(name, "")) for name in MODEL}


def judge(candidates: Sequence[Report], actives: Sequence[Report], rules: Rules) -> list[Check]:
    """Raises NotComparable."""
    pairs = pairs_of(candidates, actives)
    checks = []
    for one, other in pairs:
        asked = [rule for rule in rules.rules if rule.suite == one.suite]
        if not asked:
            raise NotComparable(f"{one.suite}: no rule speaks of this suite.")
        found = (check(rule, one, other, least_cases=rules.least_cases) for rule in asked)
        checks += [one_check for one_check in found if one_check is not None]
    return [*checks, *missing(candidates, actives, rules)]


def missing(candidates: Sequence[Report], actives: Sequence[Report], rules: Rules) -> list[Check]:
    """What is required of a model like this, or was measured of the active one, and was not measured. Raises NotComparable where
    nobody can tell what it does."""
    required = rules.required[task_of(candidates, rules)] if rules.required else ()
    given = {one.suite for one in candidates}
    lacking = [suite for suite in dict.fromkeys((*required, *(one.suite for one in actives))) if suite not in given]
    return [
        Check(suite, REPORT, None, None, None, False, (f"none is given: {measure_with(suite)}.",)) for suite in lacking
    ]


def measure_with(suite: str) -> str:
    return f"measure both models with python -m evaluation.run --suite {suite}"


def task_of(candidates: Sequence[Report], rules: Rules) -> str:
    """What the candidate was trained to do, by the words that it was asked in: "improve-2" is to improve."""
    tasks = {prompt.partition("-")[0] for one in candidates if (prompt := str(one.facts.get("prompt", "")))}
    if len(tasks) != 1 or not tasks <= set(rules.required):
        raise NotComparable(
            f"the candidate was asked to {' and '.join(sorted(tasks)) or 'nothing'}; want one of {', '.join(rules.required)}."
        )
    return tasks.pop()


def verdict(
    candidates: Sequence[Report], actives: Sequence[Report], rules: Rules, checks: Sequence[Check]
) -> dict[str, Any]:
    def side(reports: Sequence[Report]) -> dict[str, Any]:
        named = [{"suite": one.suite, "report SHA-256": one.sha256} for one in reports]
        return {**(model_of(reports[0]) if reports else {}), "reports": named}

    return {
        "passed": bool(checks) and all(one.passed for one in checks),
        "judged": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "rules version": rules.version,
        "rules SHA-256": rules.sha256,
        "budget": dict(rules.budget),
        "candidate": side(candidates),
        "active": side(actives),
        "checks": [asdict(one) for one in checks],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation.gate", description=__doc__)
    for side in ("candidate", "active"):
        parser.add_argument(
            f"--{side}", type=Path, nargs="+", required=True, metavar="REPORT", help="report.json, one for each suite"
        )
    parser.add_argument("--rules", type=Path, default=RULES, help="the rules (evaluation/data/gate.toml)")
    parser.add_argument(
        "--budget",
        type=budgeted,
        action="append",
        default=[],
        metavar="FIGURE=NUMBER",
        help='of this machine, as "tokens a second=12"; once for each figure',
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the verdict (gate.json beside the candidate's report)"
    )
    asked = parser.parse_args(arguments)
    first = asked.candidate[0]
    out: Path = asked.out or (first if first.is_dir() else first.parent) / "gate.json"
    try:
        rules = Rules.read(asked.rules, budget=dict(asked.budget))
        candidates, actives = ([Report.read(path) for path in side] for side in (asked.candidate, asked.active))
        checks = judge(candidates, actives, rules)
    except NotComparable as error:
        print(error, file=sys.stderr)
        write(out, {"passed": False, "refused": str(error)})  # a verdict of an earlier run must not stay
        return REFUSED
    told = verdict(candidates, actives, rules, checks)
    write(out, told)
    for side, reports in (("candidate", candidates), ("active", actives)):
        print(f"{side}: {named(reports[0])}")
    print("\n".join(lines_of(checks)))
    print(
        f"{'The candidate may be made active.' if told['passed'] else 'The candidate may not be made active.'} ({out})"
    )
    return MAY if told["passed"] else MAY_NOT


def budgeted(said: str) -> tuple[str, float]:
    figure, _, number = said.rpartition("=")
    try:
        return figure, float(number)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'{said}: want FIGURE=NUMBER, as "tokens a second=12"') from error


def write(path: Path, told: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def lines_of(checks: Sequence[Check]) -> list[str]:
    lines = []
    for place, one in enumerate(checks):
        if place == 0 or checks[place - 1].suite != one.suite:
            lines.append(one.suite)
        figures = f"{shown(one.candidate)} (active: {shown(one.active)}{told_apart(one)})"
        lines.append(f"  {'pass' if one.passed else 'FAIL'}  {one.figure}: {figures}")
        lines += [f"        {said}" for said in (*one.reasons, one.note) if said]
    return lines


def told_apart(one: Check) -> str:
    if one.difference is None:
        return f"; {one.cases} cases" if one.cases else ""
    value, low, high = one.difference
    if low == high:
        apart = f"all {one.cases} cases apart by {value:+.3f}"
        return f"; {apart if value else f'no difference in any of {one.cases} cases'}"
    return f"; difference {value:+.3f} [{low:+.3f}, {high:+.3f}], {one.cases} cases"


if __name__ == "__main__":
    sys.exit(main())
