"""Whether a decision says that the checks were right about a flag, and which checks those were."""

from __future__ import annotations

from moderation.areas import areas_of
from moderation.models import Decision, Flag

# Nobody's finding: people's own wishes, and what the level alone asks for.
NO_DETECTOR = {"person", "sample", "triage", "pipeline"}
_OF_CLOSED = {
    Decision.Closing.FINE: False,
    Decision.Closing.MISTAKE: False,
    Decision.Closing.TALK: True,
    Decision.Closing.SERVICE: True,
}


def detectors_of(flag: Flag) -> set[str]:
    return detectors(flag.codes)


def detectors(codes: list[str]) -> set[str]:
    return areas_of(codes) - NO_DETECTOR


def upheld(decision: Decision) -> bool | None:
    """None where nothing tells: the answer to an appeal is about a decision, and held posts were decided without a word about
    the signs in them until that was asked for."""
    flag = decision.flag
    if decision.missed is not None:
        return decision.missed
    if decision.danger is not None:
        return decision.danger
    if decision.outcome != Decision.Outcome.CLOSE and (flag.post_id is not None or flag.is_appeal):
        return None
    return upheld_by(decision.outcome, decision.closed_as)


def upheld_by(outcome: str, closed_as: str) -> bool:
    """Of a suggestion or a reply that a check flagged."""
    if outcome == Decision.Outcome.CLOSE:
        return _OF_CLOSED[Decision.Closing(closed_as)]
    return outcome != Decision.Outcome.APPROVE
