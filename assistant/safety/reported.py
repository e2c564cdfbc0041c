"""How a phrase stands in its sentence: told as felt, thought or said by somebody, or as the writer's own word."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.safety.phrases import Match
from assistant.safety.words import Word

REPORTING = frozenset(
    """feel feels felt feeling feelings like seem seems seemed sound sounds sounding think thinks thinking thought thoughts
    believe believes believed believing convinced convince convinces wrote write writing written say says said saying tell
    tells told telling ask asks asked asking call calls called calling name names word words heard hear hears hearing read
    if when whether though although unless imagine imagining afraid scared fear fears fearing worry worries worried wonder
    wondering describe describes described mind depression depressed voice voices belief myth idea lie lies message
    assume assumes assuming pretend claims claim insist insists blame blaming shame""".split()  # noqa: SIM905
)
_REACH = 9
# "If life hurts, dying is fine": what follows the condition is said outright.
_CONDITIONS = frozenset({"if", "when", "though", "although", "unless"})
_TURNS = frozenset({"but", "because", "however"})


def stands_in_one_sentence(words: Sequence[Word], match: Match) -> bool:
    """Words that a phrase may be stretched with can carry a match over a full stop."""
    return words[match.first].sentence == words[match.last - 1].sentence


def is_reported(words: Sequence[Word], first: int) -> bool:
    """Looks back within the sentence. "You're right, ..." takes the saying over as one's own, so nothing excuses it."""
    if words[first].text in _TURNS:
        return False
    for index in range(first - 1, max(-1, first - 1 - _REACH), -1):
        if words[index].sentence != words[first].sentence or words[index].text in _TURNS:
            return False
        if words[index].text in _CONDITIONS and words[index].clause != words[first].clause:
            return False
        if words[index].text in REPORTING:
            return not _is_own_view(words, index)
    return False


def _is_own_view(words: Sequence[Word], index: int) -> bool:
    """ "I think you're worthless": the writer's own word all the same."""
    before = [word.text for word in words[max(0, index - 2) : index]]
    return "i" in before and words[index].text in ("think", "believe", "feel", "say", "mean", "thought")
