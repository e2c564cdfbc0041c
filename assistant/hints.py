"""At the level of hints a change says where and why; its wording is shown when the supporter asks for it.

What the safety layer says of a draft is written out at every level, and so is what would only be left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant import reasons
from assistant.changes import Change, Kind
from assistant.growth import HelpLevel
from assistant.inference.types import Mode


def holds_back(level: HelpLevel, mode: str) -> bool:
    """Whether changes of this kind of help are hints first. Who asked for a whole draft has no sentence to be pointed to."""
    return level is HelpLevel.HINTS and mode == Mode.IMPROVE


def is_hint(change: Change) -> bool:
    return change.kind in (Kind.REPLACE, Kind.INSERT) and not reasons.is_finding(change.why)


def stands_after(changes: Sequence[Change], index: int) -> str:
    """The draft's sentence that an insertion comes behind; empty where it comes first."""
    return next((one.before.strip() for one in reversed(changes[:index]) if one.before.strip()), "")
