from __future__ import annotations

import random
from dataclasses import replace

import pytest

from assistant.changes import Kind
from assistant.inference.trained_prompts import Task
from training.pairs import (
    PairError,
    PairOptions,
    PairReport,
    community_votes,
    human_ratings,
    moderator_decisions,
    supporter_feedback,
)
from training.schemas import Comment, Consent, Objective, Origin, Pair, Thread
from training.sources.labelled import LabelledText
from training.sources.lantern import FinishedDraft, JudgedChange, Moderation, Outcome, Verdict

ORIGIN = Origin("threads", "1", "mit")
OWN = Origin("lantern", "1", "own", Consent.GIVEN)
POST = "I moved to a new town and know nobody here."
WORDS = "river lamp kettle garden window parrot carpet drawer bucket candle hammer pillow blanket ladder".split()  # noqa: SIM905
OPEN = PairOptions(longer_chosen=(0.0, 1.0))  # no balancing


def say(words: int, seed: int = 0) -> str:
    """Different words for each seed."""
    draw = random.Random(seed)
    return " ".join(draw.choice(WORDS) + draw.choice(WORDS) for _ in range(words))


def answer(id: str, votes: int | None, words: int = 20, *, author: str = "", created: int | None = None) -> Comment:
    return Comment(id, say(words, seed=sum(map(ord, id)) * 31 + words), author or f"by-{id}", votes, created)


def thread(*comments: Comment, id: str = "t1") -> Thread:
    return Thread(id, POST, comments, ORIGIN)


def ids(pairs: list[Pair]) -> list[str]:
    return [one.id for one in pairs]


def dropped(*comments: Comment, options: PairOptions = OPEN) -> dict[str, int]:
    pairs, report = community_votes([thread(*comments)], options)
    assert not pairs
    return dict(report.dropped)


# Votes


def test_the_answer_with_more_votes_is_chosen_whatever_stands_first() -> None:
    pairs, report = community_votes([thread(answer("a", 1), answer("b", 9))], OPEN)
    (pair,) = pairs
    assert (pair.id, pair.score_chosen, pair.score_rejected) == ("t1/b/a", 9, 1)
    assert (pair.task, pair.post, pair.group, pair.origin) == (Task.GENERATE, POST, "t1", ORIGIN)
    assert (pair.author_chosen, pair.author_rejected) == ("by-b", "by-a")
    assert (report.considered, report.kept, report.posts) == (1, 1, 1)


def test_answers_to_different_posts_are_never_compared() -> None:
    pairs, report = community_votes([thread(answer("a", 9)), thread(answer("b", 1), id="t2")], OPEN)
    assert not pairs
    assert report.considered == 0


def test_votes_that_are_not_known_are_not_zero() -> None:
    assert dropped(answer("a", 9), answer("b", None)) == {}


@pytest.mark.parametrize(
    ("high", "low", "reason"),
    [
        (1, 0, "too few votes"),
        (3, 2, "too small a gap"),
        (140, 138, "too small a gap"),  # two votes, but nothing in proportion
        (5, 5, "too small a gap"),
        (-1, -9, "too few votes"),
    ],
)
def test_a_pair_needs_votes_and_a_gap(high: int, low: int, reason: str) -> None:
    assert dropped(answer("a", high), answer("b", low)) == {reason: 1}


def test_a_recipe_may_ask_for_less() -> None:
    options = PairOptions.of({"least_votes": 1, "least_gap": 1, "longer_chosen": [0.0, 1.0]})
    pairs, _report = community_votes([thread(answer("a", 1), answer("b", 0))], options)
    assert ids(pairs) == ["t1/a/b"]


def test_a_recipe_with_a_wrong_option_is_refused() -> None:
    with pytest.raises(PairError, match="gap: no such option"):
        PairOptions.of({"gap": 3})
    with pytest.raises(PairError, match=r"longer_chosen=0\.6"):
        PairOptions(longer_chosen=(0.6, 0.7))
    with pytest.raises(PairError, match="most_length_ratio"):
        PairOptions(most_length_ratio=0.5)


