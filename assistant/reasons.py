"""Why a change is offered, or a sentence is good as it is: one line, from vocabularies that others have settled.

Three of them: what the safety layer says of the words that go away; the three mechanisms of empathy of EPITOME (Sharma et al.,
EMNLP 2020); the areas in which a supervisor gives feedback on peer support (Chaszczewicz et al., ACL 2024). Found by wording,
so a line says what the new words do, not what the model had in mind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant import meters
from assistant.changes import Change, Kind
from assistant.meters import Mechanism
from assistant.safety.english import is_english
from assistant.safety.pipeline import screen
from assistant.safety.sources import reason_of, source_of
from assistant.safety.types import Context, Finding
from assistant.safety.types import Kind as TextKind
from assistant.translatable import gettext_noop

MUCH_SHORTER = 0.8  # of the words before
MUCH_PLAINER = 1.0  # grades
ORDER = re.compile(r"\b(?:you (?:should|need to|must|have to|ought to)|don't|just)\b", re.IGNORECASE)
OWN = re.compile(r"\b(?:i|i've|i'm|my|me|myself)\b", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]{4,}")  # shorter words are nearly always grammar


@dataclass(frozen=True, slots=True)
class Why:
    line: str
    source: str  # what the line rests on; empty where it rests on nothing


REFLECTIONS = gettext_noop("Reflections")
QUESTIONS = gettext_noop("Questions")
SUGGESTIONS = gettext_noop("Suggestions")
SELF_DISCLOSURE = gettext_noop("Self-disclosure")
EMPATHY = gettext_noop("Empathy")
STRUCTURE = gettext_noop("Structure")
EXPLORATIONS = gettext_noop("Explorations")
INTERPRETATIONS = gettext_noop("Interpretations")
REACTIONS = gettext_noop("Emotional reactions")
LINES = {
    "explorations": Why(gettext_noop("Asks about more of it."), f"{EXPLORATIONS} · {QUESTIONS}"),
    "interpretations": Why(
        gettext_noop("Shows what was understood."),
        f"{INTERPRETATIONS} · {REFLECTIONS}",
    ),
    "said_back": Why(
        gettext_noop("Says back what they wrote."),
        f"{INTERPRETATIONS} · {REFLECTIONS}",
    ),
    "reactions": Why(
        gettext_noop("Says what moves you about it."),
        f"{REACTIONS} · {EMPATHY}",
    ),
    "choice": Why(gettext_noop("Offers a choice instead of telling them what to do."), SUGGESTIONS),
    "resource": Why(gettext_noop("Names somebody to turn to."), SUGGESTIONS),
    "own_story": Why(gettext_noop("Keeps your own story short."), SELF_DISCLOSURE),
    "shorter": Why(gettext_noop("Says it in fewer words."), STRUCTURE),
    "plainer": Why(gettext_noop("Says it in plainer words."), STRUCTURE),
    "wording": Why(gettext_noop("Says it in other words."), STRUCTURE),
    "good.explorations": Why(
        gettext_noop("Good as it is: it asks about more of it."),
        f"{EXPLORATIONS} · {QUESTIONS}",
    ),
    "good.interpretations": Why(
        gettext_noop("Good as it is: it shows what you understood."),
        f"{INTERPRETATIONS} · {REFLECTIONS}",
    ),
    "good.reactions": Why(
        gettext_noop("Good as it is: it says what moves you about it."),
        f"{REACTIONS} · {EMPATHY}",
    ),
}
# What a supporter may want no more of. What the safety layer says of a draft is not for switching off.
STOPPABLE = frozenset(code for code in LINES if not code.startswith("good."))
# What is said first of a sentence that does several things.
ORDERED = (Mechanism.EXPLORATIONS, Mechanism.INTERPRETATIONS, Mechanism.REACTIONS)


def explained(changes: Sequence[Change], *, post: str, language: str = "en", country: str = "") -> list[Change]:
    """With the code of a reason in each. In other languages than English only what the safety layer says is known."""
    context = Context(kind=TextKind.REPLY, language=language, country=country, post=post, whole=False)
    english = is_english(language)
    return [replace(one, why=_why(one, post, context, english=english)) for one in changes]


def told(code: str) -> Why | None:
    """None for a change without a reason, and for codes of earlier or later releases."""
    if code in LINES:
        return LINES[code]
    reason = reason_of(code)
    return Why(reason, source_of(code)) if reason else None


def is_finding(code: str) -> bool:
    """Whether it is the safety layer that speaks of a draft; of a code of another release, to be on the safe side, too."""
    return bool(code) and code not in LINES


def _why(change: Change, post: str, context: Context, *, english: bool) -> str:
    if change.kind is Kind.KEEP:
        return _praise(change.before) if english else ""
    if fault := _mended(change, context):
        return fault
    return _gained(change, post, context) if english else ""


def _praise(sentence: str) -> str:
    found = meters.mechanisms_in(sentence)
    return next((f"good.{one}" for one in ORDERED if one in found), "")


def _mended(change: Change, context: Context) -> str:
    """The gravest fault of the words that go away, where the new ones do not have it."""
    if not change.before.strip():
        return ""
    left = {finding.code for finding in _findings(change.after, context)}
    gone = [one for one in _findings(change.before, context) if one.code not in left]
    return max(gone, key=lambda one: one.severity).code if gone else ""


def _findings(text: str, context: Context) -> list[Finding]:
    """That point to words: what a single sentence lacks is no fault of it."""
    found = screen(text, context).findings if text.strip() else ()
    return [one for one in found if one.end > one.start and one.phase != "pipeline"]


def _gained(change: Change, post: str, context: Context) -> str:
    before, after = change.before, change.after
    if change.kind is Kind.REMOVE:
        return "own_story" if len(OWN.findall(before)) >= meters.OWN_LIFE else "shorter"
    new = meters.mechanisms_in(after) - meters.mechanisms_in(before)
    for one in ORDERED:
        if one in new:
            return "said_back" if one is Mechanism.INTERPRETATIONS and _says_back(before, after, post) else str(one)
    if ORDER.search(before) and not ORDER.search(after):
        return "choice"
    if _says_back(before, after, post):
        return "said_back"
    if meters.names_a_resource(after, language=context.language, country=context.country) and not before.strip():
        return "resource"
    return _style(before, after)


def _says_back(before: str, after: str, post: str) -> bool:
    theirs = _words(post)
    return len(_words(after) & theirs) > len(_words(before) & theirs)


def _style(before: str, after: str) -> str:
    if not before.strip():
        return ""
    if len(after.split()) <= MUCH_SHORTER * len(before.split()):
        return "shorter"
    old, new = meters.grade_of(before), meters.grade_of(after)
    if old is not None and new is not None and old - new >= MUCH_PLAINER:
        return "plainer"
    return "wording"


def _words(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in WORD.findall(text))
