"""The scenarios: who clicks when. Each round makes fresh texts from its number, the same for every arm."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from assistant.inference.types import Prompt
from bench.engine.cases import Case, make_case, make_cases
from bench.engine.figures import gaps_while, kept_share
from bench.engine.plan import AGAINST_LOOPS, LETS_COPY, OUTPUT_TOKENS, Answer, Step, decode_rate, tokens_per_second

SHORT_TOKENS = 8  # where only the first one counts
JOINING_TOKENS = 320  # of the streams that run while others arrive
KEEPS = 0.8  # share of the draft from which on a text counts as one that keeps it


@dataclass(frozen=True, slots=True)
class Size:
    """How much one round does."""

    repeats: int = 3  # of what one person does alone
    copies: int = 8
    output_tokens: int = OUTPUT_TOKENS
    people: tuple[int, ...] = (4, 8, 16)


QUICK = Size(repeats=1, copies=3, output_tokens=16, people=(4,))

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Round:
    """One arm in one round: what a scenario may do with it, and where its texts come from."""

    run: Callable[[Sequence[Step]], list[Answer]]
    settle: Callable[[], None]
    counters: Callable[[], dict[str, Any]]
    seed: tuple[object, ...]
    size: Size
    answers: list[Answer] = field(default_factory=list)

    def ask(self, steps: Sequence[Step]) -> list[Answer]:
        got = self.run(steps)
        self.answers.extend(got)
        if broken := [answer for answer in got if answer.error]:
            raise RuntimeError(f"{broken[0].label} {broken[0].case}: {broken[0].error}.")
        return got

    def forget(self, cases: Sequence[Case]) -> None:
        self.run([Step("forget", case.id) for case in cases])


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    arms: tuple[str, ...]
    measure: Callable[[Round], Figures]


# One person.


def one_after_another(round_: Round, prompt_of: Callable[[Case], Prompt], *, tokens: int) -> Figures:
    cases = make_cases(round_.size.repeats, *round_.seed)
    got = [
        round_.ask([Step("ask", case.id, prompt=prompt_of(case), max_tokens=tokens, label="alone")])[0]
        for case in cases
    ]
    round_.forget(cases)
    figures: Figures = {"to_first": [answer.to_first for answer in got]}
    if tokens > SHORT_TOKENS:
        figures["decode_rate"] = [decode_rate(answer) for answer in got]
        figures["tokens_per_second"] = [tokens_per_second([answer]) for answer in got]
    return figures


def cold(round_: Round) -> Figures:
    figures = one_after_another(round_, lambda case: case.cold, tokens=SHORT_TOKENS)
    # Its strange system texts have taken the place of the usual one; that is read again outside of any figure.
    usual = make_case(*round_.seed, "usual")
    round_.run([Step("ask", usual.id, prompt=usual.whole, max_tokens=SHORT_TOKENS)])
    round_.forget([usual])
    return figures


def warm(round_: Round) -> Figures:
    return one_after_another(round_, lambda case: case.whole, tokens=round_.size.output_tokens)


def prepared(round_: Round, *, with_draft: bool) -> Figures:
    cases = make_cases(round_.size.repeats, *round_.seed)
    got = []
    for case in cases:
        round_.run([Step("prepare", case.id, prompt=case.opening)])
        round_.settle()
        if with_draft:
            round_.run([Step("prepare", case.id, prompt=case.asking_with(case.draft))])
            round_.settle()
        got += round_.ask([Step("ask", case.id, prompt=case.whole, max_tokens=SHORT_TOKENS, label="prepared")])
    round_.forget(cases)
    return {
        "to_first": [answer.to_first for answer in got],
        "reused_share": [answer.reused_tokens / answer.prompt_tokens for answer in got],
    }


def post_prepared(round_: Round) -> Figures:
    return prepared(round_, with_draft=False)


def draft_prepared(round_: Round) -> Figures:
    return prepared(round_, with_draft=True)


# Several at once.


def at_once(round_: Round, *, people: int) -> Figures:
    cases = make_cases(people, *round_.seed)
    before = round_.counters()
    got = round_.ask(
        [
            Step("ask", case.id, prompt=case.whole, max_tokens=round_.size.output_tokens, label="at once")
            for case in cases
        ]
    )
    spent = difference(round_.counters(), before)
    round_.forget(cases)
    return {
        "to_first": [answer.to_first for answer in got],
        "tokens_per_second": [tokens_per_second(got)],
        "tokens": [answer.tokens for answer in got],
        "stops": [answer.stop for answer in got],
        **spent,
    }


def difference(after: dict[str, Any], before: dict[str, Any]) -> Figures:
    """What the engine's loop spent outside llama.cpp, for an arm that tells it."""
    if not after.get("counters"):
        return {}
    now, then = after["counters"], before["counters"]
    steps = now["decode_steps"] - then["decode_steps"]
    outside, inside = (now[name] - then[name] for name in ("outside_seconds", "inside_seconds"))
    return {"outside_share": [outside / inside] if inside else [], "decode_steps": [steps]}


