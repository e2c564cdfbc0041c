"""Numbers in words: "call nine eight eight", "thirteen eleven fourteen", "nine-8-eight"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.safety.found import Contact, Found

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve"
_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_DIGITS = (
    {word: str(value) for value, word in enumerate(f"{_SMALL} {_TEENS}".split())}
    | {word: str(value * 10) for value, word in enumerate(_TENS.split(), start=2)}
    | {"oh": "0", "o": "0", "nought": "0", "nil": "0"}
)
_PART = rf"(?:(?:double|triple|treble) )?(?:{'|'.join(_DIGITS)}|\d{{1,4}}|hundred|thousand)"
_RUN = re.compile(rf"(?<!\w){_PART}(?:(?: ?[-,.] ?| ){_PART}){{1,19}}(?!\w)")
_CUE = re.compile(
    r"\b(?:call|calling|dial|ring|phone|text|texting|sms|message|whatsapp|reach|contact|number|line|hotline|helpline"
    r"|lifeline|samaritans|code)\b"
)
_UNIT = re.compile(
    r" (?:times?|minutes?|hours?|days?|weeks?|months?|years?|seconds?|breaths?|people|things|of|am|pm|friends?|others?"
    r"|more|to|steps?|counts?|nights?|texts?|messages?|calls?)\b"
)
_FEWEST_WITH_A_CUE = 3
_FEWEST = 7  # digits; a shorter run of numbers may be counting or breathing


def find_spoken(plain: str) -> Iterator[Found]:
    for match in _RUN.finditer(plain):
        if not any(character.isalpha() for character in match[0]):
            continue
        digits = _value(match[0])
        cued = _CUE.search(plain, max(0, match.start() - 40), match.start()) and not _UNIT.match(plain, match.end())
        if len(digits) >= (_FEWEST_WITH_A_CUE if cued else _FEWEST):
            kind = Contact.PHONE if len(digits) > 6 else Contact.SHORT_CODE
            yield Found(kind, match.start(), match.end(), digits)


def _value(written: str) -> str:
    """ "seventy four" is 74, "nine hundred eleven" 911, "double eight" 88."""
    digits: list[str] = []
    times = 1
    for part in re.findall(r"[a-z]+|\d+", written):
        if part in ("double", "triple", "treble"):
            times = 2 if part == "double" else 3
            continue
        if part == "hundred":
            digits.append("00")
        elif part == "thousand":
            digits.append("000")
        else:
            _append(digits, _DIGITS.get(part, part) * times)
        times = 1
    return "".join(digits)


def _append(digits: list[str], value: str) -> None:
    last = digits[-1] if digits else ""
    small = len(value) == 1 and value != "0"
    if small and len(last) == 2 and last != "10" and last.endswith("0") and last[0] != "0":
        digits[-1] = last[0] + value
    elif last in ("00", "000") and len(last) >= len(value) and len(digits) > 1:
        digits[-1] = last[: len(last) - len(value)] + value
    else:
        digits.append(value)
