"""What replies are rated for: LLUMI's five dimensions (arXiv 2605.30273), and one that only clinicians are asked."""

from __future__ import annotations

from enum import StrEnum

LOWEST, HIGHEST = 1, 5  # of every scale


class Dimension(StrEnum):
    """In the order in which they are asked. The values stand in exported studies and in training data."""

    READABILITY = "readability"
    EMPATHY = "empathy"
    CONNECTION = "connection"
    ACTIONABILITY = "actionability"
    SAFETY = "safety"


# Whether the exchange would calm or heat up. Lay raters do not see it reliably, so that clinicians alone are asked.
ESCALATION = "escalation"

FIVE = tuple(str(one) for one in Dimension)
ON_THE_SCALE = (*FIVE, ESCALATION)
