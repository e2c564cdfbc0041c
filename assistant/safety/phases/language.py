"""Text in a language that the word lists do not know. Finding nothing in it says nothing about it."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.safety.reading import Reading, read
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Kind, Severity

UNREAD = Rule(
    "language.unread",
    "This does not look like English, and the checks read only English.",
    severities(post=Severity.REVIEW, suggestion=Severity.HOLD, reply=Severity.REVIEW),
)

_ENOUGH_WORDS = 8
_ENOUGH_LETTERS = 6
_LEAST_COMMON_SHARE = 0.12
# Words that hardly any English sentence does without, and that few other languages spell so.
_COMMON = frozenset(
    """i you he she it we they my your him her them the and but of to at with from is are were been have has had does did
    not will would can could that this these there who how when why if because about just like feel know want get go up
    out""".split()  # noqa: SIM905  a list of words, read as one
)


class Language:
    name = "language"
    version = 1
    kinds = frozenset(Kind)
    rules = (UNREAD,)

    def check(self, text: str, context: Context) -> Iterator[Finding]:
        said = context.language.partition("-")[0].lower()
        if (
            (said and said != "en" and any(map(str.isalpha, text)))
            or _is_other_script(text)
            or _lacks_english(read(text))
        ):
            yield UNREAD.finding(context.kind)


def _is_other_script(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return len(letters) >= _ENOUGH_LETTERS and sum(character < "\u0250" for character in letters) * 2 < len(letters)


def _lacks_english(reading: Reading) -> bool:
    words = [word.text for word in reading.words if word.text.isalpha()]
    return len(words) >= _ENOUGH_WORDS and sum(word in _COMMON for word in words) < _LEAST_COMMON_SHARE * len(words)
