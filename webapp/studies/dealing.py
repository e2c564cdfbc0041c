"""Who is given which text, and in which order: an incomplete block design, made by chance from a seed. No database.

In a fresh deal the ratings of one arm after the other go round the raters, as cards do. So each text has its ratings from
different people, loads differ by one at most, and so do a rater's arms where all have as many texts. Later, when somebody joins
or leaves, only what nobody has looked at changes hands.

What somebody may not be given, because they know whose it is, is exchanged for a text of the same arm that somebody else holds,
so that nothing else changes; where there is none, it goes to whoever can take it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

TRIED = 20  # texts among which the one is looked for that its raters know the post of least
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Unit:
    """What is rated in one go: the text of one arm for one item or, in a study of pairs, those of two arms."""

    item: Hashable
    arms: tuple[str, ...]  # of a pair in the order of the alphabet


@dataclass(slots=True)
class Hand:
    """What one rater holds. Only what is open can change hands."""

    open: set[Unit] = field(default_factory=set)
    shown: set[Unit] = field(default_factory=set)
    skipped: set[Unit] = field(
        default_factory=set
    )  # shown, too; counts as no rating of the text, and comes never again
    barred: frozenset[Unit] = frozenset()  # what they must not be given

    @property
    def held(self) -> set[Unit]:
        return self.open | self.shown | self.skipped

    @property
    def kept_from(self) -> set[Unit]:
        """What nobody gives them: it is theirs already, or barred."""
        return self.held | self.barred

    def __len__(self) -> int:
        return len(self.open) + len(self.shown) + len(self.skipped)


def ratings_of(hands: Mapping[str, Hand]) -> Counter[Unit]:
    return Counter(unit for hand in hands.values() for unit in hand.open | hand.shown)


def deal(units: Sequence[Unit], hands: Mapping[str, Hand], *, wanted: int, most: int, chance: Random) -> None:
    """Give each unit `wanted` raters as far as there are any, nobody more than `most` units, and nobody what is barred."""
    if not hands or not units:
        return
    if not any(map(len, hands.values())):
        _deal_afresh(units, hands, wanted=wanted, most=most, chance=chance)
        if not _exchange_barred(hands, chance):
            return
    for hand in hands.values():
        hand.open -= hand.barred
    _give_what_lacks(units, hands, wanted=wanted, most=most, chance=chance)
    _even_out(hands, chance)


def _deal_afresh(units: Sequence[Unit], hands: Mapping[str, Hand], *, wanted: int, most: int, chance: Random) -> None:
    round_of = chance.sample(sorted(hands), len(hands))
    ratings = min(len(units) * min(wanted, len(hands)), len(hands) * most)
    known: Counter[tuple[str, Hashable]] = Counter()
    dealt = 0
    for row, times in _by_arm(units, ratings, chance):
        for count in times:
            raters = [round_of[(dealt + number) % len(round_of)] for number in range(count)]
            unit = _least_known(row, raters, known)
            row.remove(unit)
            for rater in raters:
                hands[rater].open.add(unit)
                known[rater, unit.item] += 1
            dealt += count


def _by_arm(units: Sequence[Unit], ratings: int, chance: Random) -> Iterator[tuple[list[Unit], list[int]]]:
    """The units of each arm in the order of chance, and how often each place of that order is rated. What is short is short
    by one rating at most, and by as much in every arm."""
    by_arm: dict[tuple[str, ...], list[Unit]] = {}
    for unit in units:
        by_arm.setdefault(unit.arms, []).append(unit)
    each, more = divmod(ratings, len(units))
    seen = 0
    for arms in chance.sample(sorted(by_arm), len(by_arm)):
        row = by_arm[arms]
        extra = more * (seen + len(row)) // len(units) - more * seen // len(units)
        seen += len(row)
        times = [each + 1] * extra + [each] * (len(row) - extra)
        yield chance.sample(row, len(row)), chance.sample(times, len(times))


def _least_known(row: Sequence[Unit], raters: Sequence[str], known: Counter[tuple[str, Hashable]]) -> Unit:
    return min(row[:TRIED], key=lambda unit: sum(known[rater, unit.item] for rater in raters))


def _exchange_barred(hands: Mapping[str, Hand], chance: Random) -> bool:
    """Whether something is left that nobody could exchange."""
    left = False
    for rater, hand in sorted(hands.items()):
        for unit in sorted(hand.open & hand.barred, key=repr):
            if unit in hand.open:  # else it went with another exchange
                left |= not _exchange(rater, unit, hands, chance)
    return left


def _exchange(rater: str, unit: Unit, hands: Mapping[str, Hand], chance: Random) -> bool:
    """For a text of the same arm where there is one, and of a post that they know least of."""
    mine = hands[rater]
    offers = [
        (other, theirs)
        for other, hand in sorted(hands.items())
        if unit not in hand.kept_from
        for theirs in sorted(hand.open - mine.kept_from, key=repr)
    ]
    if not offers:
        return False
    known = Counter(one.item for one in mine.held)
    chance.shuffle(offers)
    other, theirs = min(offers, key=lambda offer: (offer[1].arms != unit.arms, known[offer[1].item]))
    mine.open ^= {unit, theirs}
    hands[other].open ^= {unit, theirs}
    return True


def _give_what_lacks(
    units: Sequence[Unit], hands: Mapping[str, Hand], *, wanted: int, most: int, chance: Random
) -> None:
    ratings = ratings_of(hands)
    order = sorted(chance.sample(list(units), len(units)), key=lambda unit: ratings[unit])
    lacking = deque(unit for unit in order if ratings[unit] < wanted)
    while lacking and any(len(hand) < most for hand in hands.values()):
        unit = lacking.popleft()
        if _find_place(unit, hands, most, chance):
            ratings[unit] += 1
            if ratings[unit] < wanted:
                lacking.append(unit)  # behind those that have no more than it has now


def _find_place(unit: Unit, hands: Mapping[str, Hand], most: int, chance: Random) -> bool:
    """With somebody who has room for it; else with somebody who can pass on something else, and so on (an augmenting path)."""
    takers = [rater for rater in sorted(hands) if unit not in hands[rater].kept_from]
    came_from: dict[str, tuple[str, Unit] | None] = dict.fromkeys(_best_first(unit, takers, hands, chance))
    waiting = deque(came_from)
    while waiting:
        rater = waiting.popleft()
        if len(hands[rater]) < most:
            _pass_along(unit, rater, hands, came_from)
            return True
        for other in hands:
            if other in came_from:
                continue
            movable = sorted(hands[rater].open - hands[other].kept_from, key=repr)
            if movable:
                came_from[other] = (rater, chance.choice(movable))
                waiting.append(other)
    return False


def _pass_along(
    unit: Unit, last: str, hands: Mapping[str, Hand], came_from: Mapping[str, tuple[str, Unit] | None]
) -> None:
    taker = last
    while (step := came_from[taker]) is not None:
        giver, passed = step
        hands[giver].open.remove(passed)
        hands[taker].open.add(passed)
        taker = giver
    hands[taker].open.add(unit)


def _best_first(unit: Unit, raters: Sequence[str], hands: Mapping[str, Hand], chance: Random) -> list[str]:
    """Who has least; of these, least of this arm; of these, least of this post."""

    def has(rater: str) -> tuple[int, int, int]:
        held = hands[rater].held
        return len(held), sum(one.arms == unit.arms for one in held), sum(one.item == unit.item for one in held)

    return sorted(chance.sample(raters, len(raters)), key=has)


def _even_out(hands: Mapping[str, Hand], chance: Random) -> None:
    """Until nobody has open texts that somebody with two fewer could take."""
    while any(_move_one(giver, taker, chance) for giver in hands.values() for taker in hands.values()):
        pass


def _move_one(giver: Hand, taker: Hand, chance: Random) -> bool:
    if len(giver) < len(taker) + 2:
        return False
    movable = giver.open - taker.kept_from
    if not movable:
        return False
    theirs = Counter(unit.arms for unit in giver.held)
    theirs.subtract(unit.arms for unit in taker.held)
    unit = max(chance.sample(sorted(movable, key=repr), len(movable)), key=lambda one: theirs[one.arms])
    giver.open.remove(unit)
    taker.open.add(unit)
    return True


def arrange(units: Sequence[Unit], chance: Random) -> list[Unit]:
    """In an order of chance in which the units of one item are as far apart as they can be, but for one place.

    The items that come most often open every stretch but the last, and are the last; the others are dealt into the stretches
    in turn. Within an item, chance says which arm comes first.
    """
    by_item: dict[Hashable, list[Unit]] = {}
    for unit in chance.sample(list(units), len(units)):
        by_item.setdefault(unit.item, []).append(unit)
    items = chance.sample(list(by_item.values()), len(by_item))
    most = max(map(len, items), default=0)
    if most <= 1:
        return [item[0] for item in items]
    stretches: list[list[Unit]] = [[] for _ in range(most)]
    for item in (item for item in items if len(item) == most):
        for stretch, unit in zip(stretches, item, strict=True):
            stretch.append(unit)
    others = (unit for item in items if len(item) < most for unit in item)
    for number, unit in enumerate(others):
        stretches[number % (most - 1)].append(unit)
    return [unit for stretch in stretches for unit in stretch]


def spread_in(rated: Sequence[Entry], checks: Sequence[Entry], chance: Random) -> list[Entry]:
    """The checks in an order of chance among the rated ones: one in each of as many stretches of equal length, at a place of
    chance behind its first."""
    spread = list(rated)
    for number, check in reversed(list(enumerate(chance.sample(list(checks), len(checks))))):
        begin, end = (len(rated) * edge // len(checks) for edge in (number, number + 1))
        spread.insert(chance.randint(min(begin + 1, end), end), check)
    return spread


def turn_pairs(
    units: Sequence[tuple[str, Unit]], turned: Mapping[tuple[str, Unit], bool], chance: Random
) -> dict[tuple[str, Unit], bool]:
    """For the pairs of each rater whether the second arm of the unit is shown first: as often as not, for each rater and each
    two arms, and over all raters. `turned` says it of pairs that were given before."""
    of_rater: Counter[tuple[str, tuple[str, ...]]] = Counter()
    of_all: Counter[tuple[str, ...]] = Counter()
    decided: dict[tuple[str, Unit], bool] = {}

    def count(rater: str, unit: Unit, is_turned: bool) -> None:
        of_rater[rater, unit.arms] += 1 if is_turned else -1
        of_all[unit.arms] += 1 if is_turned else -1

    for (rater, unit), is_turned in turned.items():
        count(rater, unit, is_turned)
    for rater, unit in units:
        more = of_rater[rater, unit.arms] or of_all[unit.arms]
        decided[rater, unit] = more < 0 if more else chance.random() < 0.5
        count(rater, unit, decided[rater, unit])
    return decided
