"""The page "How your writing goes": what only its writer is given. Plain values; templates decide nothing."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import gettext, gettext_noop

from assistant import actions, growth, reasons
from assistant.charts import Chart, chart
from assistant.growth import Band, Changes, Habit, HelpLevel, Numbers
from assistant.manner_page import manner_charts
from assistant.meters import LABELS, Mechanism, band_of
from assistant.models import HelpChoice, ReplyNumbers
from assistant.retention import NUMBERS_LIVE

WORDINGS = Path(__file__).with_name("wordings.toml")
LAST = 24  # replies, a bar each
MONTHS = 13
MOST = 1_000  # replies in those months: every row is decrypted
HARD = 14.0  # the grade that fills a chart

HABITS = {
    (Mechanism.REACTIONS, Band.USUALLY): gettext_noop("Your own drafts usually say what moves you about it."),
    (Mechanism.REACTIONS, Band.SOMETIMES): gettext_noop("Your own drafts say now and then what moves you about it."),
    (Mechanism.REACTIONS, Band.SELDOM): gettext_noop("Your own drafts seldom say what moves you about it."),
    (Mechanism.INTERPRETATIONS, Band.USUALLY): gettext_noop("Your own drafts usually show what you understood of it."),
    (Mechanism.INTERPRETATIONS, Band.SOMETIMES): gettext_noop(
        "Your own drafts show now and then what you understood of it."
    ),
    (Mechanism.INTERPRETATIONS, Band.SELDOM): gettext_noop("Your own drafts seldom show what you understood of it."),
    (Mechanism.EXPLORATIONS, Band.USUALLY): gettext_noop("Your own drafts usually ask about more of it."),
    (Mechanism.EXPLORATIONS, Band.SOMETIMES): gettext_noop("Your own drafts ask now and then about more of it."),
    (Mechanism.EXPLORATIONS, Band.SELDOM): gettext_noop("Your own drafts seldom ask about more of it."),
}
LEVELS = {
    HelpLevel.FULL: (gettext_noop("Written out"), gettext_noop("Each suggested change shows its wording at once.")),
    HelpLevel.HINTS: (
        gettext_noop("Hints first"),
        gettext_noop(
            "Each change says where and why, and its wording opens when you ask for it. What the safety checks say of a draft is "
            "always written out."
        ),
    ),
    HelpLevel.REQUEST: (
        gettext_noop("Only on request"),
        gettext_noop(
            "Asking is folded away beside your reply until you open it, and the model reads nothing of a draft before you ask."
        ),
    ),
}
PROPOSALS = {
    HelpLevel.HINTS: gettext_noop(
        "Your last drafts held much by themselves and needed few changes. Would you like hints first?"
    ),
    HelpLevel.FULL: gettext_noop(
        "Your last drafts held less by themselves, or needed more changes. Would you like changes written out again?"
    ),
}
READS = {  # by the bands of the meters
    "easy": gettext_noop("Most are easy to read."),
    "plain": gettext_noop("Most are plain to read."),
    "some effort": gettext_noop("Most take some effort to read."),
    "hard": gettext_noop("Most are hard to read."),
}
KINDS = {
    growth.SAFETY: gettext_noop("What the safety checks said of a draft."),
    growth.NO_REASON: gettext_noop("No reason was found."),
}


@dataclass(frozen=True, slots=True)
class Point:
    """A reply, or the replies of a month."""

    label: str
    numbers: Sequence[Numbers]

    @property
    def changes(self) -> Changes:
        return _sum(self.numbers)

    @property
    def grade(self) -> float | None:
        return _middle_grade(self.numbers)

    def own(self, mechanism: Mechanism) -> list[bool]:
        return [mechanism in one.own for one in self.numbers if one.own is not None]

    def sent(self, mechanism: Mechanism) -> list[bool]:
        return [mechanism in one.sent for one in self.numbers if one.sent is not None]


def growth_page(person: Any, *, by_month: bool) -> dict[str, Any]:
    choice = HelpChoice.of(person)
    points = _months(person) if by_month else _replies(person)
    numbers = [one for point in points for one in point.numbers]
    return {
        "counts": choice.counts,
        "total": len(numbers),
        "by_month": by_month,
        "last": LAST,
        "habits": [_habit(one) for one in growth.habits(numbers)],
        "least": growth.LEAST,
        "days": NUMBERS_LIVE.days,
        "charts": _Charts(points, by_month=by_month).all() if numbers else [],
        "manner": manner_charts(
            [point.numbers for point in points], labels=_first_column(points, by_month=by_month), slots=_slots(by_month)
        ),
        "kinds": _kinds(numbers),
    } | _help(choice)


def numbers_file(person: Any) -> dict[str, Any]:
    """Everything that is kept of this person's writing, to take away."""
    choice = HelpChoice.of(person)
    rows = ReplyNumbers.latest_of(person)
    return {
        "help": choice.level,
        "help_by_rule": choice.stepped,
        "numbers_are_kept": choice.counts,
        "replies": [{"at": row.at.isoformat()} | json.loads(row.numbers) for row in rows],
    }


