"""Which area of the policy a flag belongs to, and whether a decision says that the flag was right."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_noop

from assistant import triage
from moderation.models import Decision, Flag

AREAS = {  # where several fit, the first counts
    "crisis": gettext_noop("Signs of danger"),
    "methods": gettext_noop("Means and methods"),
    "medical": gettext_noop("Medical claims"),
    "personal_data": gettext_noop("Personal data"),
    "dismissal": gettext_noop("Dismissal"),
    "promises": gettext_noop("Promises"),
    "contact": gettext_noop("Contact outside"),
    "other": gettext_noop("Something else"),
}
OF_FAMILY = {
    "crisis": "crisis",
    "classifier": "crisis",
    "support": "crisis",
    "triage": "crisis",
    "second_reader": "crisis",
    "methods": "methods",
    "hazards": "methods",
    "medical": "medical",
    "personal_data": "personal_data",
    "dismissal": "dismissal",
    "hostility": "dismissal",
    "reply_classifier": "dismissal",
    "promises": "promises",
    "boundaries": "contact",
    "links": "contact",
}
OF_CODE = {
    "reply_classifier.expertise": "medical",
    "reply_classifier.risk_ignored": "crisis",
    triage.WORRIED: "crisis",
    triage.HANDED_OVER: "crisis",
}
# Nobody's finding: people's own wishes, and what the level alone asks for.
NO_DETECTOR = {"person", "sample", "triage", "pipeline"}


def family(code: str) -> str:
    return code.partition(".")[0]


def area_of(codes: Iterable[str]) -> str:
    """The policy that a decision rests on, by the families of the codes that opened the flag."""
    found = {OF_CODE.get(code) or OF_FAMILY.get(family(code), "other") for code in codes}
    return next((area for area in AREAS if area in found), "other")


def detectors_of(flag: Flag) -> set[str]:
    return {family(code) for code in flag.codes} - NO_DETECTOR


def upheld(decision: Decision) -> bool | None:
    """Whether a person saw it as the checks did; None where the outcome does not tell.

    A post that is approved is answered, and may have been rightly flagged all the same. A reply that was sent before anybody
    looked can only be approved.
    """
    flag = decision.flag
    if decision.missed is not None:
        return decision.missed
    if flag.post_id is not None:
        return None
    if flag.reply is not None and not flag.reply.was_held:
        return None
    return decision.outcome != Decision.Outcome.APPROVE
