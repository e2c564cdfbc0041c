"""What people and phases do with flags. Each is one transaction with its audit event."""

from moderation.actions.claims import claim_flag, end_claim
from moderation.actions.decisions import decide
from moderation.actions.escalations import escalate
from moderation.actions.flags import open_flag
from moderation.actions.stale import StaleFlag

__all__ = ["StaleFlag", "claim_flag", "decide", "end_claim", "escalate", "open_flag"]
