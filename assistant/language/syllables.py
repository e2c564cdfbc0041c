"""Syllables of an English word, by rule, without a dictionary of sounds.

Vowels that stand together are one syllable; what is written and not heard is taken away, what is heard apart is added. A rule is
right for most words and never for all: evaluation/LANGUAGE.md says how often the CMU Pronouncing Dictionary agrees.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

KNOWN = Path(__file__).with_suffix(".toml")

_GROUP = re.compile(r"[aeiouyà-öø-ü]+")
_CLIPPED = re.compile(r"'(?:s|m|d|re|ve|ll|t)?$")
_HEARD_NOT = re.compile(r"[sd]n't$")  # didn't, not "don't"
_FRONT = re.compile(
    r"(?:some|there|where|here|home|life|like|safe|hope|care|fore|face|house|time|every)"
    r"(?=[b-df-hj-np-tv-z](?!s?$)|one$|ever$)"
)
_END = re.compile(
    r"(?<=[^aeioul]e)(?=(?:ly|ness|less|ful|ment|some|time|body|thing|one$|where|day|room))"
    r"|(?<=[aeiouy]le)(?=(?:ly|ness|less|ful|ment))|(?<=.)(?=ful(?:ly)?$)"
)
_SILENT = re.compile(
    r"(?<=[aeiouy])[^aeiouy]+(?<![^aeiouyl]l)e$"  # like; not "able"
    r"|(?<=[aeiouy])[^aeiouy]+(?<![^aeiouyl]l)(?<![sxzcg])(?<!sh)(?<!ch)es$"  # likes; not "places"
    r"|(?<=[aeiouy])[^aeiouy]*(?<![td])(?<![^aeiouylr][lr])ed$"  # helped; not "wanted" and "settled"
    r"|(?<=[aeiouy][gq])ue$|(?<=ic)a(?=lly$)"  # vague, basically
)
_APART = re.compile(
    r"(?<![ctg])ia(?!ge|r)|ii"  # trial; not "special"
    r"|io(?=let|d|lo|ts?$)|(?<=[bdfhlmnprvw])io(?=[^aeioun]|$)"  # period; not "opinion"
    r"|[aeiouy](?=ings?(?:ly)?$)"  # going
    r"|(?<![qg])ua(?=[lt])|(?<!q)uou|iu"  # usual
    r"|(?<![aeiou])eo(?!n$|us|ple)"  # video; not "people"
    r"|(?<![ct])ie(?=nc)|ie(?=t[^s])|(?<=[bdfghklmnprtvwz])i(?=er|est)"  # happier
    r"|[iy]sm|thm"
    r"|(?<=r)ea(?=li|ct)|(?<=cr)eat|idea|oe(?=[tm])|[aeou]i(?=st)"  # reality, create
    r"|(?<=[aou])y(?=[aeou])|(?<=[dlnrv])iou|[ct]iat|fied$"  # loyal, serious, satisfied
)


def syllables_of(word: str) -> int:
    """One at least. A word that is not English gets the number that it would have as one."""
    plain = word.lower().replace("’", "'")
    return len(_HEARD_NOT.findall(plain)) + _count(_CLIPPED.sub("", plain.replace("n't", "nt")))


@lru_cache(maxsize=16384)
def _count(word: str) -> int:
    known = _known()
    if word in known:
        return known[word]
    if word[-1:] in ("s", "d") and word[:-1] in known:
        return known[word[:-1]]
    front = _FRONT.match(word)
    end = _END.search(word, 2)
    cut = front.end() if front else end.start() if end else 0
    if 0 < cut < len(word):
        return _count(word[:cut]) + _count(word[cut:])
    return max(1, len(_GROUP.findall(word)) - len(_SILENT.findall(word)) + len(_APART.findall(word)))


@cache
def _known() -> Mapping[str, int]:
    table = tomllib.loads(KNOWN.read_text(encoding="utf-8"))["words"]
    return {word: int(number) for number, words in table.items() for word in words.split()}
