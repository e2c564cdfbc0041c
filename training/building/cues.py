"""What a sentence of a reply does, by its wording. Rough: good enough to choose examples, not to judge a person's reply."""

from __future__ import annotations

import re
from enum import StrEnum

from assistant.meters import advises
from training.building.text import content, phrases

EMPATHY = re.compile(
    r"\b(sorry|sounds? (like|as if|so|very|really|incredibly|pretty|a lot|heavy|rough|scary|wearing|hard|"
    r"difficult|painful|tough|awful|exhausting)|"
    r"must (be|feel|have)|makes? (a lot of |perfect |total )?sense|i hear|i can (only )?imagine|understandabl[ey]|"
    r"(hard|difficult|painful|tough|scary|frightening|overwhelming|heartbreaking|exhausting|frustrating|confusing|lonely) "
    r"(for you|time|to|when|place|thing|situation|spot|feeling|experience)|not alone|okay to|ok to|brave|courage|strength|"
    r"you('re| are) (feeling|struggling|hurting|going through)|your (pain|hurt|feelings|frustration|sadness|worry|fear))\b",
    re.I,
)
OWN = re.compile(
    r"\b(i (was|had|went|felt|have been|'ve been|did|used|lost|struggled|remember)|my|me too|myself)\b", re.I
)
OPEN = re.compile(
    r"^(?:\W*(?:and|so|but|also|then)\W+)?"
    r"(what|how|when|where|who|which|why|would|could|can|do|did|is|are|have|has)\b",
    re.I,
)
YOU = re.compile(r"\byou(r|rs|rself|'re|’re|'ve|’ve|'d|'ll)?\b", re.I)


class Cue(StrEnum):
    EMPATHY = "empathy"
    REFLECTION = "reflection"  # empathy in the post's own words
    QUESTION = "question"
    ADVICE = "advice"
    OWN = "own"  # tells of the writer
    STOCK = "stock"  # a set phrase that fits under any post


def cues(sentence: str, post: frozenset[str]) -> frozenset[Cue]:
    """`post`: the post's content words."""
    found = set()
    shared = content(sentence) & post
    if sentence.rstrip(" \"'”’)").endswith("?") and YOU.search(sentence):
        if OPEN.search(sentence):
            found.add(Cue.QUESTION)
    elif EMPATHY.search(sentence):
        found.add(Cue.EMPATHY)
        if shared and YOU.search(sentence):
            found.add(Cue.REFLECTION)
    if advises(sentence):
        found.add(Cue.ADVICE)
    if OWN.search(sentence):
        found.add(Cue.OWN)
    if is_stock(sentence) or (Cue.EMPATHY in found and not content(sentence)):
        found.add(Cue.STOCK)
    return frozenset(found)


def is_stock(sentence: str) -> bool:
    plain = _plain(sentence)
    return any(plain == _plain(one) for one in phrases()["faults"]["stock"])


def _plain(sentence: str) -> str:
    return re.sub(r"[^a-z ]", "", sentence.lower().replace("i am", "im")).strip()


def ungrounded(sentence: str, known: frozenset[str]) -> int:
    """How many of the words that say something stand neither in the post nor in the draft: who writes it has to invent."""
    return len(content(sentence) - known)
