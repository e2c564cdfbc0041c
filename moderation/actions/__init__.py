"""What people and phases do with flags. Each is one transaction with its audit event."""

from moderation.actions.claims import claim_flag, end_claim
from moderation.actions.decisions import decide
from moderation.actions.escalations import escalate
from moderation.actions.flags import open_flag
from moderation.actions.reviews import (
    claim_review,
    decide_review,
    end_review_claim,
    mark_golden,
    retire_golden,
    write_golden,
)
from moderation.actions.stale import StaleFlag

__all__ = [
    "StaleFlag",
    "claim_flag",
    "claim_review",
    "decide",
    "decide_review",
    "end_claim",
    "end_review_claim",
    "escalate",
    "mark_golden",
    "open_flag",
    "retire_golden",
    "write_golden",
]
