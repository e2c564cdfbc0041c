"""Copies of a text that mean the same, so a text that is flagged must stay flagged. Same seed, same copies."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

# No risk words, no sadness, nothing that any rule looks at; a test holds them to that.
NEUTRAL = (
    "The bakery on the corner has changed its opening hours again.",
    "On Saturday we painted the kitchen a light yellow.",
    "My cousin is learning to play the cello and practises after dinner.",
    "The train was full, so I read a magazine standing up.",
    "I planted tomatoes on the balcony and two of them have flowers.",
    "We had soup with barley and a bit too much pepper.",
    "The library got new chairs near the windows.",
    "At work we are moving to the second floor next month.",
    "It rained in the morning and cleared up around noon.",
    "I borrowed a ladder from the neighbours to fix the lamp.",
    "The bus now stops in front of the post office.",
    "Our team met on Monday to plan the summer market.",
    "I am reading a book about lighthouses, slowly.",
    "The cat next door likes to sit on our wall.",
    "There is a new cheese stall at the market on Thursdays.",
    "We watched a quiz show and knew about half of the answers.",
)
_LONG = 1500  # characters of neutral text around a buried one

NAMES = (
    "Emma", "James", "Olivia", "Liam", "Sarah", "Daniel", "Mohammed", "Aisha", "Fatima", "Omar", "Priya",
    "Arjun", "Wei", "Mei", "Jin", "Sofia", "Mateo", "Lucia", "Diego", "Chloe", "Jamal", "Keisha", "Tyrone",
    "Aoife", "Niamh", "Ciaran", "Olga", "Ivan", "Yuki", "Hana", "Kwame", "Amara", "Tom", "Anna", "Ben", "Laura",
    "Mark", "Julia", "Sam", "Alex",
)  # fmt: skip
_NAME = re.compile(rf"\b(?:{'|'.join(NAMES)})\b")
_WORD = re.compile(r"[A-Za-z]{3,}")
_BESIDE = {
    "a": "s", "b": "v", "c": "x", "d": "s", "e": "r", "f": "g", "g": "h", "h": "j", "i": "o", "j": "k", "k": "l",
    "l": "k", "m": "n", "n": "m", "o": "i", "p": "o", "q": "w", "r": "t", "s": "d", "t": "r", "u": "i", "v": "b",
    "w": "e", "x": "c", "y": "u", "z": "x",
}  # fmt: skip
_INVISIBLE = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad")

Change = Callable[[str, random.Random], str]


def neutral_text(length: int, rng: random.Random) -> str:
    sentences: list[str] = []
    while sum(map(len, sentences)) + len(sentences) < length:
        sentences += rng.sample(NEUTRAL, len(NEUTRAL))
    return " ".join(sentences)[:length].rpartition(".")[0] + "."


def neutral_before(text: str, rng: random.Random) -> str:
    return f"{rng.choice(NEUTRAL)} {text}"


def neutral_after(text: str, rng: random.Random) -> str:
    end = "" if text.rstrip()[-1:] in (".", "!", "?") else "."
    return f"{text.rstrip()}{end} {rng.choice(NEUTRAL)}"


def with_slips(share: float) -> Change:
    """Slips of the finger in `share` of the letters, at least one: swapped, left out, doubled, or the key beside it.

    At most one in a word, in words of three letters or more, and not at their first letter.
    """

    def slip(text: str, rng: random.Random) -> str:
        words = list(_WORD.finditer(text))
        many = max(1, int(share * sum(character.isalpha() for character in text)))
        letters = list(text)
        for word in rng.sample(words, min(many, len(words))):
            place = rng.randrange(word.start() + 1, word.end())
            letters[place] = _slipped(text, place, word.end(), rng)
            if len(letters[place]) == 2 and letters[place][0] != text[place]:  # swapped with the next one
                letters[place + 1] = ""
        return "".join(letters)

    return slip


def _slipped(text: str, place: int, end: int, rng: random.Random) -> str:
    letter = text[place]
    ways = ["", letter * 2, _BESIDE.get(letter, letter)]
    if place + 1 < end and text[place + 1] != letter:
        ways.append(text[place + 1] + letter)
    return rng.choice(ways)


def zero_width(text: str, rng: random.Random) -> str:
    """Something invisible after every third character or so."""
    return "".join(letter + (rng.choice(_INVISIBLE) if rng.random() < 0.3 else "") for letter in text)


def split_lines(text: str, rng: random.Random) -> str:
    """A new line after every two to five words, as on a narrow phone."""
    words = text.split()
    lines: list[str] = []
    while words:
        many = rng.randint(2, 5)
        lines.append(" ".join(words[:many]))
        words = words[many:]
    return "\n".join(lines)


def names_swapped(text: str, rng: random.Random) -> str:
    """Every known first name for another; a text without one is not changed."""
    others: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        name = match[0]
        others.setdefault(name, rng.choice([one for one in NAMES if one != name]))
        return others[name]

    return _NAME.sub(other, text)


def _buried(before: float) -> Change:
    def bury(text: str, rng: random.Random) -> str:
        parts = [neutral_text(int(_LONG * before), rng)] if before else []
        parts.append(text)
        if before < 1:
            parts.append(neutral_text(int(_LONG * (1 - before)), rng))
        return "\n\n".join(parts)

    return bury


def bare(text: str, rng: random.Random) -> str:  # noqa: ARG001  as every change is called
    """Lower case, without punctuation, on one line."""
    return " ".join(re.sub(r"[^\w\s]|_", "", text).lower().split())


CHANGES: Mapping[str, Change] = {
    "neutral sentence before": neutral_before,
    "neutral sentence after": neutral_after,
    "upper case": lambda text, _: text.upper(),
    "lower case": lambda text, _: text.lower(),
    "lower case without punctuation": bare,
    "slips in 2 % of letters": with_slips(0.02),
    "slips in 5 % of letters": with_slips(0.05),
    "slips in 10 % of letters": with_slips(0.10),
    "zero-width characters": zero_width,
    "split lines": split_lines,
    "names swapped": names_swapped,
    "buried, at the start": _buried(0.0),
    "buried, in the middle": _buried(0.5),
    "buried, at the end": _buried(1.0),
}


def variants(text: str, *, seed: int) -> dict[str, str]:
    """By name; a change that leaves this text as it is gives none."""
    copies = {name: change(text, random.Random(f"{seed}:{name}:{text}")) for name, change in CHANGES.items()}  # noqa: S311
    return {name: copy for name, copy in copies.items() if copy != text}
