"""A stored study, read strictly: study.json as the site exports it, and texts.json where examples were asked for.

Neither a name nor a text of an item is in study.json, so its codes and keys may stand in reports and messages. Of
texts.json, no message says a word.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.rows import read_json
from evaluation.suite import BadData

FORMAT = 1
PANELS = ("lay", "clinician")
FORMS = ("scales", "pairs")
ROLES = ("rated", "training", "attention")
ESCALATION = "escalation"  # asked of clinicians alone; 1 is that the reply calms, so that lower is better


@dataclass(frozen=True, slots=True)
class Planned:
    """The comparison that was promised before the first rating. No candidate: none was promised."""

    candidate: str
    reference: str
    dimension: str
    margin: float | None  # points of the scale; of pairs, share of wins below one half


@dataclass(frozen=True, slots=True)
class Arm:
    key: str
    kind: str
    model: str
    sha256: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    source: str
    role: str
    language: str
    level: int
    stratum: str


@dataclass(frozen=True, slots=True)
class Rater:
    code: str
    panel: str
    credentials: str
    consented: bool
    withdrew: bool
    trained: bool
    given: int
    done: int
    skipped: int
    may_train: bool


@dataclass(frozen=True, slots=True)
class Rating:
    rater: str
    item: str
    arm: str
    position: int
    seconds: float | None
    values: Mapping[str, int]
    passed: bool | None


@dataclass(frozen=True, slots=True)
class Choice:
    rater: str
    item: str
    first: str
    second: str
    preferred: str  # empty: neither
    position: int
    seconds: float | None
    passed: bool | None

    @property
    def wins(self) -> float:
        """Of the first: 1, 0, or one half where neither was preferred."""
        return 0.5 if not self.preferred else float(self.preferred == self.first)


@dataclass(frozen=True, slots=True)
class Skip:
    rater: str
    item: str
    arm: str
    reason: str


@dataclass(frozen=True, slots=True)
class Comment:
    rater: str
    item: str
    arm: str
    start: int
    end: int
    dimension: str


@dataclass(frozen=True, slots=True)
class Output:
    item: str
    arm: str
    sha256: str
    screened: str
    words: int | None  # None: the file does not say, and nobody can be called too fast for it


@dataclass(frozen=True, slots=True)
class Study:
    name: str
    question: str
    form: str
    seed: int
    opened: str
    closed: str
    plan_sha256: str
    planned: Planned
    scale: tuple[int, int]
    dimensions: tuple[str, ...]
    arms: tuple[Arm, ...]
    items: Mapping[str, Item]
    raters: Mapping[str, Rater]
    ratings: tuple[Rating, ...]
    choices: tuple[Choice, ...]
    skips: tuple[Skip, ...]
    comments: tuple[Comment, ...]
    outputs: Mapping[tuple[str, str], Output]
    sha256: str  # of the file

    def panel_of(self, rater: str) -> str:
        return self.raters[rater].panel

    def counts(self, item: str) -> bool:
        """Training and attention items count for nothing."""
        return self.items[item].role == "rated"

    @property
    def panels(self) -> tuple[str, ...]:
        there = {rater.panel for rater in self.raters.values()}
        return tuple(panel for panel in PANELS if panel in there)

    @property
    def lower_is_better(self) -> bool:
        """On the planned dimension."""
        return self.planned.dimension == ESCALATION and self.form == "scales"

    def asked_of(self, panel: str) -> tuple[str, ...]:
        return tuple(one for one in self.dimensions if panel == "clinician" or one != ESCALATION)


@dataclass(frozen=True, slots=True)
class Texts:
    """Scrubbed texts, by item and arm."""

    posts: Mapping[str, str]
    outputs: Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class _Place:
    """An object of the file, and where a person finds it."""

    path: Path
    where: str
    fields: Mapping[str, Any]

    def refuse(self, expected: str) -> BadData:
        return BadData(self.path, self.where, expected)

    def text(self, name: str, *, empty: bool = True) -> str:
        value = self.fields.get(name)
        if not isinstance(value, str) or not (value or empty):
            raise self.refuse(f'want "{name}" with a text{"" if empty else " that is not empty"}.')
        return value

    def text_or_null(self, name: str) -> str:
        return "" if self.fields.get(name, "") is None else self.text(name)

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name)
        if value not in choices:
            raise self.refuse(f'want "{name}" to be {" or ".join(choice or "empty" for choice in choices)}.')
        return value

    def whole(self, name: str, *, least: int = 0) -> int:
        value = self.fields.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self.refuse(f'want "{name}" with a whole number from {least} up.')
        return value

    def number_or_null(self, name: str) -> float | None:
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value) or value < 0:
            raise self.refuse(f'want "{name}" with a number from 0 up, or null.')
        return float(value)

    def yes(self, name: str) -> bool:
        value = self.fields.get(name)
        if not isinstance(value, bool):
            raise self.refuse(f'want "{name}" to be true or false.')
        return value

    def yes_or_null(self, name: str) -> bool | None:
        return None if self.fields.get(name) is None else self.yes(name)

    def part(self, name: str) -> _Place:
        value = self.fields.get(name)
        if not isinstance(value, dict):
            raise self.refuse(f'want "{name}" with an object.')
        return _Place(self.path, f"{self.where}, {name}" if self.where else name, value)

    def rows(self, name: str) -> Iterator[_Place]:
        for number, value in enumerate(self.listed(name), start=1):
            where = f"{name} {number}"
            if not isinstance(value, dict):
                raise BadData(self.path, where, "want an object.")
            yield _Place(self.path, where, value)

    def listed(self, name: str) -> list[Any]:
        value = self.fields.get(name)
        if not isinstance(value, list):
            raise self.refuse(f'want "{name}" with a list.')
        return value


def read_study(path: Path) -> Study:
    """Raises `BadData` with one sentence: the file, the place in it, and what is expected there."""
    whole = _whole(path)
    form = whole.one_of("form", FORMS)
    scale, dimensions = _scale(whole), _dimensions(whole)
    arms = tuple(_arm(row) for row in whole.rows("arms"))
    keys = tuple(arm.key for arm in arms)
    if len(set(keys)) != len(keys):
        raise whole.refuse('want another "key" for each of "arms".')
    items = _by_name(whole, "items", _item, "id")
    raters = _by_name(whole, "raters", _rater, "code")
    names = _Names(keys, items, raters)
    ratings = tuple(_rating(row, names, scale, dimensions) for row in whole.rows("ratings"))
    choices = tuple(_choice(row, names) for row in whole.rows("choices"))
    _refuse_twice(whole, "ratings", [(one.rater, one.item, one.arm) for one in ratings])
    _refuse_twice(whole, "choices", [(one.rater, one.item, *sorted((one.first, one.second))) for one in choices])
    if (ratings and form == "pairs") or (choices and form == "scales"):
        raise whole.refuse(f'want "form" to fit what was rated: {form} goes with "{_HELD[form]}" alone.')
    return Study(
        name=whole.text("name"),
        question=whole.text("question"),
        form=form,
        seed=whole.whole("seed"),
        opened=whole.text_or_null("opened"),
        closed=whole.text_or_null("closed"),
        plan_sha256=whole.text("plan_sha256"),
        planned=_planned(whole.part("planned"), keys, dimensions, form),
        scale=scale,
        dimensions=dimensions,
        arms=arms,
        items=items,
        raters=raters,
        ratings=ratings,
        choices=choices,
        skips=tuple(_skip(row, names) for row in whole.rows("skips")),
        comments=tuple(_comment(row, names) for row in whole.rows("comments")),
        outputs=_outputs(whole, names),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


_HELD = {"scales": "ratings", "pairs": "choices"}


def _whole(path: Path) -> _Place:
    fields = read_json(path)
    if not isinstance(fields, dict):
        raise BadData(path, "", "want one JSON object.")
    whole = _Place(path, "", fields)
    if fields.get("format") != FORMAT:
        raise whole.refuse(f'want "format" to be {FORMAT}.')
    return whole


def _scale(whole: _Place) -> tuple[int, int]:
    ends = whole.listed("scale")
    if len(ends) != 2 or not all(isinstance(end, int) and not isinstance(end, bool) for end in ends):
        raise whole.refuse('want "scale" with its lowest and its highest whole number.')
    if not ends[0] < ends[1]:
        raise whole.refuse('want the first number of "scale" below the second.')
    return ends[0], ends[1]


def _dimensions(whole: _Place) -> tuple[str, ...]:
    names = whole.listed("dimensions")
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) != len(names):
        raise whole.refuse('want "dimensions" with names, each once.')
    return tuple(names)


@dataclass(frozen=True, slots=True)
class _Names:
    """What rows may speak of."""

    arms: tuple[str, ...]
    items: Mapping[str, Item]
    raters: Mapping[str, Rater]

    def rater(self, row: _Place) -> str:
        return self._known(row, "rater", self.raters)

    def item(self, row: _Place) -> str:
        return self._known(row, "item", self.items)

    def arm(self, row: _Place, name: str = "arm") -> str:
        return self._known(row, name, self.arms)

    def _known(self, row: _Place, name: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
        value = row.text(name)
        if value not in known:
            raise row.refuse(f'want "{name}" to be one that the study has.')
        return value


def _by_name(whole: _Place, name: str, made_of: Any, key: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in whole.rows(name):
        one = row.text(key, empty=False)
        if one in found:
            raise row.refuse(f'want another "{key}": there is one of this name already.')
        found[one] = made_of(row)
    return found


def _refuse_twice(whole: _Place, name: str, seen: list[tuple[str, ...]]) -> None:
    first: set[tuple[str, ...]] = set()
    for number, key in enumerate(seen, start=1):
        if key in first:
            raise BadData(whole.path, f"{name} {number}", "want each rater to judge a text, or a pair, once.")
        first.add(key)


def _planned(row: _Place, arms: tuple[str, ...], dimensions: tuple[str, ...], form: str) -> Planned:
    candidate, reference = row.one_of("candidate", ("", *arms)), row.one_of("reference", ("", *arms))
    if bool(candidate) != bool(reference) or (candidate and candidate == reference):
        raise row.refuse('want "candidate" and "reference" to be two arms, or both empty.')
    of_pairs = form == "pairs" or not candidate
    dimension = row.one_of("dimension", ("", *dimensions) if of_pairs else dimensions)
    return Planned(candidate, reference, dimension, row.number_or_null("margin"))


def _arm(row: _Place) -> Arm:
    return Arm(
        row.text("key", empty=False), row.text("kind"), row.text("model"), row.text("sha256"), row.text("prompt")
    )


def _item(row: _Place) -> Item:
    return Item(
        id=row.text("id"),
        source=row.text("source"),
        role=row.one_of("role", ROLES),
        language=row.text("language"),
        level=row.whole("level"),
        stratum=row.text("stratum"),
    )


def _rater(row: _Place) -> Rater:
    return Rater(
        code=row.text("code"),
        panel=row.one_of("panel", PANELS),
        credentials=row.text("credentials"),
        consented=row.yes("consented"),
        withdrew=row.yes("withdrew"),
        trained=row.yes("trained"),
        given=row.whole("given"),
        done=row.whole("done"),
        skipped=row.whole("skipped"),
        may_train=row.yes("may_train"),
    )


def _rating(row: _Place, names: _Names, scale: tuple[int, int], dimensions: tuple[str, ...]) -> Rating:
    values = row.part("values")
    for name, value in values.fields.items():
        if name not in dimensions:
            raise values.refuse('want the names of "dimensions" alone.')
        if not isinstance(value, int) or isinstance(value, bool) or not scale[0] <= value <= scale[1]:
            raise values.refuse(f'want "{name}" with a whole number from {scale[0]} to {scale[1]}.')
    return Rating(
        rater=names.rater(row),
        item=names.item(row),
        arm=names.arm(row),
        position=row.whole("position"),
        seconds=row.number_or_null("seconds"),
        values=dict(values.fields),
        passed=row.yes_or_null("passed"),
    )


def _choice(row: _Place, names: _Names) -> Choice:
    first, second = names.arm(row, "first"), names.arm(row, "second")
    if first == second:
        raise row.refuse('want "first" and "second" to be two arms.')
    return Choice(
        rater=names.rater(row),
        item=names.item(row),
        first=first,
        second=second,
        preferred=row.one_of("preferred", ("", first, second)),
        position=row.whole("position"),
        seconds=row.number_or_null("seconds"),
        passed=row.yes_or_null("passed"),
    )


def _skip(row: _Place, names: _Names) -> Skip:
    return Skip(names.rater(row), names.item(row), names.arm(row), row.text("reason"))


def _comment(row: _Place, names: _Names) -> Comment:
    start = row.whole("start")
    return Comment(
        names.rater(row), names.item(row), names.arm(row), start, row.whole("end", least=start), row.text("dimension")
    )


def _outputs(whole: _Place, names: _Names) -> dict[tuple[str, str], Output]:
    found = {}
    for row in whole.rows("outputs"):
        words = row.whole("words") if "words" in row.fields else None
        one = Output(names.item(row), names.arm(row), row.text("sha256"), row.text("screened"), words)
        if (one.item, one.arm) in found:
            raise row.refuse("want one output for each item and arm.")
        found[one.item, one.arm] = one
    return found


def read_texts(path: Path, study: Study) -> Texts:
    """Raises `BadData` also where the texts belong to another study."""
    whole = _whole(path)
    if whole.text("study") != study.plan_sha256:
        raise whole.refuse('want "study" to be the "plan_sha256" of the study file: these texts belong to another.')
    posts: dict[str, str] = {}
    outputs: dict[tuple[str, str], str] = {}
    for row in whole.rows("items"):
        item = row.text("id")
        if item not in study.items:
            raise row.refuse('want "id" to be an item of the study.')
        posts[item] = row.text("post")
        for arm in (texts := row.part("outputs")).fields:
            outputs[item, arm] = texts.text(arm)
    return Texts(posts, outputs)
