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

from webapp.accounts.roles import VIEW_FLAGS, WRITE_REPLIES


class Place(StrEnum):
    EVERYWHERE = "everywhere"
    WRITING = "writing"
    QUEUE = "queue"


HEADINGS = {
    Place.WRITING: "On the writing page",
    Place.QUEUE: "In the moderation queue",
    Place.EVERYWHERE: "On every page",
}


@dataclass(frozen=True, slots=True)
class Act:
    name: str
    label: str
    key: str
    place: Place
    permission: str = ""  # who has no use for it is not shown it


LEAVE = Act("leave", "Leave this page at once", "q", Place.EVERYWHERE)
ACTS = (
    Act("sheet", "Show or close this list of keys", "?", Place.EVERYWHERE),
    LEAVE,
    Act("next_post", "Go to the page Write; there, help the next person", "n", Place.EVERYWHERE, WRITE_REPLIES),
    Act("text", "Go to your reply", "t", Place.WRITING, WRITE_REPLIES),
    Act("improve", "Improve my draft", "i", Place.WRITING, WRITE_REPLIES),
    Act("stop", "Stop what is being written", "x", Place.WRITING, WRITE_REPLIES),
    Act("next_change", "Next change", "j", Place.WRITING, WRITE_REPLIES),
    Act("previous_change", "Previous change", "k", Place.WRITING, WRITE_REPLIES),
    Act("use", "Use this", "u", Place.WRITING, WRITE_REPLIES),
    Act("keep", "Keep mine", "m", Place.WRITING, WRITE_REPLIES),
    Act("undo", "Undo what you decided here, or last", "z", Place.WRITING, WRITE_REPLIES),
    Act("why_not", "Say why a change is not helpful", "w", Place.WRITING, WRITE_REPLIES),
    Act("check", "Check", "c", Place.WRITING, WRITE_REPLIES),
    Act("send", "Go to Send; Enter then sends", "s", Place.WRITING, WRITE_REPLIES),
    Act("history", "History", "h", Place.WRITING, WRITE_REPLIES),
    Act("next_flag", "Next flag", "j", Place.QUEUE, VIEW_FLAGS),
    Act("previous_flag", "Previous flag", "k", Place.QUEUE, VIEW_FLAGS),
    Act("open_flag", "Open the flag you are at", "o", Place.QUEUE, VIEW_FLAGS),
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
        return "A key is one letter, digit or sign."
    if key in QUICK_FIND:
        return "This key opens the search of some browsers. Choose another one."
    return ""


def spoken(key: str) -> str:
    """What a screen reader says for it: most leave a lone sign out."""
    return key if key.isalnum() else unicodedata.name(key, key).lower()
