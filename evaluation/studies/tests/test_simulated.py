"""Studies with known truth: is it found as often as the intervals promise?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from evaluation.studies.__main__ import main
from evaluation.studies.analysis import values_of
from evaluation.studies.compared import Value, compare, fit_arms
from evaluation.studies.pairs import prefer
from evaluation.studies.power import SHARES, Design, items_for, power_of
from evaluation.studies.simulated import (
    COMPLETE,
    DIMENSION,
    Counts,
    Gaps,
    World,
    dealt,
    simulate,
    simulate_study,
    truth_of,
    world_of,
)
from evaluation.studies.stored import Choice, read_study


def test_the_truth_is_that_of_the_rounded_scale() -> None:
    world = World((1.0, 3.0), item=0.3, rater=0.0, text=0.0, taste=0.0, noise=(0.4, 0.4))
    truth = truth_of(world, seed=1)
    # Scatter of 0.5 about 1 is cut below: half stays at 1, and a sixth and 0.1 % come to 2 and 3. About 3 it is even.
    assert truth.means == pytest.approx([1 + 0.1587 + 0.0013, 3.0], abs=0.003)


def test_a_few_studies_find_the_truth() -> None:
    counts, _truth = simulate(runs=6, items=20, arms=3, raters=4, seed=1)
    # With 95 in 100, fewer than four of six is once in 500; and the arms lie far apart.
    assert min(counts.differences.values()) >= 4
    assert min(counts.effects.values()) >= 4
    assert counts.together >= 4


def test_texts_are_dealt_as_the_site_deals_them() -> None:
    given = dealt(np.random.default_rng(3), items=20, arms=3, raters=7, ratings=3)
    assert (given.sum(axis=2) == 3).all()
    loads, of_arm = given.sum(axis=(0, 1)), given.sum(axis=0)
    assert np.ptp(loads) <= 1
    assert np.ptp(of_arm) <= 1
    # Of 20 items everybody has about 26 texts; by chance alone seven or more would be of a post that they have in two arms.
    assert (given.sum(axis=1) > 1).sum() < (dealt_by_chance(20, 3, 7, 3).sum(axis=1) > 1).sum()


def dealt_by_chance(items: int, arms: int, raters: int, ratings: int) -> np.ndarray:
    chance = np.random.default_rng(3)
    return np.array([[chance.permutation(raters) < ratings for _ in range(arms)] for _ in range(items)])


def test_gaps_leave_ratings_out_and_change_none() -> None:
    def rated(gaps: Gaps) -> dict[tuple[str, str, str], int]:
        study = simulate_study(world_of(2), items=20, raters=4, seed=9, gaps=gaps)
        assert sum(one["done"] for one in study["raters"]) == len(study["ratings"])
        return {(one["rater"], one["item"], one["arm"]): one["values"]["empathy"] for one in study["ratings"]}

    whole = rated(COMPLETE)
    assert len(whole) == 160
    for gaps, least, most in ((Gaps(ratings=2), 80, 80), (Gaps(dropouts=1), 140, 140), (Gaps(missing=0.25), 95, 145)):
        left = rated(gaps)
        assert least <= len(left) <= most
        assert left.items() <= whole.items()


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_of_a_hundred_studies_with_gaps_93_or_more_find_differences_and_effects() -> None:
    counts, _truth = simulate(runs=100, items=60, arms=4, raters=6, seed=1, gaps=Gaps(ratings=3, dropouts=1))
    assert counts.together >= 93


def test_a_simulated_study_reads_the_same_from_a_file_of_the_site(tmp_path: Path) -> None:
    fields = simulate_study(world_of(2), items=10, raters=3, seed=2, gaps=Gaps(ratings=2))
    (tmp_path / "study.json").write_text(json.dumps(fields), encoding="utf-8")
    study = read_study(tmp_path / "study.json")
    read = {(one.rater, one.item, one.arm): one.value for one in values_of(study, "lay", DIMENSION)}
    rows = fields["ratings"]
    assert read == {(row["rater"], row["item"], row["arm"]): row["values"][DIMENSION] for row in rows}
    assert len(read) == 40


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_of_a_hundred_studies_93_or_more_find_ranks_and_effects() -> None:
    counts, _truth = simulate(runs=100, items=60, arms=4, raters=6, seed=1)
    assert counts.all_of_it >= 93
    assert counts.hold()


def test_one_count_far_below_95_of_100_does_not_hold() -> None:
    good = Counts(100, {"a0 - a1": 91}, {"a0 - a1": 96}, together=95, ranks=99, all_of_it=94)
    assert good.hold()
    assert not replace(good, effects={"a0 - a1": 86}).hold()
    assert not replace(good, all_of_it=92).hold()


def test_the_command_counts_and_ends_with_1_below_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["simulate", "--runs", "1", "--items", "12", "--arms", "2", "--raters", "3", "--seed", "4", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert said["widths"]["difference"] > 0
    assert set(said["shares"]) == {"difference a0 - a1", "effect a0 - a1", "together", "ranks", "together and ranks"}
    assert code == (0 if said["shares"]["together and ranks"] == 1 else 1)


@pytest.mark.parametrize("wrong", [["--ratings", "4"], ["--dropouts", "4"], ["--missing", "0.95"], ["--runs", "0"]])
def test_simulate_refuses_what_is_no_design(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "--runs", "1", "--raters", "3", *wrong])
    assert ended.value.code == 2
    assert " ".join(wrong) in capsys.readouterr().err


def test_power_answers_for_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["power", "--items", "60", "--arms", "4", "--raters", "12", "--effect", "0.4", "--margin", "0.4", "--json"]
    assert main(asked) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["power"] == said["power_not_worse"]  # the same distance, on one side
    assert 0.8 < said["power"] < 1
    assert said["items_for_80"] <= 60
    assert said["smallest_effect"] < 0.4
    assert any("not" in one or "found" in one for one in said["words"])


@pytest.mark.parametrize(
    "wrong",
    [["--items", "1"], ["--raters", "x"], ["--effect", "0"], ["--effect", "nan"], ["--sd", "-1"], ["--ratings", "7"]],
)
def test_power_refuses_what_is_no_design(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["power", "--items", "60", "--arms", "4", "--raters", "6", "--effect", "0.3", *wrong]
    with pytest.raises(SystemExit) as ended:
        main(asked)
    assert ended.value.code == 2
    assert wrong[1] in capsys.readouterr().err


def test_power_counts_with_the_error_and_the_degrees_of_freedom_of_the_analysis() -> None:
    design = Design(items=12, arms=3, raters=5, ratings=5, sd=1.0)
    found = fit_arms(_typical_study(design), ["a0", "a1", "a2"]).contrast([-1, 1, 0])
    assert found.error / SCALE == pytest.approx(design.error(), rel=1e-3)
    assert found.freedom == pytest.approx(design.freedom(), rel=1e-3)


SCALE = 1_000_000  # values are whole numbers


def _typical_study(design: Design) -> list[Value]:
    """Every mean square is what is expected of it, so that the variances that are found are those of the design."""
    items, arms, raters = shape = (design.items, design.arms, design.raters)
    text = raters * SHARES["text"] + SHARES["residual"]
    taste = items * SHARES["rater by arm"] + SHARES["residual"]
    squares = (
        ((0,), items - 1, arms * raters * SHARES["item"] + text),
        ((2,), raters - 1, items * arms * SHARES["rater"] + taste),
        ((0, 1), (items - 1) * (arms - 1), text),
        ((1, 2), (raters - 1) * (arms - 1), taste),
        ((0, 1, 2), items * arms * (raters - 1) - (raters - 1) * arms, SHARES["residual"]),
    )
    left = np.random.default_rng(6).standard_normal(shape)
    left -= left.mean(axis=(0, 2), keepdims=True)
    values = np.zeros(shape)
    for of, freedom, square in squares:
        part = left.mean(axis=tuple({0, 1, 2} - set(of)), keepdims=True) * np.ones(shape)
        left = left - part
        values += part * (freedom * square / (part**2).sum()) ** 0.5
    return [
        Value(f"r{rater}", f"i{item}", f"a{arm}", round(SCALE * float(values[item, arm, rater])))
        for item, arm, rater in np.ndindex(*shape)
    ]


def test_more_items_do_not_help_where_raters_are_too_few() -> None:
    assert items_for(Design(60, 2, 2, 2, 1.0), 0.1) is None
    fewest = items_for(Design(60, 2, 30, 30, 1.0), 0.4)
    assert fewest is not None
    assert power_of(Design(fewest, 2, 30, 30, 1.0), 0.4) >= 0.8 > power_of(Design(fewest - 1, 2, 30, 30, 1.0), 0.4)


@pytest.mark.deep
@pytest.mark.timeout(1800)
def test_the_power_that_is_promised_is_the_power_that_studies_have() -> None:
    design, effect = Design(items=20, arms=3, raters=8, ratings=8, sd=1.0), 0.45
    chance = np.random.default_rng(4)
    found = 0
    runs = 200
    for _ in range(runs):
        values = _exact_study(design, effect, chance)
        difference = compare(values, ["a0", "a1", "a2"], with_ranks=False).between("a1", "a0")
        assert difference
        found += difference.contrast.estimate().low > 0
    # Two standard errors of a share of 200 are 7 points.
    assert found / runs == pytest.approx(power_of(design, effect), abs=0.07)


def _exact_study(design: Design, effect: float, chance: np.random.Generator) -> list[Value]:
    """Not rounded, since the formula knows no scale; values in thousandths, so that they stay whole numbers."""
    sd = {name: share**0.5 * design.sd for name, share in SHARES.items()}
    of_item, of_rater = chance.normal(0, sd["item"], design.items), chance.normal(0, sd["rater"], design.raters)
    of_text = chance.normal(0, sd["text"], (design.items, design.arms))
    of_taste = chance.normal(0, sd["rater by arm"], (design.raters, design.arms))
    return [
        Value(
            f"r{rater}",
            f"i{item}",
            f"a{arm}",
            round(
                1000
                * (
                    effect * (arm == 1)
                    + of_item[item]
                    + of_rater[rater]
                    + of_text[item, arm]
                    + of_taste[rater, arm]
                    + chance.normal(0, sd["residual"])
                )
            ),
        )
        for item in range(design.items)
        for arm in range(design.arms)
        for rater in range(design.raters)
    ]


@pytest.mark.deep
@pytest.mark.timeout(1800)
def test_of_two_hundred_studies_of_pairs_186_or_more_have_the_true_share_in_their_interval() -> None:
    chance = np.random.default_rng(7)
    true = float(special.expit(0.5 + chance.normal(0, np.hypot(0.8, 0.4), 1_000_000)).mean())
    shares, strengths = 0, 0
    for run in range(200):
        found = prefer(_pairs(chance), ["a", "b"], seed=run)
        share, strength = found.between("a", "b"), found.strengths["a"]
        assert share
        shares += share.share.low <= true <= share.share.high
        strengths += strength.low <= np.log(true / (1 - true)) / 2 <= strength.high
    assert min(shares, strengths) >= 186


def _pairs(chance: np.random.Generator) -> list[Choice]:
    """30 items, 6 raters; some items speak for one arm, and some raters like it more."""
    of_item, of_rater = chance.normal(0, 0.8, 30), chance.normal(0, 0.4, 6)
    won = chance.random((30, 6)) < special.expit(0.5 + of_item[:, None] + of_rater[None, :])
    return [
        Choice(f"r{rater}", f"i{item}", "a", "b", "a" if won[item, rater] else "b", 0, None, None)
        for item in range(30)
        for rater in range(6)
    ]
