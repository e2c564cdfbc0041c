"""Why a text of theirs waits, in the words of what kind of rule it was: a supporter learns no more of a rule than that."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext, gettext_noop

from assistant.models import Finding
from assistant.safety.types import Severity

_DANGER = gettext_noop("It answers somebody who may be in danger.")
_MEANS = gettext_noop("It may touch on ways to come to harm.")
_TONE = gettext_noop("It may read as blame, comparison, or as not having listened.")
_CONTACT = gettext_noop(
    "It may ask for contact outside, or name a number, an address or a link that is not in the book."
)
_MODEL = gettext_noop("It may hold what was said to the model instead of to the person.")
_UNREAD = gettext_noop("The checks could not read all of it.")
KINDS = {  # by the phase that found it
    "crisis": _DANGER,
    "classifier": _DANGER,
    "support": gettext_noop("Something that a reply to somebody in danger should say may be missing."),
    "triage": _DANGER,
    "methods": _MEANS,
    "hazards": _MEANS,
    "medical": gettext_noop("It may give medical advice."),
    "dismissal": _TONE,
    "hostility": _TONE,
    "wording": _TONE,
    "reply_classifier": _TONE,
    "promises": gettext_noop("It may promise what nobody can keep."),
    "links": _CONTACT,
    "boundaries": _CONTACT,
    "personal_data": gettext_noop("It may hold something by which a person could be found."),
    "injection": _MODEL,
    "leak": _MODEL,
    "length": gettext_noop("It is very long, or empty."),
    "repetition": gettext_noop("It says the same again and again."),
    "language": _UNREAD,
    "pipeline": _UNREAD,
}
OTHER = gettext_noop("A person should read it first.")


def kinds_of(findings: Iterable[Finding]) -> list[str]:
    """One line for each kind of rule that holds the text; at least one."""
    kinds = [gettext(KINDS.get(one.phase, OTHER)) for one in findings if one.severity >= Severity.HOLD]
    return list(dict.fromkeys(kinds)) or [gettext(OTHER)]
