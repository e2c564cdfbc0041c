"""Held or flagged text opens a flag, in the transaction that stored the text."""

from __future__ import annotations

from typing import Any

from assistant.models import Post, Reply, Suggestion
from assistant.safety.types import Screening
from assistant.signals import Concern, text_flagged
from moderation import actions


def connect() -> None:
    text_flagged.connect(open_flag, dispatch_uid="moderation.open_flag")


def open_flag(
    *, subject: Post | Suggestion | Reply, screening: Screening | None, concern: Concern | None, by: Any, **_: Any
) -> None:
    actions.open_flag(subject, screening=screening, concern=concern, by=by)
