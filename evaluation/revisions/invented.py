"""Points a reader to outputs that may say what nobody told. By words: it finds too much, and misses what is paraphrased."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise

from rapidfuzz.distance import Indel

from assistant.changes import Change, Kind, Op, changes_between, sentences_in
from assistant.safety.contacts import find_contacts
from assistant.safety.found import Contact
from assistant.safety.names import find_names
from assistant.safety.normal import make_plain
from assistant.telling import stem, words
from evaluation.revisions.triples import Triple

TOLD = 0.5  # of the words, in order: a sentence so like one of the draft is what the supporter told

_NUMBERS = frozenset(
    """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
    twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million dozen twice""".split()  # noqa: SIM905
)
_RELATIVES = frozenset(
    map(
        stem,
        """mother mom mum father dad parents sister brother sibling son daughter kid child wife husband partner girlfriend
        boyfriend ex aunt uncle cousin nephew niece grandmother grandma grandfather grandpa grandparents fiance fiancee
        stepmother stepfather roommate flatmate boss coworker colleague teacher doctor therapist dog cat""".split(),  # noqa: SIM905
    )
)
# What only somebody who lived it can say. Of a supporter who did not, it is made up.
_EXPERIENCE = re.compile(
    r"\b(?:i(?:'ve| have) (?:been|had|lost|gone|felt|struggled|experienced|lived|dealt|seen|known|also|suffered)"
    r"|i (?:also |too |once |really |just |used to )?(?:was|had|lost|went|felt|struggled|experienced|lived|grew|dealt|remember"
    r"|suffered|got|broke|moved|tried|found|started|learned|cried|used to)"
    r"|(?:same|it) (?:thing )?happened to me|when i (?:was|had|went|lost)|(?:in|from) my (?:own )?(?:experience|case|life)"
    r"|(?:for|with) me,? it (?:was|took|helped)|(?:what|this|that) helped me|as (?:someone|a person|somebody) who)\b",
    re.IGNORECASE,
)
_MY = re.compile(r"\b(?:my|our) (?:\w+ ){0,2}?(\w+)", re.IGNORECASE)
_CAPITAL = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}")
_CALENDAR = frozenset(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december god christmas english internet""".split()  # noqa: SIM905
)
_FIRST = frozenset({"i", "me", "my", "mine", "myself", "i'm", "i've", "i'd", "i'll"})
_SECOND = frozenset({"you", "your", "yours", "yourself", "you're", "you've", "you'd", "you'll"})
_HELD = _FIRST | _SECOND | {"am", "are", "was", "were"}
_SAME = 0.8  # of a sentence, but for who it speaks of


class Pointer(StrEnum):
    NUMBER = "number"
    NAME = "name"
    PLACE = "capitalised word"
    LINK = "link or contact"
    EXPERIENCE = "own experience"
    RELATIVE = "relative of the supporter"
    SWAPPED = "I and you swapped"


def pointers(triple: Triple, output: str) -> tuple[Pointer, ...]:
    told = f"{triple.post}\n{triple.draft}"
    known = {word for text in words(told) for word in (text, stem(text))}
    new = [one for one in sentences_in(output) if not _is_told(one, triple.draft)]
    found = {
        Pointer.NUMBER: bool(_numbers(output) - _numbers(told)),
        Pointer.NAME: any(_unknown(name.start, name.end, output, known) for name in find_names(output)),
        Pointer.PLACE: any(_unknown(*match.span(), output, known) for match in _CAPITAL.finditer(output)),
        Pointer.LINK: bool(_contacts(output) - _contacts(told)),
        Pointer.EXPERIENCE: any(_EXPERIENCE.search(one.replace("’", "'")) for one in new),
        Pointer.RELATIVE: any(_relatives(one) - _relatives(triple.draft) for one in new),
        Pointer.SWAPPED: any(_swaps(change) for change in changes_between(triple.draft, output)),
    }
    return tuple(pointer for pointer, is_there in found.items() if is_there)


def _is_told(sentence: str, draft: str) -> bool:
    said = words(sentence)
    return any(Indel.normalized_similarity(said, words(one)) >= TOLD for one in sentences_in(draft))


def _numbers(text: str) -> set[str]:
    return {word for word in words(text) if word.isdigit() or word in _NUMBERS}


def _unknown(start: int, end: int, output: str, known: set[str]) -> bool:
    return any(word not in known | _CALENDAR and stem(word) not in known for word in words(output[start:end]))


def _contacts(text: str) -> set[tuple[Contact, str]]:
    return {(item.contact, item.value) for item in find_contacts(make_plain(text).text)}


def _relatives(text: str) -> set[str]:
    """Whom the text calls "my": of a supporter's reply, the supporter's own people."""
    return {stem(match[1].lower()) for match in _MY.finditer(text)} & _RELATIVES


def _swaps(change: Change) -> bool:
    """The same sentence about the other person."""
    if change.kind is not Kind.REPLACE:
        return False
    before, after = words(change.before), words(change.after)
    said = [word for word in before if word not in _HELD], [word for word in after if word not in _HELD]
    if Indel.normalized_similarity(*said) < _SAME:
        return False
    return any(
        _speaks(gone, first) and _speaks(came, second)
        for gone, came in _exchanges(change)
        for first, second in ((_FIRST, _SECOND), (_SECOND, _FIRST))
    )


def _exchanges(change: Change) -> Iterator[tuple[str, str]]:
    """What went and what came in the same place."""
    for one, other in pairwise(change.words):
        if one.op is Op.DELETE and other.op is Op.INSERT:
            yield one.text, other.text


def _speaks(text: str, persons: frozenset[str]) -> bool:
    return not persons.isdisjoint(words(text))
