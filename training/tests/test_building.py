"""Examples are built from what people wrote, and nothing in a revision has to be invented."""

from __future__ import annotations

import random

import pytest

from assistant.changes import sentences_in
from assistant.inference.trained_prompts import Task
from training.building import Line, Options, build
from training.building.cues import Cue, cues
from training.building.reflections import ask, flip, listen, reflect
from training.building.replies import windows
from training.building.text import content
from training.building.wording import blunt, slip, soften, stiffen
from training.own_pairs import balanced, mark, pairs
from training.schemas import Comment, Example, Origin, Rewrite, Thread

ORIGIN = Origin("invented", "1", "mit")
POST = (
    "I feel so lonely since my sister moved abroad in spring. We used to cook together every Sunday. My manager keeps giving"
    " me the late shift and I can't sleep when I get home."
)
GOOD = (
    "It sounds like the Sundays are lonely since your sister moved. Cooking together was something you both had. What do you"
    " miss most about those Sundays? You could call her while you cook, even if it is a small meal. Late shifts make that harder."
)
PLAIN = (
    "You should talk to your manager about the shifts. Just write down when you sleep for a week. Find a group that cooks in"
    " your town. Sleep comes back when the hours are regular."
)
THREAD = Thread(
    id="t1",
    post=POST,
    comments=(Comment("a", GOOD, "heron", votes=3), Comment("b", PLAIN, "wren", votes=1)),
    origin=ORIGIN,
    topic="loneliness",
)


def made(**options: float) -> list[Example]:
    return [one for seed in range(30) for one in build([THREAD], options=Options(**options), seed=seed)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("my mother hates me", "your mother hates you"),
        ("i was late for my own party", "you were late for your own party"),
        ("I'm tired of myself", "you're tired of yourself"),
        ("he was late", "he was late"),
    ],
)
def test_what_the_post_says_is_turned_round(said: str, heard: str) -> None:
    assert flip(said) == heard


def test_what_is_heard_stands_in_the_post() -> None:
    known = content(POST)
    for heard in listen(POST):
        said = reflect(heard, random.Random(1))
        assert content(said) & known, said
    assert {one.kind for one in listen(POST)} == {"feeling", "cannot", "event", "told"}


def test_a_small_model_has_one_decision_to_make_at_the_first_word() -> None:
    for seed in range(20):
        assert {reflect(heard, random.Random(seed)).split()[0] for heard in listen(POST)} == {"It"}


def test_what_is_merely_told_is_said_back_when_nothing_else_is() -> None:
    told = listen("He sold our boat. My brother has the key. I love the old cat. How can I thank him without words?")
    assert {(one.kind, one.clause) for one in told} == {
        ("told", "your brother has the key"),
        ("glad", "you love the old cat"),
        ("wish", "you want to thank him without words"),
    }


def test_a_question_is_about_something_else_than_what_is_said_back() -> None:
    post = "I feel lonely and I can't find the time to cook."
    said = {
        ask(listen(post), told, random.Random(seed))
        for told in ("It sounds hard to feel lonely.",)
        for seed in range(9)
    }
    assert all("find the time to cook" in one for one in said)
    assert (
        ask(listen(post), "It sounds hard that you feel lonely and can't find the time to cook.", random.Random(1))
        == ""
    )


def test_no_question_is_about_somebody_whom_a_post_does_not_name() -> None:
    assert ask(listen("My brother has the key. He sold our boat."), "", random.Random(1)) == ""


def test_a_clause_ends_where_the_writer_ended_it() -> None:
    feels = "I feel alone because the whole neighbourhood celebrates"
    heard = [
        listen(feels + rest)[0].tail
        for rest in (" and my windows shook until the morning came.", " extravagantly " * 9)
    ]
    assert heard == [" because the whole neighbourhood celebrates", ""]


@pytest.mark.parametrize(
    "post",
    ["You all know how it is.", "I want to die and I took all my pills.", "Nothing is new.", 'He said "I am so sad".'],
)
def test_nothing_is_said_back_where_it_would_be_careless(post: str) -> None:
    assert listen(post) == []


def test_a_feeling_that_is_denied_is_not_heard() -> None:
    heard = listen("I am not sad about it but I feel tired.")
    assert [one.bare for one in heard if one.kind == "feeling"] == ["tired"]


def test_a_long_reply_gives_short_ones_that_hear_something() -> None:
    found = windows("Hello! I am a licensed person. " + GOOD + " Call 555123 now.", POST)
    assert found
    assert all("555" not in one.text and "licensed" not in one.text for one in found)
    assert Cue.REFLECTION in frozenset().union(*found[0].cues)


def test_set_phrases_are_known() -> None:
    assert Cue.STOCK in cues("I'm sorry to hear that.", content(POST))
    assert Cue.STOCK not in cues("It sounds like the Sundays are lonely since your sister moved.", content(POST))


def test_orders_and_offers_turn_into_each_other() -> None:
    assert blunt("You could talk to her.") == "You should talk to her."
    assert soften("You should talk to her.", random.Random(1)).endswith("talk to her.")
    assert soften("You should talk to her.", random.Random(1)) != "You should talk to her."
    assert soften("Nobody should talk.", random.Random(1)) == "Nobody should talk."


def test_a_slip_changes_letters_and_no_words() -> None:
    for seed in range(20):
        assert len(slip(GOOD, random.Random(seed)).split()) == len(GOOD.split())
    assert (
        stiffen("Talk to her now and find a way to help.", random.Random(1))
        != "Talk to her now and find a way to help."
    )