# How much help


def _help(choice: HelpChoice) -> dict[str, Any]:
    has_steps = settings.HELP_POLICY == "steps"
    unchosen = gettext(LEVELS[HelpChoice(stepped=choice.stepped).shown][0])
    options = [
        ("", gettext("As it is set up here"), gettext("At the moment: %(level)s.") % {"level": unchosen.lower()})
    ]
    options += [(level.value, gettext(label), gettext(about)) for level, (label, about) in LEVELS.items()]
    proposed = actions.next_level(choice) if has_steps and not choice.is_stepped_by_rule else None
    return {
        "levels": [
            {"value": value, "label": label, "about": about, "chosen": value == choice.level}
            for value, label, about in options
        ],
        "shown_level": gettext(LEVELS[choice.shown][0]),
        "is_stepped": choice.is_stepped_by_rule and choice.stepped not in ("", settings.HELP_LEVEL),
        "rule": _rule() if has_steps else None,
        "proposal": {"level": proposed.value, "words": gettext(PROPOSALS[proposed]), "stays": choice.level}
        if proposed
        else None,
    }


def _rule() -> dict[str, Any]:
    return {
        "sets": settings.HELP_STEPS == "set",
        "holds": growth.HOLDS,
        "few": growth.FEW,
        "down": growth.DOWN,
        "down_of": growth.DOWN_OF,
        "up": growth.UP_OF - growth.UP,
        "up_of": growth.UP_OF,
    }


# What own drafts hold


def _habit(habit: Habit) -> dict[str, Any]:
    ways = _wordings()[habit.mechanism]["ways"]
    return {
        "sentence": gettext(HABITS[habit.mechanism, habit.band]),
        "held": habit.held,
        "of": habit.of,
        "leads_in": gettext("Another way to say it:") if habit.band is Band.USUALLY else gettext("One way to say it:"),
        "way": ways[timezone.localdate().toordinal() % len(ways)],  # another one every day
    }


@cache
def _wordings() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(WORDINGS.read_text(encoding="utf-8"))


# Trends


