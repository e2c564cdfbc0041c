"""Giving out the texts of a study: when it opens, when somebody joins or leaves, and what is short."""

from __future__ import annotations

from collections import Counter

import pytest
from django.utils import timezone

from webapp import test as cast
from webapp.accounts.roles import Role
from webapp.studies.assigning import Lack, assign, uncovered
from webapp.studies.models import Assignment, Item, Output, Rater, Study
from webapp.studies.tests import building as build

pytestmark = pytest.mark.django_db


def rated(one: Rater) -> list[Assignment]:
    return [row for row in build.order_of(one) if row.output.item.role == Item.Role.RATED]


def test_every_text_is_given_to_as_many_as_the_study_wants() -> None:
    study = build.study(lay_ratings=2)
    raters = build.raters(study, 3)
    given = Counter(row.output_id for one in raters for row in rated(one))
    assert set(given.values()) == {2}
    assert len(given) == 6
    assert {len(rated(one)) for one in raters} == {4}
    assert uncovered(study) == []


def test_training_comes_first_and_a_check_of_attention_among_the_texts() -> None:
    study = build.study(items=4)
    for one in build.raters(study, 3):
        roles = [row.output.item.role for row in build.order_of(one)]
        assert roles[0] == Item.Role.TRAINING
        assert roles.count(Item.Role.TRAINING) == roles.count(Item.Role.ATTENTION) == 1
        assert roles.index(Item.Role.ATTENTION) > 1
        assert [row.position for row in build.order_of(one)] == list(range(1, len(roles) + 1))


def test_what_cannot_be_covered_is_returned() -> None:
    study = build.study(items=1, lay_ratings=2, clinician_ratings=1)
    build.raters(study, 1)
    assert assign(study) == [
        *[Lack("clinician", "post-1", (arm,), 0, 1) for arm in ("alone", "improved")],
        *[Lack("lay", "post-1", (arm,), 1, 2) for arm in ("alone", "improved")],
    ]


def test_nobody_is_given_more_than_the_most_per_rater_without_training_and_attention() -> None:
    study = build.study(items=5, most_per_rater=4, lay_ratings=1)
    raters = build.raters(study, 2)
    assert [len(rated(one)) for one in raters] == [4, 4]
    assert len(uncovered(study)) == 2


def test_running_it_again_changes_nothing() -> None:
    study = build.study()
    raters = build.raters(study, 2)
    before = [[(row.id, row.position) for row in build.order_of(one)] for one in raters]
    assign(study)
    assert before == [[(row.id, row.position) for row in build.order_of(one)] for one in raters]


def test_panels_are_given_texts_apart_and_one_that_is_not_asked_gets_nothing() -> None:
    study = build.study(lay_ratings=0, clinician_ratings=1)
    lay, clinician = build.raters(study, 1)[0], build.raters(study, 1, panel="clinician")[0]
    assert build.order_of(lay) == []
    assert len(rated(clinician)) == 6


def test_a_text_that_no_model_wrote_is_given_to_nobody() -> None:
    study = build.study()
    missing = Output.objects.filter(item__source="post-1", arm__key="improved").get()
    Output.objects.filter(id=missing.id).update(sha256="", problem="engine")
    raters = build.raters(study, 2)
    assert missing.id not in {row.output_id for one in raters for row in rated(one)}
    assert uncovered(study) == []


def test_who_joins_later_takes_over_what_nobody_has_looked_at() -> None:
    study = build.study(items=6, lay_ratings=1)
    first = build.raters(study, 1)[0]
    looked_at = rated(first)[:3]
    Assignment.objects.filter(id__in=[row.id for row in looked_at]).update(shown_at=timezone.now())
    second = build.rater(study, cast.person("sorrel", Role.RATER))
    assert {row.id for row in looked_at} <= {row.id for row in rated(first)}
    assert (len(rated(first)), len(rated(second))) == (6, 6)
    assert uncovered(study) == []
    assert not {row.output_id for row in rated(first)} & {row.output_id for row in rated(second)}


def test_a_skipped_text_is_given_to_somebody_else_and_not_to_the_same_again() -> None:
    study = build.study(items=1, lay_ratings=1)
    first = build.raters(study, 1)[0]
    skipped = rated(first)[0]
    Assignment.objects.filter(id=skipped.id).update(shown_at=timezone.now(), skipped="known")
    assert [lack.given for lack in assign(study)] == [0]
    second = build.rater(study, cast.person("sorrel", Role.RATER))
    assert skipped.output_id in {row.output_id for row in rated(second)}
    assert [row.output_id for row in rated(first)].count(skipped.output_id) == 1


def test_who_withdrew_is_given_nothing_more() -> None:
    study = build.study(lay_ratings=1)
    gone = build.raters(study, 2)[0]
    Rater.objects.filter(id=gone.id).update(withdrew_at=timezone.now())
    gone.assignments.all().delete()
    assert assign(study) == []
    assert build.order_of(gone) == []


def pairs_of(one: Rater) -> list[tuple[str, str]]:
    return [(row.output.arm.key, row.other.arm.key) for row in rated(one) if row.other is not None]


def test_pairs_are_of_one_post_and_each_arm_is_first_as_often_as_second() -> None:
    study = build.study(items=6, arms=("alone", "improved", "generated"), form=Study.Form.PAIRS, lay_ratings=2)
    raters = build.raters(study, 3)
    assert all(len(pairs_of(one)) == 12 for one in raters)
    for one in raters:
        assert all(row.other is not None and row.other.item_id == row.output.item_id for row in build.order_of(one))
        turns = Counter(pairs_of(one))
        assert all(abs(count - turns[second, first]) <= 1 for (first, second), count in turns.items())
    both = Counter(tuple(sorted(pair)) for one in raters for pair in pairs_of(one))
    assert both == dict.fromkeys((("alone", "generated"), ("alone", "improved"), ("generated", "improved")), 12)


def test_pairs_that_change_hands_stay_counterbalanced() -> None:
    study = build.study(items=8, form=Study.Form.PAIRS, lay_ratings=1)
    first = build.raters(study, 1)[0]
    Assignment.objects.filter(id__in=[row.id for row in rated(first)[:3]]).update(shown_at=timezone.now())
    second = build.rater(study, cast.person("sorrel", Role.RATER))
    for one in (first, second):
        turns = Counter(pairs_of(one))
        assert sorted(turns.values()) == [2, 2]
