"""What was found in a reply that is not sent yet."""

from __future__ import annotations

from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext, gettext_noop

from assistant.safety.sources import source_of
from assistant.safety.types import Screening, Severity
from assistant.translated import reason_words

WHAT_FOLLOWS = {
    Severity.HOLD: gettext_noop("A moderator would read it before it leaves"),
    Severity.REVIEW: gettext_noop("It would leave, and a moderator would look at it"),
    Severity.NOTE: gettext_noop("For you to weigh"),
}
_QUOTES = 3
_LONGEST_QUOTE = 90


def what_was_found(text: str, screening: Screening) -> dict[str, Any]:
    """What was found in a reply that is not sent yet, the weightiest first; each rule once, with the words it is about."""
    groups = []
    for severity, heading in WHAT_FOLLOWS.items():
        found: dict[str, dict[str, Any]] = {}
        for finding in screening.findings:
            if finding.severity is severity:
                about = {"reason": reason_words(finding.reason), "source": source_of(finding.code), "quotes": []}
                quotes = found.setdefault(finding.code + finding.reason, about)["quotes"]
                if finding.end > finding.start and len(quotes) < _QUOTES:
                    quotes.append(Truncator(text[finding.start : finding.end]).chars(_LONGEST_QUOTE))
        if found:
            groups.append({"heading": gettext(heading), "findings": list(found.values())})
    return {"groups": groups}
