"""What moderation stores. One file for each kind of row that belongs together."""

from moderation.models.flags import Decision, Escalation, Flag
from moderation.models.quality import GoldenItem, Review
from moderation.models.replay import Replay, ReplayCase

__all__ = ["Decision", "Escalation", "Flag", "GoldenItem", "Replay", "ReplayCase", "Review"]
