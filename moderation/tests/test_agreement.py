"""Agreement beside published worked examples, and the alarm beside what it promises."""

from __future__ import annotations

import random
from datetime import date

import pytest

from moderation import agreement, drift
from moderation.drift import Share

# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): example A (two values), B (five), C (four readers, gaps).
EXAMPLE_A = ("0100000010", "1110010000")
EXAMPLE_B = ("aabbdcccedda", "babbbccceddd")
EXAMPLE_C = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


def units(readers: tuple[str, ...]) -> list[list[str]]:
    return [[value for value in column if value != "."] for column in zip(*readers, strict=True)]


@pytest.mark.parametrize(("readers", "published"), [(EXAMPLE_A, 0.095), (EXAMPLE_B, 0.692), (EXAMPLE_C, 0.743)])
def test_alpha_is_that_of_the_worked_example(readers: tuple[str, ...], published: float) -> None:
    found = agreement.alpha(units(readers))
    assert found is not None
    assert found.value == pytest.approx(published, abs=5e-4)
    assert found.low <= found.value <= found.high


def test_readers_who_agree_on_everything_have_one_and_guessers_have_none() -> None:
    same = agreement.alpha([["approve", "approve"], ["reject", "reject"]] * 20)
    assert same is not None
    assert (same.value, same.low, same.high) == (1.0, 1.0, 1.0)
    draw = random.Random(7)
    guessed = agreement.alpha([[draw.choice("ab"), draw.choice("ab")] for _ in range(400)])
    assert guessed is not None
    assert guessed.low < 0 < guessed.high


def test_where_everybody_said_the_same_there_is_nothing_to_agree_about() -> None:
    assert agreement.alpha([["approve", "approve"]] * 30) is None
    assert agreement.alpha([["approve"], ["reject"]]) is None


def test_the_interval_covers_as_often_as_it_says() -> None:
    """Readers who are right nine times in ten about two values: alpha of the whole is 0.64."""
    draw = random.Random(11)
    covered = 0
    for _ in range(200):
        truths = [draw.random() < 0.5 for _ in range(150)]
        seen = [[str(truth ^ (draw.random() < 0.1)) for _ in range(2)] for truth in truths]
        found = agreement.alpha(seen)
        assert found is not None
        covered += found.low <= 0.64 <= found.high
    assert covered >= 180  # 95 % of 200, less what chance may take


# Drift

# Fisher's own tea: 3 of 4 right and 1 of 4 (p = 0.4857); the others computed with scipy.stats.fisher_exact.
TABLES = [
    (Share(3, 4), Share(1, 4), 0.485714),
    (Share(8, 10), Share(1, 6), 0.034965),
    (Share(120, 150), Share(20, 40), 0.000419),
]


@pytest.mark.parametrize(("first", "second", "p"), TABLES)
def test_the_p_value_is_fishers(first: Share, second: Share, p: float) -> None:
    assert drift.fisher(first, second) == pytest.approx(p, abs=2e-6)


def looks(late_share: float, *, rounds: int, seed: int) -> int:
    """In how many looks at ten detectors one of them alarms, where the first one's share becomes `late_share` of 0.8."""
    draw = random.Random(seed)

    def share(rate: float, of: int) -> Share:
        return Share(sum(draw.random() < rate for _ in range(of)), of)

    alarmed = 0
    for _ in range(rounds):
        early = {str(n): share(0.8, 120) for n in range(10)}
        late = {str(n): share(late_share if n == 0 else 0.8, 40) for n in range(10)}
        alarmed += bool(drift.alarms(early, late))
    return alarmed


def test_false_alarms_are_as_rare_as_it_says() -> None:
    assert looks(0.8, rounds=1000, seed=3) <= 18  # 1 % of 1,000, and what chance may add to that (99 of 100 runs)


def test_a_share_that_falls_is_seen() -> None:
    assert looks(0.35, rounds=200, seed=5) >= 185  # from 0.8 to 0.35: nearly always
    assert 80 <= looks(0.5, rounds=200, seed=5) <= 140  # to 0.5: about half the time, so silence proves nothing


def test_the_windows_are_whole_weeks_so_looking_daily_is_one_look() -> None:
    wednesday, sunday, monday = date(2026, 11, 25), date(2026, 11, 29), date(2026, 11, 30)
    assert drift.windows(wednesday) == drift.windows(sunday) != drift.windows(monday)
    found = drift.windows(wednesday)
    assert (found.begin, found.border, found.end) == (date(2026, 8, 3), date(2026, 10, 26), date(2026, 11, 23))


def test_too_few_decisions_are_not_looked_at() -> None:
    assert drift.alarms({"links": Share(9, 9)}, {"links": Share(0, 40)}) == {}
    assert drift.alarms({"links": Share(90, 90)}, {}) == {}