# People who come and go.


@dataclass(frozen=True, slots=True)
class Visit:
    """When one person opens a post, pauses twice while writing, and clicks."""

    opened: float
    paused: float
    saved: float
    clicked: float


def visits(count: int, *seed: object) -> list[Visit]:
    """Over ten seconds at random; then a first pause after 2 to 4 seconds, the last save after 1.5 to 3 more, and half a
    second to 2.5 seconds of thinking before the click. Far faster than people write, so that contexts are prepared under
    pressure."""
    chance = random.Random(f"visits {seed}")
    found = []
    for _ in range(count):
        opened = chance.uniform(0, 10)
        paused = opened + chance.uniform(2, 4)
        saved = paused + chance.uniform(1.5, 3)
        found.append(Visit(opened, paused, saved, saved + chance.uniform(0.5, 2.5)))
    return found


def arrivals(round_: Round, *, people: int = 8) -> Figures:
    cases = make_cases(people, *round_.seed)
    steps = []
    for case, visit in zip(cases, visits(people, *round_.seed), strict=True):
        steps += [
            Step("prepare", case.id, at=visit.opened, prompt=case.opening),
            Step("prepare", case.id, at=visit.paused, prompt=case.asking_with(case.half_draft)),
            Step("prepare", case.id, at=visit.saved, prompt=case.asking_with(case.draft)),
            Step(
                "ask",
                case.id,
                at=visit.clicked,
                prompt=case.whole,
                max_tokens=round_.size.output_tokens,
                label="arrived",
            ),
        ]
    got = round_.ask(steps)
    round_.forget(cases)
    return {
        "to_first": [answer.to_first for answer in got],
        "reused_share": [answer.reused_tokens / answer.prompt_tokens for answer in got],
        "gaps": [gap for answer in got for gap in gaps_of(answer)],
    }


def gaps_of(answer: Answer) -> list[float]:
    return [after - before for before, after in pairwise(answer.times)]


def joining(round_: Round) -> Figures:
    """Four people read along; from half a second after the last of them has a first word, four more come, 0.5 apart."""
    running, coming = make_cases(4, *round_.seed, "running"), make_cases(4, *round_.seed, "coming")
    steps = [
        Step("ask", case.id, prompt=case.whole, max_tokens=JOINING_TOKENS, label="running") for case in running
    ] + [
        Step(
            "ask",
            case.id,
            at=0.5 + 0.5 * number,
            after="running",
            prompt=case.whole,
            max_tokens=40,
            label="coming",
        )
        for number, case in enumerate(coming)
    ]
    got = round_.ask(steps)
    round_.forget([*running, *coming])
    came = [answer for answer in got if answer.label == "coming"]
    begin, end = min(answer.sent for answer in came), max(answer.times[0] for answer in came)
    streams = [answer for answer in got if answer.label == "running"]
    gaps = [gaps_while(answer.times, begin=begin, end=end) for answer in streams]
    return {
        "worst_gaps": [max(of_stream) for of_stream in gaps if of_stream],
        "gaps": [gap for of_stream in gaps for gap in of_stream],
        "streams_caught": [sum(1 for answer in streams if answer.times[0] < begin and answer.ended > end)],
        "to_first": [answer.to_first for answer in came],
    }


