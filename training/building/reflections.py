"""Sentences that say back what the post says, in its own words: what a good revision adds, and a model can learn to add.

Found by patterns, so that nothing is in them that is not in the post. A post without such a sentence gives none.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.changes import sentences_in
from training.building.text import phrases

FLIP = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "am": "are", "i'm": "you're",
    "i've": "you've", "i'd": "you'd", "i'll": "you'll", "im": "you're", "ive": "you've",
}  # fmt: skip
UNCLEAR = re.compile(
    r"\b(you|your|we|us|our|ours|ourselves|u|ur|someone's|op)\b|[\"“”(){}\[\]*/<>#@]|\d{3,}|https?:", re.I
)
# Said back, these would be cruel or careless. What such a post needs is decided elsewhere.
GRAVE = re.compile(
    r"\b(kill\w*|suicid\w*|die|dying|dead|death|hurt(ing)? myself|cut(ting)?|self.?harm\w*|overdos\w*|rap\w+|molest\w*|abus\w+|"
    r"hang(ed|ing)?|gun|pills?|sex\w*|porn\w*|masturbat\w*|penis|vagina\w*)\b",
    re.I,
)
STRONG = ("so", "very", "really", "completely", "extremely")
WEAK = ("totally", "incredibly", "constantly", "always", "still", "pretty", "just", "kind of", "a bit", "a little")
DEGREE = rf"(?:({'|'.join(STRONG + WEAK)}) )?"
SAYS = r"\bi(?:'m| am|'ve been| have been| feel| felt| get| have felt| was|m)(?: feeling| left feeling| starting to feel)? "
LINK = (
    r"because|since|when|whenever|about|that|after|around|without|every time|all the time|most of the time|at work|at home|"
    r"at school|at night|in my|to|for|of|with|by"
)
# Clauses up to 200 characters: fewer would cut within a word. LONGEST bounds what is said back.
TAIL = rf"(?: ((?:{LINK}) [^,.;:!?\n]{{2,200}}))?"
CANNOT = re.compile(r"\b(i (?:can't|cannot|can not|cant|couldn't|could not)) ([a-z][^,.;:!?\n]{2,200})", re.I)
BEGINS = r"(?:^|[,;:] |\b(?:and|but|because|so|that|then|really|all) )"
STRUGGLE = re.compile(
    r"(?<!than )(?<!how )(?<!what )\b(i (?:lost|failed|broke up|miss|regret|cry|struggle|worry|got fired|got laid off|"
    r"got divorced|hate|have no|don't (?:know|have(?! to)|feel|trust)|have (?:a hard time|trouble|lost)) ?"
    r"[^,.;:!?\n]{2,200})",
    re.I,
)
DEALING = re.compile(
    r"\bi(?:'m| am|'ve been| have been)(?: now| currently| still| always)? "
    r"((?:having|going through|dealing with|struggling with|suffering from|fighting with|living with) [^,.;:!?\n]{3,200})",
    re.I,
)
FEELS_LIKE = re.compile(
    r"\bi feel like ((?:i|i'm|i've|my|nobody|no one|everyone|everybody|everything|nothing|people|the) [^,.;:!?\n]{3,200})",
    re.I,
)
WISH = re.compile(rf"{BEGINS}(i (?:just |only |really )?(?:want|wish|need) (?!you\b)[^,.;:!?\n]{{4,200}})", re.I)
RELATED = (
    r"(?:ex[- ])?(?:husband|wife|boyfriend|girlfriend|fiance|fiancé|fiancée|partner|spouse|mom|mother|mum|dad|father|parents|"
    r"sister|brother|son|daughter|kids?|children|child|friends?|best friend|roommate|boss|manager|coworkers?|teacher|family|"
    r"aunt|uncle|cousin|grandma|grandmother|grandpa|grandfather|stepmom|stepdad|dog|cat|job|school|marriage|relationship|in-laws)"
)
HURT = (
    r"(?:left|cheated|lied|passed away|moved (?:out|away)|broke up|stopped|doesn't|does not|won't|will not|never|always|keeps?|"
    r"hates?|yells?|ignores?|blames?|refuses?|drinks?|don't|do not|can't|is never|is always|is not|isn't|are not|aren't|"
    r"are always|treats? me|makes? me feel|told me (?:that )?(?:he|she|they)|has been|lost|yelled|"
    r"got (?:angry|mad|sick|fired))"
)
HAPPENED = re.compile(rf"\b(my (?:\w+ )?{RELATED} {HURT}\b[^,.;:!?\n]{{2,200}})", re.I)
ASKS = re.compile(r"\bhow (?:do|can|could|should|would) i ((?!know\b|tell\b)[a-z][^,.;:!?\n]{8,200})", re.I)
TOLD = re.compile(
    rf"{BEGINS}((?:i(?:'ve|'m|'d)?|he|she|they|my (?:\w+ )?\w+) "
    r"(?!think|thought|guess|know|mean|believe|hope|suppose|see|say|ask|would|could|should|might|can\b|may|do\b|"
    r"am (?:a|an|the)\b|just wan)[a-z][^,.;:!?\n]{8,200})",
    re.I,
)
WORDS = re.compile(r"[a-z0-9]+")
MOST_IN_A_ROW = (
    5  # the safety check on copies holds from eight words on; "I'm" counts two there, and a small model runs on
)
LONGEST = 8  # words of what is said back
GLAD = re.compile(
    r"\b(love[sd]?|like[sd]?|enjoy\w*|glad|happy|thankful|grateful|excited|fun|great|good|nice|perfect|best|better|proud|won|luck\w*|"
    r"hope\w*|able)\b",
    re.I,
)
NEXT_CLAUSE = re.compile(
    r"\s(?:and|but|so|because|which|who|then|or|although|though|except)\s(?=(?:i|he|she|they|it|we|that|my|then)\b)",
    re.I,
)
# Such an end asks for words that were cut away, or that the seeker never wrote: "you hate", "your mother won't".
CUT_OFF = re.compile(
    r"(?:n't|\b(?:and|but|or|so|because|the|an?|to|of|that|with|my|your|his|her|their|its|if|when|while|until|about|for|is|are|am|was|"
    r"were|be|been|being|at|in|on|from|by|as|like|than|not|never|very|too|really|just|how|what|why|who|which|where|have|has|had|do|"
    r"does|did|will|would|can|could|should|might|must|get|got|gets|getting|keep|keeps|make|makes|made|let|hate|love|guess|heard|hear|"
    r"said|told|tell|say|says|want|wants|wanted|need|needs|feel|feels|felt|going|trying|this|these|those|some|any|every|no))$",
    re.I,
)

MERELY = ("told", "glad")


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that the post says."""

    kind: str  # a key of [reflections]
    weight: str  # a key of [weights]
    feeling: str = ""
    bare: str = ""
    tail: str = ""
    clause: str = ""
    deed: str = ""


