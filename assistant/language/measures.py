"""Every measure of one reply, by name. What is not measured is None: too short a text, another language, nothing to divide by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.language import reading_level
from assistant.language.counts import Counts, counts_of
from assistant.language.function_words import Class, categorical_dynamic_index, class_rates, style_accommodation
from assistant.language.lexicon import Lexicon, category_rates, open_lexicon
from assistant.language.likeness import Alike, similarity
from assistant.language.politeness import leaning, strategies_in
from assistant.language.questions import question_share
from assistant.safety.english import is_english

_WITHOUT_BLANKS = frozenset({"zh", "ja", "th", "lo", "km", "my"})  # languages in which these words would be none

Measures = dict[str, float | None]


def measures_of(
    reply: str, *, post: str, language: str = "en", alike: Alike = similarity, dictionary: Lexicon | None = None
) -> Measures:
    """`alike`: the cosine for meaning, of English texts. `dictionary`: somebody's own, counted beside the open list."""
    if language.partition("-")[0].casefold() in _WITHOUT_BLANKS:
        return dict.fromkeys(measures_of("", post="", dictionary=dictionary))
    counts = counts_of(reply)
    return {
        "words": float(counts.words),
        "sentences": float(counts.sentences),
        "letters a word": counts.letters_a_word,
        "words a sentence": counts.words_a_sentence,
        "repeatability": counts.repeatability,
        **_levels(counts, language),
        "categorical-dynamic index": categorical_dynamic_index(reply, language=language),
        "style accommodation": style_accommodation(post, reply, language=language),
        "semantic similarity": alike(post, reply) if is_english(language) else None,
        "questions, of sentences": question_share(reply),
        **_politeness(reply, language),
        **_rates(reply if counts.is_long_enough else "", language, dictionary),
    }


def _levels(counts: Counts, language: str) -> Measures:
    names = (
        "Coleman-Liau grade",
        "automated readability grade",
        "Flesch reading ease",
        "Flesch-Kincaid grade",
        "SMOG grade",
    )
    if not counts.is_long_enough or not is_english(language):
        return dict.fromkeys(names)
    by_letters = {"letters": counts.letters, "words": counts.words, "sentences": counts.sentences}
    by_sounds = {"words": counts.words, "sentences": counts.sentences, "syllables": counts.syllables}
    grades = (
        reading_level.coleman_liau(**by_letters),
        reading_level.automated_readability(**by_letters),
        reading_level.flesch_reading_ease(**by_sounds),
        reading_level.flesch_kincaid(**by_sounds),
        reading_level.smog(long_words=counts.long_words, sentences=counts.sentences),
    )
    return dict(zip(names, grades, strict=True))


def _politeness(reply: str, language: str) -> Measures:
    found = strategies_in(reply, language=language)
    return {
        "politer strategies": None if found is None else float(leaning(found, 1)),
        "less polite strategies": None if found is None else float(leaning(found, -1)),
    }


def _rates(reply: str, language: str, dictionary: Lexicon | None) -> Measures:
    return {
        **_percent(class_rates(reply, language=language), tuple(Class)),
        **_percent(category_rates(reply, language=language), open_lexicon().names),
        **(_percent(dictionary.rates(reply), dictionary.names, owner="dictionary: ") if dictionary else {}),
    }


def _percent(rates: Mapping[Any, float] | None, names: Sequence[str], owner: str = "") -> Measures:
    return {f"{owner}{name.replace('_', ' ')}, %": rates[name] if rates else None for name in names}
