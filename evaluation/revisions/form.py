"""Whether an output is a revision of its draft at all, and whether it is the draft again."""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum

from rapidfuzz.distance import OSA, Indel

from assistant.changes import sentences_in
from assistant.safety.phases.repetition import Repetition
from assistant.safety.types import Context, Kind
from assistant.telling import bare, content, stem, words
from evaluation.revisions.triples import Triple

KEEPS = 0.4  # of the draft's content words
LONGER, WORDS_MORE = 2.5, 40  # times the draft's words, and so many on top
COPIED = 0.5  # of the output's words in runs of the post
RUN = 5  # words
TIMES = 3  # the same sentence
NEARLY = 0.95  # of the letters the same: nearly unchanged
SPELLING, LETTERS = 0.8, 6  # two stems of six letters or more, so alike, are one word spelled twice

_SALUTATION = re.compile(r"\s*(?:dear\b|to whom it may concern|subject:|hi \[|hello \[)", re.IGNORECASE)
_SIGN_OFF = re.compile(
    # closing words on a line, and a name below
    r"^[ \t]*(?:sincerely|respectfully|cordially|yours (?:truly|sincerely|faithfully)|regards|love|best|take care"
    r"|(?:best|kind|kindest|warm|warmest) (?:regards|wishes)|with (?:love|best wishes|warm regards))"
    r",?[ \t]*\n\s*\S[^\n]{0,40}\s*\Z"
    # closing words of letters at the end
    r"|(?:sincerely|(?:best|kind|warm) regards|yours (?:truly|sincerely|faithfully)),?[^\n.]{0,40}\Z"
    r"|\[(?:your|my) name\]",
    re.IGNORECASE | re.MULTILINE,
)
_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am)? (?:sorry|unable)[^.!?\n]{0,40}\b(?:can(?:'t|not)|unable|not able)\b"
    r"|i (?:can(?:'t|not)|am unable to|am not able to|won't|will not)"
    r" (?:help (?:you )?with (?:that|this)|assist|fulfil|fulfill|comply|provide|create|generate|revise|rewrite|answer|write"
    r"|complete|engage)"
    r"|as an? (?:ai|artificial|language model|assistant)\b|i(?:'m| am) (?:just )?an? (?:ai|language model|assistant)\b)",
    re.IGNORECASE,
)
_COMMENT = re.compile(
    r"\A\W{0,3}(?:sure[,!. ][^.:\n]{0,60}:|here(?:'s| is| are)\b[^.\n]{0,60}\b(?:revis|version|repl|draft|rewrit|respons)"
    r"|(?:the )?(?:revised|improved|rewritten|edited) (?:reply|draft|version|response|text)\b)",
    re.IGNORECASE,
)
_PROMPT_WORDS = re.compile(r"<\||^\W{0,3}(?:post|draft|goals|keep|topic|reply|user|assistant|system) ?:", re.I | re.M)
_REPETITION = Repetition()


class Fault(StrEnum):
    """Why an output is no revision."""

    EMPTY = "empty"
    LOST_DRAFT = "keeps too little of the draft"
    LETTER = "a letter"
    REPETITION = "a repetition"
    REFUSAL = "a refusal"
    COMMENT = "talks about the task"
    TOO_LONG = "much too long"
    COPY_OF_POST = "a copy of the post"
    PROMPT_WORDS = "words of the prompt"


def faults(triple: Triple, output: str) -> tuple[Fault, ...]:
    """None for a revision. What the draft itself has is not the model's doing."""
    if not words(output):
        return (Fault.EMPTY,)
    draft = triple.draft
    found = {
        Fault.LOST_DRAFT: kept_share(draft, output) < KEEPS,
        Fault.LETTER: _brings(_SALUTATION, draft, output, at_start=True) or _brings(_SIGN_OFF, draft, output),
        Fault.REPETITION: repeats(output) and not repeats(draft),
        Fault.REFUSAL: _brings(_REFUSAL, draft, output),
        Fault.COMMENT: _brings(_COMMENT, draft, output),
        Fault.TOO_LONG: len(words(output)) > LONGER * len(words(draft)) + WORDS_MORE,
        Fault.COPY_OF_POST: copied_share(triple.post, draft, output) >= COPIED,
        Fault.PROMPT_WORDS: _brings(_PROMPT_WORDS, draft, output),
    }
    return tuple(fault for fault, is_there in found.items() if is_there)


def _brings(pattern: re.Pattern[str], draft: str, output: str, *, at_start: bool = False) -> bool:
    find = pattern.match if at_start else pattern.search
    return bool(find(output.replace("’", "'"))) and not find(draft.replace("’", "'"))


def kept_share(draft: str, output: str) -> float:
    """Of the draft's content words; 1 where it has none."""
    wanted, said = content(draft), Said(output)
    return sum(one in said for one in wanted) / len(wanted) if wanted else 1.0


class Said:
    """The words of a text by their stems; a word spelled nearly so is one of them as well."""

    def __init__(self, text: str) -> None:
        self._stems = {stem(word) for word in words(text)}
        self._long = [one for one in self._stems if len(one) >= LETTERS]

    def __contains__(self, one: str) -> bool:
        if one in self._stems:
            return True
        return len(one) >= LETTERS and any(OSA.normalized_similarity(one, other) >= SPELLING for other in self._long)


def repeats(text: str) -> bool:
    """A loop of words, or one sentence three times."""
    seen = Counter(one for one in map(bare, sentences_in(text)) if one)
    looped = any(one.code == "repetition.loop" for one in _REPETITION.check(text, Context(Kind.SUGGESTION)))
    return looped or any(times >= TIMES for times in seen.values())


def copied_share(post: str, draft: str, output: str) -> float:
    """How much of the output stands in runs of five words of the post that the draft does not have."""
    said = words(output)
    theirs = _runs(words(post)) - _runs(words(draft))
    covered = {at + step for at in range(len(said)) if tuple(said[at : at + RUN]) in theirs for step in range(RUN)}
    return len(covered) / len(said) if said else 0.0


def _runs(said: list[str]) -> set[tuple[str, ...]]:
    return {tuple(said[at : at + RUN]) for at in range(len(said) - RUN + 1)}


def unchanged(draft: str, output: str) -> bool:
    """Up to white space, punctuation and capitals."""
    return bare(draft) == bare(output)


def nearly_unchanged(draft: str, output: str) -> bool:
    return Indel.normalized_similarity(bare(draft), bare(output)) >= NEARLY
