"""The statistics against what was published, to the printed digits."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.miscmodels.ordinal_model import OrderedModel

from evaluation.studies.agreement import Judged, Level, alpha
from evaluation.studies.compared import Value, _Spread, _spread, evenness, rank_checks, standardised
from evaluation.studies.icc import complete, correlations
from evaluation.studies.mixed import RESIDUAL, Contrast, Fitted, NotEstimable, fit
from evaluation.studies.pairs import bradley_terry

# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C: four observers, twelve units, gaps.
OBSERVERS = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


@pytest.mark.parametrize(
    ("level", "printed"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_is_that_of_krippendorffs_example(level: Level, printed: float) -> None:
    judged = [
        Judged(unit, [int(row[unit]) for row in OBSERVERS if row[unit] != "."]) for unit in range(len(OBSERVERS[0]))
    ]
    found = alpha(judged, level=level, domain=range(1, 6), seed=1)
    assert found.value == pytest.approx(printed, abs=5e-4)
    assert found.low < printed < found.high
    assert found.n == 11  # the twelfth was judged by one


def test_alpha_draws_the_texts_of_an_item_together() -> None:
    chance = np.random.default_rng(3)
    values = [
        (item, [int(v) for v in np.clip(np.rint(chance.normal(3 + item % 3, 0.6, 3)), 1, 5)]) for item in range(15)
    ]
    alone = alpha([Judged(item, given) for item, given in values], level="ordinal", domain=range(1, 6), seed=1)
    fourfold = [Judged(item, given) for item, given in values for _ in range(4)]
    together = alpha(fourfold, level="ordinal", domain=range(1, 6), seed=1)
    apart = [Judged((item, copy), given) for item, given in values for copy in range(4)]
    as_if_new = alpha(apart, level="ordinal", domain=range(1, 6), seed=1)
    # Four copies of a text teach nothing new about other texts.
    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.1)
    assert as_if_new.high - as_if_new.low < 0.65 * (together.high - together.low)


# Shrout and Fleiss, Psychological Bulletin 86 (1979), table 2: six targets, four judges; coefficients in table 4.
RATED = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)
PRINTED = {1: (0.17, 0.44), 2: (0.29, 0.62), 3: (0.71, 0.91)}
# As R's psych prints them for the same table: ICC(RATED).
ENDS = {1: (-0.13, 0.72), 2: (0.02, 0.76), 3: (0.34, 0.95)}


def test_intraclass_correlations_are_those_of_shrout_and_fleiss() -> None:
    for one in complete(RATED):
        assert (round(one.single.value or 0, 2), round(one.average.value or 0, 2)) == PRINTED[one.form]
        assert (round(one.single.low, 2), round(one.single.high, 2)) == ENDS[one.form]
        assert one.k == 4


def test_an_incomplete_table_is_the_complete_one_as_its_gaps_close() -> None:
    texts = [text for text in range(6) for _ in range(4)]
    raters = [rater for _ in range(6) for rater in range(4)]
    whole = correlations(list(RATED.ravel()), texts=texts, raters=raters)
    gap = correlations(list(RATED.ravel()[:-1]), texts=texts[:-1], raters=raters[:-1])
    assert [one.single.method for one in whole] != [one.single.method for one in gap]
    for one, other in zip(whole, gap, strict=True):
        assert other.single.value == pytest.approx(one.single.value or 0, abs=0.06)
        assert 0 <= other.single.low < (other.single.value or 0) < other.single.high <= 1
        assert 3.5 < other.k < 4


@pytest.mark.parametrize(
    ("values", "texts", "raters"),
    [
        ([], [], []),
        ([1, 2], ["a", "a"], ["r", "s"]),  # one text
        ([1, 2], ["a", "b"], ["r", "r"]),  # one rater
        ([1, 2], ["a", "b"], ["r", "s"]),  # no text twice
        ([3, 3, 3, 3], ["a", "a", "b", "b"], ["r", "s", "r", "s"]),  # no differences
        ([1, 1, 5, 5], ["a", "a", "b", "b"], ["r", "s", "r", "s"]),  # no disagreement
    ],
)
def test_no_correlation_where_nothing_can_be_told(values: list[float], texts: list[str], raters: list[str]) -> None:
    assert correlations(values, texts=texts, raters=raters) == []


# Davies and Goldsmith, Statistical Methods in Research and Production (1972), as lme4's `Dyestuff`.
DYESTUFF = (
    (1545, 1440, 1440, 1520, 1580),
    (1540, 1555, 1490, 1560, 1495),
    (1595, 1550, 1605, 1510, 1560),
    (1445, 1440, 1595, 1465, 1545),
    (1595, 1630, 1515, 1635, 1625),
    (1520, 1455, 1450, 1480, 1445),
)


def test_the_mixed_model_prints_what_lme4_prints_for_dyestuff() -> None:
    # lmer(Yield ~ 1 + (1 | Batch)): Batch 1764, Residual 2451, intercept 1527.50 (19.38), REML criterion 319.7.
    batches = [number for number, batch in enumerate(DYESTUFF) for _ in batch]
    found = fit([value for batch in DYESTUFF for value in batch], np.ones((30, 1)), {"batch": batches})
    assert round(found.components.variance("batch")) == 1764
    assert round(found.components.variance(RESIDUAL)) == 2451
    intercept = found.contrast([1])
    assert (round(intercept.value, 2), round(intercept.error, 2)) == (1527.50, 19.38)
    assert round(found.criterion, 1) == 319.7
    assert intercept.freedom == pytest.approx(5)  # six batches


# Box, Hunter and Hunter, Statistics for Experimenters (1978): penicillin, four treatments in each of five blends.
PENICILLIN = ((89, 88, 97, 94), (84, 77, 92, 79), (81, 87, 87, 85), (87, 92, 89, 84), (79, 81, 80, 88))


def test_treatments_in_random_blends_are_those_that_lme4_and_the_book_print() -> None:
    # J. Faraway: lmer(yield ~ treat + (1 | blend)): blend 11.8, residual 18.8, REML criterion 103.8, A 84.00 (2.48),
    # B, C, D against A 1, 5, 2 (2.75 each). The book's analysis of variance has 12 degrees of freedom.
    values = [value for blend in PENICILLIN for value in blend]
    blends = [number for number, blend in enumerate(PENICILLIN) for _ in blend]
    design = np.eye(4)[[treatment for _ in PENICILLIN for treatment in range(4)]]
    found = fit(values, design, {"blend": blends})
    assert round(found.components.variance("blend"), 1) == 11.8
    assert round(found.components.variance(RESIDUAL), 1) == 18.8
    assert round(found.criterion, 1) == 103.8
    first = found.contrast([1, 0, 0, 0])
    assert first.value == pytest.approx(84.0)
    assert first.error == pytest.approx(2.475, abs=5e-4)  # printed as 2.48
    for treatment, printed in ((1, 1.0), (2, 5.0), (3, 2.0)):
        contrast = found.contrast(np.eye(4)[treatment] - np.eye(4)[0])
        assert contrast.value == pytest.approx(printed)
        assert contrast.error == pytest.approx(2.745, abs=5e-4)  # printed as 2.75
        assert contrast.freedom == pytest.approx(12)


def crossed(*, gaps: bool) -> tuple[np.ndarray, np.ndarray, dict[str, list[Any]]]:
    chance = np.random.default_rng(8)
    rows = [(item, arm, rater) for item in range(12) for arm in range(3) for rater in range(5)]
    rows = [row for row in rows if not gaps or chance.random() < 0.6]
    of_item, of_rater = chance.normal(0, 0.8, 12), chance.normal(0, 0.6, 5)
    values = np.array([3 + 0.4 * arm + of_item[item] + of_rater[rater] + chance.normal() for item, arm, rater in rows])
    design = np.eye(3)[[arm for _, arm, _ in rows]]
    return values, design, {"item": [row[0] for row in rows], "rater": [row[2] for row in rows]}


@pytest.mark.parametrize("gaps", [False, True])
def test_crossed_effects_are_those_of_statsmodels(gaps: bool) -> None:
    values, design, groups = crossed(gaps=gaps)
    found = fit(values, design, groups)
    frame = pd.DataFrame({"value": values, "arm": design.argmax(axis=1), **groups, "all": 1})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = sm.MixedLM.from_formula(
            "value ~ 0 + C(arm)", groups="all", vc_formula={name: f"0 + C({name})" for name in groups}, data=frame
        ).fit(reml=True)
    assert found.effects == pytest.approx(theirs.fe_params.to_numpy(), abs=1e-3)
    ours = [found.components.variance(name) for name in (*groups, RESIDUAL)]
    assert ours == pytest.approx([*theirs.vcomp, theirs.scale], rel=5e-3)
    errors = [found.contrast(np.eye(3)[arm]).error for arm in range(3)]
    assert errors == pytest.approx(theirs.bse_fe.to_numpy(), rel=5e-3)
    assert found.criterion == pytest.approx(-2 * theirs.llf, abs=2e-3)


def test_two_arms_rated_by_one_person_are_a_paired_t_test() -> None:
    chance = np.random.default_rng(2)
    pairs = chance.normal(3, 1, (9, 1)) + chance.normal(0, 0.5, (9, 2))
    found = fit(pairs.ravel(), np.tile(np.eye(2), (9, 1)), {"item": [item for item in range(9) for _ in range(2)]})
    contrast = found.contrast([1, -1])
    theirs = stats.ttest_rel(pairs[:, 0], pairs[:, 1])
    assert contrast.freedom == pytest.approx(8)
    assert contrast.p == pytest.approx(theirs.pvalue)
    ends = theirs.confidence_interval()
    assert contrast.estimate().low == pytest.approx(ends.low)
    assert contrast.estimate().high == pytest.approx(ends.high)


# Wear of two materials, one on each shoe of ten boys: Box, Hunter and Hunter (1978), as `shoes` of R's MASS.
SHOES = (
    (13.2, 8.2, 10.9, 14.3, 10.7, 6.6, 9.5, 10.8, 8.8, 13.3),
    (14.0, 8.8, 11.2, 14.2, 11.8, 6.4, 9.8, 11.3, 9.3, 13.6),
)


@pytest.mark.parametrize(
    ("missing", "f", "freedom", "p"),
    # As pbkrtest's KRmodcomp prints them in its introduction, complete and without the first shoe of A and the second of B.
    [((), "11.215", "9.0000", "0.008539"), (((0, 0), (1, 1)), "5.989", "7.0219", "0.044176")],
)
def test_with_gaps_error_and_degrees_of_freedom_are_those_of_kenward_and_roger(
    missing: tuple[tuple[int, int], ...], f: str, freedom: str, p: str
) -> None:
    rows = [(SHOES[shoe][boy], boy, shoe) for shoe in (0, 1) for boy in range(10) if (shoe, boy) not in missing]
    found = fit([row[0] for row in rows], np.eye(2)[[row[2] for row in rows]], {"boy": [row[1] for row in rows]})
    contrast = found.contrast([1, -1])
    assert (f"{(contrast.value / contrast.error) ** 2:.3f}", f"{contrast.freedom:.4f}") == (f, freedom)
    assert f"{contrast.p:.6f}" == p


def test_that_a_component_comes_to_nothing_is_counted_as_an_estimate() -> None:
    values = [1.0, 2.0, 3.0, 4.0] * 5
    found = fit(values, np.ones((20, 1)), {"group": [number // 4 for number in range(20)]})
    assert found.components.variance("group") == 0
    assert found.contrast([1]).error == pytest.approx(float(stats.sem(values)), rel=1e-6)
    # Five groups tell with four degrees of freedom how far groups lie apart. 19 would take it for known that they do not.
    assert found.contrast([1]).freedom == pytest.approx(4)


def test_a_group_that_the_arms_explain_is_left_out() -> None:
    values, design, _ = crossed(gaps=False)
    found: Fitted = fit(values, design, {"arm again": list(design.argmax(axis=1)), "each": list(range(len(values)))})
    assert found.components.names == (RESIDUAL,)


def test_values_that_are_all_alike_are_refused_in_a_sentence() -> None:
    with pytest.raises(NotEstimable, match="same value"):
        fit([3, 3, 3, 3], np.ones((4, 1)), {"item": [1, 1, 2, 2]})


def test_difference_and_deviation_go_together_as_they_do_among_raters_and_among_items() -> None:
    chance = np.random.default_rng(11)
    table = chance.integers(1, 6, (12, 2, 5))  # items, arms, raters
    rows = [Value(f"r{r}", f"i{i}", f"a{a}", int(table[i, a, r])) for i, a, r in np.ndindex(*table.shape)]
    found = _spread(rows, 1.5)
    squares = (table - table.mean(axis=(0, 2), keepdims=True)) ** 2
    apart = table[:, 1] - table[:, 0]
    of_raters = np.cov(apart.mean(axis=0), squares.mean(axis=(0, 1))) / 5
    of_items = np.cov(apart.mean(axis=1), squares.mean(axis=(1, 2))) / 12
    assert found.uncertainty == pytest.approx(of_raters[1, 1] + of_items[1, 1])
    assert found.shared_with("a1", "a0") == pytest.approx(of_raters[0, 1] + of_items[0, 1])
    assert found.freedom == 4


def test_what_they_have_in_common_makes_the_interval_of_an_effect_wider_and_never_shorter() -> None:
    contrast, spread = Contrast(0.8, 0.1, 20.0, 100), _Spread(1.2, 0.02, 5, {})
    width = {shared: standardised(contrast, spread, shared) for shared in (-0.005, 0.0, 0.005)}
    reach = {shared: found.high - found.low for shared, found in width.items()}
    assert reach[-0.005] > reach[0.0] == reach[0.005]
    # By the delta method: 0.01 / 1.2, 0.64 * 0.02 / (4 * 1.2 ** 3), and 0.8 * 0.005 / 1.2 ** 2.
    parts = np.array([0.008333, 0.001852 + 0.002778])
    freedom = parts.sum() ** 2 / (parts[0] ** 2 / 20 + parts[1] ** 2 / 5)
    assert reach[-0.005] / 2 == pytest.approx(parts.sum() ** 0.5 * stats.t.ppf(0.975, freedom), rel=1e-3)


@pytest.mark.parametrize(("second", "epsilon"), [(1.0, 1.0), (0.0, 0.5), (0.5, 25 / 34)])
def test_epsilon_says_how_evenly_raters_tell_arms_apart(second: float, epsilon: float) -> None:
    # Scatter along two contrasts of three arms, of variance 1 and `second` squared: (1 + s)^2 / (2 (1 + s^2)).
    first, other = np.array([1, -1, 0]) / 2**0.5, np.array([1, 1, -2]) / 6**0.5
    scores = [(1, 1), (-1, 1), (1, -1), (-1, -1)]
    table = 3 + np.array([one * first + second * two * other for one, two in scores])
    rows = [Value(f"r{r}", "i", f"a{a}", round(1_000_000 * float(table[r, a]))) for r, a in np.ndindex(*table.shape)]
    assert evenness(rows, ["a0", "a1", "a2"]) == pytest.approx(epsilon, rel=1e-4)
    # Who did not rate every arm tells nothing of it; without anybody else it is at its least.
    assert evenness(rows[:3] + rows[4:5], ["a0", "a1", "a2"]) == 0.5


def test_uneven_tastes_leave_a_difference_fewer_degrees_of_freedom() -> None:
    values, design, groups = crossed(gaps=False)
    tastes = {"rater by arm": list(zip(groups["rater"], design.argmax(axis=1).tolist(), strict=True))}
    found = fit(values, design, {**groups, **tastes})
    less = found.less_certain("rater by arm", 0.5).contrast([1, -1, 0])
    assert less.freedom < found.contrast([1, -1, 0]).freedom
    assert less.error == found.contrast([1, -1, 0]).error


# Agresti, Categorical Data Analysis (2002), table 10.10: American League baseball of 1987, wins of the row over the column.
BASEBALL = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ],
    dtype=float,
)


def test_strengths_are_those_of_the_baseball_teams_of_1987() -> None:
    # As BradleyTerry2 prints them, Baltimore being 0: Milwaukee, Detroit, Toronto, New York, Boston, Cleveland.
    found = bradley_terry(BASEBALL)
    assert found is not None
    printed = [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0.0]
    assert found - found[-1] == pytest.approx(printed, abs=5e-5)
    assert found.mean() == pytest.approx(0)


def test_there_are_no_strengths_where_somebody_never_lost() -> None:
    assert bradley_terry(np.array([[0.0, 3.0], [0.0, 0.0]])) is None


def test_log_odds_are_those_of_statsmodels_with_the_logistic_distribution_of_scipy() -> None:
    values, design, groups = crossed(gaps=True)
    arms = design.argmax(axis=1)
    rows = [
        Value(f"r{rater}", f"i{item}", f"a{arm}", int(np.clip(np.rint(value), 1, 5)))
        for value, arm, item, rater in zip(values, arms, groups["item"], groups["rater"], strict=True)
    ]
    found = {(one.arm, one.against): one.log_odds for one in rank_checks(rows, ["a0", "a1", "a2"])}
    columns = np.array(
        [
            [arm == 1, arm == 2, *(rater == r for r in range(1, 5))]
            for arm, rater in zip(arms, groups["rater"], strict=True)
        ],
        dtype=float,
    )
    theirs = OrderedModel([one.value for one in rows], columns, distr="logit").fit(
        method="bfgs", disp=False, cov_type="cluster", cov_kwds={"groups": np.array(groups["item"])}
    )
    for number, arm in enumerate(("a1", "a2")):
        ours = found["a0", arm]
        low, high = theirs.conf_int()[number]
        assert (ours.value, ours.high, ours.low) == pytest.approx((-theirs.params[number], -low, -high), abs=2e-3)
