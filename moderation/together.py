"""Which flags may be decided together with others: those of which a glance at the row is enough to be careless with none."""

from __future__ import annotations

from assistant import triage
from assistant.safety.types import Level, Severity
from moderation import policy
from moderation.models import Decision, Flag

HIGHEST_LEVEL = Level.PASSIVE
# Somebody, or the model, saw a danger that no rule found: the level says nothing about it.
_SEEN_BY_OTHERS = {triage.WORRIED, triage.HANDED_OVER, triage.SECOND_READER}
_OUTCOMES = (Decision.Outcome.CLOSE, Decision.Outcome.REJECT)  # the others need words for each text


def may_be_decided_together(flag: Flag) -> bool:
    """Never what is held, and no sample: of each of those somebody says whether there were signs of danger."""
    return (
        flag.level <= HIGHEST_LEVEL
        and flag.severity < Severity.HOLD
        and not flag.escalated
        and not flag.is_sample
        and not policy.is_held(flag)
        and not _SEEN_BY_OTHERS & set(flag.codes)
    )


def outcomes_together(flag: Flag) -> list[Decision.Outcome]:
    return [outcome for outcome in policy.outcomes_for(flag) if outcome in _OUTCOMES]
