"""What a revision is asked to aim for, as the two kinds of prompt can be told of it."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.inference.trained_prompts import Goal


@dataclass(frozen=True, slots=True)
class Aim:
    """One goal of a request. A model that was trained may know it by its code; any other is told what it means."""

    code: str
    told: str

    @property
    def goal(self) -> Goal | None:
        """The goal that models were trained on; None for one that a site added."""
        return Goal.__members__.get(self.code.upper())


# The first wording of the seven: measuring asks untrained models in it, and a site begins with it (migration 0015).
FIRST_WORDING = {
    Goal.WARMER: "Make it warmer: say what moves you about the post and what you understood of it.",
    Goal.CLEARER: "Make it clearer: one thought to a sentence, in an order that is easy to follow.",
    Goal.SHORTER: "Make it shorter: leave out what is said twice and what the person does not need.",
    Goal.PLAINER: "Use plainer words: short, everyday ones that a tired person reads easily.",
    Goal.NEXT_STEP: "Offer one concrete next step, small enough for today, as something that they may choose.",
    Goal.QUESTION: "Ask one open question about what they wrote.",
    Goal.SAFER: "Make the wording safer: no blame, no orders, no promises, nothing that makes light of what they feel.",
}


def aim_of(goal: Goal) -> Aim:
    return Aim(goal.name.lower(), FIRST_WORDING[goal])