def listen(post: str) -> list[Heard]:
    """Everything that can be said back: feelings first, what shows none last, else as in the post."""
    found: list[Heard] = []
    for sentence in sentences_in(post.replace("’", "'")):
        if UNCLEAR.search(sentence) or GRAVE.search(sentence):
            continue
        for listener in (_feelings, _cannot, _others, _events, _told):
            found += listener(sentence)
    return sorted(found, key=lambda one: (one.kind != "feeling") + (one.kind in MERELY))


def _feelings(sentence: str) -> Iterator[Heard]:
    for kind, names in phrases()["feelings"].items():
        for name in names:
            match = re.search(SAYS + DEGREE + f"({re.escape(name)})" + r"\b" + TAIL, sentence, re.I)
            if not match or re.search(rf"\b(not|never|n't) (\w+ )?{re.escape(name)}", sentence, re.I):
                continue
            degree, bare, tail = match[1] or "", match[2].lower(), trimmed(match[3] or "")
            strong = degree.lower() if degree.lower() in STRONG else ""
            yield Heard("feeling", kind, f"{strong} {bare}".strip(), bare, f" {tail}" if tail else "")


def _cannot(sentence: str) -> Iterator[Heard]:
    for match in CANNOT.finditer(sentence):
        deed = trimmed(match[2])
        if deed and not deed.startswith(
            ("believe", "imagine", "say", "tell you", "help but", "wait", "tell if", "like", "even")
        ):
            yield Heard("cannot", "other", clause=f"you can't {deed}", deed=deed)