@pytest.mark.parametrize(
    ("better", "worse", "reason"),
    [
        (answer("a", 9, 50), answer("b", 1, 20), "too different in length"),
        (answer("a", 9, 10), answer("b", 1, 5), "too short"),
        (answer("a", 9, 450), answer("b", 1, 300), "too long"),
        (answer("a", 9, author="x"), answer("b", 1, author="x"), "one author"),
        (answer("a", 9, created=1_000), answer("b", 1, created=1_000_000), "a head start"),
        (replace(answer("a", 9), text=say(20)), replace(answer("b", 1), text=say(20) + " x"), "the same text"),
    ],
)
def test_what_votes_may_follow_other_than_the_words_makes_no_pair(better: Comment, worse: Comment, reason: str) -> None:
    assert dropped(better, worse) == {reason: 1}


def test_an_answer_that_came_later_and_won_is_kept_and_counted() -> None:
    late, early = answer("a", 9, created=1_000_000), answer("b", 1, created=1_000)
    pairs, report = community_votes([thread(late, early)], OPEN)
    assert len(pairs) == 1
    assert report.earlier_chosen == 0
    assert community_votes([thread(answer("a", 9), answer("b", 1))], OPEN)[1].earlier_chosen is None


# Caps


def crowd(posts: int = 1, answers: int = 8, words: int = 20) -> list[Thread]:
    return [
        thread(*(answer(f"{post}-{place}", 3**place, words) for place in range(answers)), id=f"t{post}")
        for post in range(posts)
    ]


def test_one_post_gives_only_a_few_pairs_the_clearest_first() -> None:
    pairs, report = community_votes(crowd(), replace(OPEN, most_per_post=2))
    assert len(pairs) == 2
    assert report.dropped["enough of its post"] + report.dropped["enough of its answer"] > 20
    best = [one for one in pairs if one.score_chosen == 3**7]
    assert best
    assert min(one.score_rejected for one in best) == 1


def test_one_answer_does_not_stand_in_every_pair() -> None:
    pairs, _report = community_votes(crowd(), replace(OPEN, most_per_post=20, most_per_answer=1))
    answers = [part for one in pairs for part in one.id.split("/")[1:]]
    assert len(answers) == len(set(answers))


def test_one_author_does_not_teach_the_model_alone() -> None:
    threads = [thread(answer(f"{n}a", 9, author="famous"), answer(f"{n}b", 1), id=f"t{n}") for n in range(10)]
    pairs, report = community_votes(threads, replace(OPEN, most_per_author=3))
    assert len(pairs) == 3
    assert report.dropped["enough of its author"] == 7


def test_an_answer_that_must_not_be_learned_takes_nobodys_place() -> None:
    first, second, last = answer("a", 9), answer("b", 5), answer("c", 1)
    options = replace(OPEN, most_per_post=1)
    assert ids(community_votes([thread(first, second, last)], options)[0]) == ["t1/a/c"]

    def unfit(text: str, post: str) -> str:
        assert post == POST
        return "holds a placeholder" if text == first.text else ""

    pairs, report = community_votes([thread(first, second, last)], options, unfit=unfit)
    assert ids(pairs) == ["t1/b/c"]
    assert report.dropped["holds a placeholder"] == 2


def test_a_crowded_post_is_drawn_from() -> None:
    busy = thread(*(answer(f"x{place}", place) for place in range(30)))
    _pairs, report = community_votes([busy], replace(OPEN, most_answers=10))
    assert report.dropped["more answers than are compared"] == 30 * 29 // 2 - 10 * 9 // 2
    assert report.considered == 30 * 29 // 2


# Length


