"""How people rated: drop-out, speed, straight lines, attention; and who is left out, by rules that no result can bend.

The rules stand here, with a version, before any study is opened. A report always says what the result is with everybody
in it as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from evaluation.studies.stored import Choice, Rater, Rating, Study

RULES_VERSION = 1
# Nobody reads a text for its sense at 600 words a minute: silent reading is 238 on average (Brysbaert, J. Memory and
# Language 109 (2019)), and 600 is where skimming begins.
WORDS_A_MINUTE = 600
FAR_BELOW_OWN_MEDIAN = 0.25
MOST_TOO_FAST = 0.2  # share of ratings
LEAST_PASSED = 2 / 3  # share of attention checks
ENOUGH_FOR_A_LINE = 10  # ratings; fewer alike may be chance

RULES = (
    f"Left out who passed fewer than {LEAST_PASSED:.0%} of the attention checks they were given.",
    "Left out who did not finish the training, where the study has training items.",
    f"Left out who was too fast in more than {MOST_TOO_FAST:.0%} of their ratings: below what {WORDS_A_MINUTE} words a"
    f" minute take, where the length of the text is known, or below a quarter of their own median.",
    f"Left out who gave one and the same answer throughout {ENOUGH_FOR_A_LINE} ratings or more.",
)

Given = Rating | Choice


@dataclass(frozen=True, slots=True)
class Conduct:
    rater: str
    panel: str
    credentials: str
    given: int
    done: int
    skipped: int
    dropped_out: bool  # neither rated nor skipped all that was given
    trained: bool
    attention_passed: int
    attention_given: int
    median_seconds: float | None
    too_fast: int  # ratings
    timed: int  # ratings whose seconds are known
    one_answer: bool  # throughout
    same_in_all_dimensions: int  # ratings; told, but nobody is left out for it: a bad text may be bad in all five
    left_out: tuple[str, ...]  # the reasons, empty for who stays


def conduct_of(study: Study) -> list[Conduct]:
    """Of everybody who has not withdrawn, in the order of the file."""
    given: dict[str, list[Given]] = defaultdict(list)
    everything: tuple[Given, ...] = (*study.ratings, *study.choices)
    for one in everything:
        given[one.rater].append(one)
    return [_conduct(study, rater, given[rater.code]) for rater in study.raters.values() if not rater.withdrew]


def _conduct(study: Study, rater: Rater, given: Sequence[Given]) -> Conduct:
    counted = [one for one in given if study.counts(one.item)]
    attention = [one.passed for one in given if study.items[one.item].role == "attention" and one.passed is not None]
    timed = [one.seconds for one in counted if one.seconds is not None]
    middle = median(timed) if timed else None
    too_fast = sum(_too_fast(study, one, middle) for one in counted)
    one_answer = len(counted) >= ENOUGH_FOR_A_LINE and len({_answer(one) for one in counted}) == 1
    reasons = []
    if attention and sum(attention) < LEAST_PASSED * len(attention):
        reasons.append("failed attention checks")
    if not rater.trained and counted and any(item.role == "training" for item in study.items.values()):
        reasons.append("did not finish the training")
    if timed and too_fast > MOST_TOO_FAST * len(timed):
        reasons.append("too fast")
    if one_answer:
        reasons.append("one answer throughout")
    return Conduct(
        rater=rater.code,
        panel=rater.panel,
        credentials=rater.credentials,
        given=rater.given,
        done=rater.done,
        skipped=rater.skipped,
        dropped_out=rater.done + rater.skipped < rater.given,
        trained=rater.trained,
        attention_passed=sum(attention),
        attention_given=len(attention),
        median_seconds=middle,
        too_fast=too_fast,
        timed=len(timed),
        one_answer=one_answer,
        same_in_all_dimensions=sum(_same_in_all(one) for one in counted),
        left_out=tuple(reasons),
    )


def _too_fast(study: Study, one: Given, own_median: float | None) -> bool:
    if one.seconds is None or own_median is None:
        return False
    arms = (one.arm,) if isinstance(one, Rating) else (one.first, one.second)
    outputs = [study.outputs.get((one.item, arm)) for arm in arms]
    words = sum(output.words or 0 for output in outputs if output)
    return one.seconds < max(60 * words / WORDS_A_MINUTE, FAR_BELOW_OWN_MEDIAN * own_median)


def _answer(one: Given) -> tuple[object, ...]:
    """Of a pair, the side: who always takes the left one has not compared."""
    if isinstance(one, Rating):
        return tuple(sorted(one.values.items()))
    return (one.wins,)


def _same_in_all(one: Given) -> bool:
    return isinstance(one, Rating) and len(one.values) > 1 and len(set(one.values.values())) == 1


def left_out(conduct: Iterable[Conduct]) -> frozenset[str]:
    return frozenset(one.rater for one in conduct if one.left_out)