# Draft lookup.


def lookup_copying(round_: Round) -> Figures:
    return looked_up(round_, lambda case: case.copying, keeps=True)


def lookup_natural(round_: Round) -> Figures:
    return looked_up(round_, lambda case: case.whole, keeps=False)


def looked_up(round_: Round, prompt_of: Callable[[Case], Prompt], *, keeps: bool) -> Figures:
    """Each text alone. Only those count that keep enough of the draft, or little of it: by what they say, per text, so
    that the report pairs the texts of both arms."""
    cases = make_cases(round_.size.copies, *round_.seed)
    penalty = LETS_COPY if keeps else AGAINST_LOOPS
    rates: dict[str, float] = {}
    shares: dict[str, float] = {}
    for case in cases:
        answer = round_.ask([Step("ask", case.id, prompt=prompt_of(case), repeat_penalty=penalty, label="lookup")])[0]
        share = kept_share(case.draft, answer.text)
        shares[case.id] = share
        if answer.tokens > 20 and (share >= KEEPS) == keeps:
            rates[case.id] = decode_rate(answer)
    round_.forget(cases)
    state = round_.counters()["counters"]["state"]
    return {
        "rates": rates,
        "kept_share": shares,
        "proposed": state["proposed_tokens"],
        "accepted": state["accepted_tokens"],
    }


# Ends.


def cancelling(round_: Round) -> Figures:
    """Everybody's slots are taken and one more waits: one cancels. Counted is how many pieces another stream still got
    until the cancelled one was over, and how long the waiting one then took to be let in."""
    slots = round_.counters()["counters"]["state"]["slots"]
    cases, late = make_cases(slots, *round_.seed), make_case(*round_.seed, "late")
    steps = [Step("ask", case.id, prompt=case.opening, max_tokens=JOINING_TOKENS, label="running") for case in cases]
    steps.append(Step("ask", late.id, at=0.2, prompt=late.opening, max_tokens=SHORT_TOKENS, label="waiting"))
    steps.append(Step("cancel", cases[0].id, at=0.5, after="running"))
    got = round_.ask(steps)
    round_.forget([*cases, late])
    cancelled = got[0]
    if cancelled.stop != "cancelled":
        return {"steps_after_cancel": [], "missed": 1}
    others = [
        sum(1 for at in answer.times if cancelled.cancelled < at <= cancelled.ended)
        for answer in got[1:]
        if answer.label == "running" and answer.ended > cancelled.ended
    ]
    return {
        "steps_after_cancel": [max(others)] if others else [],
        "seconds_to_free": [cancelled.ended - cancelled.cancelled],
        "missed": 0,
    }


def alike(count: int) -> Callable[[Round], Figures]:
    return lambda round_: at_once(round_, people=count)


SCENARIOS = (
    Scenario("cold", ("lantern", "server-1", "plain"), cold),
    Scenario("warm", ("lantern", "server-1", "plain"), warm),
    Scenario("post-prepared", ("lantern",), post_prepared),
    Scenario("draft-prepared", ("lantern",), draft_prepared),
    Scenario("at-once-4", ("lantern", "server-4", "alone-4"), alike(4)),
    Scenario("at-once-8", ("lantern", "server-8", "plain", "alone-8"), alike(8)),
    Scenario("at-once-16", ("lantern-16", "server-16", "alone-16"), alike(16)),
    Scenario("arrivals", ("lantern", "server-8"), arrivals),
    Scenario("joining", ("lantern", "server-8"), joining),
    Scenario("lookup-copying", ("lantern", "lantern-no-lookup"), lookup_copying),
    Scenario("lookup-natural", ("lantern", "lantern-no-lookup"), lookup_natural),
    Scenario("cancel", ("lantern",), cancelling),
)
