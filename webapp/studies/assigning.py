"""Gives the texts of a study to its raters: when it opens, when somebody joins, and when somebody leaves."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from random import Random

from django.db import transaction
from django.db.models import Max, QuerySet

from webapp.studies.acquaintance import items_known_to
from webapp.studies.dealing import Hand, Unit, arrange, deal, ratings_of, spread_in, turn_pairs
from webapp.studies.models import Assignment, Item, Output, Rater, Study


@dataclass(frozen=True, slots=True)
class Lack:
    """A text, or a pair, that fewer people of a panel are to rate than the study wants. A skipped one counts for none."""

    panel: str
    source: str  # of the item
    arms: tuple[str, ...]
    given: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The texts of one assignment in the order in which they stand on the page."""

    output: uuid.UUID
    other: uuid.UUID | None = None


Texts = Mapping[uuid.UUID, Mapping[str, uuid.UUID]]  # by item, then by key of the arm


@transaction.atomic
def assign(study: Study) -> list[Lack]:
    """Give out what has not enough raters, to those who have room; what somebody was shown stays theirs. Can be run again.

    Texts that no model has written are given to nobody. Returns what could not be covered.
    """
    Study.objects.select_for_update().get(pk=study.pk)  # two who join at once are given to one after the other
    rated = _texts(study, Item.Role.RATED)
    units = _units(study, rated)
    for panel, wanted in _wanted(study).items():
        raters = {rater.code: rater for rater in _active(study, panel)}
        hands = _hands(study, raters.values())
        for code, barred in barred_units(units, study, raters.values()).items():
            hands[code].barred = barred
        before = {code: hand.held for code, hand in hands.items()}
        deal(units, hands, wanted=wanted, most=study.most_per_rater, chance=_chance(study, panel, str(sorted(raters))))
        changed = [code for code, hand in hands.items() if hand.held != before[code]]
        _lay_out(study, {raters[code]: hands[code] for code in changed}, rated)
    return uncovered(study)


def uncovered(study: Study) -> list[Lack]:
    """As things stand; in the order of panels, items and arms."""
    sources = dict(study.items.values_list("id", "source"))
    units = _units(study, _texts(study, Item.Role.RATED))
    found = []
    for panel, wanted in _wanted(study).items():
        ratings = ratings_of(_hands(study, _active(study, panel)))
        found += [
            Lack(panel, sources[unit.item], unit.arms, ratings[unit], wanted)  # type: ignore[index]  # an item's id
            for unit in units
            if ratings[unit] < wanted
        ]
    return sorted(found, key=lambda lack: (lack.panel, lack.source, lack.arms))


def barred_units(units: Iterable[Unit], study: Study, raters: Iterable[Rater]) -> dict[str, frozenset[Unit]]:
    """By code, what somebody must not be given: they had to do with its case, and could tell whose words it is."""
    raters = list(raters)
    known = items_known_to(study, [rater.user_id for rater in raters])
    return {
        rater.code: frozenset(unit for unit in units if unit.item in found)
        for rater in raters
        if (found := known.get(rater.user_id))
    }


def has_fewer_for_it(rater: Rater) -> bool:
    """Whether somebody else of their panel holds more texts, and some are barred for them."""
    if rater.user_id not in items_known_to(rater.study, [rater.user_id]):
        return False
    loads = {code: len(hand) for code, hand in _hands(rater.study, _active(rater.study, rater.panel)).items()}
    return loads.get(rater.code, 0) < max(loads.values(), default=0)


def short_of(study: Study) -> dict[str, int]:
    """How many ratings of each panel are given to nobody."""
    short = Counter(dict.fromkeys(_wanted(study), 0))
    for lack in uncovered(study):
        short[lack.panel] += lack.wanted - lack.given
    return dict(short)


def _wanted(study: Study) -> dict[str, int]:
    panels = {Rater.Panel.LAY: study.lay_ratings, Rater.Panel.CLINICIAN: study.clinician_ratings}
    return {str(panel): wanted for panel, wanted in panels.items() if wanted}


def _active(study: Study, panel: str) -> QuerySet[Rater]:
    return study.raters.filter(panel=panel, withdrew_at=None).order_by("code")


def _chance(study: Study, *what: str) -> Random:
    return Random(" ".join([str(study.seed), *what]))  # noqa: S311 the same seed gives the same assignment


