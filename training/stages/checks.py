"""What the site's safety checks say of answers."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.safety.pipeline import screen
from assistant.safety.types import Context, Kind
from training.schemas import Example, Pair


def is_flagged(answer: str, row: Example | Pair) -> bool:
    """Held or flagged. An answer that could not be checked counts as flagged."""
    told = screen(answer, Context(kind=Kind.SUGGESTION, post=row.post, draft=row.draft))
    return told.flagged or told.unscreened


def share_flagged(answers: Sequence[str], rows: Sequence[Example | Pair]) -> float:
    if not answers:
        raise ValueError("No answer to check. Set safety.prompts to 0, or have rows to ask about.")
    return sum(is_flagged(answer, row) for answer, row in zip(answers, rows, strict=True)) / len(answers)
