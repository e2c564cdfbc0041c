"""From a stored study to its report, by the command: what it says, what it does not say, and that it repeats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluation.studies.__main__ import main
from evaluation.studies.tests.invented import CLICKER, Fields, invent_study, write

POST = "My sister <b>moved</b> out & I miss [her] `every` | evening."


def report_of(fields: Fields, folder: Path, *more: str) -> dict[str, Any]:
    out = folder / "out"
    assert main([str(write(fields, folder)), "--out", str(out), *more]) == 0
    found: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    report_of(invent_study(), folder)
    return folder / "out"


@pytest.fixture(scope="module")
def report(made: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((made / "report.json").read_text(encoding="utf-8"))
    return found


def test_the_planned_comparison_is_judged_by_each_panel(report: dict[str, Any]) -> None:
    planned = {one["panel"]: one for one in report["decide"]["planned"]}
    assert set(planned) == {"lay", "clinician"}
    lay = planned["lay"]
    assert lay["verdict"] == "not worse"
    assert lay["difference"]["low"] < 1.0 < lay["difference"]["high"]  # the truth that was invented
    assert lay["difference"]["low"] > -0.4
    assert "not worse than alone by more than was allowed beforehand (0.40 points)" in lay["words"]


def test_panels_are_reported_apart_and_escalation_by_clinicians_alone(report: dict[str, Any]) -> None:
    asked = [(one["panel"], one["dimension"]) for one in report["decide"]["dimensions"]]
    assert len(asked) == len(set(asked)) == 11
    assert ("clinician", "escalation") in asked
    assert ("lay", "escalation") not in asked
    assert {one["panel"]: one["raters"] for one in report["check"]["panels"]} == {"lay": 6, "clinician": 3}
    clinicians = next(one for one in report["check"]["panels"] if one["panel"] == "clinician")
    assert clinicians["credentials"] == [{"says": "ten years on a helpline", "n": 3}]


def test_who_only_clicks_is_left_out_by_the_rules_and_both_results_are_given(report: dict[str, Any]) -> None:
    out = {one["rater"]: one["reasons"] for one in report["check"]["left_out"]}
    assert out == {CLICKER: ["failed attention checks", "too fast", "one answer throughout"]}
    empathy = [one for one in report["check"]["models"] if (one["panel"], one["dimension"]) == ("lay", "empathy")]
    assert [(one["everybody"], one["raters"]) for one in empathy] == [(False, 5), (True, 6)]
    clinicians = [one for one in report["check"]["models"] if one["panel"] == "clinician"]
    assert not any(one["everybody"] for one in clinicians)  # nobody of theirs was left out
    assert any("1 were left out by rules set beforehand" in one for one in report["decide"]["limits"])


def test_training_and_attention_items_count_for_nothing(report: dict[str, Any]) -> None:
    empathy = next(one for one in report["check"]["models"] if (one["panel"], one["dimension"]) == ("lay", "empathy"))
    assert (empathy["items"], empathy["n"]) == (16, 16 * 3 * 5 - 1)


def test_only_what_was_not_planned_is_adjusted(report: dict[str, Any]) -> None:
    for model in report["check"]["models"]:
        for one in model["differences"]:
            assert one["planned"] == (
                model["dimension"] == "empathy" and {one["arm"], one["against"]} == {"improved", "alone"}
            )
            if not model["everybody"]:
                assert (one["p_holm"] is None) == one["planned"]
                assert one["planned"] or one["p_holm"] >= one["p"]


def test_figures_have_their_ends_their_number_and_their_method(report: dict[str, Any]) -> None:
    seen = 0

    def look(value: Any) -> None:
        nonlocal seen
        if isinstance(value, dict) and {"value", "low", "high"} <= value.keys():
            assert value.keys() == {"value", "low", "high", "n", "method"}
            if value["value"] is not None and value["low"] is not None:
                assert value["low"] <= value["value"] <= value["high"]
            seen += 1
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            look(one)

    look(report)
    assert seen > 100


@pytest.mark.deep
def test_the_same_file_makes_the_same_bytes(made: Path, tmp_path: Path) -> None:
    report_of(invent_study(), tmp_path)
    again = tmp_path / "out"
    names = sorted(path.name for path in made.iterdir())
    assert names == ["check.md", "decide.md", "means-clinician.svg", "means-lay.svg", "report.json"]
    assert names == sorted(path.name for path in again.iterdir())
    for name in names:
        assert (made / name).read_bytes() == (again / name).read_bytes(), name


def test_a_plot_has_the_table_that_it_draws(report: dict[str, Any], made: Path) -> None:
    for plot in report["plots"]:
        assert (made / plot["file"]).read_text(encoding="utf-8").startswith("<?xml")
        assert plot["says"]
        assert all(len(row) == len(plot["columns"]) for row in plot["rows"])
        assert plot["rows"]


def test_the_pages_say_what_their_readers_need(made: Path) -> None:
    decide, check = ((made / name).read_text(encoding="utf-8") for name in ("decide.md", "check.md"))
    for said in ("Do replies improve?", "The planned comparison", "not worse", "Limits", "means-lay.svg", "agree"):
        assert said in decide
    for said in (
        "Variance components",
        "ICC(2,k)",
        "Holm",
        "Left out who",
        "ten years",
        "statsmodels",
        "c0ffee",
        "escalation",
    ):
        assert said in check
    assert len(decide.splitlines()) < 70  # one page


@pytest.mark.deep
def test_texts_stand_in_check_md_alone_and_only_on_request(tmp_path: Path) -> None:
    fields = invent_study()
    texts = {
        "format": 1,
        "study": "c0ffee",
        "items": [
            {"id": "post3", "post": POST, "outputs": {"alone": "I hear you.", "improved": "That sounds lonely."}}
        ],
        "comments": [],
    }
    report_of(fields, tmp_path, "--texts", str(write(texts, tmp_path, name="texts.json")))
    out = tmp_path / "out"
    check = (out / "check.md").read_text(encoding="utf-8")
    assert "> My sister \\<b\\>moved\\</b\\> out & I miss \\[her\\] \\`every\\` \\| evening." in check
    assert "> That sounds lonely." in check
    assert "**improved** (readability " in check
    for name in ("decide.md", "report.json", "means-lay.svg"):
        assert "sister" not in (out / name).read_text(encoding="utf-8")


@pytest.mark.deep
def test_what_people_typed_is_no_markup(tmp_path: Path) -> None:
    fields = invent_study()
    fields["question"] = "Is it\n# better | <script>alert(1)</script>?"
    fields["raters"][5]["credentials"] = "nurse | [link](http://x)"
    report_of(fields, tmp_path)
    for name in ("decide.md", "check.md"):
        page = (tmp_path / "out" / name).read_text(encoding="utf-8")
        assert "<script>" not in page
        assert "[link](" not in page
        assert "\n# better" not in page


@pytest.mark.parametrize(
    ("shift", "margin", "verdict"),
    [
        (-2, 0.4, "worse"),  # "not worse" is what the study of the other tests shows
        pytest.param(0, 0.4, "not worse", marks=pytest.mark.deep),
        pytest.param(-1, 0.1, "not shown", marks=pytest.mark.deep),
        pytest.param(0, None, "no margin", marks=pytest.mark.deep),
    ],
)
def test_the_verdict_follows_the_interval(shift: int, margin: float | None, verdict: str, tmp_path: Path) -> None:
    fields = invent_study()
    fields["planned"]["margin"] = margin
    for one in fields["ratings"]:
        if one["arm"] == "improved":
            one["values"]["empathy"] = max(1, one["values"]["empathy"] + shift)
    lay = report_of(fields, tmp_path)["decide"]["planned"][0]
    assert lay["verdict"] == verdict
    low, high = lay["difference"]["low"], lay["difference"]["high"]
    if margin is not None:
        bounds = {"not worse": low > -margin, "worse": high < -margin, "not shown": low <= -margin <= high}
        assert bounds[verdict]


def test_pairs_are_told_by_shares_strengths_and_a_verdict(tmp_path: Path) -> None:
    fields = invent_study(form="pairs")
    fields["planned"] = {"candidate": "improved", "reference": "alone", "dimension": "", "margin": 0.1}
    report = report_of(fields, tmp_path)
    lay = report["decide"]["preferences"][0]
    shares = {(one["arm"], one["against"]): one["share"] for one in lay["shares"]}
    share = shares["improved", "alone"]
    assert share["low"] < 0.75 < share["high"]  # the truth that was invented
    assert shares["alone", "improved"]["value"] == pytest.approx(1 - share["value"], abs=1e-5)
    assert max(lay["strengths"], key=lambda one: one["strength"]["value"])["arm"] == "improved"
    assert report["decide"]["planned"][0]["verdict"] == "not worse"
    assert [one["rater"] for one in report["check"]["left_out"]] == [CLICKER]
    first = report["check"]["preferences"][0]["first_preferred"]
    assert first["n"] == 16 * 3 * 5
    assert report["decide"]["dimensions"] == []
    assert [plot["name"] for plot in report["plots"]] == ["shares-lay", "shares-clinician"]


@pytest.mark.deep
def test_an_arm_that_was_always_preferred_has_a_share_and_no_strength(tmp_path: Path) -> None:
    fields = invent_study(form="pairs")
    for one in fields["choices"]:
        if "improved" in (one["first"], one["second"]):
            one["preferred"] = "improved"
    lay = report_of(fields, tmp_path)["decide"]["preferences"][0]
    assert lay["strengths"] == []
    assert "never, or always, preferred" in lay["words"]


@pytest.mark.deep
def test_a_study_without_a_plan_says_so(tmp_path: Path) -> None:
    fields = invent_study()
    fields["planned"] = {"candidate": "", "reference": "", "dimension": "", "margin": None}
    fields["closed"] = None
    report = report_of(fields, tmp_path)
    assert report["decide"]["planned"] == []
    assert any("No comparison was planned" in one for one in report["decide"]["limits"])
    assert any("still open" in one for one in report["decide"]["limits"])


@pytest.mark.deep
@pytest.mark.parametrize(("shift", "verdict"), [(2, "worse"), (-2, "not worse")])
def test_of_escalation_lower_is_better_and_only_clinicians_judge(shift: int, verdict: str, tmp_path: Path) -> None:
    fields = invent_study()
    fields["planned"] |= {"dimension": "escalation", "margin": 0.5}
    for one in fields["ratings"]:
        if one["arm"] == "improved" and "escalation" in one["values"]:
            one["values"]["escalation"] = min(5, max(1, one["values"]["escalation"] + shift))
    planned = report_of(fields, tmp_path)["decide"]["planned"]
    assert [(one["panel"], one["verdict"]) for one in planned] == [("clinician", verdict)]
