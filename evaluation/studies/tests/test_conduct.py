"""Who is left out, and who is not: five that must be and those that must stay, by the rules alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.studies.conduct import Conduct, conduct_of
from evaluation.studies.tests.invented import CLICKER, Fields, invent_study, read


def of_rater(fields: Fields, folder: Path, code: str = "lay1") -> Conduct:
    return next(one for one in conduct_of(read(fields, folder)) if one.rater == code)


def own(fields: Fields, *, role: str = "rated") -> list[Fields]:
    items = {one["id"] for one in fields["items"] if one["role"] == role}
    return [one for one in fields["ratings"] if one["rater"] == "lay1" and one["item"] in items]


def test_who_rates_with_care_stays(tmp_path: Path) -> None:
    careful = of_rater(invent_study(), tmp_path)
    assert careful.left_out == ()
    assert (careful.attention_passed, careful.attention_given) == (3, 3)
    assert (careful.too_fast, careful.timed, careful.median_seconds) == (0, 48, 30.0)
    assert not careful.one_answer


def test_one_failed_check_of_three_is_a_slip_and_two_are_not(tmp_path: Path) -> None:
    fields = invent_study()
    checks = own(fields, role="attention")
    checks[0]["passed"] = False
    assert of_rater(fields, tmp_path).left_out == ()
    checks[1]["passed"] = False
    assert of_rater(fields, tmp_path).left_out == ("failed attention checks",)


def test_a_fifth_too_fast_is_impatience_and_more_is_not_reading(tmp_path: Path) -> None:
    # The texts have 40 words, which take four seconds at 600 a minute; a quarter of this median is 7.5.
    fields = invent_study()
    ratings = own(fields)
    for one in ratings[:9]:
        one["seconds"] = 2.0
    assert of_rater(fields, tmp_path).left_out == ()
    ratings[9]["seconds"] = 2.0
    assert of_rater(fields, tmp_path).left_out == ("too fast",)


def test_who_is_always_fast_is_seen_by_the_length_of_the_texts_alone(tmp_path: Path) -> None:
    fields = invent_study()
    for one in own(fields):
        one["seconds"] = 3.0
    assert of_rater(fields, tmp_path).left_out == ("too fast",)
    for output in fields["outputs"]:
        del output["words"]
    assert of_rater(fields, tmp_path).left_out == ()


def test_who_did_not_finish_the_training_is_left_out_where_there_was_one(tmp_path: Path) -> None:
    fields = invent_study()
    fields["raters"][1]["trained"] = False
    assert of_rater(fields, tmp_path).left_out == ("did not finish the training",)
    fields["items"] = [one for one in fields["items"] if one["role"] != "training"]
    for name in ("ratings", "outputs"):
        fields[name] = [one for one in fields[name] if one["item"] != "train0"]
    assert of_rater(fields, tmp_path).left_out == ()


def test_the_same_value_in_all_five_is_told_and_nobody_is_left_out_for_it(tmp_path: Path) -> None:
    fields = invent_study()
    for number, one in enumerate(own(fields)):
        one["values"] = dict.fromkeys(one["values"], 1 + number % 5)
    flat = of_rater(fields, tmp_path)
    assert flat.same_in_all_dimensions == 48
    assert flat.left_out == ()


def test_nine_like_answers_may_be_chance(tmp_path: Path) -> None:
    fields = invent_study()
    for one in (mine := own(fields)):
        one["values"] = dict.fromkeys(one["values"], 3)
    assert of_rater(fields, tmp_path).left_out == ("one answer throughout",)
    fields["ratings"] = [one for one in fields["ratings"] if one not in mine[9:]]
    assert of_rater(fields, tmp_path).left_out == ()


def test_who_stops_early_is_counted_and_stays(tmp_path: Path) -> None:
    fields = invent_study()
    fields["raters"][1].update(done=20, skipped=4)
    assert of_rater(fields, tmp_path).dropped_out
    assert of_rater(fields, tmp_path).left_out == ()
    fields["raters"][1].update(done=20, skipped=34)
    assert not of_rater(fields, tmp_path).dropped_out


def test_who_withdrew_is_not_spoken_of(tmp_path: Path) -> None:
    fields = invent_study()
    fields["raters"][1]["withdrew"] = True
    fields["ratings"] = [one for one in fields["ratings"] if one["rater"] != "lay1"]
    fields["comments"] = []
    assert "lay1" not in {one.rater for one in conduct_of(read(fields, tmp_path))}


@pytest.mark.parametrize("form", ["scales", "pairs"])
def test_who_only_clicks_is_left_out_in_both_forms(form: str, tmp_path: Path) -> None:
    fields = invent_study(form=form)
    fields["planned"]["dimension"] = "" if form == "pairs" else "empathy"
    assert "one answer throughout" in of_rater(fields, tmp_path, CLICKER).left_out
