"""Whether a share changed between two windows of time, for several detectors at once, with a stated rate of false alarms.

Fisher's exact test for each (R. A. Fisher 1935), at the rate divided by their number (Bonferroni): however few decisions there
are, a look at detectors that all stayed the same raises an alarm at most once in a hundred looks. Looked at once a
week: the windows are whole weeks, so looking more often is the same look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, lgamma

FALSE_ALARMS = 0.01  # of a look, over all detectors together
LATE_WEEKS, EARLY_WEEKS = 4, 12
FEWEST = 10  # decisions in each window, to be looked at at all


@dataclass(frozen=True, slots=True)
class Share:
    hits: int
    of: int


@dataclass(frozen=True, slots=True)
class Windows:
    """Days, each up to but without the next."""

    begin: date
    border: date
    end: date


def windows(today: date) -> Windows:
    """The last four whole weeks, and the twelve before them."""
    end = today - timedelta(days=today.weekday())
    border = end - timedelta(weeks=LATE_WEEKS)
    return Windows(border - timedelta(weeks=EARLY_WEEKS), border, end)


def alarms(early: Mapping[str, Share], late: Mapping[str, Share]) -> dict[str, float]:
    """The detectors whose share changed, each with its p value."""
    looked_at = [
        name for name, share in early.items() if share.of >= FEWEST and late.get(name, Share(0, 0)).of >= FEWEST
    ]
    found = {name: fisher(early[name], late[name]) for name in looked_at}
    return {name: p for name, p in found.items() if p <= FALSE_ALARMS / len(looked_at)}


def fisher(first: Share, second: Share) -> float:
    """The two-sided p value: the probability of all tables with these sums that are no likelier than this one."""
    hits, of = first.hits + second.hits, first.of + second.of
    here = _log_likely(first.hits, first.of, hits, of)
    tables = range(max(0, hits - second.of), min(first.of, hits) + 1)
    likelihoods = (_log_likely(table, first.of, hits, of) for table in tables)
    return min(1.0, sum(exp(one) for one in likelihoods if one <= here + 1e-9))


def _log_likely(in_first: int, first: int, hits: int, of: int) -> float:
    """The log of the hypergeometric probability."""
    return _log_choose(hits, in_first) + _log_choose(of - hits, first - in_first) - _log_choose(of, first)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
