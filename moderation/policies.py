"""What moderators decide by: a short list, in words. Each decision names one of them, and the reason is said with it.

A code stands in decided rows: words may change, a code never means something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext, gettext_noop

from assistant import triage


@dataclass(frozen=True, slots=True)
class Policy:
    code: str
    label: str
    rule: str
    phases: frozenset[str] = frozenset()  # whose findings are about it


POLICIES = (
    Policy(
        "crisis",
        gettext_noop("Signs of danger"),
        gettext_noop(
            "Who may be in danger is asked plainly, told where to turn, and not left alone. Nothing that shows danger waits."
        ),
        frozenset({"crisis", "classifier", "support", "triage"}),
    ),
    Policy(
        "methods",
        gettext_noop("Means and methods"),
        gettext_noop(
            "No text names a way to come to harm, how much it takes, or where to find it, and none asks for that."
        ),
        frozenset({"methods", "hazards"}),
    ),
    Policy(
        "medical",
        gettext_noop("Medical claims"),
        gettext_noop("No diagnosis, no dose, no word for or against a treatment. A reply may say whom to ask."),
        frozenset({"medical"}),
    ),
    Policy(
        "personal_data",
        gettext_noop("Personal data"),
        gettext_noop(
            "No names, addresses, numbers or handles of anybody, and nothing by which a person could be found."
        ),
        frozenset({"personal_data"}),
    ),
    Policy(
        "dismissal",
        gettext_noop("Dismissal"),
        gettext_noop(
            "A reply names what the person feels before it reassures. No blame, no comparison, no insult, no argument."
        ),
        frozenset({"dismissal", "hostility", "wording", "reply_classifier"}),
    ),
    Policy(
        "promises",
        gettext_noop("Promises"),
        gettext_noop("Nobody promises secrecy, an outcome, or to be there always, and nobody asks for a promise."),
        frozenset({"promises"}),
    ),
    Policy(
        "contact",
        gettext_noop("Contact outside"),
        gettext_noop("No meeting, no private channel, no business, no courtship. Helplines only from the book."),
        frozenset({"boundaries", "links"}),
    ),
    Policy(
        "other",
        gettext_noop("Something else"),
        gettext_noop("What none of these covers. The reason says what it is."),
    ),
)
BY_CODE = {policy.code: policy for policy in POLICIES}
OTHER = "other"
# How the codes of a flag begin that are about a policy: those of its phases, and what people and the model say of danger.
BEGINNINGS = {f"{phase}.": policy.code for policy in POLICIES for phase in policy.phases} | dict.fromkeys(
    (triage.WORRIED, triage.HANDED_OVER, triage.SECOND_READER), "crisis"
)


def label_of(code: str) -> str:
    return gettext(BY_CODE[code].label) if code in BY_CODE else code


def met_by(phases: Iterable[str]) -> set[str]:
    """The codes of the policies that findings of these phases are about."""
    found = set(phases)
    return {policy.code for policy in POLICIES if policy.phases & found}


def met_by_codes(codes: Iterable[str]) -> set[str]:
    """The policies that a flag is about, or what none of them covers."""
    found = (BEGINNINGS.get(code) or BEGINNINGS.get(f"{code.partition('.')[0]}.") for code in codes)
    return {code for code in found if code} or {OTHER}
