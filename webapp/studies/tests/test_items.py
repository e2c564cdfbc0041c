"""Items come from a file or from this site: read line by line, scrubbed, screened; and go when their case goes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from assistant import actions
from assistant.models import Draft, ModelVersion, Post, PreferenceExport
from webapp import test as build
from webapp.accounts.models import User
from webapp.privacy import erase_post
from webapp.studies import importing, opening, picking
from webapp.studies.marks import mark_of
from webapp.studies.models import Assignment, Comment, Item, Output, Rating, Study
from webapp.studies.tests import research
from webapp.studies.tests.research import line, sent_reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def alder() -> User:
    return research.person_of_research()


@pytest.fixture
def study(alder: User) -> Study:
    return research.planned(alder, items=0, raters=0)


@pytest.fixture
def desk(alder: User) -> Client:
    return research.client_of(alder)


def add(desk: Client, study: Study, text: str) -> str:
    return build.read(desk.post(f"/studies/research/{study.id}/items", {"lines": text}, follow=True))


# From a file


def test_lines_become_items_with_their_texts_and_what_the_checks_say(desk: Client, study: Study) -> None:
    assert "2 items were added." in add(desk, study, f"{line('one')}\n\r\n{line('two', level=2, stratum='night')}\n")
    one, two = study.items.select_related("case").order_by("source")
    assert (one.post, one.level, two.level, two.stratum) == (research.POST, 0, 2, "night")
    texts = {output.arm.key: output for output in one.outputs.select_related("arm", "case")}
    assert texts["alone"].text == research.ALONE
    assert {output.screened for output in texts.values()} <= {"clear", "noted"}
    assert all(len(output.sha256) == 64 for output in texts.values())
    page = build.read(desk.get(f"/studies/research/{study.id}/items/{one.id}/"))
    assert research.ALONE in page
    assert research.POST in page


def test_every_text_is_scrubbed_on_its_way_in(desk: Client, study: Study) -> None:
    given = line(
        "one",
        post=f"{research.POST} {research.CONTACT}",
        outputs={"alone": f"{research.ALONE} {research.CONTACT}", "improved": research.IMPROVED},
        about=f"Living alone, {research.CONTACT}",
        draft=f"{research.ALONE} {research.CONTACT}",
        role="training",
        expected={"empathy": [3, 5]},
        explanation=f"It asks. {research.CONTACT}",
    )
    assert "1 item was added." in add(desk, study, given)
    item = Item.objects.select_related("case").get()
    kept = [item.post, item.about, item.explanation]
    kept += [text for row in item.outputs.select_related("case") for text in (row.text, row.draft)]
    assert not any("heron" in text for text in kept)
    assert sum("[email]" in text for text in kept) == 4  # a draft is kept only for a model that has to write


def test_what_the_checks_hold_is_given_to_nobody_until_somebody_says_why(alder: User, desk: Client) -> None:
    study = research.planned(alder, items=2, raters=2)
    study.items.get(source="kitchen-2").delete()
    add(desk, study, line("harsh", outputs={"alone": build.HURTFUL_REPLY, "improved": research.IMPROVED}))
    held = Output.objects.get(screened="held")
    at = f"/studies/research/{study.id}"
    answer = desk.post(f"{at}/open")
    assert answer.status_code == 422
    assert "The checks hold 1 text" in build.read(answer)
    assert desk.post(f"{at}/outputs/{held.id}/allow", {"reason": " "}).status_code == 422
    assert Output.objects.get(id=held.id).screened == "held"
    given = {"reason": "Raters are to show that they see it."}
    assert desk.post(f"{at}/outputs/{held.id}/allow", given).status_code == 302
    page = build.read(desk.get(f"{at}/items/{held.item_id}/"))
    assert "alder: Raters are to show that they see it." in page
    again = desk.post(f"{at}/outputs/{held.id}/allow", given)
    assert "The checks do not hold this text" in build.read(again)
    assert desk.post(f"{at}/open").status_code == 302
    assert Assignment.objects.filter(output_id=held.id).exists()


def test_a_held_text_that_is_left_out_leaves_a_gap_that_is_said(alder: User, desk: Client) -> None:
    study = research.planned(alder, items=2, raters=2)
    add(desk, study, line("harsh", outputs={"alone": build.HURTFUL_REPLY, "improved": research.IMPROVED}))
    held = Output.objects.get(screened="held")
    at = f"/studies/research/{study.id}"
    assert desk.post(f"{at}/outputs/{held.id}/leave-out").status_code == 302
    gone = Output.objects.select_related("case").get(id=held.id)
    assert (gone.text, gone.sha256, gone.problem) == ("", "", "left_out")
    assert "1 item has no text in the arm alone: harsh." in build.read(desk.get(f"{at}/check"))
    assert desk.post(f"{at}/open").status_code == 302
    assert not Assignment.objects.filter(output_id=held.id).exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "This is no JSON."),
        ("[" * 2000, "This is no JSON."),
        ("[1]", "no JSON object"),
        ('{"id": "one", "post": "A post."}', "“outputs” is missing."),
        ('{"id": "one", "post": "A", "outputs": {"alone": "B", "alone": "C"}}', "“alone” stands twice in this line."),
        (line("one", colour="red"), "“colour” is no field of an item."),
        (line("one two"), "“id”: up to 64 letters"),
        (line("heron@example.org"), "“id”: up to 64 letters"),
        (line("x" * 65), "“id”: up to 64 letters"),
        (line("one", post=" "), "“post” is empty."),
        (line("one", post=["A post."]), "“post” has to be a text."),
        (line("one", post="A post.\x00"), "“post” holds a control character"),
        (line("one", post="A post. \ud800"), "“post” holds a control character"),
        (line("one", post="x" * 40_001), "“post” is longer than 40000 characters."),
        (line("one", outputs={"third": "Hello."}), "“third” is no arm of this study. Its arms: alone, improved."),
        (line("one", outputs={"alone": 3}), "“outputs.alone” has to be a text."),
        (line("one", outputs={"alone": ""}), "“outputs.alone” is empty."),
        (line("one", outputs=[]), "an object with a text for each arm"),
        (line("one", language="English!"), "“language”: a code like en"),
        (line("one", level=5), "“level”: a whole number from 0 to 4."),
        (line("one", level=True), "“level”: a whole number from 0 to 4."),
        (line("one", about="x" * 201), "“about” is longer than 200 characters."),
        (line("one", role="judge"), "“role”: one of rated, training, attention."),
        (line("one", expected={"empathy": [1, 2]}), "belongs to training and attention items alone"),
        (line("one", role="attention"), "“expected” is missing"),
        (line("one", role="attention", expected={"empathy": [4, 2]}), "for a dimension [lowest, highest]"),
        (line("one", role="attention", expected={"empathy": [1, True]}), "for a dimension [lowest, highest]"),
        (line("one", role="attention", expected={"warmth": [1, 2]}), "for a dimension [lowest, highest]"),
        (line("one", role="training", expected={"empathy": [1, 2]}), "“explanation” is empty."),
        (line("kitchen"), "“kitchen” stands in line 1 already."),
    ],
)
def test_a_line_that_is_not_right_is_named_and_nothing_is_stored(
    desk: Client, study: Study, text: str, said: str
) -> None:
    page = add(desk, study, f"{line('kitchen')}\n{text}")
    assert f"Line 2: {said}" in page or ("Line 2: " in page and said in page)
    assert not Item.objects.exists()


def test_an_item_that_is_there_already_and_too_many_lines_are_refused(desk: Client, study: Study) -> None:
    add(desk, study, line("kitchen"))
    assert "“kitchen” is in this study already." in add(desk, study, line("kitchen"))
    many = "\n".join(line(f"n-{number}", post="A short one.") for number in range(importing.MOST_LINES + 1))
    assert "101 lines; 100 fit at a time." in add(desk, study, many)
    assert "There is nothing here yet" in add(desk, study, " ")
    assert study.items.count() == 1


def test_expected_of_a_pair_names_the_better_arm(alder: User, desk: Client) -> None:
    study = research.planned(alder, items=0, raters=0, form="pairs")
    right = line("one", role="attention", expected={"preferred": "improved"})
    wrong = line("two", role="attention", expected={"empathy": [1, 2]})
    assert "Line 1: “expected” of a pair" in add(desk, study, wrong)
    assert "1 item was added." in add(desk, study, right)
    assert Item.objects.get().expected == {"preferred": "improved"}


def test_what_a_model_took_from_the_draft_is_no_invention_of_its_own(desk: Client, study: Study) -> None:
    own, revised = build.KIND_DRAFT, build.KIND_REVISION
    add(desk, study, line("given", outputs={"improved": revised}, draft=own))
    add(desk, study, line("beside", outputs={"alone": own, "improved": revised}))
    add(desk, study, line("without", outputs={"improved": revised}))
    rows = Output.objects.filter(arm__key="improved")
    screened = dict(rows.values_list("item__source", "screened"))
    assert screened["given"] in ("clear", "noted")
    assert screened["beside"] == screened["given"]
    assert screened["without"] == "held"  # "I remember how quiet my first flat was"


# From this site


def pick(desk: Client, study: Study, count: int = 10) -> str:
    return build.read(desk.post(f"/studies/research/{study.id}/pick", {"count": count, "seed": "3"}, follow=True))


def test_the_own_first_draft_and_what_was_sent_with_help_are_picked_scrubbed(desk: Client, study: Study) -> None:
    draft = sent_reply("wren")
    assert draft.status == Draft.Status.SENT
    assert "1 item was picked." in pick(desk, study)
    item = Item.objects.select_related("case").get()
    texts = {row.arm.key: row.text for row in item.outputs.select_related("case", "arm")}
    assert "7946" not in texts["alone"]
    assert "[phone]" in texts["alone"]
    assert texts["improved"] == build.KIND_REVISION
    assert item.case_id == study.case_id
    assert item.stratum == "level 0, en"
    for known in (draft.id, draft.case_id, draft.post_id, draft.author_id):
        assert str(known) not in json.dumps([item.source, item.about, item.stratum])
    assert not PreferenceExport.objects.exists()


def test_nothing_is_picked_to_which_somebody_did_not_agree_or_that_is_still_open(desk: Client, study: Study) -> None:
    sent_reply("wren", may_be_learned_from=False)
    sent_reply("robin", agreed=False, number=2)
    human = sent_reply("fern", number=3)
    Post.objects.filter(id=human.post_id).update(human_only=True)
    erased = sent_reply("fern", number=4)
    erase_post(erased.post)
    worried = sent_reply("fern", number=5)
    actions.worry(worried.post, by=worried.author)
    assert "There is no finished reply" in pick(desk, study)
    assert "Up to 0 finished replies can be picked" in build.read(desk.get(f"/studies/research/{study.id}/items"))
    assert not Item.objects.exists()


def test_a_reply_without_help_is_no_pair_but_is_a_draft_for_a_model_that_is_named(desk: Client, alder: User) -> None:
    study = research.planned(alder, items=0, raters=0)
    sent_reply("wren", helped=False)
    assert "There is no finished reply" in pick(desk, study)
    version = ModelVersion.objects.create(name="candidate-1", sha256="5" * 64)
    study.arms.filter(key="improved").update(version=version)
    assert "1 item was picked." in pick(desk, study)
    texts = {row.arm.key: (row.draft, row.text) for row in Output.objects.select_related("arm", "case")}
    assert texts == {"alone": ("", build.KIND_DRAFT), "improved": (build.KIND_DRAFT, "")}


def test_the_same_seed_picks_the_same_and_evenly_over_levels() -> None:
    class Level:
        def __init__(self, level: int, number: int) -> None:
            self.stratum, self.source = f"level {level}, en", f"case-{number}"

    found: Any = [Level(0 if number < 40 else 1, number) for number in range(50)]
    drawn = picking.draw(found, seed=4)[:10]
    assert drawn == picking.draw(found, seed=4)[:10]
    assert drawn != picking.draw(found, seed=5)[:10]
    assert sum(one.stratum == "level 1, en" for one in drawn) == 5
    assert len(picking.draw(found, seed=4)) == 50


def test_picking_twice_takes_nothing_twice(desk: Client, study: Study) -> None:
    sent_reply("wren")
    pick(desk, study)
    assert "There is no finished reply" in pick(desk, study)
    assert study.items.count() == 1


def test_when_a_case_is_erased_its_texts_go_from_the_study_and_the_numbers_stay(alder: User, desk: Client) -> None:
    study = research.planned(alder, items=1, raters=2)
    draft = sent_reply("wren")
    assert "1 item was picked." in pick(desk, study)
    opening.open_study(study, by=alder)
    item = Item.objects.get(source=mark_of(study, draft.case_id))
    rows = list(Assignment.objects.filter(output__item=item).select_related("output__item", "output__case", "rater"))
    research.answer(rows[0])
    said = Comment(
        case=study.case, assignment=rows[0], output=rows[0].output, start=0, end=4, text="These words are warm."
    )
    said.save(force_insert=True)
    erase_post(draft.post)
    erase_post(draft.post)
    item = Item.objects.select_related("case").get(id=item.id)
    assert item.post == ""
    for output in item.outputs.select_related("case"):
        assert (output.text, output.draft, output.sha256, output.problem) == ("", "", "", "erased")
    assert not Comment.objects.exists()
    assert list(Assignment.objects.filter(output__item=item)) == [rows[0]]
    assert Rating.objects.filter(assignment=rows[0]).exists()
    other = study.items.exclude(id=item.id).select_related("case").first()
    assert other is not None
    assert other.post
    assert desk.get(f"/studies/research/{study.id}/items/{item.id}/").status_code == 200


def test_blank_lines_around_a_text_which_would_tell_who_wrote_it_are_taken_off(desk: Client, study: Study) -> None:
    add(desk, study, line("one", outputs={"alone": f"\n\n  {research.ALONE}\n\n", "improved": research.IMPROVED}))
    texts = {row.arm.key: row.text for row in Output.objects.select_related("case", "arm")}
    assert texts == {"alone": research.ALONE, "improved": research.IMPROVED}


@pytest.mark.parametrize(
    "text", ["id,post,alone\none,A post.,A reply.", json.dumps([json.loads(line("one"))], indent=1)]
)
def test_what_is_no_such_file_at_all_is_said_once(desk: Client, study: Study, text: str) -> None:
    page = add(desk, study, text)
    assert "Line 1: No line of it is a JSON object. A table (CSV) and one list over many lines are not read" in page
    assert "Line 2" not in page
