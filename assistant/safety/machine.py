"""Traces of machines in a text: marks that tell turns apart, encoded stretches, characters that cannot be seen.

Bounded patterns only: nothing here can be made to search for long.
"""

from __future__ import annotations

import base64
import codecs
import itertools
import re
from collections.abc import Iterator

from assistant.safety.normal import Plain

Span = tuple[int, int]

_ROLES = "assistant|user|system|human|ai|bot|chatbot|developer|tool|admin|model|gpt|llm"
_LABELS = (
    rf"{_ROLES}|draft|post|revision|revised reply|reply|instructions?|response|input|output|prompt|new instructions?"
    "|(?:system|new|hidden|initial) (?:prompt|message|note|override|instructions?)|override|command"
)
_TAGS = (
    r"/?s|/?inst|/?sys|(?:start|end)_of_turn|[be]os|pad|unk|mask|sep|cls|eom|eot|turn|/?think(?:ing)?|/?tool_\w{1,12}|/?function\w{0,8}"
    rf"|/?(?:{_ROLES})|/?instructions?|/?prompt|/?post|/?draft|/?reply|/?context|/?input|/?output|repo_?name|file_sep|filename|gh_stars"
    r"|issue_\w{1,9}|jupyter_\w{1,9}|empty_output|fim[_-]\w{1,9}|(?:begin|end)_?of_?text|im_(?:start|end)|extra_id_\d{1,3}|unused\d{1,3}"
)
# Chat templates of ChatML, Llama 2 and 3, Mistral, Gemma, Phi, DeepSeek, Command R, Alpaca and Vicuna, and their imitations.
MARKERS = re.compile(
    r"<\|[^|<>\n]{1,40}\|?>|<\|(?:im_|eot|end|start|begin)"
    rf"|<<?(?:{_TAGS})>>?"
    rf"|\[/?(?:inst|sys|{_ROLES}|available_tools|tool_(?:call|result)s?|end|instructions?|prompt)\]"
    r"|[\"']role[\"'] ?: ?[\"'](?:system|user|assistant|developer|tool)"
    r"|<<<|>>>|\{\{ ?[#/]|^(?://|#|<!--|/\*) ?(?:to ?do|note|system|instruction)\b"
    r"|\[system (?:prompt|message|override|note)\]"
    rf"|^[ #>*=_\[({{\"'-]{{0,8}}(?:{_LABELS})[ \])}}*_\"']{{0,4}}:"
    rf"|[.!?;,\"'] ?[\[(*]{{0,3}}(?:system|assistant|developer|user|human|override|new instructions?)[\])*]{{0,3}} ?:"
    r"|^(?:#{1,6}|={3,40}|-{3,40}|\*{3,40}) ?(?:end|begin|start|system|new|instructions?|user|assistant|prompt|override)\b"
    r"|\bend of (?:post|draft|user input|input|prompt|system message)\b",
    re.MULTILINE,
)
ANY_TAG = re.compile(r"<[|/!?]?[a-z]|\[/[a-z]|\]\(|```|'''|\{\{|\}\}|\{%|\$\{")

# Looked for in the text as it was typed: the plain form has no capitals any more.
_RUN = re.compile(r"[A-Za-z0-9+=]{14,}")  # without the slash: it also parts the names in an address
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}")
_NUMBERS = re.compile(
    r"[01]{7,}(?:[ ,]+[01]{7,}){0,200}"  # binary
    r"|\b(?:[0-9a-f]{2}[ :,]?){8,400}\b"  # hexadecimal
    r"|\b(?:\d{2,3}[ ,]+){7,400}"  # character codes
    r"|(?:\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|&#x?[0-9a-f]{2,6};|%[0-9a-f]{2}){4,400}",
    re.IGNORECASE,
)
_MORSE = re.compile(r"(?:[.·-]{1,5}[ /|]+){5,400}")
# Letters in boxes and flag letters: two of the latter are a flag, a run of them is a hidden word.
_BOXED = re.compile(r"[\U0001f1e6-\U0001f1ff\U0001f150-\U0001f169\U0001f170-\U0001f189]{5,}")
# "QX-7731", "lantern_override": words of machines.
_MARK_WORD = re.compile(r"[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*")
_KNOWN_MARK_WORD = re.compile(
    r"covid.?\d{1,2}|\d+(?:st|nd|rd|th|s|am|pm|mg|ml|kg|km|hours?|years?|days?|min|x)", re.IGNORECASE
)

