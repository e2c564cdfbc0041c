"""Words that carry what a text says, by their stems, and its sentences. English; the lists are our own.

What training builds is told by other lists and another stem (training/building/text.py): with these it would build other data.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+")
_FUNCTION = frozenset(
    """a about above after again against ago all almost along already also although always am among an and another any
    anybody anyone anything anyway anywhere are aren't around as at away back be because been before behind being below
    beside between both but by came can can't cannot could couldn't did didn't do does doesn't doing don't done down
    during each either else enough even ever every everybody everyone everything few for from further get gets getting
    go goes going gone got had hadn't has hasn't have haven't having he he'd he'll he's her here hers herself him
    himself his how however i i'd i'll i'm i've if in instead into is isn't it it's its itself just kind lets let's like
    likely lot lots many may maybe me might mine more most mostly much must my myself neither never no nobody none nor
    not nothing now of off often oh ok okay on once one ones only onto or other others otherwise ought our ours
    ourselves out over own perhaps please put quite rather really same say says see seem seems shall she she'd she'll
    she's should shouldn't since so some somebody someone something sometimes somewhere soon still such sure than that
    that's the their theirs them themselves then there there's these they they'd they'll they're they've this those
    though through thus till to together too toward towards under until up upon us very was wasn't way we we'd we'll
    we're we've well were weren't what what's whatever when whenever where wherever whether which while who who's whole
    whom whose why will with within without won't would wouldn't yes yet you you'd you'll you're you've your yours
    yourself yourselves actually basically definitely simply im ive dont cant didnt doesnt isnt youre thats""".split()  # noqa: SIM905
)
# Words that stand in nearly every post of somebody with a hard time, and in every set phrase: sharing one ties no sentence
# to the post. As stems.
_COMMON = """feel feeling felt know think thought want need try help make take give come look thing time day year life live
people person someone hard tough difficult bad good better well sorry hear sound understand share talk tell happen work
love care hope great right long keep find start end part lot little big sense situation problem deal matter mean really
pain hurt sad strong okay alone thank support reach post read experience moment place world""".split()  # noqa: SIM905

_IRREGULAR = {
    "felt": "feel", "thought": "think", "knew": "know", "known": "know", "told": "tell", "said": "say", "made": "make",
    "took": "take", "taken": "take", "gave": "give", "given": "give", "lost": "lose", "left": "leave", "found": "find",
    "kept": "keep", "went": "go", "broke": "break", "broken": "break", "wrote": "write", "written": "write", "men": "man",
    "spoke": "speak", "spoken": "speak", "slept": "sleep", "met": "meet", "began": "begin", "women": "woman",
    "children": "child", "kids": "kid", "worse": "bad", "worst": "bad", "better": "good", "best": "good", "feet": "foot",
    "heard": "hear", "held": "hold", "grew": "grow", "ate": "eat", "chose": "choose", "fought": "fight", "hurting": "hurt",
    "understood": "understand", "bought": "buy", "brought": "bring", "caught": "catch", "cried": "cry", "died": "die",
    "dying": "die", "lying": "lie", "ran": "run", "saw": "see", "seen": "see", "sent": "send", "spent": "spend",
    "stood": "stand", "paid": "pay", "meant": "mean", "led": "lead", "fell": "fall", "fallen": "fall", "woke": "wake",
}  # fmt: skip
_STEM = 3  # letters that an ending leaves at least


def words(text: str) -> list[str]:
    return [match[0].lower().replace("’", "'") for match in _WORD.finditer(text)]


def content(text: str) -> set[str]:
    """The stems of the words that say something."""
    return {stem(word) for word in words(text) if is_content(word)}


def is_content(word: str) -> bool:
    """Of `words`: whether it says something by itself."""
    return word not in _FUNCTION and len(word) > 1


def telling(text: str) -> set[str]:
    """Of these, the ones that not every post has."""
    return content(text) - COMMON_STEMS


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """A rough one: "worries", "worried" and "worrying" meet; so may two words that have little in common."""
    word = word.removesuffix("'s").replace("'", "")
    word = _IRREGULAR.get(word, word)
    for ending, put in (("ies", "y"), ("ied", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("ly", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= _STEM and not word.endswith(("ss", "us", "is")):
            word = word.removesuffix(ending) + put
            break
    if len(word) > _STEM and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > _STEM else word


COMMON_STEMS = frozenset(stem(word) for word in _COMMON)


def bare(text: str) -> str:
    """Letters and digits only: equal for texts that differ in white space, punctuation and capitals."""
    return "".join(one for one in unicodedata.normalize("NFKC", text).casefold() if one.isalnum())