def lengths(longer: int, shorter: int, equal: int = 0) -> list[Thread]:
    sizes = [(30, 20 + n % 5) for n in range(longer)] + [(20, 30)] * shorter + [(20, 20)] * equal
    return [
        thread(answer(f"{n}a", 9, high), answer(f"{n}b", 1, low), id=f"t{n}") for n, (high, low) in enumerate(sizes)
    ]


@pytest.mark.parametrize(("longer", "shorter", "equal"), [(30, 10, 0), (10, 30, 0), (30, 10, 10), (21, 20, 0)])
def test_the_longer_answer_is_chosen_in_about_half(longer: int, shorter: int, equal: int) -> None:
    pairs, report = community_votes(lengths(longer, shorter, equal), PairOptions())
    assert 0.45 <= report.longer_chosen <= 0.55
    assert report.longer_chosen_before == pytest.approx((longer + equal / 2) / (longer + shorter + equal))
    assert len(pairs) >= 2 * min(longer, shorter)
    assert len(pairs) + report.dropped["balance of lengths"] == longer + shorter + equal


def test_balancing_drops_first_what_differs_most_in_length() -> None:
    pairs, _report = community_votes(lengths(30, 10), PairOptions())
    spare = [len(one.rejected.split()) for one in pairs if len(one.chosen.split()) > len(one.rejected.split())]
    assert min(spare) >= 23


def test_a_single_pair_is_not_balanced_away() -> None:
    pairs, report = community_votes(lengths(1, 0), PairOptions())
    assert len(pairs) == 1
    assert report.longer_chosen == 1


def test_within_a_post_both_directions_get_their_turn() -> None:
    comments = [answer(f"l{n}", 1, 20) for n in range(3)] + [answer("s1", 1, 38)] + [answer("top", 30, 28)]
    pairs, _report = community_votes([thread(*comments)], replace(OPEN, most_per_post=2))
    assert any(len(one.rejected.split()) == 38 for one in pairs)


def test_where_only_one_is_taken_of_a_post_it_is_of_the_rarer_direction() -> None:
    threads = [
        thread(
            answer(f"{n}top", 30, 28),
            answer(f"{n}a", 1, 20),
            answer(f"{n}b", 1, 21),
            answer(f"{n}c", 1, 38),
            id=f"t{n}",
        )
        for n in range(5)
    ]
    pairs, report = community_votes(threads, replace(OPEN, most_per_post=1))
    assert report.longer_chosen_before > 0.5
    assert {len(one.rejected.split()) for one in pairs} == {38}


# What holds for all


def books_balance(report: PairReport) -> bool:
    return report.considered == report.kept + sum(report.dropped.values())


def test_every_pair_that_was_considered_is_kept_or_counted() -> None:
    threads = crowd(6) + lengths(20, 5)
    _pairs, report = community_votes(threads, PairOptions(most_per_author=2, most_per_post=3))
    assert report.kept
    assert books_balance(report)
    assert set(report.as_dict()) >= {"source", "kept", "dropped", "longer_chosen", "length_ratio", "earlier_chosen"}
    assert "community_vote: " in str(report)


def test_the_order_of_the_rows_changes_nothing_and_the_seed_does() -> None:
    threads = crowd(8, answers=6) + lengths(20, 5)
    options = PairOptions(most_per_post=2)
    turned = [replace(one, comments=one.comments[::-1]) for one in threads[::-1]]
    first, again = community_votes(threads, options)[0], community_votes(turned, options)[0]
    assert first == again
    assert ids(first) == sorted(ids(first))
    assert ids(community_votes(lengths(40, 5), replace(options, seed=1))[0]) != ids(
        community_votes(lengths(40, 5), replace(options, seed=2))[0]
    )


# Supporters


DRAFT = "It is only a test and nothing else at all. You will surely pass it next time."
TAKEN = JudgedChange(
    Kind.REPLACE,
    "It is only a test and nothing else at all.",
    "I am sorry that the test did not work out.",
    Verdict.ACCEPTED,
)
REFUSED = JudgedChange(
    Kind.REPLACE,
    "You will surely pass it next time.",
    "You may pass it in spring.",
    Verdict.REJECTED,
    "not_what_i_mean",
)
SUGGESTION = f"{TAKEN.after} {REFUSED.after}"


