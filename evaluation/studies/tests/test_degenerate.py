"""Studies that went wrong: the report says "not enough" in a sentence, and never breaks."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation.studies.analysis import analyse
from evaluation.studies.pages import check_page, decide_page
from evaluation.studies.report import build
from evaluation.studies.stored import read_study
from evaluation.studies.tests.invented import ARMS, FIVE, Fields, invent_study, write


def told(fields: Fields) -> dict[str, Any]:
    """The report, without its plots; raises for a figure that JSON cannot hold."""
    with tempfile.TemporaryDirectory() as folder:
        study = read_study(write(fields, Path(folder)))
    report = build(study, analyse(study), [])
    json.dumps(report, allow_nan=False)
    assert decide_page(report)
    assert check_page(report, study, None)
    return report


def one_rater(fields: Fields) -> None:
    fields["raters"] = fields["raters"][:1]
    fields["ratings"] = [one for one in fields["ratings"] if one["rater"] == "lay0"]
    fields["comments"] = []


def always_three(fields: Fields) -> None:
    for one in fields["ratings"]:
        one["values"] = dict.fromkeys(one["values"], 3)
    fields["raters"][0]["trained"] = True


def empty_arm(fields: Fields) -> None:
    fields["ratings"] = [one for one in fields["ratings"] if one["arm"] != "alone"]


def all_skipped(fields: Fields) -> None:
    fields["skips"] = [
        {name: one[name] for name in ("rater", "item", "arm")} | {"reason": "too_hard"} for one in fields["ratings"]
    ]
    fields["ratings"] = []


def few_items(fields: Fields) -> None:
    kept = {"post0", "post1", "post2"}
    fields["ratings"] = [one for one in fields["ratings"] if one["item"] in kept]


def one_rater_per_arm(fields: Fields) -> None:
    own = dict(zip(ARMS, ("lay0", "lay1", "lay2"), strict=True))
    fields["ratings"] = [one for one in fields["ratings"] if own[one["arm"]] == one["rater"]]


@pytest.mark.parametrize("spoil", [one_rater, empty_arm, all_skipped, few_items, one_rater_per_arm])
def test_a_comparison_that_cannot_be_made_is_not_made(spoil: Callable[[Fields], None]) -> None:
    fields = invent_study()
    spoil(fields)
    report = told(fields)
    lay = report["decide"]["planned"][0]
    assert lay["verdict"] == "not enough"
    assert "Not enough: " in lay["words"]
    assert lay["difference"]["value"] is None
    assert lay["difference"]["low"] is None


@pytest.mark.deep
def test_an_empty_arm_does_not_hide_the_others() -> None:
    fields = invent_study()
    empty_arm(fields)
    means = told(fields)["decide"]["dimensions"][0]["arms"]
    assert [one["arm"] for one in means] == ["improved", "written"]


def test_with_one_value_throughout_everybody_is_left_out_and_nothing_is_estimated() -> None:
    fields = invent_study()
    always_three(fields)
    report = told(fields)
    assert len(report["check"]["left_out"]) == 9
    assert {one["verdict"] for one in report["decide"]["planned"]} == {"not enough"}


@pytest.mark.deep
def test_one_value_on_one_dimension_alone_has_no_agreement_and_no_difference() -> None:
    fields = invent_study()
    for one in fields["ratings"]:
        one["values"]["safety"] = 5
    report = told(fields)
    safety = next(one for one in report["decide"]["dimensions"] if one["dimension"] == "safety")
    assert safety["why"] == "Not enough: Every rating of an arm has the same value."
    assert safety["agreement"]["alpha"]["value"] is None
    assert "habit" in safety["agreement"]["why"]


def test_nobody_and_nothing_is_a_report_too() -> None:
    fields = invent_study(items=0)
    for name in ("raters", "ratings", "items", "skips", "comments", "outputs"):
        fields[name] = []
    report = told(fields)
    assert report["decide"]["planned"] == []
    assert report["decide"]["dimensions"] == []


def test_pairs_of_one_rater_are_not_enough() -> None:
    fields = invent_study(form="pairs")
    fields["planned"]["dimension"] = ""
    fields["choices"] = [one for one in fields["choices"] if one["rater"] == "lay0"]
    report = told(fields)
    assert report["decide"]["preferences"][0]["why"].startswith("Not enough: 1 raters chose among 16 items;")
    assert report["decide"]["planned"][0]["verdict"] == "not enough"


@st.composite
def ragged(draw: st.DrawFn) -> Fields:
    """Any part of a study, with values that cling to one another."""
    fields = invent_study(form=draw(st.sampled_from(["scales", "pairs"])), items=draw(st.integers(0, 13)))
    fields["skips"], fields["comments"] = [], []  # they speak of items that may not be there
    if fields["form"] == "pairs":
        fields["planned"]["dimension"] = ""
    name = "choices" if fields["form"] == "pairs" else "ratings"
    keep = draw(st.sampled_from([0.05, 0.3, 0.8, 1.0]))
    chance = draw(st.randoms(use_true_random=False))
    kept = [one for one in fields[name] if chance.random() < keep]
    raters = draw(st.sets(st.sampled_from([one["code"] for one in fields["raters"]]), max_size=6))
    arms = draw(st.sets(st.sampled_from(ARMS), max_size=3))
    fields[name] = [
        one for one in kept if one["rater"] in raters and {one.get("arm"), one.get("first"), one.get("second")} & arms
    ]
    fields["raters"] = [one for one in fields["raters"] if one["code"] in raters or one["code"] in ("lay0", "lay1")]
    if name == "ratings":
        values = draw(st.sampled_from([(3,), (1, 5), (2, 3), (1, 2, 3, 4, 5)]))
        asked = draw(st.sets(st.sampled_from(FIVE), max_size=2))
        for one in fields[name]:
            one["values"] = {dimension: chance.choice(values) for dimension in asked}
            one["seconds"] = chance.choice([None, 0, 1, 60])
            one["passed"] = chance.choice([None, False, True])
    else:
        for one in fields[name]:
            one["preferred"] = chance.choice(["", one["first"], one["second"]])
    return fields


def check_any_study(fields: Fields) -> None:
    for planned in told(fields)["decide"]["planned"]:
        assert planned["verdict"] in ("not worse", "worse", "not shown", "not enough")
        assert (planned["verdict"] == "not enough") == (planned["difference"]["value"] is None)


# A run of the whole analysis takes a second or two; generating cannot be the slow part.
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=10, deadline=None, suppress_health_check=_SLOW)
@given(ragged())
def test_no_study_breaks_the_report(fields: Fields) -> None:
    check_any_study(fields)


@pytest.mark.deep
@pytest.mark.timeout(1800)
@settings(max_examples=300, deadline=None, suppress_health_check=_SLOW)
@given(ragged())
def test_no_study_of_many_breaks_the_report(fields: Fields) -> None:
    check_any_study(fields)
