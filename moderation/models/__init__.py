"""What moderation stores. One file for each kind of row that belongs together."""

from moderation.models.claims import Pass, TakeOver
from moderation.models.flags import Decision, Escalation, Flag

__all__ = ["Decision", "Escalation", "Flag", "Pass", "TakeOver"]
