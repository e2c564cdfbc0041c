"""Postal addresses of many countries: runs of house numbers, street words and names, and what follows them.

An address is a run of words that could be part of one, accepted when the run, or what stands before it, says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.safety.names import NameLexicon, load_names
from assistant.safety.wordlist import fold

# Looked for as whole words ("Rue", "Street") and, from four letters, as endings ("Kerkstraat").
_STREETS = frozenset(
    """street st str road rd avenue ave av lane ln drive crescent cres terrace boulevard blvd bvd grove mews quay highway
    hwy alley parkway pkwy close court square gardens row walk parade plaza circle trail turnpike motorway esplanade
    strasse str. weg allee platz gasse ring damm ufer straat laan dreef plein gracht kade singel baan rue chemin impasse
    cours place allee quai route via viale piazza corso vicolo largo calle c avenida avda carrer paseo plaza camino
    carretera ronda rua travessa praca estrada ul ulica ulice al aleja plac os osiedle utca u ter koz namesti nabrezi trida
    gata gatan gate vagen vej gade alle veien vei vegen plass tie katu kuja polku tanav maantee puiestee iela gatve
    bulvar sokak caddesi mahallesi odos leoforos jalan marg nagar""".split()  # noqa: SIM905
)
_STREET_ENDINGS = tuple(
    """strasse straat laan gasse gatan gata gaten gade vagen vegen veien vangen stien stigen platz plein gracht singel kade
    dreef weg allee ring damm ufer bakken bakke katu kuja polku tanav utca iela gatve vej toren dijk steeg burg svingen
    lokka haugen lia tunet faret flata baan steenweg hof markt wei kamp park berg dal kroken brekka gerdi holt skogen
    moen eien""".split()  # noqa: SIM905
)
_EVERYDAY_STREETS = frozenset(
    """close court place row walk circle trail ring via c al u os ter drive square tie route gate alle largo""".split()  # noqa: SIM905
)
_UNITS = frozenset(
    "apt apartment suite unit flat box room floor lot bldg building ste wohnung piso po p.o pobox psc cmr".split()  # noqa: SIM905
)
_JOINERS = frozenset(
    """de du des da do dos das di del della la le las los el al van den der the of op zum zur am and y i e u ul og v a nad
    pod pri in""".split()  # noqa: SIM905
)
_BEFORE = re.compile(
    r"\b(?:address(?:es)?|live[sd]?|living|located|moved?|deliver(?:ed)?|sent|send|ship(?:ped)?|return(?:ed)?|taxi|letter"
    r"|statement|parcel|package|meet(?:ing)?|street|corner|drops?|arrived?|house|home|flat|apartment|stay(?:ing|s)?|enter"
    r"|driver|stop|visit(?:ed)?|residing|resides?|situated|billing|mail|post|cab|uber|door|pick|picked|come|came|side|where"
    r"|validate|following|place|office|shop|store)\b"
)
_TOKEN = re.compile(
    r"\d+[a-z]?(?:[-/]\d+[a-z]?)?(?!\w)|[^\W\d_](?:[^\W\d_]|[\u0300-\u036f])*(?:['’.\-][^\W\d_]+)*|\d+\w*"
)
_GAP = re.compile(r"[ \t]*(?:[,.#/\\]|, ?nan)?[ \t]*(?:\r?\n[ \t]*,?[ \t]*)?|[ \t]*[-–(][ \t]*|\)[ \t]*")
_POSTCODE = re.compile(
    r"\b[A-Za-z]{1,2}\d[A-Za-z\d]? \d[A-Za-z]{2}\b"  # United Kingdom
    r"|\b[AC-FHKNPRTV-Yac-fhknprtv-y]\d[\dWw] [A-Za-z\d]{4}\b(?<!\d{4})(?<![A-Za-z]{4})"  # Ireland
    r"|\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b"  # Canada
    r"|\b(?:APO|FPO|DPO|apo|fpo|dpo),? [A-Za-z]{2},? \d{5}(?:-\d{4})?\b"
    r"|\b[A-Z]{2} \d{5}(?:-\d{4})?\b"  # United States
    r"|\b(?:[Pp]\.? ?[Oo]\.? [Bb]ox|[Ee]ircode|[Zz]ip code|[Zz]ip|ZIP|[Pp]ost ?code) ?(?:is|:)? ?"
    r"(?=[A-Za-z]{0,4}\d)[A-Za-z0-9]{2,5} ?[A-Za-z0-9]{0,4}\b"
)
_NEVER = frozenset(
    """january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday email e-mail phone fax mobile tel iban covid day night week month year hours minutes
    people page chapter grade class step episode season volume part level days years times o'clock""".split()  # noqa: SIM905
)
_LONGEST_RUN = 40  # words
_FEW = 5  # digits of a house number or postcode