def _others(sentence: str) -> Iterator[Heard]:
    for kind, pattern in (("dealing", DEALING), ("like", FEELS_LIKE), ("wish", WISH), ("struggle", STRUGGLE)):
        for match in pattern.finditer(sentence):
            clause = trimmed(match[1])
            if len(clause.split()) > 2 and not re.search(
                r"\b(if|what|how|why|help)$|\bhelp with\b|\bknow (if|why)\b", clause
            ):
                yield Heard(kind, "other", clause=clause)


def _events(sentence: str) -> Iterator[Heard]:
    for match in HAPPENED.finditer(sentence):
        clause = trimmed(match[1])
        if len(clause.split()) > 3:
            yield Heard("event", "other", clause=clause)


def _told(sentence: str) -> Iterator[Heard]:
    for match in ASKS.finditer(sentence):
        if deed := trimmed(match[1]):
            yield Heard("wish", "other", clause=f"you want to {deed}")
    if sentence.endswith("?"):
        return
    for match in TOLD.finditer(sentence):
        clause = trimmed(match[1])
        if len(clause.split()) > 3:
            yield Heard("glad" if GLAD.search(clause) else "told", "other", clause=clause)


def trimmed(said: str) -> str:
    """Flipped, cut before the next clause; empty where it does not end well."""
    told = flip(NEXT_CLAUSE.split(said)[0].strip(" '-"))
    count = len(told.split())
    return "" if not 1 <= count <= LONGEST or CUT_OFF.search(told) else told


def flip(said: str) -> str:
    """From the seeker's mouth to the supporter's: "my mother hates me" is "your mother hates you"."""
    told: list[str] = []
    for number, token in enumerate(said.split()):
        bare = token.strip(".,;:!?").lower()
        new = FLIP.get(bare)
        if new is None:
            before = told[-1] if told else ""
            new = {"was": "were", "wasn't": "weren't"}.get(bare, "") if before == "you" else ""
            told.append(new or (token.lower() if number == 0 and not token.isupper() and token.istitle() else token))
        else:
            told.append(new)
    return " ".join(told)


def copies(said: str, post: str) -> bool:
    """Whether it repeats so many of the post's words in a row that the site would hold it as a copy."""
    have = WORDS.findall(post.lower())
    runs = {tuple(have[at : at + MOST_IN_A_ROW + 1]) for at in range(len(have) - MOST_IN_A_ROW)}
    told = WORDS.findall(said.lower())
    return any(tuple(told[at : at + MOST_IN_A_ROW + 1]) in runs for at in range(len(told) - MOST_IN_A_ROW))


def reflect(heard: Heard, chance: random.Random) -> str:
    frame: str = chance.choice(phrases()["reflections"][heard.kind])
    weight = chance.choice([one for one in phrases()["weights"][heard.weight] if one[:3] not in heard.bare])
    return frame.format(feeling=heard.feeling, tail=heard.tail, weight=weight, clause=heard.clause)


def ask(heard: Sequence[Heard], told: str, chance: random.Random) -> str:
    """An open question about a feeling or something that cannot be done and that `told` does not say back already.

    Empty where the post tells of nothing else: who asks about what was just said back repeats it.
    """
    told = told.lower()
    about = {
        "feeling": [one.bare for one in heard if one.kind == "feeling" and not one.bare.startswith("like")],
        "cannot": [one.deed for one in heard if one.kind == "cannot"],
    }
    left = [(kind, said) for kind, found in about.items() for said in found if said.lower() not in told]
    if not left:
        return ""
    kind, said = chance.choice(left)
    frame: str = chance.choice(phrases()["questions"][kind])
    return frame.format(said=said)
