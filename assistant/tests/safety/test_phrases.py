from __future__ import annotations

import random
from pathlib import Path

import pytest

from assistant.safety.lexicon import LexiconError, load_lexicon
from assistant.safety.normal import make_plain
from assistant.safety.phrases import Match, Matches, PhraseBook, PhraseError, by_rule, parse_phrases
from assistant.safety.spelling import LEXICONS
from assistant.safety.words import split_words

GROUPS = {"want": ["want to", "need to"]}


def matches(phrase: str, text: str) -> list[str]:
    book = PhraseBook({"rule": parse_phrases(phrase, GROUPS, {})}, fillers=frozenset({"really", "so"}))
    words = split_words(make_plain(text).text)
    return [" ".join(word.text for word in words[match.first : match.last]) for _, match in book.find(words)]


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("tea|coffee please", "tea please or coffee please", ["tea please", "coffee please"]),
        ("@want rest", "I want to rest. I need to really rest.", ["want to rest", "need to really rest"]),
        ("(very good|fine) tea", "very good tea, good tea, fine tea", ["very good tea", "fine tea"]),
        ("strong black? tea", "strong tea and strong black tea", ["strong tea", "strong black tea"]),
        ("pour ..2 tea", "pour me some tea. pour me a cup of tea", ["pour me some tea"]),
        ("pour ..2 tea", "pour. tea is late", ["pour tea"]),
        ("pour ..2 tea", "pour me. some tea", []),
        ("pour ..2 tea", "pour me not tea", []),
        ("steep* tea", "steeping tea and steel tea", ["steeping tea"]),
        ("# cups", "7 cups, seven cups", ["7 cups"]),
        ("tea", "teapot", []),
    ],
)
def test_a_phrase_finds_what_it_says(phrase: str, text: str, found: list[str]) -> None:
    assert matches(phrase, text) == found


@pytest.mark.parametrize(
    "phrase", ["", "..3 tea", "tea? please?", "@nobody tea", "tea ..99 cup", "tea ..x", "tea| cup"]
)
def test_a_phrase_that_makes_no_sense_is_refused(phrase: str) -> None:
    with pytest.raises(PhraseError):
        parse_phrases(phrase, GROUPS, {})


@pytest.mark.parametrize("path", sorted(LEXICONS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_lexicon_says_where_it_comes_from_and_which_version_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "\nversion = " in text
    assert "\nsource = " in text


def test_a_word_that_reading_would_never_leave_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tea.toml").write_text(
        'version = 1\nsource = "Written for this test."\n[[rule]]\nname = "a"\nreason = "A."\npost = "hold"\nphrases = ["dont"]\n'
    )
    with pytest.raises(LexiconError, match="write that"):
        load_lexicon("tea", folder=tmp_path)


def test_a_missing_lexicon_is_named() -> None:
    with pytest.raises(LexiconError, match=r"tea\.toml"):
        load_lexicon("tea")


def test_what_overlaps_or_contains_a_match_is_found_as_if_each_was_looked_at() -> None:
    dice = random.Random(11)
    for _ in range(300):
        ends = sorted(dice.sample(range(30), 2 * dice.randint(0, 6)))
        ours = [Match(first, last) for first, last in zip(ends[::2], ends[1::2], strict=True)]
        found = by_rule(("one", match) for match in ours).get("one", Matches())
        first = dice.randint(0, 28)
        asked = Match(first, dice.randint(first + 1, 30))
        assert found.overlap(asked) is any(one.first < asked.last and asked.first < one.last for one in ours)
        assert found.contain(asked) is any(one.first <= asked.first and asked.last <= one.last for one in ours)
