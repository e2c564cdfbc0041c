"""Which area of the policy a flag belongs to, and whether a decision says that the flag was right."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_noop

from assistant import triage
from moderation.models import Decision, Flag

AREAS = {  # where several fit, the first counts
    "danger": gettext_noop("Danger to life"),
    "harm": gettext_noop("Ways to come to harm"),
    "expertise": gettext_noop("Medical and other expert advice"),
    "hostility": gettext_noop("Blame, minimising, hostility"),
    "promises": gettext_noop("Promises and what cannot be kept"),
    "privacy": gettext_noop("Personal data, contacts, links"),
    "machine": gettext_noop("What a model should not give away"),
    "form": gettext_noop("Language, length, wording"),
    "other": gettext_noop("Everything else"),
}
OF_FAMILY = {
    "crisis": "danger",
    "classifier": "danger",
    "support": "danger",
    "triage": "danger",
    "second_reader": "danger",
    "methods": "harm",
    "hazards": "harm",
    "medical": "expertise",
    "dismissal": "hostility",
    "hostility": "hostility",
    "promises": "promises",
    "links": "privacy",
    "personal_data": "privacy",
    "boundaries": "privacy",
    "injection": "machine",
    "leak": "machine",
    "repetition": "machine",
    "length": "form",
    "language": "form",
    "wording": "form",
}
OF_CODE = {
    "reply_classifier.expertise": "expertise",
    "reply_classifier.toxicity": "hostility",
    "reply_classifier.risk_ignored": "danger",
    triage.WORRIED: "danger",
    triage.HANDED_OVER: "danger",
}
# Nobody's finding: people's own wishes, and what the level alone asks for.
NO_DETECTOR = {"person", "sample", "triage", "pipeline"}


def family(code: str) -> str:
    return code.partition(".")[0]


def area_of(codes: Iterable[str]) -> str:
    """By the families of the codes that opened the flag."""
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