def _texts(study: Study, role: Item.Role) -> Texts:
    rows = Output.objects.filter(item__study=study, item__role=role).exclude(sha256="").order_by("item_id", "arm_id")
    texts: dict[uuid.UUID, dict[str, uuid.UUID]] = {}
    for item, arm, output in rows.values_list("item_id", "arm__key", "id"):
        texts.setdefault(item, {})[arm] = output
    return texts


def _units(study: Study, texts: Texts) -> list[Unit]:
    size = 2 if study.form == Study.Form.PAIRS else 1
    return [Unit(item, arms) for item, by_arm in texts.items() for arms in combinations(sorted(by_arm), size)]


def _hands(study: Study, raters: Iterable[Rater]) -> dict[str, Hand]:
    hands = {rater.code: Hand() for rater in raters}
    rows = Assignment.objects.filter(rater__study=study, output__item__role=Item.Role.RATED, rater__code__in=hands)
    for code, item, arm, other, shown_at, skipped in rows.values_list(
        "rater__code", "output__item_id", "output__arm__key", "other__arm__key", "shown_at", "skipped"
    ):
        hand = hands[code]
        pile = hand.skipped if skipped else hand.open if shown_at is None else hand.shown
        pile.add(_unit(item, arm, other))
    return hands


def _unit(item: uuid.UUID, arm: str, other: str | None) -> Unit:
    return Unit(item, (arm,) if other is None else tuple(sorted([arm, other])))


def _lay_out(study: Study, hands: Mapping[Rater, Hand], rated: Texts) -> None:
    """Write down what these raters have yet to see, in a new order: training, then texts with checks of attention among them."""
    Assignment.objects.filter(rater__in=hands, shown_at=None).delete()
    turned = _turned(study) if study.form == Study.Form.PAIRS else {}
    for rater, hand in hands.items():
        if not hand.held:
            continue
        chance = _chance(study, rater.code)
        order = arrange(sorted(hand.open, key=repr), chance)
        turned |= (turns := turn_pairs([(rater.code, unit) for unit in order], turned, chance))
        texts = [_shown(unit, rated, turns[rater.code, unit]) for unit in order]
        training = _checks(study, Item.Role.TRAINING, rater, chance)
        attention = _checks(study, Item.Role.ATTENTION, rater, chance)
        first = (rater.assignments.aggregate(last=Max("position"))["last"] or 0) + 1
        Assignment.objects.bulk_create(
            Assignment(rater=rater, position=place, output_id=shown.output, other_id=shown.other)
            for place, shown in enumerate([*training, *spread_in(texts, attention, chance)], start=first)
        )


def _turned(study: Study) -> dict[tuple[str, Unit], bool]:
    """Of the pairs that are given out, whether their second arm is shown first."""
    rows = Assignment.objects.filter(rater__study=study, output__item__role=Item.Role.RATED)
    return {
        (code, unit): arm != unit.arms[0]
        for code, item, arm, other in rows.values_list(
            "rater__code", "output__item_id", "output__arm__key", "other__arm__key"
        )
        for unit in [_unit(item, arm, other)]
    }


def _shown(unit: Unit, texts: Texts, is_turned: bool) -> Shown:
    outputs = [texts[unit.item][arm] for arm in unit.arms]  # type: ignore[index]  # an item's id
    return Shown(*reversed(outputs)) if is_turned else Shown(*outputs)


def _checks(study: Study, role: Item.Role, rater: Rater, chance: Random) -> list[Shown]:
    """One text of each such item that they were not shown yet, by chance; of pairs two, and the right one among them."""
    size = 2 if study.form == Study.Form.PAIRS else 1
    seen = rater.assignments.values("output__item")
    expected = dict(study.items.filter(role=role).exclude(id__in=seen).values_list("id", "expected"))
    texts = _texts(study, role)
    drawn = [
        _drawn(texts[item], right.get("preferred"), size, chance) for item, right in expected.items() if item in texts
    ]
    return chance.sample(whole := [Shown(*outputs) for outputs in drawn if len(outputs) == size], len(whole))


def _drawn(by_arm: Mapping[str, uuid.UUID], right: str | None, size: int, chance: Random) -> list[uuid.UUID]:
    shuffled = chance.sample(list(by_arm), len(by_arm))
    kept = sorted(shuffled, key=lambda arm: arm != right)[:size]
    return [by_arm[arm] for arm in chance.sample(kept, len(kept))]
