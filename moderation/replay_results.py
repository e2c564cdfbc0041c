"""What a replay found: which texts would meet another fate, what people had decided about them, and the hours it would cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from assistant.intervals import CONFIDENCE, Interval, share_in_groups, wilson
from moderation.models import Replay, ReplayCase
from moderation.upheld import upheld

_DRAWS = 2000
Fate = ReplayCase.Fate


@dataclass(slots=True)
class Flip:
    """Texts that go from one fate to another, or from one level to another."""

    before: str
    after: str
    n: int = 0
    upheld: int = 0  # people had seen it as the checks did, see moderation.upheld
    fine: int = 0  # they had not
    share: Interval | None = None  # of all with that `before`; texts of one case are not independent

    @property
    def upheld_share(self) -> Interval | None:
        told = self.upheld + self.fine
        return wilson(self.upheld / told, told) if told else None


@dataclass(frozen=True, slots=True)
class Found:
    done: int
    skipped: int
    waiting: int
    flips: list[Flip]
    levels: list[Flip]
    hours: Interval | None  # of reviewing more, for the time in which these cases came; below 0: less
    since: datetime | None
    until: datetime | None
    codes: list[tuple[str, int, int]] = field(default_factory=list)  # code, in so many texts no more, in so many anew

    @property
    def flipped(self) -> int:
        return sum(flip.n for flip in self.flips)


def found_by(replay: Replay) -> Found:
    rows = replay.cases.select_related("decision__flag__reply")
    cases = list(rows.defer("decision__reason", "decision__edited_text", "decision__flag__reply__text"))
    done = [case for case in cases if case.state == ReplayCase.State.DONE]
    states = Counter(case.state for case in cases)
    times = [case.decision.at for case in done]
    posts = [case for case in done if case.decision.flag.post_id is not None]
    return Found(
        done=len(done),
        skipped=states[ReplayCase.State.SKIPPED],
        waiting=states[ReplayCase.State.WAITING],
        flips=_flips(done, [(case.before, case.after) for case in done]),
        levels=_flips(posts, [(str(case.level_before), str(case.level_after)) for case in posts]),
        hours=_hours(done, minutes=replay.minutes, sampled_share=replay.sampled_share),
        since=min(times, default=None),
        until=max(times, default=None),
        codes=_codes(done),
    )


def _flips(cases: Sequence[ReplayCase], pairs: Sequence[tuple[str, str]]) -> list[Flip]:
    """Most frequent first."""
    flips: dict[tuple[str, str], Flip] = {}
    for case, (before, after) in zip(cases, pairs, strict=True):
        if before == after:
            continue
        flip = flips.setdefault((before, after), Flip(before, after))
        flip.n += 1
        verdict = upheld(case.decision)
        flip.upheld += verdict is True
        flip.fine += verdict is False
    for flip in flips.values():
        hits: Counter[Any] = Counter()
        of: Counter[Any] = Counter()
        for case, (before, after) in zip(cases, pairs, strict=True):
            if before == flip.before:
                of[case.decision.case_id] += 1
                hits[case.decision.case_id] += after == flip.after
        flip.share = share_in_groups([hits[one] for one in of], list(of.values()))
    return sorted(flips.values(), key=lambda flip: (-flip.n, flip.before, flip.after))


def _hours(cases: Sequence[ReplayCase], *, minutes: float | None, sampled_share: float) -> Interval | None:
    """More texts for people to look at, less those they need not look at any more, at the median time of a decision.

    A sampled post stands for all the unflagged ones among which it was drawn. What was never flagged and is no post is
    not in a replay, so what would be flagged anew among suggestions and replies is not in this figure. The interval is
    the percentile one of 2,000 bootstrap draws of cases.
    """
    if minutes is None or not cases:
        return None
    by_case: dict[Any, float] = defaultdict(float)
    for case in cases:
        more = (case.after != Fate.PASS) - (case.before != Fate.PASS)
        stands_for = 1 / sampled_share if case.decision.missed is not None and sampled_share else 1.0
        by_case[case.decision.case_id] += more * stands_for * minutes / 60
    values = np.array(list(by_case.values()))
    drawn = np.random.default_rng(1).multinomial(len(values), np.full(len(values), 1 / len(values)), size=_DRAWS)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn @ values, [tail, 1 - tail])
    return Interval(float(values.sum()), float(low), float(high))


def _codes(cases: Iterable[ReplayCase]) -> list[tuple[str, int, int]]:
    gone: Counter[str] = Counter()
    come: Counter[str] = Counter()
    for case in cases:
        gone.update(case.gone)
        come.update(case.come)
    return [(code, gone[code], come[code]) for code in sorted({*gone, *come})]
