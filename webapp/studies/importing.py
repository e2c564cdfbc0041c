"""Items from a file: one JSON object a line. All lines are right and stored, or nothing is.

    id             what the file calls it: letters, digits and . _ : -, once in a study; exports repeat it
    post           what the seeker wrote
    outputs        the text of each arm, by its key; arms that a model writes may be left out
    draft          optional: what an improvement model is given; else the text of an arm where the supporter was alone
    language       optional, BCP 47; "en"
    level          optional, 0 to 4; else what the checks find in the post
    stratum        optional: a group that the report shows apart
    about          optional: what it is about, in a factual line that raters read before the text
    role           optional: rated, training or attention; "rated"
    expected       of training and attention: for each dimension that counts, [lowest, highest] that is right;
                   of two replies side by side {"preferred": key of an arm}
    explanation    of training: why

Every text is scrubbed and screened on its way in; the file itself is not kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from assistant.forms import UNWANTED
from assistant.safety.scrub import scrub
from assistant.vault import audit
from webapp.studies.checked import level_of, put_text, screen_output
from webapp.studies.dimensions import HIGHEST, LOWEST, ON_THE_SCALE
from webapp.studies.models import Arm, Item, Output, Study
from webapp.studies.planning import planned

MOST_LINES = 100  # at a time; more go in as another file: they are screened while nobody else can write (SQLite)
MOST_ITEMS = 1000  # of a study
MOST_CHARACTERS = 600_000  # of a file, so that it fits into one request
IDS = re.compile(r"[A-Za-z0-9._:-]{1,64}")
LANGUAGES = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
LONGEST_STRATUM, LONGEST_ABOUT = 40, 200
NEEDED = ("id", "post", "outputs")
KNOWN = {*NEEDED, "draft", "language", "level", "stratum", "about", "role", "expected", "explanation"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line, read and scrubbed."""

    source: str
    post: str
    outputs: dict[str, str]
    draft: str = ""
    language: str = "en"
    level: int | None = None
    stratum: str = ""
    about: str = ""
    role: str = str(Item.Role.RATED)
    expected: dict[str, Any] = field(default_factory=dict)
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    line: int
    text: str


class Wrong(Exception):
    """A line cannot be taken; the message says what about it."""


class NoJson(Wrong):
    """It is something else altogether."""


# Reading


def read_items(text: str, study: Study) -> tuple[list[Row], list[Problem]]:
    """Nothing is stored by it."""
    arms = set(study.arms.values_list("key", flat=True))
    taken = dict.fromkeys(study.items.values_list("source", flat=True), 0)
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if problem := _of_the_file(lines, taken):
        return [], [problem]
    rows: list[Row] = []
    problems: list[Problem] = []
    strange = 0
    for number, line in lines:
        try:
            row = _read(line, arms=arms, form=study.form)
            if row.source in taken:
                raise Wrong(_twice(row.source, taken[row.source]))
        except Wrong as wrong:
            problems.append(Problem(number, str(wrong)))
            strange += isinstance(wrong, NoJson)
        else:
            taken[row.source] = number
            rows.append(row)
    if 1 < strange == len(lines):
        said = gettext(
            "No line of it is a JSON object. A table (CSV) and one list over many lines are not read: write one object a line."
        )
        return [], [Problem(lines[0][0], said)]
    return rows, problems


def _of_the_file(lines: list[tuple[int, str]], taken: dict[str, int]) -> Problem | None:
    if not lines:
        return Problem(1, gettext("There is no line in it."))
    if len(lines) > MOST_LINES:
        said = gettext("%(n)s lines; %(most)s fit at a time. Add the rest as another file.")
        return Problem(lines[MOST_LINES][0], said % {"n": len(lines), "most": MOST_LINES})
    if len(taken) + len(lines) > MOST_ITEMS:
        return Problem(lines[0][0], gettext("A study has at most %(most)s items.") % {"most": MOST_ITEMS})
    return None


def _twice(source: str, line: int) -> str:
    if line:
        return gettext("“%(id)s” stands in line %(line)s already.") % {"id": source, "line": line}
    return gettext("“%(id)s” is in this study already.") % {"id": source}