def finished(id: str = "d1", **fields: object) -> FinishedDraft:
    told: dict[str, object] = {
        "case": "c1",
        "author": "s1",
        "post": POST,
        "draft": DRAFT,
        "suggestion": SUGGESTION,
        "sent": f"{TAKEN.after} {REFUSED.before}",
        "changes": (TAKEN, REFUSED),
    }
    return FinishedDraft(id=id, origin=OWN, **(told | fields))  # type: ignore[arg-type]


def test_a_change_that_was_taken_beats_the_draft_and_one_that_was_refused_is_beaten() -> None:
    pairs, report = supporter_feedback([finished()], OPEN)
    refused, taken = pairs
    assert (taken.chosen, taken.rejected) == (f"{TAKEN.after} {REFUSED.before}", DRAFT)
    assert (refused.chosen, refused.rejected) == (f"{TAKEN.after} {REFUSED.before}", SUGGESTION)
    assert {one.task for one in pairs} == {Task.IMPROVE}
    assert {one.draft for one in pairs} == {DRAFT}
    assert refused.objective is Objective.KEEP_MEANING
    assert taken.origin.consent is Consent.GIVEN
    assert books_balance(report)


def test_what_a_supporter_wrote_over_a_change_beats_the_change() -> None:
    edited = replace(TAKEN, verdict=Verdict.EDITED)
    sent = f"I am sorry about the test, truly. {REFUSED.before}"
    pairs, _report = supporter_feedback([finished(changes=(edited,), sent=sent)], OPEN)
    (pair,) = pairs
    assert (pair.chosen, pair.rejected) == (sent, f"{TAKEN.after} {REFUSED.before}")


def test_undone_is_refused() -> None:
    pairs, _report = supporter_feedback([finished(changes=(replace(TAKEN, verdict=Verdict.UNDONE),))], OPEN)
    (pair,) = pairs
    assert pair.chosen == DRAFT


def test_a_change_that_does_not_fit_the_draft_is_counted() -> None:
    stray = replace(TAKEN, before="Another draft altogether.")
    pairs, report = supporter_feedback([finished(changes=(stray,))], OPEN)
    assert not pairs
    assert report.dropped == {"a change that is not one of this draft": 1}


def test_a_withheld_reply_teaches_no_style() -> None:
    held = finished(moderator=Moderation(Outcome.WITHHELD))
    pairs, report = supporter_feedback([held], OPEN)
    assert not pairs
    assert report.dropped == {"reply withheld": 1}


# Moderators


def test_a_moderators_wording_beats_the_held_one() -> None:
    held = finished(sent=say(20, 1), moderator=Moderation(Outcome.EDITED, say(24, 2)))
    pairs, report = moderator_decisions([held], PairOptions())
    (pair,) = pairs
    assert (pair.chosen, pair.rejected, pair.draft) == (say(24, 2), say(20, 1), say(20, 1))
    assert (pair.objective, pair.task) == (Objective.SAFETY, Task.IMPROVE)
    assert books_balance(report)


def test_a_shown_reply_beats_a_withheld_one_to_the_same_post() -> None:
    good = finished("good", author="s1", sent=say(20, 1))
    bad = finished("bad", author="s2", sent=say(20, 2), moderator=Moderation(Outcome.WITHHELD))
    elsewhere = finished("other", case="c2", sent=say(20, 3))
    pairs, _report = moderator_decisions([good, bad, elsewhere], PairOptions())
    (pair,) = pairs
    assert (pair.chosen, pair.rejected, pair.task) == (say(20, 1), say(20, 2), Task.GENERATE)


def test_what_a_moderator_let_pass_gives_no_pair() -> None:
    pairs, report = moderator_decisions([finished(moderator=Moderation(Outcome.APPROVED))], PairOptions())
    assert not pairs
    assert report.considered == 0


