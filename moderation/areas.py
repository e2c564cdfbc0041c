"""What a flag is about, in words: the family of its codes, which is the name of a phase or of who asked for a look.

Finer than the policies that people decide by; a family that has a policy of its own is called as that is.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop

AREAS = {
    "crisis": gettext_noop("Danger, by rules"),
    "classifier": gettext_noop("Danger, by the classifier"),
    "second_reader": gettext_noop("Danger, by the model"),
    "person": gettext_noop("Raised by people"),
    "methods": gettext_noop("Means and methods"),
    "hazards": gettext_noop("Hazards"),
    "support": gettext_noop("Help left out"),
    "medical": gettext_noop("Medical claims"),
    "dismissal": gettext_noop("Dismissal"),
    "hostility": gettext_noop("Hostile"),
    "reply_classifier": gettext_noop("Unkind, by the classifier"),
    "boundaries": gettext_noop("Boundaries"),
    "promises": gettext_noop("Promises"),
    "personal_data": gettext_noop("Personal data"),
    "links": gettext_noop("Numbers and links"),
    "injection": gettext_noop("Hidden instructions"),
    "leak": gettext_noop("Words that leaked"),
    "wording": gettext_noop("Wording"),
    "repetition": gettext_noop("Repetition"),
    "length": gettext_noop("Length"),
    "language": gettext_noop("Language not read"),
    "pipeline": gettext_noop("A check in trouble"),
    "triage": gettext_noop("Held for its level"),
    "sample": gettext_noop("Samples"),
}


def area_of(code: str) -> str:
    return code.partition(".")[0]


def areas_of(codes: list[str]) -> set[str]:
    return {area_of(code) for code in codes}
