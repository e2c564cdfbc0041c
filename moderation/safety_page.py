"""What the safety page is given: every figure with its words. Plain values; templates decide nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext, gettext_noop

from assistant import triage
from assistant.access import HEAR_SUPPORTERS
from assistant.intervals import wilson
from assistant.safety.types import Level
from moderation import exposure, safety_counts
from moderation.figures import Column, Figure, figure, minutes, minutes_words, percent_words
from moderation.flagged import KINDS
from moderation.policy import VIEW_FLAGS
from moderation.safety_counts import AGREEMENT_DAYS, DAYS, SHARES, Looks

FEW = 10  # decisions, below which a share is not put into a sentence
OTHER_LAYERS = {
    "person": gettext_noop("somebody asked for a look"),
    "sample": gettext_noop("drawn at random"),
    "second_reader": gettext_noop("the model as second reader"),
    "triage": gettext_noop("the level of the post"),
    "pipeline": gettext_noop("a check in trouble"),
}


def safety_page(user: Any) -> dict[str, Any]:
    return {
        "days": DAYS,
        "agreement_days": AGREEMENT_DAYS,
        "waiting": [*queue(), *hand_overs(), *held()],
        "looking": [*first_look(), *agreement()],
        "flagged": flagged(),
        "model": [*model_errors(), *model_share()],
    } | looked_at(user)


def looked_at(user: Any) -> dict[str, Any]:
    """One's own for who reads flags; everybody's for leads."""
    levels = [int(level) for level in Level if level >= exposure.HEAVY]
    own, each = None, None
    if user.has_perm(HEAR_SUPPORTERS):
        each = exposure.opened_by_each()
        own = each.get(user.username, exposure.NOTHING)
    elif user.has_perm(VIEW_FLAGS):
        own = exposure.opened_by(user)
    return {
        "heavy": int(exposure.HEAVY),
        "levels": levels,
        "own": own,
        "of_all": None
        if each is None
        else [
            {"name": name, "counts": [opened.by_level[level] for level in levels], "total": opened.total}
            for name, opened in each.items()
        ],
    }


def figure_of(code: str) -> Figure | None:
    """The one of this code, made without the others."""
    make = MAKERS.get(code.split("-")[0])
    return next((one for one in make() if one.chart.code == code), None) if make else None


# What waits


def queue() -> list[Figure]:
    moments = safety_counts.ends_of_days()
    return [
        _queue_of(level, moments, waiting)
        for level, waiting in safety_counts.queue_by_level(moments).items()
        if level is Level.NONE or safety_counts.total(waiting)
    ]


def _queue_of(level: Level, moments: Sequence[datetime], waiting: Sequence[safety_counts.Waiting]) -> Figure:
    ages = [minutes(one.oldest) for one in waiting]
    now = waiting[-1]
    if not now.count:
        sentence = gettext("Nothing of this level waits now.")
    else:
        sentence = gettext("Waiting now: %(count)s, the first for %(age)s.") % {
            "count": now.count,
            "age": minutes_words(ages[-1]),
        }
    return figure(
        f"queue-{int(level)}",
        gettext("Queue, level %(level)s") % {"level": int(level)},
        sentence,
        columns=[
            Column("at", gettext("At"), [at.isoformat(timespec="minutes") for at in moments], _moment_words),
            Column("waiting", gettext("Waiting"), [one.count for one in waiting]),
            Column("oldest_minutes", gettext("The first for"), ages, minutes_words),
        ],
        heights=[age or 0 for age in ages],
    )


def hand_overs() -> list[Figure]:
    waiting = safety_counts.unacknowledged()
    levels = [level for level in Level if level in waiting]
    count = safety_counts.total(waiting.values())
    ages = [minutes(waiting[level].oldest) for level in levels]
    return [
        figure(
            "handover",
            gettext("Handed over, and taken by nobody yet"),
            gettext("No hand-over waits for a lead.")
            if not count
            else gettext("Waiting for a lead: %(count)s, the first for %(age)s.")
            % {"count": count, "age": minutes_words(max(age for age in ages if age is not None))},
            columns=[
                _levels(levels),
                Column("waiting", gettext("Waiting"), [waiting[level].count for level in levels]),
                Column("oldest_minutes", gettext("The first for"), ages, minutes_words),
            ],
            heights=[waiting[level].count for level in levels],
        )
    ]


def held() -> list[Figure]:
    waiting = safety_counts.held()
    count = safety_counts.total(waiting.values())
    return [
        figure(
            "held",
            gettext("Held until somebody decides"),
            gettext("Nothing is held.") if not count else gettext("Held now: %(count)s.") % {"count": count},
            columns=[
                Column("kind", gettext("Kind"), list(waiting), lambda kind: gettext(KINDS[str(kind)])),
                Column("held", gettext("Held"), [one.count for one in waiting.values()]),
                Column(
                    "oldest_minutes",
                    gettext("The first for"),
                    [minutes(one.oldest) for one in waiting.values()],
                    minutes_words,
                ),
            ],
            heights=[one.count for one in waiting.values()],
        )
    ]


# When somebody looked, and what they thought of it


def first_look() -> list[Figure]:
    looks = {level: one for level, one in safety_counts.first_looks().items() if one.count}
    middle, most, nearly = ([minutes(one.percentile(part)) for one in looks.values()] for part in (0.5, 0.9, 0.95))
    clocks = [triage.clock(level) for level in looks]
    in_time = [
        None if clock is None else _share(*one.within(clock)) for one, clock in zip(looks.values(), clocks, strict=True)
    ]
    return [
        figure(
            "look",
            gettext("Until somebody looks"),
            _first_look_words(looks),
            columns=[
                _levels(list(looks)),
                Column("flags", gettext("Flags"), [one.count for one in looks.values()]),
                Column("unseen", gettext("Not looked at yet"), [len(one.unseen) for one in looks.values()]),
                Column("p50_minutes", gettext("Half of them within"), middle, minutes_words),
                Column("p90_minutes", gettext("90 % within"), most, minutes_words),
                Column("p95_minutes", gettext("95 % within"), nearly, minutes_words),
                Column(
                    "clock_minutes",
                    gettext("Time that the policy gives"),
                    [minutes(one) for one in clocks],
                    minutes_words,
                ),
                Column("in_time", gettext("In time"), in_time, percent_words),
            ],
            heights=middle,
            outlines=nearly,
        )
    ]


def _first_look_words(looks: dict[Level, Looks]) -> str:
    if not looks:
        return gettext("No flag was opened in this time.")
    level = max(looks)
    middle = looks[level].percentile(0.5)
    if middle is None:
        return gettext("Of level %(level)s, more than half wait for a first look still.") % {"level": int(level)}
    return gettext("Of level %(level)s, half were looked at within %(time)s. Filled: half; outlined: 95 %%.") % {
        "level": int(level),
        "time": minutes_words(minutes(middle)),
    }


def agreement() -> list[Figure]:
    """Whether people agreed with what a layer held or flagged, with how sure that is."""
    judged = sorted(safety_counts.agreement().items(), key=lambda one: (-one[1].decided, one[0]))
    intervals = [wilson(one.upheld / one.decided, one.decided) for _, one in judged]
    enough = [(layer, interval) for (layer, one), interval in zip(judged, intervals, strict=True) if one.decided >= FEW]
    lowest = min(enough, key=lambda one: one[1].value, default=None)
    return [
        figure(
            "agreement",
            gettext("How often people agreed with a check"),
            gettext("Too few decisions to say.")
            if lowest is None
            else gettext("Least often with “%(layer)s”: %(share)s, with 95 %% confidence between %(low)s and %(high)s.")
            % {
                "layer": lowest[0],
                "share": percent_words(lowest[1].value),
                "low": percent_words(lowest[1].low),
                "high": percent_words(lowest[1].high),
            },
            columns=[
                Column("layer", gettext("Check"), [layer for layer, _ in judged], _layer_words),
                Column("decided", gettext("Decided"), [one.decided for _, one in judged]),
                Column("upheld", gettext("Not let pass as it was"), [one.upheld for _, one in judged]),
                Column("share", gettext("Share"), [round(one.value, 4) for one in intervals], percent_words),
                Column("low", gettext("At least"), [round(one.low, 4) for one in intervals], percent_words),
                Column("high", gettext("At most"), [round(one.high, 4) for one in intervals], percent_words),
            ],
            heights=[one.value for one in intervals],
            outlines=[one.high for one in intervals],
        )
    ]


# What was flagged


def flagged() -> list[Figure]:
    codes = safety_counts.flags_by_code()
    return [
        _counted(
            "layers",
            gettext("Flags by what asked for them"),
            safety_counts.by_layer(codes).most_common(),
            Column("layer", gettext("Check"), [], _layer_words),
            gettext("Flags"),
        ),
        _counted(
            "codes",
            gettext("Flags by code"),
            codes.most_common(),
            Column("code", gettext("Code"), []),
            gettext("Flags"),
        ),
    ]


# The model


def model_errors() -> list[Figure]:
    ended, failed = safety_counts.ended_jobs()
    sentence = gettext("%(failed)s of %(ended)s requests for help failed.") % {"failed": failed.total(), "ended": ended}
    reasons = Column("reason", gettext("Reason"), [])
    return [
        _counted("errors", gettext("Errors of the model"), failed.most_common(), reasons, gettext("Requests"), sentence)
    ]


def model_share() -> list[Figure]:
    replies = safety_counts.shares_in_replies()
    names = ["0", *(f"{low:.0%}-{high:.0%}" for low, high in pairwise(SHARES))]
    with_any = sum(replies[1:])
    return [
        figure(
            "share",
            gettext("The model's part in replies"),
            gettext("%(some)s of %(all)s replies hold suggested words; %(most)s are made of them by more than 80 %%.")
            % {"some": with_any, "all": sum(replies), "most": replies[-1]},
            columns=[
                Column("share", gettext("Suggested words"), names, _share_words),
                Column("replies", gettext("Replies"), replies),
            ],
            heights=replies,
        )
    ]


MAKERS: dict[str, Callable[[], list[Figure]]] = {
    "queue": queue,
    "handover": hand_overs,
    "held": held,
    "look": first_look,
    "agreement": agreement,
    "layers": flagged,
    "codes": flagged,
    "errors": model_errors,
    "share": model_share,
}


def _counted(
    code: str, title: str, rows: Sequence[tuple[str, int]], first: Column, heading: str, sentence: str = ""
) -> Figure:
    """Names with a number each, the most frequent first."""
    if not sentence:
        sentence = gettext("Nothing in this time.")
        if rows:
            sentence = gettext("Most often: %(name)s, %(count)s times.") % {
                "name": first.shown(rows[0][0]),
                "count": rows[0][1],
            }
    counts = [count for _, count in rows]
    return figure(
        code,
        title,
        sentence,
        columns=[
            Column(first.name, first.heading, [name for name, _ in rows], first.shown),
            Column("count", heading, counts),
        ],
        heights=counts,
    )


def _levels(levels: Sequence[Level]) -> Column:
    return Column("level", gettext("Level"), [int(level) for level in levels])


def _share(part: int, of: int) -> float | None:
    return round(part / of, 4) if of else None


def _moment_words(value: Any) -> str:
    return str(formats.date_format(timezone.localtime(datetime.fromisoformat(value)), "j M, H:i"))


def _layer_words(value: Any) -> str:
    return gettext(OTHER_LAYERS[value]) if value in OTHER_LAYERS else str(value)


def _share_words(value: Any) -> str:
    return gettext("none") if value == "0" else str(value).replace("-", " – ")
