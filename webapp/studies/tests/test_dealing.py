"""What a deal promises, over many sizes."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.studies.dealing import Hand, Unit, arrange, deal, ratings_of, spread_in, turn_pairs

Size = tuple[int, int, int, int, int, int]  # items, arms, raters, wanted, most, seed
SIZES = st.tuples(
    st.integers(1, 14), st.integers(1, 5), st.integers(1, 9), st.integers(1, 5), st.integers(1, 40), st.integers(0, 999)
)
ENOUGH = settings(max_examples=150, deadline=None)


def units_of(items: int, arms: int) -> list[Unit]:
    return [Unit(item, (f"arm{arm}",)) for item in range(items) for arm in range(arms)]


def fresh(size: Size) -> tuple[list[Unit], dict[str, Hand]]:
    items, arms, raters, wanted, most, seed = size
    units, hands = units_of(items, arms), {f"r{number}": Hand() for number in range(raters)}
    deal(units, hands, wanted=wanted, most=most, chance=Random(seed))
    return units, hands


@given(SIZES)
@ENOUGH
def test_each_text_gets_its_ratings_as_far_as_there_are_raters_and_the_shortage_is_shared(size: Size) -> None:
    _items, _arms, raters, wanted, most, _seed = size
    units, hands = fresh(size)
    given_out = [ratings_of(hands)[unit] for unit in units]
    assert sum(given_out) == min(len(units) * min(wanted, raters), raters * most)
    assert max(given_out) - min(given_out) <= 1
    assert max(given_out) <= wanted


@given(SIZES)
@ENOUGH
def test_loads_differ_by_one_at_most_and_nobody_has_more_than_the_most(size: Size) -> None:
    _units, hands = fresh(size)
    loads = [len(hand) for hand in hands.values()]
    assert max(loads) - min(loads) <= 1
    assert max(loads) <= size[4]


@given(SIZES)
@ENOUGH
def test_the_arms_of_each_rater_differ_by_one_at_most(size: Size) -> None:
    units, hands = fresh(size)
    for hand in hands.values():
        counts = [sum(unit.arms == arms for unit in hand.open) for arms in {unit.arms for unit in units}]
        assert max(counts) - min(counts) <= 1


@given(SIZES)
@ENOUGH
def test_the_same_seed_gives_the_same_deal(size: Size) -> None:
    assert {name: hand.open for name, hand in fresh(size)[1].items()} == {
        name: hand.open for name, hand in fresh(size)[1].items()
    }


def test_another_seed_gives_another_deal() -> None:
    dealt = [fresh((10, 3, 4, 2, 60, seed))[1]["r0"].open for seed in (1, 2)]
    assert dealt[0] != dealt[1]


def test_raters_meet_a_post_again_less_often_than_by_chance() -> None:
    """Two arms, two ratings, four raters: each rates half of all texts, and could rate every post once."""
    again = by_chance = 0
    for seed in range(30):
        units, hands = fresh((12, 2, 4, 2, 60, seed))
        draw = Random(seed)
        for hand in hands.values():
            again += len(hand.open) - len({unit.item for unit in hand.open})
            by_chance += len(hand.open) - len({unit.item for unit in draw.sample(units, len(hand.open))})
    assert again < by_chance / 3


def test_with_raters_enough_for_each_text_of_a_post_next_to_nobody_reads_a_post_twice() -> None:
    for wanted in (2, 3):
        for more in (0, 1, 2):
            again = given_out = 0
            for seed in range(20):
                _units, hands = fresh((20, 2, 2 * wanted + more, wanted, 60, seed))
                again += sum(len(hand.open) - len({unit.item for unit in hand.open}) for hand in hands.values())
                given_out += sum(map(len, hands.values()))
            assert again <= (given_out / 20 if more else 0)


def look_at_some(hands: dict[str, Hand], chance: Random) -> None:
    for hand in hands.values():
        for unit in chance.sample(sorted(hand.open, key=repr), chance.randint(0, len(hand.open))):
            hand.open.remove(unit)
            (hand.skipped if chance.random() < 0.2 else hand.shown).add(unit)


@given(SIZES, st.integers(1, 3))
@ENOUGH
def test_who_joins_later_takes_what_nobody_has_looked_at(size: Size, joining: int) -> None:
    _items, _arms, _raters, wanted, most, seed = size
    units, hands = fresh(size)
    look_at_some(hands, Random(seed))
    before = {name: (set(hand.shown), set(hand.skipped)) for name, hand in hands.items()}
    hands |= {f"new{number}": Hand() for number in range(joining)}
    deal(units, hands, wanted=wanted, most=most, chance=Random(seed))
    assert {name: (hand.shown, hand.skipped) for name, hand in hands.items() if name in before} == before
    assert all(len(hand) <= most for hand in hands.values())
    assert all(len(hand.open) + len(hand.shown) + len(hand.skipped) == len(hand.held) for hand in hands.values())
    assert max(ratings_of(hands).values()) <= wanted
    for giver in hands.values():
        for taker in hands.values():
            assert len(giver) < len(taker) + 2 or not giver.open - taker.held
    missing = [unit for unit in units if ratings_of(hands)[unit] < wanted]
    assert all(is_full_or_has(unit, hands, most) for unit in missing)


def is_full_or_has(unit: Unit, hands: dict[str, Hand], most: int) -> bool:
    return all(len(hand) >= most or unit in hand.held for hand in hands.values())


def test_a_place_is_made_by_passing_something_else_on() -> None:
    """Only Wren may still take the text, and is full; Robin has room, and can have what Wren did not look at."""
    text, second, third = (Unit(number, ("a",)) for number in (1, 2, 3))
    hands = {"wren": Hand(open={second, third}), "robin": Hand(skipped={text})}
    deal([text, second, third], hands, wanted=1, most=2, chance=Random(1))
    assert text in hands["wren"].open
    assert len(hands["robin"].open) == 1
    assert ratings_of(hands) == {text: 1, second: 1, third: 1}


def test_what_was_shown_is_passed_to_nobody() -> None:
    text, second, third = (Unit(number, ("a",)) for number in (1, 2, 3))
    hands = {"wren": Hand(shown={second, third}), "robin": Hand(skipped={text})}
    deal([text, second, third], hands, wanted=1, most=2, chance=Random(1))
    assert ratings_of(hands) == {second: 1, third: 1}


# What somebody must not be given


def with_bars(size: Size, share: float) -> tuple[list[Unit], dict[str, Hand]]:
    """Posts that some raters answered themselves, by chance; both arms of a post are barred, or none."""
    items, arms, raters, wanted, most, seed = size
    units, draw = units_of(items, arms), Random(seed)
    hands = {}
    for number in range(raters):
        theirs = {item for item in range(items) if draw.random() < share}
        hands[f"r{number}"] = Hand(barred=frozenset(unit for unit in units if unit.item in theirs))
    deal(units, hands, wanted=wanted, most=most, chance=Random(seed))
    return units, hands


SHARES = st.sampled_from([0.05, 0.2, 0.5, 0.9])


@given(SIZES, SHARES)
@ENOUGH
def test_nobody_is_given_what_is_barred_and_everybody_else_rates_it(size: Size, share: float) -> None:
    *_, wanted, most, _seed = size
    units, hands = with_bars(size, share)
    assert not any(hand.held & hand.barred for hand in hands.values())
    assert all(len(hand) <= most for hand in hands.values())
    assert max(ratings_of(hands).values(), default=0) <= wanted
    for unit in units:
        if ratings_of(hands)[unit] < wanted:
            assert all(len(hand) >= most or unit in hand.kept_from for hand in hands.values())
    for giver in hands.values():
        for taker in hands.values():
            assert len(giver) < len(taker) + 2 or not giver.open - taker.kept_from


@given(SIZES, SHARES, st.integers(1, 3))
@ENOUGH
def test_what_became_barred_is_taken_back_unless_it_was_shown(size: Size, share: float, joining: int) -> None:
    *_, wanted, most, seed = size
    units, hands = fresh(size)
    chance = Random(seed)
    look_at_some(hands, chance)
    shown = {name: hand.shown | hand.skipped for name, hand in hands.items()}
    hands |= {f"new{number}": Hand() for number in range(joining)}
    for hand in hands.values():
        hand.barred = frozenset(unit for unit in units if chance.random() < share)
    deal(units, hands, wanted=wanted, most=most, chance=chance)
    assert not any(hand.open & hand.barred for hand in hands.values())
    assert {name: hands[name].shown | hands[name].skipped for name in shown} == shown
    assert all(len(hand) <= most for hand in hands.values())
    assert max(ratings_of(hands).values(), default=0) <= wanted


def test_what_is_barred_is_exchanged_within_its_arm_so_that_nothing_else_changes() -> None:
    """Eight supporters who answered one or two of twenty posts each: as even as if nobody had."""
    for seed in range(40):
        draw, units = Random(seed), units_of(20, 2)
        hands = {f"r{number}": Hand() for number in range(8)}
        for hand in hands.values():
            theirs = draw.sample(range(20), 2)
            hand.barred = frozenset(unit for unit in units if unit.item in theirs)
        deal(units, hands, wanted=3, most=60, chance=Random(seed))
        assert set(ratings_of(hands).values()) == {3}
        assert {len(hand) for hand in hands.values()} == {15}
        for hand in hands.values():
            assert not hand.held & hand.barred
            assert abs(sum(1 if unit.arms == ("arm0",) else -1 for unit in hand.open)) == 1


def test_as_many_ratings_are_given_out_as_there_can_be_beside_what_is_barred() -> None:
    """Compared with every deal there is, where few texts and raters leave few of them."""
    for seed in range(60):
        draw = Random(seed)
        size = (draw.randint(1, 3), 1, draw.randint(1, 3), draw.randint(1, 2), draw.randint(1, 3), seed)
        units, hands = with_bars(size, 0.4)
        free = [(name, unit) for name, hand in hands.items() for unit in units if unit not in hand.barred]
        best = 0
        for chosen in range(2 ** len(free)):
            pairs = [pair for place, pair in enumerate(free) if chosen >> place & 1]
            of_unit, of_rater = Counter(unit for _, unit in pairs), Counter(name for name, _ in pairs)
            if max(of_unit.values(), default=0) <= size[3] and max(of_rater.values(), default=0) <= size[4]:
                best = max(best, len(pairs))
        assert sum(map(len, hands.values())) == best


ROWS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5)), max_size=40, unique=True)


@given(ROWS, st.integers(0, 999))
@ENOUGH
def test_the_arms_of_a_post_are_as_far_apart_as_they_can_be_but_for_one_place(
    rows: list[tuple[int, int]], seed: int
) -> None:
    units = [Unit(item, (f"arm{arm}",)) for item, arm in rows]
    order = arrange(units, Random(seed))
    assert Counter(order) == Counter(units)
    times = Counter(unit.item for unit in units)
    most = max(times.values(), default=0)
    if most < 2:
        return
    last = sum(count == most for count in times.values())
    best = (len(units) - last) // (most - 1)  # of any order: most - 1 gaps, and each such item once behind them
    assert closest(order) >= best - 1


def closest(order: list[Unit]) -> int:
    places: dict[object, list[int]] = {}
    for place, unit in enumerate(order):
        places.setdefault(unit.item, []).append(place)
    return min(later - earlier for found in places.values() for earlier, later in pairwise(found))


def test_the_order_tells_nothing_of_the_arm() -> None:
    """Over many seeds each arm is first as often as any other, and stands as late on average."""
    firsts: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for seed in range(600):
        order = arrange(units_of(6, 3), Random(seed))
        firsts[order[0].arms[0]] += 1
        for place, unit in enumerate(order):
            places[unit.arms[0]] += place
    assert all(abs(count - 200) < 60 for count in firsts.values())  # five standard deviations are 58
    assert all(abs(count / 3600 - 8.5) < 0.5 for count in places.values())


@given(st.integers(0, 60), st.integers(0, 8), st.integers(0, 999))
@ENOUGH
def test_checks_are_spread_over_the_whole_way(rated: int, checks: int, seed: int) -> None:
    order = spread_in(
        [f"text {number}" for number in range(rated)], [f"check {n}" for n in range(checks)], Random(seed)
    )
    assert sorted(order) == sorted([f"text {n}" for n in range(rated)] + [f"check {n}" for n in range(checks)])
    assert [one for one in order if one.startswith("text")] == [f"text {number}" for number in range(rated)]
    at = [sum(one.startswith("text") for one in order[:place]) for place, one in enumerate(order) if "check" in one]
    for number, behind in enumerate(at):
        assert rated * number // checks <= behind <= rated * (number + 1) // checks
    if rated >= checks > 0:
        assert order[0].startswith("text")


@given(st.integers(1, 6), st.integers(2, 4), st.integers(1, 5), st.integers(0, 999))
@ENOUGH
def test_which_of_a_pair_is_first_is_counterbalanced(items: int, arms: int, raters: int, seed: int) -> None:
    chance = Random(seed)
    pairs = [Unit(item, both) for item in range(items) for both in combinations([f"arm{n}" for n in range(arms)], 2)]
    rows = [(f"r{number}", unit) for number in range(raters) for unit in chance.sample(pairs, len(pairs))]
    turned = turn_pairs(rows, {}, chance)
    assert set(turned) == set(rows)
    for both in {unit.arms for unit in pairs}:
        of_all = [is_turned for (_, unit), is_turned in turned.items() if unit.arms == both]
        assert abs(2 * sum(of_all) - len(of_all)) <= 1
        for rater in {name for name, _ in rows}:
            theirs = [one for (name, unit), one in turned.items() if (name, unit.arms) == (rater, both)]
            assert abs(2 * sum(theirs) - len(theirs)) <= 1


def test_a_pair_that_comes_later_is_turned_against_what_was_given_before() -> None:
    unit, later = Unit(1, ("a", "b")), Unit(2, ("a", "b"))
    for before in (True, False):
        assert turn_pairs([("wren", later)], {("wren", unit): before}, Random(1)) == {("wren", later): not before}