def test_the_same_seed_builds_the_same() -> None:
    assert list(build([THREAD], seed=4)) == list(build([THREAD], seed=4))
    assert list(build([THREAD], seed=4)) != list(build([THREAD], seed=5))


def test_every_task_is_built() -> None:
    assert {one.task for one in made(feedback=0.5)} == set(Task)


def test_a_revision_adds_only_what_can_be_read_from_the_post_or_the_draft() -> None:
    for one in made():
        if one.task is Task.IMPROVE and one.built != "nothing":
            known = content(one.post) | content(GOOD) | content(PLAIN)
            strange = [sentence for sentence in sentences_in(one.answer) if len(content(sentence) - known) > 2]
            assert strange == [], one.built


def test_what_is_to_be_kept_stands_in_draft_and_answer() -> None:
    kept = [one for one in made(keep=1.0) if one.keep]
    assert kept
    for one in kept:
        assert all(sentence in one.draft and sentence in one.answer for sentence in one.keep)


def test_a_reply_to_learn_says_something_back_and_asks() -> None:
    found = [one for one in made() if one.task is Task.GENERATE]
    assert found
    for one in found:
        said = [cues(sentence, content(one.post)) for sentence in sentences_in(one.answer)]
        assert any(Cue.REFLECTION in cue for cue in said)
        assert any(Cue.QUESTION in cue for cue in said)


def test_a_good_draft_stays_as_it_is() -> None:
    same = [one for one in made(nothing=1.0) if one.task is Task.IMPROVE]
    assert same
    assert all(one.draft == one.answer and one.built == "nothing" for one in same)


SILENT = (
    "Our street is quiet and my brother works at the corner, where our shop is closed since May."  # of more than one
)
LINES = [
    Line(f"l{n}", text, "robin", ORIGIN)
    for n, text in enumerate(("You should talk to somebody you trust.", "Just write down how you slept."))
]


def test_where_a_post_says_nothing_that_can_be_said_back_nothing_is_put_into_its_mouth() -> None:
    assert listen(SILENT) == []
    thread = Thread("t2", SILENT, (Comment("b", PLAIN, "wren", votes=1),), ORIGIN)
    built = [one for seed in range(30) for one in build([thread], lines=LINES, options=Options(nothing=0), seed=seed)]
    revised = [one for one in built if one.task is Task.IMPROVE]
    assert revised
    assert "orders made offers" in {what for one in revised for what in one.built.split("; ")}
    for one in revised:
        assert "heard" not in one.built
        assert "question" not in one.built
        assert not any(Cue.REFLECTION in cues(said, content(SILENT)) for said in sentences_in(one.answer))


@pytest.mark.parametrize(("share", "some"), [(1.0, True), (0.0, False)])
def test_a_rewritten_post_with_nothing_to_say_back_serves_as_often_as_it_is_asked_to(share: float, some: bool) -> None:
    rewrite = Rewrite("r", SILENT, "The street has its peace.", ORIGIN)
    options = Options(unheard=share)
    built = [one for seed in range(20) for one in build([], [rewrite], lines=LINES, options=options, seed=seed)]
    assert bool(built) is some


def test_a_good_reply_without_a_question_may_be_given_one() -> None:
    reply = (
        "It sounds like the Sundays are lonely since your sister moved. Cooking together was something you both had."
    )
    thread = Thread("t3", POST, (Comment("a", reply, "heron", votes=3),), ORIGIN)
    answers = [one.answer for seed in range(30) for one in build([thread], seed=seed) if one.task is Task.IMPROVE]
    assert any(answer.endswith("?") for answer in answers)


EXAMPLE = Example(
    id="e",
    task=Task.IMPROVE,
    post=POST,
    draft="You should talk to your manager about the shifts. Other people have it worse.",
    answer="Feeling so lonely since your sister moved abroad is hard. You could talk to your manager about the shifts.",
    origin=ORIGIN,
    group="t1",
    built="invented",
)
LETTER = "Dear friend, I hope you are well. Sincerely, me"
STOCK = "I'm sorry to hear that. You should talk to your manager about the shifts."


def test_the_good_revision_has_better_marks_than_any_bad_answer() -> None:
    good = mark(EXAMPLE.answer, EXAMPLE).total
    for bad in (
        EXAMPLE.draft,
        LETTER,
        STOCK,
        EXAMPLE.post,
        "",
        EXAMPLE.answer + " My aunt lost her dog in Peru last week.",
    ):
        assert mark(bad, EXAMPLE).total < good - 0.5, bad


def test_own_answers_are_paired_best_over_worst() -> None:
    (pair,) = pairs([(EXAMPLE, [EXAMPLE.answer, LETTER, STOCK])], margin=0.5)
    assert pair.chosen == EXAMPLE.answer
    assert pair.rejected in (LETTER, EXAMPLE.draft, STOCK)
    assert pair.score_chosen > pair.score_rejected


@pytest.mark.parametrize(("share", "counts"), [(1.0, (12, 4, 2)), (0.5, (6, 4, 2)), (0.4, (4, 4, 2))])
def test_no_mark_is_told_by_more_than_its_share_of_the_pairs(share: float, counts: tuple[int, ...]) -> None:
    (pair,) = pairs([(EXAMPLE, [EXAMPLE.answer, LETTER])], margin=0.5)
    found = [(name, pair) for name, count in (("moved", 12), ("kept", 4), ("clean", 2)) for _ in range(count)]
    kept = [name for name, _ in balanced(found, share)]
    assert tuple(kept.count(name) for name in ("moved", "kept", "clean")) == counts
