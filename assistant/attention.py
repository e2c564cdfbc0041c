"""Whether suggested words were used faster than anybody reads them. It is said to the person alone, and not stored."""

from __future__ import annotations

from datetime import timedelta

from assistant import actions
from assistant.models import ChangeVerdict, Suggestion

READS = 4.0  # words a second, silently: Brysbaert 2019, doi:10.1016/j.jml.2019.104047
TOO_FAST = 2 * READS  # some skim
LEAST_WORDS = 15  # fewer are seen at a glance


def used_unread(suggestion: Suggestion) -> bool:
    """Of the changes that are used now: more words than could be read since the first of them could be seen."""
    used = {
        index: row.at
        for index, row in actions.verdicts_of(suggestion).items()
        if row.verdict == ChangeVerdict.Verdict.ACCEPTED
    }
    words = sum(len(change.after.split()) for change in actions.changes_of(suggestion) if change.index in used)
    if words < LEAST_WORDS:
        return False
    streamed = suggestion.seconds - (suggestion.seconds_to_first or 0.0)
    seen_since = suggestion.created_at - timedelta(seconds=streamed)
    return words > TOO_FAST * (max(used.values()) - seen_since).total_seconds()
