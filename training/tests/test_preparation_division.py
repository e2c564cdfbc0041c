"""No post and no author on two sides, whatever hangs together with what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.preparation.division import Division, Placed, SplitOptions, divide, on_both_sides
from training.schemas import Split
from training.tests.invented import example, pair

rows = st.lists(
    st.tuples(st.integers(0, 25), st.sampled_from(["", *"abcdefgh"]), st.sampled_from(["one", "two"])), max_size=120
).map(lambda told: [Placed(f"r{n}", f"p{post}", author, source) for n, (post, author, source) in enumerate(told)])


def sides_of(placed: Sequence[Placed], division: Division) -> dict[str, set[Split]]:
    sides: dict[str, set[Split]] = defaultdict(set)
    for one in placed:
        if one.id in division.sides:
            sides[f"post {one.post}"].add(division.sides[one.id])
            if one.author:
                sides[f"author {one.author}"].add(division.sides[one.id])
    return sides


@given(rows, st.integers(0, 3), st.floats(0.01, 1.0))
@settings(max_examples=80, deadline=None)
def test_no_post_and_no_author_stands_on_two_sides(placed: list[Placed], seed: int, largest: float) -> None:
    division = divide(placed, SplitOptions(largest_part=largest), seed=seed)
    assert all(len(sides) == 1 for sides in sides_of(placed, division).values())
    assert len(division.sides) + len(division.crossing) == len(placed)
    assert not set(division.sides) & set(division.crossing)


@given(rows, st.randoms())
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_rows_makes_no_difference(placed: list[Placed], chance: object) -> None:
    other = list(placed)
    chance.shuffle(other)  # type: ignore[attr-defined]
    options = SplitOptions(largest_part=0.2)
    assert divide(placed, options, seed=1).sides == divide(other, options, seed=1).sides


def test_small_parts_lose_nothing_and_come_near_the_wanted_shares() -> None:
    placed = [Placed(f"{post}.{n}", f"p{post}", f"author-{post}-{n}") for post in range(2000) for n in range(2)]
    division = divide(placed, SplitOptions(), seed=1)
    assert not division.crossing
    assert share(division, Split.HELD_OUT) == pytest.approx(0.20, abs=0.02)
    assert share(division, Split.VALIDATION) == pytest.approx(0.05, abs=0.01)


def test_few_people_who_answer_everything_do_not_take_the_set_to_one_side() -> None:
    """A fifth of all answers by one author, another fifth by three: as in a set of counsellors."""
    placed = []
    for post in range(600):
        placed.append(Placed(f"{post}.0", f"p{post}", f"rare-{post // 4}"))
        placed.append(
            Placed(f"{post}.1", f"p{post}", ["busy", "b1", "b2", "b3"][post % 4] if post % 2 else f"r-{post // 3}")
        )
    division = divide(placed, SplitOptions(), seed=1)
    assert division.cut == 1
    assert 0.14 <= share(division, Split.HELD_OUT) <= 0.27
    assert 0.02 <= share(division, Split.VALIDATION) <= 0.09
    assert len(division.crossing) < 0.3 * len(placed)


def test_another_seed_divides_otherwise() -> None:
    placed = [Placed(str(n), f"p{n}") for n in range(200)]
    assert divide(placed, SplitOptions(), seed=1).sides != divide(placed, SplitOptions(), seed=2).sides


def test_it_sees_posts_and_authors_on_two_sides() -> None:
    """Were the division wrong, the build would stop here."""
    fine = [example("a", group="g", split="train"), example("b", group="h", split="train")]
    assert on_both_sides(fine, []) == []
    assert on_both_sides([*fine, example("c", group="g", post="Another.", split="held_out")], []) == ["post: 1"]
    assert on_both_sides(fine, [pair("p", split="held_out")]) == ["post text: 1"]
    wrote = [example("a", author="x"), example("b", author="x", post="Another.", split="validation")]
    assert on_both_sides(wrote, []) == ["author: 1"]


def test_it_refuses_shares_that_leave_nothing_to_learn_from() -> None:
    with pytest.raises(ValueError, match="too little"):
        SplitOptions(held_out=0.6, validation=0.2)


def share(division: Division, side: Split) -> float:
    return sum(one is side for one in division.sides.values()) / len(division.sides)