class _Charts:
    def __init__(self, points: Sequence[Point], *, by_month: bool) -> None:
        self.points = points
        self.numbers = [one for point in points for one in point.numbers]
        self.changes = _sum(self.numbers)
        self.slots = _slots(by_month)
        self.first = _first_column(points, by_month=by_month)
        self.most = max(point.changes.offered for point in points) or 1

    def all(self) -> list[Chart]:
        return [
            self.alone(),
            self.share(),
            *(self.mechanism(one) for one in Mechanism),
            self.used(),
            self.stayed(),
            self.reading(),
        ]

    def alone(self) -> Chart:
        said = self.each(lambda point: [not one.asked for one in point.numbers])
        return self.draw(
            "alone",
            gettext("Without asking the model"),
            gettext("%(alone)s of these %(all)s replies were written without asking.")
            % {"alone": sum(map(sum, said)), "all": len(self.numbers)},
            heights=[_part(one) for one in said],
            columns={gettext("Without asking"): [_told(one, yes=gettext("yes"), no=gettext("no")) for one in said]},
        )

    def share(self) -> Chart:
        shares = self.each(lambda point: _average([one.own_share for one in point.numbers]))
        return self.draw(
            "share",
            gettext("Your own words"),
            gettext("On average %(share)s %% of what was sent are your own words.")
            % {"share": _average([one.own_share for one in self.numbers])},
            heights=[one / 100 for one in shares],
            columns={gettext("Your own words"): [f"{one} %" for one in shares]},
        )

    def mechanism(self, one: Mechanism) -> Chart:
        own, sent = self.each(lambda point: point.own(one)), self.each(lambda point: point.sent(one))
        drafts, replies = [said for part in own for said in part], [said for part in sent for said in part]
        sentence = gettext(
            "Found in %(found)s of %(drafts)s drafts as they were before you asked for help, and in %(found_sent)s of "
            "%(replies)s replies that were sent."
        ) % {"found": sum(drafts), "drafts": len(drafts), "found_sent": sum(replies), "replies": len(replies)}
        return self.draw(
            one.value,
            gettext(LABELS[one]),
            sentence if replies else gettext("Wording is looked for in English only."),
            heights=[_part(said) for said in own],
            outlines=[_part(said) for said in sent],
            columns={
                gettext("Your own draft"): [_told(said, yes=gettext("found"), no=gettext("not found")) for said in own],
                gettext("What was sent"): [_told(said, yes=gettext("found"), no=gettext("not found")) for said in sent],
            },
        )

    def used(self) -> Chart:
        changes = self.each(lambda point: point.changes)
        return self.draw(
            "used",
            gettext("Changes that you used"),
            gettext("Of %(offered)s suggested changes you used %(used)s.")
            % {"offered": self.changes.offered, "used": self.changes.used}
            if self.changes.offered
            else gettext("No change was suggested."),
            heights=[one.used / self.most for one in changes],
            columns={
                gettext("Suggested"): [str(one.offered) for one in changes],
                gettext("Used"): [str(one.used) for one in changes],
            },
        )

    def stayed(self) -> Chart:
        changes = self.each(lambda point: point.changes)
        total = self.changes
        stayed, own = total.kept + total.unhelpful, total.rewritten
        said = [
            gettext("Of %(offered)s suggested changes you kept yours at %(stayed)s, at %(unhelpful)s as not helpful.")
            % {"offered": total.offered, "stayed": stayed, "unhelpful": total.unhelpful}
        ]
        if own:
            said.append(gettext("At %(own)s you found other words of your own.") % {"own": own})
        return self.draw(
            "stayed",
            gettext("Where your words stayed"),
            " ".join(said) if total.offered else gettext("No change was suggested."),
            heights=[(one.kept + one.unhelpful + one.rewritten) / self.most for one in changes],
            columns={
                gettext("Kept yours"): [str(one.kept) for one in changes],
                gettext("Not helpful"): [str(one.unhelpful) for one in changes],
                gettext("Other own words"): [str(one.rewritten) for one in changes],
            },
        )

    def reading(self) -> Chart:
        grades, middle = self.each(lambda point: point.grade), _middle_grade(self.numbers)
        return self.draw(
            "reading",
            gettext("How hard they read"),
            gettext("They are too short to tell.") if middle is None else gettext(READS[band_of(middle)]),
            heights=[None if one is None else min(max(one, 0.0), HARD) / HARD for one in grades],
            columns={
                gettext("Reading"): [
                    gettext("too short to tell") if one is None else gettext(band_of(one)) for one in grades
                ]
            },
        )

    def each(self, figure: Callable[[Point], Any]) -> list[Any]:
        return [figure(point) for point in self.points]

    def draw(self, code: str, title: str, sentence: str, **drawn: Any) -> Chart:
        columns = self.first | drawn.pop("columns")
        return chart(code, title, sentence, columns=columns, slots=self.slots, **drawn)


def _slots(by_month: bool) -> int:
    return MONTHS if by_month else LAST


def _first_column(points: Sequence[Point], *, by_month: bool) -> dict[str, list[str]]:
    return {gettext("Month") if by_month else gettext("Sent"): [point.label for point in points]}


def _part(said: Sequence[bool]) -> float | None:
    return sum(said) / len(said) if said else None


def _told(said: Sequence[bool], *, yes: str, no: str) -> str:
    if len(said) > 1:
        return gettext("%(part)s of %(all)s") % {"part": sum(said), "all": len(said)}
    return gettext("not known") if not said else yes if said[0] else no


def _average(figures: Sequence[int]) -> int:
    return round(sum(figures) / len(figures))


def _middle_grade(numbers: Sequence[Numbers]) -> float | None:
    grades = [one.grade for one in numbers if one.grade is not None]
    return median(grades) if grades else None


def _sum(numbers: Sequence[Numbers]) -> Changes:
    return sum((one.changes for one in numbers), Changes())


# Times and kinds


def _replies(person: Any) -> list[Point]:
    return [Point(_local(row, "j F Y, H:i"), [row.opened]) for row in ReplyNumbers.latest_of(person, LAST)]


def _months(person: Any) -> list[Point]:
    """Those in which something was sent."""
    rows = ReplyNumbers.latest_of(person, MOST)
    months = groupby(rows, key=lambda row: _local(row, "F Y"))
    return [Point(month, [row.opened for row in sent]) for month, sent in months][-MONTHS:]


def _local(row: ReplyNumbers, form: str) -> str:
    return str(formats.date_format(timezone.localtime(row.at), form))


def _kinds(numbers: Sequence[Numbers]) -> list[dict[str, Any]]:
    """By what changes were suggested for, the most frequent first."""
    sums: dict[str, Changes] = {}
    for one in numbers:
        for kind, changes in one.kinds.items():
            sums[kind] = sums.get(kind, Changes()) + changes
    ordered = sorted(sums.items(), key=lambda item: (-item[1].offered, item[0]))
    return [{"words": _words_of(kind), "changes": changes} for kind, changes in ordered]


def _words_of(kind: str) -> str:
    why = reasons.told(kind)
    return gettext(why.line if why else KINDS.get(kind, kind))
