"""The figures against worked examples: from the literature, by hand, or by counting every pair."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.stats import (
    Estimate,
    at_once,
    auc,
    kappa,
    mcnemar,
    mean_drawn_again,
    mixed,
    paired,
    paired_shares,
    ppv,
    recall_at,
    recall_at_false_alarms,
    share,
    share_of,
    wilcoxon,
    workload_for,
)


def ends(estimate: Estimate) -> tuple[float, float]:
    return estimate.low, estimate.high


def test_an_exact_interval_after_no_hit_is_the_rule_of_three_made_exact() -> None:
    # 1 - 0.025 ** (1 / n)
    assert ends(share(0, 300)) == pytest.approx((0.0, 1 - 0.025 ** (1 / 300)))
    assert ends(share(300, 300)) == pytest.approx((0.025 ** (1 / 300), 1.0))


def test_intervals_agree_with_a_published_table() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 1 of 29; methods 5 (exact) and 3 (score).
    table = {
        (81, 263): ((0.2527, 0.3676), (0.2553, 0.3662)),
        (15, 148): ((0.0578, 0.1617), (0.0624, 0.1605)),
        (1, 29): ((0.0009, 0.1776), (0.0061, 0.1718)),
    }
    for (hits, n), (exact, score) in table.items():
        assert ends(share(hits, n)) == pytest.approx(exact, abs=5e-5)
        assert ends(share(hits, n, method="wilson")) == pytest.approx(score, abs=5e-5)


def test_a_share_of_nothing_is_not_zero() -> None:
    nothing = share_of([])
    assert nothing.value is None
    assert ends(nothing) == (0.0, 1.0)


def test_auc_counts_the_pairs_that_are_in_order_and_ties_half() -> None:
    # Positives 0.9, 0.5, 0.2 against negatives 0.5, 0.1: 2 + 1.5 + 1 of 6 pairs.
    assert auc([True, True, True, False, False], [0.9, 0.5, 0.2, 0.5, 0.1]).value == pytest.approx(4.5 / 6)


def test_auc_has_delongs_variance() -> None:
    # Above each positive: 1, 3/4, 2/4 of the negatives. Above each negative: 3/3, 2/3, 1/3, 3/3 of the positives.
    # Area 3/4. Variance 0.0625 / 3 + 0.101852 / 4 = 0.046296, error 0.215166, on the logit scale 1.147553;
    # logit of the area 1.098612, so the ends are at -1.150550 and 3.347774.
    found = auc([True, True, True, False, False, False, False], [0.9, 0.6, 0.35, 0.1, 0.4, 0.7, 0.2])
    assert found.value == pytest.approx(0.75)
    assert ends(found) == pytest.approx((1 / (1 + math.exp(1.150550)), 1 / (1 + math.exp(-3.347774))), abs=1e-5)


def test_the_interval_of_auc_covers_what_many_samples_show() -> None:
    """Two normals one deviation apart have an area of 0.7602; about 95 of 100 intervals must hold it."""
    rng = random.Random(3)
    held = 0
    for _ in range(200):
        scores = [rng.gauss(1, 1) for _ in range(40)] + [rng.gauss(0, 1) for _ in range(60)]
        found = auc([True] * 40 + [False] * 60, scores)
        held += found.low <= 0.7602 <= found.high
    assert 180 <= held <= 199


def test_a_perfect_order_is_not_called_certain() -> None:
    found = auc([True] * 20 + [False] * 20, [1.0] * 20 + [0.0] * 20)
    assert found.value == 1.0
    assert found.low < 0.9


def test_kappa_agrees_with_a_worked_table() -> None:
    # 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: observed 0.7, by chance 0.5, kappa 0.4.
    first = [1] * 25 + [0] * 25
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    found = kappa(first, second)
    assert found.value == pytest.approx(0.4)
    # The large-sample error of Fleiss, Cohen and Everitt (1969) for this table is 0.1305.
    assert ends(found) == pytest.approx((0.4 - 1.96 * 0.1305, 0.4 + 1.96 * 0.1305), abs=0.04)


def test_quadratic_kappa_forgives_near_misses() -> None:
    # Levels 0, 1, 2 twice each; one 0 was read as 1, one 0 as 2. Penalties: 1 and 4, against chance 10.
    # Rows (4, 2, 2), columns (2, 3, 3) of 8: chance = (4*3*1 + 4*3*4 + 2*2*1 + 2*3*1 + 2*2*4 + 2*3*1) / 8 = 92 / 8.
    first = [0, 0, 0, 0, 1, 1, 2, 2]
    second = [0, 0, 1, 2, 1, 1, 2, 2]
    assert kappa(first, second, weights="quadratic").value == pytest.approx(1 - 5 / (92 / 8))


def test_kappa_says_nothing_when_one_label_is_all_there_is() -> None:
    assert kappa([0, 0], [0, 0]).value is None


def test_ppv_is_bayes() -> None:
    # Sensitivity 0.9, false alarms 0.05, prevalence 0.1: 0.09 / (0.09 + 0.045).
    found = ppv(share(90, 100), share(5, 100), 0.1)
    assert found.value == pytest.approx(2 / 3)
    assert found.low < 2 / 3 < found.high


def test_recall_at_a_workload_is_counted_from_the_top() -> None:
    wanted = [True, False, True, False, False, True, False, False, False, False]
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]
    assert recall_at(wanted, scores, 0.3).recall.hits == 2
    assert recall_at(wanted, scores, 0.6).recall.hits == 3
    assert recall_at(wanted, scores, 0.0).recall.hits == 0
    assert workload_for(wanted, scores, 1.0).value == pytest.approx(0.6)
    assert workload_for(wanted, scores, 0.6).value == pytest.approx(0.3)


def test_ties_are_not_counted_in_ones_favour() -> None:
    # All ten score the same: looking at half of them finds half of the positives, not all.
    assert recall_at([True] * 4 + [False] * 6, [0.0] * 10, 0.5).recall.hits == 2
    assert workload_for([True] * 4 + [False] * 6, [0.0] * 10, 0.5).value == 1.0


def test_recall_at_false_alarms_allows_no_negative_more() -> None:
    wanted = [True, False, True, False, True, False]
    scores = [0.9, 0.8, 0.7, 0.6, 0.6, 0.1]
    assert recall_at_false_alarms(wanted, scores, 0.0).hits == 1
    assert (
        recall_at_false_alarms(wanted, scores, 0.34).hits == 2
    )  # one of three; the third positive ties with the second
    assert recall_at_false_alarms(wanted, scores, 1.0).hits == 3


def test_a_mixed_share_weighs_both_by_the_prevalence() -> None:
    assert mixed(share(90, 100), share(20, 100), 0.1).value == pytest.approx(0.27)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40))
def test_auc_is_the_share_of_ordered_pairs(pairs: list[tuple[bool, int]]) -> None:
    above = [score for yes, score in pairs if yes]
    below = [score for yes, score in pairs if not yes]
    found = auc([yes for yes, _ in pairs], [float(score) for _, score in pairs])
    if not above or not below:
        assert found.value is None
        return
    counted = sum((a > b) + 0.5 * (a == b) for a, b in itertools.product(above, below)) / (len(above) * len(below))
    assert found.value is not None
    assert found.value == pytest.approx(counted)
    assert 0.0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1.0


# Two measures of the same items


def test_mcnemar_agrees_with_a_published_table() -> None:
    # Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13:91 (2013), table 1: 1, 1, 7, 12; exact P 0.070.
    before = [1] * 1 + [1] * 1 + [0] * 7 + [0] * 12
    after = [1] * 1 + [0] * 1 + [1] * 7 + [0] * 12
    assert mcnemar(before, after) == pytest.approx(0.0703, abs=5e-5)
    assert mcnemar(after, before) == mcnemar(before, after)
    assert mcnemar([1, 0], [1, 0]) == 1.0


def test_signed_ranks_agree_with_darwins_maize() -> None:
    # Darwin (1876), crossed less self-fertilised, in eighths of an inch; the ranks of the negative ones sum to 24, n = 15.
    gaps = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    assert wilcoxon(gaps, [0] * 15) == pytest.approx(0.0413, abs=5e-5)
    assert wilcoxon([2.0, 2.0], [2.0, 2.0]) == 1.0


def test_the_effect_of_other_values_agrees_with_a_published_example() -> None:
    # Lakens, Frontiers in Psychology 4:863 (2013), table 1: ten people rate two films; d_av 1.13, g_av 1.08.
    found = paired([9, 7, 8, 9, 8, 9, 9, 10, 9, 9], [9, 6, 7, 8, 7, 9, 8, 8, 8, 7])
    assert found.difference.value == pytest.approx(1.0)
    assert (found.effect_size, found.test) == ("Hedges' g_av", "Wilcoxon, signed ranks")
    assert found.effect.value == pytest.approx(1.08, abs=5e-3)
    assert found.effect.low < 1.08 < found.effect.high


def test_the_effect_of_shares_agrees_with_a_published_table() -> None:
    # Cohen (1988), table 6.2.2: arcsines of .65 and .45 are 1.875 and 1.471.
    found = paired([1.0] * 13 + [0.0] * 7, [1.0] * 9 + [0.0] * 11)
    assert (found.effect_size, found.test) == ("Cohen's h", "McNemar, exact")
    assert found.effect.value == pytest.approx(1.875 - 1.471, abs=1e-3)
    assert found.difference.value == pytest.approx(0.2)
    assert found.p == pytest.approx(0.125)  # 4 of 4 changed one way: 2 / 16


def test_the_interval_of_a_paired_difference_covers_what_many_samples_show() -> None:
    """Gaps with a mean of 0.3; about 95 of 100 intervals must hold it."""
    rng = random.Random(5)
    held = 0
    for number in range(200):
        first = [rng.gauss(0, 1) for _ in range(60)]
        found = paired([one + rng.gauss(0.3, 1) for one in first], first, seed=number)
        held += found.difference.low <= 0.3 <= found.difference.high
    assert 180 <= held <= 199


def test_nothing_in_common_cannot_be_compared_and_no_spread_has_no_effect_size() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        paired([], [])
    assert paired([2.0], [1.5]).effect.value is None
    assert paired([3.0, 3.0], [2.0, 2.0]).effect.value is None


def test_many_comparisons_at_once_are_held_to_their_number() -> None:
    # Benjamini and Hochberg (1995), section 3.2: of 15 comparisons four are told at 0.05, where Bonferroni tells three.
    ps = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    found = at_once(ps)
    assert [one <= 0.05 for one in found] == [True] * 4 + [False] * 11
    assert found[0] == pytest.approx(0.0015)
    assert at_once([]) == []


def test_a_mean_by_drawing_again_stays_where_values_can_be() -> None:
    # 8 of 10 ones: the binomial of the draws has its 2.5 % and 97.5 % points at 5 and 10 of 10.
    found = mean_drawn_again([1.0] * 8 + [0.0] * 2)
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.5, 1.0))
    assert mean_drawn_again([]).value is None


def flags(gained: int, lost: int, n: int) -> tuple[list[int], list[int]]:
    same = n - gained - lost
    return [1] * gained + [0] * lost + [1] * same, [0] * gained + [1] * lost + [1] * same


def test_a_paired_difference_of_flags_has_tango_s_interval() -> None:
    # PropCIs 0.3-0, scoreci.mp: 48 and 41 of 549 changed, 90 %.
    found = paired_shares(*flags(48, 41, 549), confidence=0.90)
    assert (found.low, found.high) == pytest.approx((-0.0157, 0.0414), abs=5e-5)


@pytest.mark.parametrize(("gained", "lost", "n"), [(5, 0, 100), (3, 7, 40), (12, 1, 60)])
def test_its_ends_are_where_the_score_test_turns(gained: int, lost: int, n: int) -> None:
    """Against a search for the likeliest share of lost cases, in the place of Tango's formula."""
    found = paired_shares(*flags(gained, lost, n))
    for gap in (found.low, found.high):

        def unlikely(share_lost: float, gap: float = gap) -> float:
            cells = ((gained, share_lost + gap), (lost, share_lost), (n - gained - lost, 1 - 2 * share_lost - gap))
            return -sum(count * math.log(max(share, 1e-300)) for count, share in cells if count)

        likeliest = min(
            (max(0.0, -gap) + step / 200_000 for step in range(int((1 - abs(gap)) * 100_000))), key=unlikely
        )
        score = (gained - lost - n * gap) / math.sqrt(n * (2 * likeliest + gap - gap**2))
        assert abs(score) == pytest.approx(1.959964, abs=1e-3)


def test_where_no_case_differs_something_may_still() -> None:
    # z² / (n + z²): 100 cases leave up to 3.7 % open, 300 up to 1.3 %.
    z_squared = 1.959964**2
    for n in (1, 100, 300):
        reach = z_squared / (n + z_squared)
        assert ends(paired_shares(*flags(0, 0, n))) == pytest.approx((-reach, reach), abs=1e-6)
    assert paired_shares(*flags(20, 0, 20)).high == 1.0
    assert paired_shares([], []).value is None


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
def test_it_holds_its_own_value_and_turns_round_with_the_models(gained: int, lost: int, same: int) -> None:
    n = gained + lost + same
    if n:
        first, second = flags(gained, lost, n)
        found, back = paired_shares(first, second), paired_shares(second, first)
        assert found.value is not None
        assert -1 <= found.low <= found.value <= found.high <= 1
        assert (-found.high, -found.low) == pytest.approx(ends(back), abs=1e-6)