def test_safety_is_not_balanced_by_length() -> None:
    held = [
        finished(f"d{n}", case=f"c{n}", sent=say(20, n), moderator=Moderation(Outcome.EDITED, say(30, 100 + n)))
        for n in range(6)
    ]
    pairs, report = moderator_decisions(held, PairOptions())
    assert len(pairs) == 6
    assert report.longer_chosen == 1


# Ratings


def rated(id: str, seed: int, post: str = POST, **labels: float) -> LabelledText:
    return LabelledText(id, say(20, seed), OWN, "g1", labels, context=post)


def test_the_better_rated_answer_to_the_same_post_is_chosen() -> None:
    rows = [
        rated("a", 1, empathy=2, safety=4),
        rated("b", 2, empathy=5, safety=4),
        rated("c", 3, "Another post.", empathy=1),
    ]
    pairs, report = human_ratings(rows, OPEN)
    (pair,) = pairs
    assert (pair.id, pair.objective, pair.score_chosen, pair.score_rejected) == ("b/a", Objective.EMPATHY, 4.5, 3.0)
    assert report.considered == 1


def test_an_answer_that_is_less_safe_is_never_chosen() -> None:
    pairs, report = human_ratings([rated("a", 1, empathy=5, safety=2), rated("b", 2, empathy=1, safety=3)], OPEN)
    assert not pairs
    assert report.dropped == {"the better one is less safe": 1}


def by_raters(id: str, seed: int, *values: int, draft: str = "") -> LabelledText:
    """One value of empathy from each rater, in the same order for every text; 0 from who did not rate it."""
    ratings = {f"r-{number}": {"empathy": float(value)} for number, value in enumerate(values) if value}
    mean = sum(value for value in values if value) / len(ratings)
    return LabelledText(id, say(20, seed), OWN, "g1", {"empathy": mean}, context=POST, draft=draft, ratings=ratings)


def test_the_more_raters_agree_the_stronger_the_pair_and_low_agreement_makes_none() -> None:
    good, even = by_raters("a", 1, 5, 5, 5), by_raters("b", 2, 3, 3, 5)
    pairs, _report = human_ratings([good, even], OPEN)
    assert [pair.id for pair in pairs] == ["a/b"]  # two put a first and one is undecided
    one_of_three = [by_raters("a", 1, 5, 2, 2), by_raters("b", 2, 1, 3, 3)]
    pairs, report = human_ratings(one_of_three, replace(OPEN, least_rating_gap=0.5))
    assert not pairs
    assert report.dropped == {"raters do not agree": 1}


def test_what_hardly_anybody_rated_side_by_side_makes_no_pair() -> None:
    _pairs, report = human_ratings([by_raters("a", 1, 5, 5, 0), by_raters("b", 2, 0, 1, 1)], OPEN)
    assert report.dropped == {"too few rated both": 1}


def test_two_revisions_of_one_draft_are_a_pair_for_the_improvement_model() -> None:
    pairs, _report = human_ratings(
        [by_raters("a", 1, 5, 5, draft="Mine."), by_raters("b", 2, 1, 2, draft="Mine.")], OPEN
    )
    assert [(pair.task, pair.draft) for pair in pairs] == [("improve", "Mine.")]
    pairs, _report = human_ratings([by_raters("a", 1, 5, 5, draft="Mine."), by_raters("b", 2, 1, 2)], OPEN)
    assert [(pair.task, pair.draft) for pair in pairs] == [("generate", "")]


def test_ratings_of_different_things_are_not_compared() -> None:
    _pairs, report = human_ratings([rated("a", 1, empathy=5), rated("b", 2, safety=1)], OPEN)
    assert report.dropped == {"nothing rated in both": 1}
    _pairs, report = human_ratings([rated("a", 1, empathy=4), rated("b", 2, empathy=3.5)], OPEN)
    assert report.dropped == {"too small a gap": 1}
