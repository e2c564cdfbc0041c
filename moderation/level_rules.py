"""What the safety policy of this site says about a level, in words."""

from __future__ import annotations

from django.utils.translation import gettext, gettext_noop, ngettext

from assistant.safety import policy
from assistant.safety.types import Level

DAY = 1440
TOLD = {
    "moderator": gettext_noop("moderators"),
    "lead": gettext_noop("a lead"),
    "clinician": gettext_noop("a clinician"),
}
ELEMENTS = {
    "noticed": gettext_noop("that the danger was noticed"),
    "asked": gettext_noop("a plain question about it"),
    "resource": gettext_noop("somebody to turn to"),
    "people": gettext_noop("people around them"),
}
EMERGENCY = {
    "ask-the-person": gettext_noop("Emergency services: only the person themselves is asked to call them."),
    "person-then-lead": gettext_noop(
        "Emergency services: the person is asked to call them first, then a lead decides."
    ),
    "lead-decides": gettext_noop("Emergency services: a lead decides."),
}
UNREADABLE = gettext_noop("The safety policy cannot be read. Everything is handled as strictly as there is.")


def lines_for(level: int, country: str) -> list[str]:
    try:
        rules = policy.current()
    except policy.PolicyError:
        return [gettext(UNREADABLE)]
    rule = rules.levels[Level(level)]
    lines = [_clock(rule.clock_minutes, rule.repage_minutes)]
    if rule.tell:
        lines.append(gettext("Told at once: %(who)s.") % {"who": ", ".join(gettext(TOLD[who]) for who in rule.tell)})
    if rule.hold_replies:
        lines.append(gettext("Every reply is read by a moderator before it leaves."))
    if rule.two_people:
        lines.append(gettext("What one moderator decides, a second one confirms."))
    if rule.mandatory:
        parts = ", ".join(gettext(ELEMENTS[part]) for part in rule.mandatory)
        lines.append(gettext("A reply holds: %(parts)s.") % {"parts": parts})
    if not rule.model_drafts:
        lines.append(gettext("The model drafts nothing from the post alone."))
    if level == max(Level):
        lines.append(gettext(EMERGENCY[rules.emergency_rule(country)]))
    return lines


def _clock(minutes: int, again: int) -> str:
    if not minutes:
        return gettext("No clock: as soon as somebody comes to it.")
    if minutes >= DAY:
        return gettext("Somebody looks at it the same day.")
    first = ngettext(
        "Somebody looks at it within %(n)s minute.", "Somebody looks at it within %(n)s minutes.", minutes
    ) % {"n": minutes}
    if not again:
        return first
    return f"{first} " + ngettext(
        "Somebody else is told after %(n)s minute.", "Somebody else is told after %(n)s minutes.", again
    ) % {"n": again}
