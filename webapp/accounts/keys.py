"""Which key does what: the acts, where each can be done, and the key it has until somebody chooses another.

What an act does on the page is in static/js/acts.js.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any

from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from webapp.accounts.roles import DECIDE_ESCALATED, DECIDE_FLAGS, VIEW_FLAGS, WRITE_REPLIES


class Place(StrEnum):
    EVERYWHERE = "everywhere"
    WRITING = "writing"
    QUEUE = "queue"
    FLAG = "flag"
    HAND_OVER = "hand_over"


HEADINGS = {
    Place.WRITING: gettext_noop("On the writing page"),
    Place.QUEUE: gettext_noop("In the moderation queue"),
    Place.FLAG: gettext_noop("On the page of a flag"),
    Place.HAND_OVER: gettext_noop("On the page of a hand-over"),
    Place.EVERYWHERE: gettext_noop("On every page"),
}


@dataclass(frozen=True, slots=True)
class Act:
    name: str
    label: str
    key: str
    place: Place
    permission: str = ""  # who has no use for it is not shown it


LEAVE = Act("leave", gettext_noop("Leave this page at once"), "q", Place.EVERYWHERE)
ACTS = (
    Act("sheet", gettext_noop("Show or close this list of keys"), "?", Place.EVERYWHERE),
    LEAVE,
    Act(
        "next_post",
        gettext_noop("Go to the page Write; there, help the next person"),
        "n",
        Place.EVERYWHERE,
        WRITE_REPLIES,
    ),
    Act("text", gettext_noop("Go to your reply"), "t", Place.WRITING, WRITE_REPLIES),
    Act("improve", gettext_noop("Improve my draft"), "i", Place.WRITING, WRITE_REPLIES),
    Act("stop", gettext_noop("Stop what is being written"), "x", Place.WRITING, WRITE_REPLIES),
    Act("next_change", gettext_noop("Next change"), "j", Place.WRITING, WRITE_REPLIES),
    Act("previous_change", gettext_noop("Previous change"), "k", Place.WRITING, WRITE_REPLIES),
    Act("use", gettext_noop("Use this"), "u", Place.WRITING, WRITE_REPLIES),
    Act("keep", gettext_noop("Keep mine"), "m", Place.WRITING, WRITE_REPLIES),
    Act("undo", gettext_noop("Undo what you decided here, or last"), "z", Place.WRITING, WRITE_REPLIES),
    Act("why_not", gettext_noop("Say why a change is not helpful"), "w", Place.WRITING, WRITE_REPLIES),
    Act("check", gettext_noop("Check"), "c", Place.WRITING, WRITE_REPLIES),
    Act("send", gettext_noop("Go to Send; Enter then sends"), "s", Place.WRITING, WRITE_REPLIES),
    Act("history", gettext_noop("History"), "h", Place.WRITING, WRITE_REPLIES),
    Act("next_flag", gettext_noop("Next flag"), "j", Place.QUEUE, VIEW_FLAGS),
    Act("previous_flag", gettext_noop("Previous flag"), "k", Place.QUEUE, VIEW_FLAGS),
    Act("open_flag", gettext_noop("Open the flag you are at"), "o", Place.QUEUE, VIEW_FLAGS),
    Act("take_next", gettext_noop("Take the most urgent one that is free"), "f", Place.QUEUE, DECIDE_FLAGS),
    Act("choose_flag", gettext_noop("Choose the flag you are at, or not"), "x", Place.QUEUE, DECIDE_FLAGS),
    Act("claim", gettext_noop("Take it for now"), "c", Place.FLAG, DECIDE_FLAGS),
    Act("pass", gettext_noop("Pass"), "p", Place.FLAG, DECIDE_FLAGS),
    Act("reason", gettext_noop("Go to your reason; Esc leaves it"), "r", Place.FLAG, DECIDE_FLAGS),
    Act("approve_next", gettext_noop("Approve, then the next one"), "a", Place.FLAG, DECIDE_FLAGS),
    Act("have", gettext_noop("I have it, or I still have it"), "c", Place.HAND_OVER, DECIDE_ESCALATED),
    Act(
        "give_up",
        gettext_noop("Go to Somebody else must take it; Enter then says so"),
        "p",
        Place.HAND_OVER,
        DECIDE_ESCALATED,
    ),
    Act("ending", gettext_noop("Go to how it ended; Esc leaves the line"), "r", Place.HAND_OVER, DECIDE_ESCALATED),
    Act("its_flag", gettext_noop("Open the flag"), "o", Place.HAND_OVER, DECIDE_ESCALATED),
)
QUICK_FIND = "/'"  # of Firefox


def acts_for(user: Any) -> list[Act]:
    return [
        act
        for act in ACTS
        if (not act.permission or user.has_perm(act.permission)) and (act is not LEAVE or settings.QUICK_EXIT_URL)
    ]


def in_force(acts: Sequence[Act], chosen: Mapping[str, str]) -> dict[str, str]:
    """The key of each act by its name; "" where it has none. A key from the table makes way for one that was chosen."""
    keys = {act.name: chosen[act.name] for act in acts if act.name in chosen}
    for act in acts:
        if act.name not in keys:
            is_taken = any(keys[other.name] == act.key for other in acts if other.name in keys and meet(act, other))
            keys[act.name] = "" if is_taken else act.key
    return keys


def conflicts(acts: Sequence[Act], keys: Mapping[str, str]) -> list[tuple[Act, Act]]:
    return [
        (one, other)
        for one, other in combinations(acts, 2)
        if keys.get(one.name) and keys[one.name] == keys.get(other.name) and meet(one, other)
    ]


def meet(one: Act, other: Act) -> bool:
    """Whether both can be done on the same page."""
    return one.place == other.place or Place.EVERYWHERE in (one.place, other.place)


def problem_with(key: str) -> str:
    if len(key) != 1 or unicodedata.category(key)[0] not in "LNPS":
        return gettext("A key is one letter, digit or sign.")
    if key in QUICK_FIND:
        return gettext("This key opens the search of some browsers. Choose another one.")
    return ""


def spoken(key: str) -> str:
    """What a screen reader says for it: most leave a lone sign out."""
    return key if key.isalnum() else unicodedata.name(key, key).lower()
