"""Turning choices into orders and orders into choices, plain words into stiff ones, clean typing into a tired volunteer's."""

from __future__ import annotations

import random
import re
from itertools import pairwise

from training.building.text import capitalise, phrases

# choice -> order. The verb after it stays as it is.
BLUNT = tuple(
    (re.compile(pattern, re.I), order)
    for pattern, order in (
        (
            r"^(?:maybe |perhaps )?you (?:might|may|could)(?: also)?"
            r"(?: want to| like to| try to| wish to| choose to)? ",
            "You should ",
        ),
        (r"^(?:maybe|perhaps) you (?:can|should) ", "You have to "),
        (
            r"^it (?:may|might|could|would)(?: also)? "
            r"(?:help|be (?:helpful|useful|good|worth it|worthwhile|beneficial))(?: for you)? to ",
            "You need to ",
        ),
        (r"^(?:i|we)(?:'d| would)? (?:suggest|recommend|encourage)(?: that)? you(?: to)? ", "You must "),
        (r"^if (?:you can|it feels right|you feel ready|you want|you like), (?:you could |try to |maybe )?", "Just "),
        (r"^one thing (?:that|you) (?:may|might|could|can)(?: help| try| do)? is to ", "You need to "),
    )
)
VERBS = (
    "talk|write|ask|tell|find|make|take|give|call|try|start|go|speak|set|keep|look|let|think|get|remember|focus|reach|"
    "spend|consider|be|do|join|see|use|put|practice|allow|work|learn|seek|share"
)
ORDERS = "Talk|Write|Ask|Tell|Find|Make|Call|Try|Go|Speak|Join|Start|Reach|Seek|Look|Focus|Set"
# order -> choices
SOFTER = tuple(
    (re.compile(pattern), choices)
    for pattern, choices in (
        (
            rf"^You (?:should|must|need to|have to|ought to) (?:just |really )?(?=(?:{VERBS})\b)",
            ("You could ", "You could ", "Maybe you could ", "It might help to "),
        ),
        (
            rf"^Just (?=(?:{VERBS})\b)",
            ("You could ", "You could ", "If you like, you could "),
        ),
        (
            rf"^(?=(?:{ORDERS})\b (?!me\b))",
            ("You could ", "You could ", "Maybe you could "),
        ),
    )
)


def blunt(sentence: str) -> str:
    """The same advice as an order, or unchanged."""
    for pattern, order in BLUNT:
        told, count = pattern.subn(order, sentence, count=1)
        if count:
            return told
    return sentence


def soften(sentence: str, chance: random.Random) -> str:
    """The same advice as an offer, or unchanged."""
    for pattern, choices in SOFTER:
        if match := pattern.search(sentence):
            rest = sentence[match.end() :]
            return chance.choice(choices) + rest[:1].lower() + rest[1:]
    return sentence


def stiffen(text: str, chance: random.Random) -> str:
    """Two to four plain words replaced by stiff ones, or unchanged when fewer than two are there."""
    jargon: dict[str, str] = phrases()["jargon"]
    there = [plain for plain in jargon if re.search(rf"\b{plain}\b", text)]
    if len(there) < 2:
        return text
    for plain in chance.sample(there, min(len(there), chance.randint(2, 4))):
        text = re.sub(rf"\b{plain}\b", jargon[plain], text, count=1)
    return text


def pad(sentence: str, chance: random.Random) -> str:
    return f"{chance.choice(phrases()['faults']['padding'])} {uncapitalise(sentence)}"


def run_on(parts: list[str], chance: random.Random) -> list[str]:
    """Two sentences that follow each other made one long one."""
    places = [
        number
        for number, (one, other) in enumerate(pairwise(parts))
        if one.endswith(".") and other.endswith(".") and len((one + other).split()) > 18
    ]
    if not places:
        return parts
    at = chance.choice(places)
    link = chance.choice([" and ", ", and then ", " and also ", ", which is why "])
    return [*parts[:at], parts[at][:-1] + link + uncapitalise(parts[at + 1]), *parts[at + 2 :]]


def slip(text: str, chance: random.Random) -> str:
    """As typed in a hurry: no capitals, no apostrophes, two letters swapped."""
    kinds = chance.sample(("capitals", "apostrophes", "letters", "stop", "i"), 2)
    if "capitals" in kinds:
        text = re.sub(r"(^|[.!?] )([A-Z])(?=[a-z])", lambda match: match[1] + match[2].lower(), text)
    if "i" in kinds or "capitals" in kinds:
        text = re.sub(r"\bI\b", "i", text)
    if "apostrophes" in kinds:
        text = re.sub(r"(?<=[a-z])['’](?=(?:t|s|re|ve|m|ll|d)\b)", "", text)
    if "letters" in kinds:
        text = swap_letters(text, chance)
    if "stop" in kinds:
        text = text.rstrip(".")
    return text


def swap_letters(text: str, chance: random.Random) -> str:
    long = list(re.finditer(r"\b[a-z]{5,}\b", text))
    for match in sorted(chance.sample(long, min(len(long), 2)), key=lambda one: -one.start()):
        at = match.start() + chance.randint(1, len(match[0]) - 3)
        text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text


def uncapitalise(sentence: str) -> str:
    return sentence if re.match(r"I\b|[A-Z]{2}", sentence) else sentence[:1].lower() + sentence[1:]


def fault(kind: str, chance: random.Random) -> str:
    """An invented sentence that a supporter should not write."""
    told = phrases()["faults"]
    opener = chance.choice(told["opener"])
    core = chance.choice(told[kind])
    said = opener + core if opener else capitalise(core)
    return said + chance.choice([".", ".", ".", "!"])