@dataclass(slots=True)
class _Token:
    folded: str
    start: int
    end: int
    gap: bool  # whether what stands before it can stand inside an address
    kind: str  # n number, s street word, u unit word, c name-like, j joiner, o other
    new_line: bool
    sure: bool  # of a street word: it is hardly ever anything else
    place: bool  # a country or another known place


def find_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of the text itself, from left to right; they may touch but do not overlap."""
    spans = [match.span() for match in _POSTCODE.finditer(text)]
    lexicon = load_names()
    tokens = _split(text, lexicon)
    index = 0
    while index < len(tokens):
        if tokens[index].kind == "o":
            index += 1
            continue
        end = index + 1
        while end < len(tokens) and end - index < _LONGEST_RUN and tokens[end].kind != "o" and tokens[end].gap:
            end += 1
        spans += [
            (tokens[first].start, tokens[last - 1].end) for first, last in _addresses_of(tokens, index, end, text)
        ]
        index = end
    yield from _merged(spans)


def _merged(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    begin = stop = -1
    for start, end in sorted(spans):
        if start > stop:
            if begin >= 0:
                yield begin, stop
            begin, stop = start, end
        else:
            stop = max(stop, end)
    if begin >= 0:
        yield begin, stop


def _split(text: str, lexicon: NameLexicon) -> list[_Token]:
    flat = not any(character.isupper() for character in text)
    tokens: list[_Token] = []
    before = 0
    for match in _TOKEN.finditer(text):
        word, folded = match[0], fold(match[0][:40])
        between = text[before : match.start()]
        opens = not tokens or any(mark in between for mark in ".!?")
        kind, sure = _kind(word, folded.rstrip("."), lexicon, flat=flat, opens=opens)
        gap = len(between) < 12 and _GAP.fullmatch(between) is not None
        if "." in between and not ((tokens and tokens[-1].kind in "us") or (tokens and len(tokens[-1].folded) < 4)):
            gap = False
        tokens.append(
            _Token(folded, match.start(), match.end(), gap, kind, "\n" in between, sure, folded in lexicon.capitals)
        )
        before = match.end()
    return tokens


def _kind(word: str, folded: str, lexicon: NameLexicon, *, flat: bool, opens: bool) -> tuple[str, bool]:
    if word[0].isdigit():
        digits = sum(character.isdigit() for character in word)
        return (
            "n" if digits <= _FEW + 1 and not word.endswith(("st", "nd", "rd", "th", "am", "pm", "mg", "0s")) else "o"
        ), False
    if folded in _NEVER:
        return "o", False
    if folded in _UNITS:
        return "u", False
    if folded in _STREETS:
        everyday = folded in _EVERYDAY_STREETS
        return "s", not everyday and (word[0].isupper() or flat or len(folded) > 2)
    everyday = folded in lexicon.common
    if not everyday and len(folded) > 6 and folded.endswith(_STREET_ENDINGS) and not lexicon.is_word(folded):
        return "s", True
    if folded in _JOINERS:
        return "j", False
    if flat and folded in lexicon.capitals and folded not in lexicon.common:
        return "c", False
    if word[0].isupper() and not (opens and everyday):
        return "c", False
    if not lexicon.is_word(folded) and "'" not in folded:
        return "c", False
    return ("w" if flat else "o"), False  # w: an everyday word in a text without capitals


def _addresses_of(tokens: list[_Token], begin: int, end: int, text: str) -> Iterator[tuple[int, int]]:
    """The parts of a run that are addresses, as token indexes."""
    begin, end = _trim(tokens, begin, end)
    if begin >= end:
        return
    anchors = [index for index in range(begin, end) if _is_anchor(tokens, index, begin, end)]
    cued = _is_cued(tokens, begin, text)
    if not anchors and cued:
        anchors = [index for index in range(begin, end) if _is_weak_anchor(tokens, index, begin, end)]
    if not anchors:
        return
    first = min(_left(tokens, anchor, begin) for anchor in anchors)
    last = max(_right(tokens, anchor, end) for anchor in anchors)
    yield _trim(tokens, first, last)


def _trim(tokens: list[_Token], begin: int, end: int) -> tuple[int, int]:
    while begin < end and tokens[begin].kind in "jw":
        begin += 1
    while end > begin and tokens[end - 1].kind in "jw":
        end -= 1
    return begin, end


def _is_cued(tokens: list[_Token], begin: int, text: str) -> bool:
    before = text[max(0, tokens[begin].start - 60) : tokens[begin].start]
    if _BEFORE.search(before.lower()):
        return True
    return begin == 0 or tokens[begin].new_line


def _is_anchor(tokens: list[_Token], index: int, begin: int, end: int) -> bool:
    """A word of an address beyond doubt: a street word beside a name or number, a unit with its number, "12 Xyz 34"."""
    token = tokens[index]
    beside = "".join(tokens[at].kind for at in (index - 1, index + 1) if begin <= at < end)
    around = "".join(tokens[at].kind for at in range(max(begin, index - 4), min(end, index + 5)) if at != index)
    if token.kind == "s":
        return ("n" in around and ("c" in around or token.sure)) if not token.sure else ("n" in around or "c" in beside)
    if token.kind == "u":
        return (index + 1 < end and tokens[index + 1].kind == "n") or (beside.count("u") > 0 and "n" in around)
    if token.kind == "n":
        following = [tokens[at] for at in range(index + 1, min(end, index + 6))]
        for at, other in enumerate(following):
            if other.kind == "n":
                return at > 0 and any(item.kind == "c" for item in following[:at])
    return False


def _is_weak_anchor(tokens: list[_Token], index: int, begin: int, end: int) -> bool:
    """After "lives at" and the like: a number beside a name."""
    token = tokens[index]
    if token.kind == "n":
        beside = [tokens[at] for at in (index - 1, index + 1) if begin <= at < end]
        return any(other.kind == "c" or (other.kind == "s" and other.sure) for other in beside)
    return (
        token.kind == "s"
        and token.sure
        and any(begin <= at < end and tokens[at].kind == "c" for at in (index - 1, index + 1))
    )


def _left(tokens: list[_Token], anchor: int, begin: int) -> int:
    """Back over the name of the street and the house number, not over a line end."""
    at = anchor
    while at > begin and not tokens[at].new_line and anchor - at < 8:
        kind = tokens[at - 1].kind
        if kind == "w" and (anchor - at > 3 or tokens[anchor].kind != "s"):
            break
        at -= 1
    return at


def _right(tokens: list[_Token], anchor: int, end: int) -> int:
    at = anchor + 1
    while at < end and tokens[at].kind in "ncusj" and not (tokens[at].new_line and not _is_address_line(tokens, at)):
        at += 1
    return at


def _is_address_line(tokens: list[_Token], first: int) -> bool:
    """Whether the line that begins here holds nothing but what an address holds, or begins with a place or postcode."""
    kinds = ""
    for at in range(first, min(first + 8, len(tokens))):
        if at > first and (tokens[at].new_line or not tokens[at].gap):
            return True
        if tokens[at].kind in "ow":
            return "n" in kinds or "u" in kinds or (bool(kinds) and tokens[at - 1].place)
        kinds += tokens[at].kind
    return True