_SPACED = re.compile(r"(?:[^\W\d_] {1,3}){9,400}[^\W\d_]")
_DISGUISED = re.compile(r"\b(?=[a-z]{0,20}[0134579@$][a-z])[a-z0134579@$]{3,30}\b", re.IGNORECASE)
_LEET = str.maketrans("0134579@$", "oieastgas")
_ENOUGH_DISGUISED = 3  # words; one or two are slips and names
_TAG_LETTERS = re.compile("[\U000e0020-\U000e007e]")
_SELECTORS = re.compile("[\U000e0100-\U000e01ef]")

_FLAG_OF_A_REGION = re.compile("\U0001f3f4[\U000e0030-\U000e007a]{2,6}\U000e007f")
_NEVER_SEEN = re.compile(
    "[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\U000e0100-\U000e01ef]|[\ufe00-\ufe0f]{2,}|[\u200c-\u200f]{2,}"
)
_ZERO_WIDTH = re.compile("[\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u3164\ufeff\uffa0]")
_A_SLIP = 3  # so many come along when a page is copied


def find_markers(plain: Plain) -> Iterator[Span]:
    for match in MARKERS.finditer(plain.text):
        yield plain.span(match.start(), match.end())


def find_tags(plain: Plain) -> Iterator[Span]:
    for match in ANY_TAG.finditer(plain.text):
        yield plain.span(match.start(), match.end())


def find_encoded(text: str, plain: Plain) -> Iterator[Span]:
    for match in _RUN.finditer(text):
        if is_encoded_run(match[0]):
            yield match.span()
    for pattern in (_NUMBERS, _BOXED):
        for match in pattern.finditer(text):
            if len(set(match[0])) > 1:
                yield match.span()
    for match in _SPACED.finditer(plain.text):
        yield plain.span(match.start(), match.end())
    disguised = [match.span() for match in _DISGUISED.finditer(text) if not _KNOWN_MARK_WORD.fullmatch(match[0])]
    if len(disguised) >= _ENOUGH_DISGUISED:
        yield disguised[0][0], disguised[-1][1]
    for match in _MORSE.finditer(plain.text):
        if ".-" in match[0] or "-." in match[0]:
            yield plain.span(match.start(), match.end())


def is_encoded_run(run: str) -> bool:
    """Base64 and its kin. "sooooooooooooooooo", two words glued together and a long German noun are words."""
    if len(set(run.lower())) < 8 or run.isdigit():
        return False
    turns = sum(before.islower() and after.isupper() for before, after in itertools.pairwise(run))
    return turns >= 2 or any(letter.isdigit() for letter in run) or "=" in run or len(run) >= 40


def find_mark_words(text: str) -> Iterator[Span]:
    for match in _MARK_WORD.finditer(text):
        if is_mark_word(match[0]):
            yield match.span()


def is_mark_word(word: str) -> bool:
    if len(word) < 5 or _KNOWN_MARK_WORD.fullmatch(word):
        return False
    letters = sum(letter.isalpha() for letter in word)
    digits = sum(letter.isdigit() for letter in word)
    if "_" in word or (word.isupper() and "-" in word):
        return letters >= 5 or (letters >= 2 and digits >= 2)
    return letters >= 2 and digits >= (3 if "-" in word else 2)


def find_hidden(text: str, *, a_slip: int = _A_SLIP) -> Iterator[Span]:
    """Where characters stand that nobody sees; `a_slip` zero-width ones are let pass."""
    if text.isascii():
        return
    flags = [match.span() for match in _FLAG_OF_A_REGION.finditer(text)]
    for match in _NEVER_SEEN.finditer(text):
        if not any(start <= match.start() < end for start, end in flags):
            yield match.span()
    zero_width = [match.span() for match in _ZERO_WIDTH.finditer(text)]
    if len(zero_width) > a_slip:
        yield zero_width[0][0], zero_width[-1][1]


def readable(text: str, *, strange: bool) -> Iterator[str]:
    """What a text may say to a program that undoes a code. `strange`: letters may be moved."""
    if len(list(itertools.islice(_DISGUISED.finditer(text), _ENOUGH_DISGUISED))) == _ENOUGH_DISGUISED:
        yield text.translate(_LEET)
    if _SPACED.search(text):
        yield _SPACED.sub(lambda match: re.sub(r"(?<=\S) (?=\S)", "", match[0]), text)
    if hidden := "".join(chr(ord(letter) - 0xE0000) for letter in _TAG_LETTERS.findall(text)):
        yield hidden
    if selected := bytes(ord(letter) - 0xE0100 for letter in _SELECTORS.findall(text)):
        yield selected.decode("utf-8", "ignore")
    for match in itertools.islice(_BASE64.finditer(text), 10):
        yield base64.b64decode(match[0][: len(match[0]) // 4 * 4]).decode("utf-8", "ignore")
    if strange:
        yield text[::-1]
        yield codecs.encode(text, "rot13")
