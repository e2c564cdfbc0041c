"""What people and phases do with flags. Each is one transaction with its audit event."""

from moderation.actions.alerts import acknowledge, send_test
from moderation.actions.claims import claim_flag, end_claim
from moderation.actions.decisions import decide
from moderation.actions.duty import add_shift, remove_shift, say_out_of_hours
from moderation.actions.escalations import (
    end_hand_over,
    escalate,
    give_up_hand_over,
    reopen_hand_over,
    take_hand_over,
)
from moderation.actions.flags import open_flag
from moderation.actions.stale import StaleFlag

__all__ = [
    "StaleFlag",
    "acknowledge",
    "add_shift",
    "claim_flag",
    "decide",
    "end_claim",
    "end_hand_over",
    "escalate",
    "give_up_hand_over",
    "open_flag",
    "remove_shift",
    "reopen_hand_over",
    "say_out_of_hours",
    "send_test",
    "take_hand_over",
]