def _read(line: str, *, arms: set[str], form: str) -> Row:
    try:
        given = json.loads(line, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise NoJson(gettext("This is no JSON.")) from error
    if not isinstance(given, dict):
        raise NoJson(gettext("This is no JSON object: it has to begin with { and end with }."))
    if missing := [name for name in NEEDED if name not in given]:
        raise Wrong(gettext("“%(name)s” is missing.") % {"name": missing[0]})
    if unknown := sorted(given.keys() - KNOWN):
        raise Wrong(gettext("“%(name)s” is no field of an item.") % {"name": scrub(unknown[0][:40])})
    role = _one_of(given, "role", Item.Role.values, default=str(Item.Role.RATED))
    return Row(
        source=_source(given["id"]),
        post=scrub(_text(given, "post", most=settings.MAX_POST)),
        outputs=_outputs(given["outputs"], arms),
        draft=scrub(_text(given, "draft", most=settings.MAX_DRAFT, may_lack=True)),
        language=_language(given.get("language", "en")),
        level=_level(given.get("level")),
        stratum=scrub(_text(given, "stratum", most=LONGEST_STRATUM, may_lack=True)),
        about=scrub(_text(given, "about", most=LONGEST_ABOUT, may_lack=True)),
        role=role,
        expected=_expected(given.get("expected"), role=role, arms=arms, form=form),
        explanation=scrub(_explanation(given, role=role)),
    )


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two texts for one arm, JSON itself would take the second and say nothing."""
    given = dict(pairs)
    if len(given) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Wrong(gettext("“%(name)s” stands twice in this line.") % {"name": scrub(twice[:40])})
    return given


def _source(value: Any) -> str:
    if not isinstance(value, str) or not IDS.fullmatch(value):
        raise Wrong(gettext("“id”: up to 64 letters, digits and . _ : - without spaces."))
    return value


def _text(given: dict[str, Any], name: str, *, most: int, may_lack: bool = False) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise Wrong(gettext("“%(name)s” has to be a text.") % {"name": name})
    return _checked(value, name, most=most, may_lack=may_lack)


def _checked(value: str, name: str, *, most: int, may_lack: bool = False) -> str:
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    if not value.strip() and not may_lack:
        raise Wrong(gettext("“%(name)s” is empty.") % {"name": name})
    if len(value) > most:
        raise Wrong(gettext("“%(name)s” is longer than %(most)s characters.") % {"name": name, "most": most})
    if UNWANTED.search(value):
        raise Wrong(gettext("“%(name)s” holds a control character. Remove it.") % {"name": name})
    return value


def _outputs(value: Any, arms: set[str]) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Wrong(gettext("“outputs” has to be an object with a text for each arm."))
    if unknown := [key for key in value if key not in arms]:
        said = gettext("“%(key)s” is no arm of this study. Its arms: %(arms)s.")
        raise Wrong(said % {"key": scrub(unknown[0][:40]), "arms": ", ".join(sorted(arms)) or "–"})
    if wrong := [key for key, text in value.items() if not isinstance(text, str)]:
        raise Wrong(gettext("“%(name)s” has to be a text.") % {"name": f"outputs.{wrong[0]}"})
    return {
        key: scrub(_checked(text, f"outputs.{key}", most=settings.MAX_DRAFT)) for key, text in sorted(value.items())
    }


def _language(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 35 or not LANGUAGES.fullmatch(value):
        raise Wrong(gettext("“language”: a code like en or pt-BR."))
    return value


def _level(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 4:
        raise Wrong(gettext("“level”: a whole number from 0 to 4."))
    return value


def _one_of(given: dict[str, Any], name: str, known: list[str], *, default: str) -> str:
    value = given.get(name, default)
    if value not in known:
        raise Wrong(gettext("“%(name)s”: one of %(known)s.") % {"name": name, "known": ", ".join(known)})
    return str(value)


def _expected(value: Any, *, role: str, arms: set[str], form: str) -> dict[str, Any]:
    if role == Item.Role.RATED:
        if value:
            raise Wrong(gettext("“expected” belongs to training and attention items alone."))
        return {}
    if not isinstance(value, dict) or not value:
        raise Wrong(gettext("“expected” is missing: what is right in this item."))
    if form == Study.Form.PAIRS:
        if value.keys() != {"preferred"} or value["preferred"] not in arms:
            raise Wrong(gettext('“expected” of a pair is {"preferred": key of an arm}.'))
        return value
    return {name: list(_range(name, between)) for name, between in value.items()}


def _range(name: str, between: Any) -> Iterator[int]:
    whole = isinstance(between, list) and all(type(one) is int for one in between)
    if name not in ON_THE_SCALE or not whole or len(between) != 2 or not LOWEST <= between[0] <= between[1] <= HIGHEST:
        said = gettext("“expected”: for a dimension [lowest, highest], whole numbers from %(low)s to %(high)s.")
        raise Wrong(said % {"low": LOWEST, "high": HIGHEST})
    yield from between


def _explanation(given: dict[str, Any], *, role: str) -> str:
    return _text(given, "explanation", most=settings.MAX_REASON, may_lack=role != Item.Role.TRAINING)


# Storing


@transaction.atomic
def add_items(study: Study, rows: list[Row], *, by: Any) -> None:
    row = planned(study)
    arms = {arm.key: arm for arm in row.arms.all()}
    for item in rows:
        add_item(row, item, arms)
    audit.record("study.items_added", actor=by, object_type="study", object_id=row.id, outcome=f"{len(rows)} item(s)")


def add_item(study: Study, row: Row, arms: dict[str, Arm]) -> Item:
    """In the caller's transaction. The texts are scrubbed already."""
    level = level_of(row.post, language=row.language) if row.level is None else row.level
    item = Item(
        study=study,
        case=study.case,
        role=row.role,
        source=row.source,
        post=row.post,
        language=row.language,
        level=level,
        stratum=row.stratum,
        about=row.about,
        expected=row.expected,
        explanation=row.explanation,
    )
    item.save(force_insert=True)
    draft = row.draft or _written_alone(row, arms)
    for key, text in row.outputs.items():
        _add_output(item, arms[key], text=text, draft=draft if arms[key].revises else "")
    for arm in arms.values():
        # Training and attention items say one thing each, in the words that they came with: no model has a part in them.
        if draft and arm.revises and arm.key not in row.outputs and row.role == Item.Role.RATED:
            Output(case=study.case, item=item, arm=arm, draft=draft).save(force_insert=True)
    return item


def _written_alone(row: Row, arms: dict[str, Arm]) -> str:
    return next((text for key, text in row.outputs.items() if arms[key].kind == Arm.Kind.ALONE), "")


def _add_output(item: Item, arm: Arm, *, text: str, draft: str) -> None:
    output = Output(case=item.case, item=item, arm=arm)
    screened = screen_output(text, kind=arm.kind, post=item.post, draft=draft, language=item.language, level=item.level)
    put_text(output, text, screened=screened)
    output.save(force_insert=True)
