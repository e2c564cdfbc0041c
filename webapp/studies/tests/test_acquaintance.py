"""Nobody rates a text of a case that they had to do with here, and the pages say where somebody has fewer texts for it."""

from __future__ import annotations

from random import Random

import pytest
from django.utils import timezone

from assistant import actions
from assistant.models import Draft
from moderation.models import CaseNote, Flag
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.studies import opening, picking, planning
from webapp.studies.acquaintance import items_known_to
from webapp.studies.assigning import assign, uncovered
from webapp.studies.faults import faults_of
from webapp.studies.marks import mark_of
from webapp.studies.models import Assignment, Item, Rater, Study
from webapp.studies.tests import research
from webapp.studies.tests.research import sent_reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def alder() -> User:
    return research.person_of_research()


def picked(alder: User, *names: str, **sizes: int) -> Study:
    """A study of one reply by each of these supporters."""
    for number, name in enumerate(names, start=1):
        sent_reply(name, number=number)
    study = research.planned(alder, items=0, raters=0, **{"lay_ratings": 1} | sizes)
    assert picking.pick_items(study, count=100, seed=1, by=alder) == len(names)
    return study


def ask(study: Study, *names: str) -> list[Rater]:
    return [planning.add_rater(study, name=name, panel="lay", credentials="", by=study.by) for name in names]


def sources(rater: Rater) -> set[str]:
    return set(rater.assignments.values_list("output__item__source", flat=True))


def source_of(study: Study, name: str) -> str:
    return mark_of(study, Draft.objects.get(author__username=name).case_id)


def test_a_supporter_is_given_neither_their_own_reply_nor_what_a_model_made_of_it(alder: User) -> None:
    study = picked(alder, "wren", "robin", "fern", lay_ratings=2)
    build.person("sorrel", Role.RATER)
    raters = ask(study, "wren", "robin", "fern", "sorrel")
    opening.open_study(study, by=alder)
    for rater in raters[:3]:
        assert source_of(study, rater.user.username) not in sources(rater)
        assert rater.assignments.exists()
    assert uncovered(study) == []
    assert [rater.assignments.count() for rater in raters] == [3, 3, 3, 3]


def test_who_answered_the_post_too_or_decided_about_its_case_is_not_given_it_either(alder: User) -> None:
    study = picked(alder, "wren", "robin")
    case = Draft.objects.get(author__username="wren").case
    fern, rowan = build.person("fern", Role.SUPPORTER), build.person("rowan", Role.MODERATOR)
    Draft.objects.create(case=case, post=case.post, author=fern)
    note = CaseNote(case=case, by=rowan, text="I read this one.")
    note.save(force_insert=True)
    wren_s = Item.objects.get(source=source_of(study, "wren")).id
    wren, sorrel = User.objects.get(username="wren"), build.person("sorrel", Role.RATER)
    known = items_known_to(study, [person.id for person in (wren, fern, rowan, sorrel)])
    assert known == {person.id: {wren_s} for person in (wren, fern, rowan)}


def test_who_only_read_the_case_at_the_desk_knows_it_too(alder: User) -> None:
    study = picked(alder, "wren", "robin")
    draft = Draft.objects.get(author__username="wren")
    actions.worry(draft.post, by=draft.author)
    flag = Flag.objects.get(case=draft.case)
    rowan, linden = build.person("rowan", Role.MODERATOR), build.person("linden", Role.MODERATOR)
    assert research.client_of(rowan).get(f"/moderation/flags/{flag.id}/").status_code == 200
    wren_s = Item.objects.get(source=source_of(study, "wren")).id
    assert items_known_to(study, [rowan.id, linden.id]) == {rowan.id: {wren_s}}


@pytest.mark.parametrize("seed", range(8))
def test_random_studies_give_nobody_what_they_know_and_everything_to_somebody(alder: User, seed: int) -> None:
    """Whoever writes also rates; sizes, skips, joining and leaving by chance."""
    draw = Random(seed)
    writers = [f"writer-{number}" for number in range(draw.randint(3, 5))]
    study = picked(alder, *(draw.choice(writers) for _ in range(draw.randint(3, 6))), lay_ratings=draw.randint(1, 2))
    for name in writers:
        if not User.objects.filter(username=name).exists():
            build.person(name, Role.SUPPORTER)
    raters = ask(study, *writers[:-1])
    opening.open_study(study, by=alder)
    for row in Assignment.objects.filter(rater__in=raters, position__lte=draw.randint(0, 2)):
        Assignment.objects.filter(id=row.id).update(shown_at=timezone.now(), done_at=timezone.now())
    raters += ask(study, writers[-1])
    known = items_known_to(study, [rater.user_id for rater in raters])
    for rater in raters:
        given = set(rater.assignments.values_list("output__item_id", flat=True))
        assert not given & known.get(rater.user_id, set())
    for lack in uncovered(study):
        item = Item.objects.get(study=study, source=lack.source).id
        for rater in raters:
            has = rater.assignments.filter(output__item_id=item, output__arm__key=lack.arms[0]).exists()
            assert has or item in known.get(rater.user_id, set())


def test_what_somebody_came_to_know_later_is_taken_back_unless_they_saw_it(alder: User) -> None:
    study = picked(alder, "wren", "robin")
    build.person("rowan", Role.MODERATOR)
    (rater,) = ask(study, "rowan")
    opening.open_study(study, by=alder)
    rows = Assignment.objects.filter(rater=rater, output__item__source=source_of(study, "wren")).order_by("position")
    assert rows.count() == 2
    seen = rows[0]
    Assignment.objects.filter(id=seen.id).update(shown_at=timezone.now())
    note = CaseNote(case=Draft.objects.get(author__username="wren").case, by=rater.user, text="I read this one.")
    note.save(force_insert=True)
    assign(study)
    assert list(rows.values_list("id", flat=True)) == [seen.id]


def test_the_pages_say_that_somebody_has_fewer_texts_for_it_and_not_who_nor_which(alder: User) -> None:
    study = picked(alder, "wren", "robin", lay_ratings=2)
    build.person("sorrel", Role.RATER)
    said = [fault.text for fault in faults_of(study) if not fault.missing]
    assert not any("also write or decide" in one for one in said)
    wren, sorrel = ask(study, "wren", "sorrel")
    said = [fault.text for fault in faults_of(study) if not fault.missing]
    assert any("also write or decide" in one for one in said)
    opening.open_study(study, by=alder)
    for rater in (wren, sorrel):
        Rater.objects.filter(id=rater.id).update(consented_at=timezone.now())
        rater.assignments.update(shown_at=timezone.now(), done_at=timezone.now())
    page = build.read(research.client_of(alder).get(f"/studies/research/{study.id}/"))
    assert "2 ratings that the plan wants are given to nobody." in page
    assert "Some raters had to do with cases that were picked here" in page
    assert source_of(study, "wren") not in page
    ends = {
        rater.user.username: build.read(research.client_of(rater.user).get(f"/studies/rate/{study.id}/"))
        for rater in (wren, sorrel)
    }
    assert "You have fewer texts than others" in ends["wren"]
    assert "You have fewer texts than others" not in ends["sorrel"]


def test_without_picked_items_nothing_is_looked_up(alder: User, django_assert_num_queries: object) -> None:
    study = research.planned(alder)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert items_known_to(study, [alder.id]) == {}
