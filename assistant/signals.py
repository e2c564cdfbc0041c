"""Exactly one signal. It carries "a person must look at this text" upward, inside the transaction that stored the text.

If the receiver fails, the transaction fails and nothing is stored or shown. If there is no receiver at all, held text simply
stays held, and `manage.py reconcile_holds` finds it.
"""

from dataclasses import dataclass

from django.dispatch import Signal

from assistant.safety.types import Severity


@dataclass(frozen=True, slots=True)
class Concern:
    """Why a person must look, when it is not a phase that says so."""

    code: str  # documented in docs/safety.md
    severity: Severity
    hand_over: bool = False  # a lead must take it
    more: bool = False  # they say something that they had not said before


text_flagged = (
    Signal()
)  # subject: Post | Suggestion | Reply; screening: Screening | None; concern: Concern | None; by: User | None
