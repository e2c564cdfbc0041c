"""Each measure of how a text is written, beside arithmetic done by hand; and on any text, that it stays in its range."""

from __future__ import annotations

import tomllib
from math import isfinite, sqrt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.language import function_words, lexicon, politeness, reading_level
from assistant.language.counts import Counts, counts_of
from assistant.language.function_words import Class, categorical_dynamic_index, class_rates, style_accommodation
from assistant.language.lexicon import BadDictionary, Lexicon, category_rates, read_dictionary
from assistant.language.likeness import diversity, similarity
from assistant.language.measures import measures_of
from assistant.language.politeness import leaning, strategies_in
from assistant.language.questions import question_share, questions_in
from assistant.language.syllables import syllables_of

# Counts


def test_words_sentences_letters_and_syllables_are_counted() -> None:
    counts = counts_of("I hear you. It hurts, and I'm sorry you hurt!")
    # i 1, hear 4, you 3 | it 2, hurts 5, and 3, i'm 2, sorry 5, you 3, hurt 4: ten words, "you" twice, "sorry" of two syllables
    assert counts == Counts(words=10, different=9, sentences=2, letters=32, syllables=11, long_words=0)
    assert counts.letters_a_word == pytest.approx(32 / 10)
    assert counts.words_a_sentence == pytest.approx(10 / 2)
    assert counts.repeatability == pytest.approx(1 - 9 / 10)


@pytest.mark.parametrize("nothing", ["", " \n", "…", "😀 😀"])
def test_where_there_is_no_word_nothing_is_divided(nothing: str) -> None:
    counts = counts_of(nothing)
    assert (counts.words, counts.sentences) == (0, 0)
    assert counts.letters_a_word is counts.words_a_sentence is counts.repeatability is None


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "like helped the thought walked breathe friends don't can't she'll strength you're loved"),
        (2, "places wanted going lonely something maybe didn't hopeless settled table trying safety awful able people"),
        (3, "family together hopefully anyone suddenly exhausted therapist remember carefully happier overwhelm"),
        (4, "understanding emotional anxiety experience community reality appreciate"),
        (5, "communicated opportunity university"),
    ],
)
def test_syllables_are_told_by_rule(number: int, words: str) -> None:
    told = {word: syllables_of(word) for word in words.split()}
    assert told == dict.fromkeys(told, number)


# Reading levels: the formulas on counts, with the printed results where there are any


def test_coleman_and_liau_as_printed_for_537_letters_and_4_sentences_to_100_words() -> None:
    assert round(reading_level.coleman_liau(letters=639, words=119, sentences=5), 1) == 14.5


def test_fleschs_ease_as_printed_for_13_words_of_24_syllables() -> None:
    assert round(reading_level.flesch_reading_ease(words=13, sentences=1, syllables=24), 1) == 37.5


def test_the_other_grades_by_hand() -> None:
    # 100 words in 5 sentences of 450 letters and 140 syllables
    assert reading_level.flesch_kincaid(words=100, sentences=5, syllables=140) == pytest.approx(
        0.39 * 20 + 11.8 * 1.4 - 15.59
    )
    assert reading_level.automated_readability(letters=450, words=100, sentences=5) == pytest.approx(
        4.71 * 4.5 + 0.5 * 20 - 21.43
    )


def test_smog_is_told_of_thirty_sentences_and_not_of_fewer() -> None:
    assert reading_level.smog(long_words=30, sentences=30) == pytest.approx(1.043 * sqrt(30) + 3.1291)
    assert reading_level.smog(long_words=30, sentences=29) is None


# Function words


def test_a_function_word_is_in_one_class() -> None:
    lists = function_words.LISTS.read_text(encoding="utf-8")
    for language in ("en", "es"):
        words = [
            word
            for kind, listed in tomllib.loads(lists)[language].items()
            if kind != "spelled"
            for word in listed.split()
        ]
        assert sorted(words) == sorted(set(words))


def test_a_short_form_is_one_word_and_counts_for_all_that_is_in_it() -> None:
    rates = class_rates("I don't know")
    assert rates is not None
    assert {kind: rate for kind, rate in rates.items() if rate} == {
        Class.PERSONAL_PRONOUNS: pytest.approx(100 / 3),
        Class.AUXILIARY_VERBS: pytest.approx(100 / 3),
        Class.NEGATIONS: pytest.approx(100 / 3),
    }
    assert class_rates("I dont know") == class_rates("I don’t know") == rates


def test_the_categorical_dynamic_index_by_hand() -> None:
    # of 10 words: the, the (articles), on (preposition) | i (personal), it (impersonal), is (auxiliary), and (conjunction)
    assert categorical_dynamic_index("The book is on the table and I read it.") == pytest.approx(
        30 + 20 + 10 - 10 - 10 - 10 - 10
    )


@pytest.mark.parametrize(
    ("text", "language"), [("The book is here.", "en"), ("El libro está en la mesa y yo lo leo cada día.", "es")]
)
def test_a_short_text_or_another_language_has_no_such_index(text: str, language: str) -> None:
    assert categorical_dynamic_index(text, language=language) is None


def test_style_accommodation_by_hand() -> None:
    post = "I am sad and the dog is old and slow."  # of 10: personal 1, auxiliary 2, conjunctions 2, articles 1
    reply = "You are kind and a walk in the sun helps."  # personal 1, auxiliary 1, conjunctions 1, articles 2, prepositions 1
    third, none = 1 - 10 / (30 + 0.0001), 1 - 10 / (10 + 0.0001)
    expected = (1 + third + third + third + none + 4 * 1) / 9  # four classes that neither has
    assert style_accommodation(post, reply) == pytest.approx(expected)
    assert style_accommodation(post, post) == 1


def test_style_accommodation_is_told_in_spanish_too_and_not_in_a_language_without_lists() -> None:
    post = "Me siento muy solo desde que se fue mi hermano del pueblo."
    reply = "Lo siento mucho, y es normal que te sientas así con todo esto."
    told = style_accommodation(post, reply, language="es")
    assert told is not None
    assert 0 < told < 1
    assert style_accommodation(post, reply, language="de") is None
    assert class_rates("Vengo del pueblo", language="es-MX") == {
        **dict.fromkeys(Class, 0.0),
        Class.PREPOSITIONS: pytest.approx(100 / 3),
        Class.ARTICLES: pytest.approx(100 / 3),
    }


# Categories


def test_category_rates_by_hand() -> None:
    rates = category_rates("I'm happy that we talked.")  # five words
    assert rates is not None
    assert {name: rate for name, rate in rates.items() if rate} == {
        "positive": 20,  # happy
        "social": 40,  # we, talked
        "first_singular": 20,  # i'm
        "first_plural": 20,  # we
    }
    assert category_rates("Estoy feliz.", language="es") is None
    assert category_rates("") is None


def test_words_side_by_side_are_one_entry() -> None:
    made = Lexicon({"unsure": ["kind of", "may"], "all": ["kin*"]})
    assert made.rates("It may be kind of odd, a kind word.") == {"unsure": 100 * 2 / 9, "all": 100 * 2 / 9}


def test_every_entry_of_the_open_list_is_found(subtests: pytest.Subtests) -> None:
    listed = tomllib.loads(lexicon.OPEN_LIST.read_text(encoding="utf-8"))["categories"]
    for name, entries in listed.items():
        with subtests.test(name):
            assert sorted(entries) == sorted(set(entries))
            lost = [one for one in entries if not (category_rates(one.removesuffix("*")) or {}).get(name)]
            assert lost == []


DICTIONARY = "%\n1\tlight\n02\tshade\n%\nsun*\t1\nlamp\t1\t2\nblind of one eye\t2\nlike\t(02 1)1/2\n"


def test_a_dictionary_that_somebody_owns_is_counted_in_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "own.dic"
    path.write_text(DICTIONARY, encoding="utf-8")
    owned = read_dictionary(path)
    assert owned.rates("Sunny lamps, a lamp.") == {"light": 50.0, "shade": 25.0}
    assert owned.rates("Blind of one eye.") == {"light": 0.0, "shade": 25.0}
    assert owned.left_out == 1
    text = "A lamp and nine more words that are of no kind."
    assert measures_of(text, post="x", dictionary=owned)["dictionary: shade, %"] == pytest.approx(100 / 11)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("sun 1\n", "between two lines of %"),
        ("%\nlight\n%\nsun 1\n", "want a number and a name"),
        ("%\n1 light\n%\nsun 7\n", "an entry without a category"),
        ("%\n1 light\n%\nsun\n", "an entry without a category"),
    ],
)
def test_what_is_no_dictionary_is_refused_with_what_is_wanted(tmp_path: Path, wrong: str, said: str) -> None:
    path = tmp_path / "own.dic"
    path.write_text(wrong, encoding="utf-8")
    with pytest.raises(BadDictionary, match=said):
        read_dictionary(path)


def test_an_old_dictionary_that_is_not_utf_8_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.dic"
    path.write_bytes("%\n1 place\n%\ncafé 1\n".encode("latin-1"))
    assert read_dictionary(path).rates("The café") == {"place": 50.0}


# Likeness


def test_similarity_by_hand() -> None:
    # dog 2, sea 1 beside dog 1, bus 1: (2 * 1) / (sqrt(5) * sqrt(2))
    assert similarity("The dog and the dogs at sea", "A dog, a bus") == pytest.approx(2 / sqrt(10))
    assert similarity("a dog", "") is similarity("it is", "a dog") is None


def test_diversity_by_hand() -> None:
    # pairs: 1, 0, 0
    assert diversity(["dog sea", "sea dog", "bus"]) == pytest.approx(1 - 1 / 3)
    assert diversity(["dog"]) is diversity([]) is diversity(["dog", "it is"]) is None


# Questions and politeness


def test_the_share_of_sentences_that_ask_by_hand() -> None:
    assert questions_in("Hello. How are you? Really?") == ["How are you?"]
    assert question_share("Hello. How are you? Really?") == pytest.approx(1 / 3)
    assert question_share("") is question_share("? ?") is None


@pytest.mark.parametrize(
    ("strategy", "there", "not_there"),
    [
        ("gratitude", "I really appreciate that you wrote.", "The price went up."),
        ("deference", "Good question, and a hard one.", "It is good."),
        ("greeting", "Hi Sam.", "She said hi."),
        ("apologizing", "I am sorry to hear that.", "It is a sorry sight."),
        ("please", "Could you please write again?", "Please write again."),
        ("please_start", "Please write again.", "Write again, please."),
        ("by_the_way", "By the way, the form is new.", "It is on the way."),
        ("direct_question", "What happened then?", "What happened was long ago."),
        ("direct_start", "So he left.", "He left, so I slept."),
        ("counterfactual_modal", "Would you write again?", "She could see."),
        ("indicative_modal", "Can you sleep?", "You can sleep."),
        ("first_person_start", "I’m here.", "Here I am."),
        ("first_person_plural", "Let's see what helps.", "The bus is late."),
        ("second_person_start", "You're right.", "How you are!"),
        ("hedges", "Maybe it helps.", "It helps."),
        ("factuality", "In fact it is closed.", "It is closed."),
    ],
)
def test_a_strategy_is_found_by_its_marker(strategy: str, there: str, not_there: str) -> None:
    assert strategy in (strategies_in(there) or ())
    assert strategy not in (strategies_in(not_there) or ())


def test_every_strategy_has_its_example() -> None:
    told = test_a_strategy_is_found_by_its_marker.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {one[0] for one in told} == set(politeness.strategies())


def test_strategies_are_counted_by_how_they_lean() -> None:
    found = strategies_in("Thank you for writing. You should really sleep.")
    assert found == frozenset({"gratitude", "second_person_start", "factuality"})
    assert (leaning(found, 1), leaning(found, -1)) == (1, 2)
    assert strategies_in("Gracias.", language="es") is strategies_in("…") is None


# All together, on any text

ODD = [
    "",
    "😀",
    "👩‍👩‍👧 \u200b",
    "你好吗？",
    "كيف حالك؟",
    "a\u0301 e\u0301",
    "\ud800",
    "....",
    "I'",
    "'",
    "n't",
    "%\n%",
    "x" * 5000,
    "- - ?",
]
SHARES = ("repeatability", "style accommodation", "semantic similarity", "questions, of sentences")
TEXTS = st.text(max_size=200) | st.lists(
    st.sampled_from(["I", "don't", "you", "?", ".", "sad", "kind of", "please", "’", "\n", "3", "los"]), max_size=30
).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(post=TEXTS, reply=TEXTS, language=st.sampled_from(["en", "es", "de", "zh", "", "en-GB"]))
def test_whatever_is_written_each_measure_stays_in_its_range(post: str, reply: str, language: str) -> None:
    must_be_in_range(post, reply, language)


@pytest.mark.parametrize("odd", ODD)
def test_odd_texts_are_measured_or_said_to_be_not_measured(odd: str) -> None:
    for post, reply in ((odd, odd), (odd, "I hear you."), ("I hear you.", odd)):
        must_be_in_range(post, reply, "en")


def must_be_in_range(post: str, reply: str, language: str) -> None:
    told = measures_of(reply, post=post, language=language)
    assert all(value is None or isfinite(value) for value in told.values())
    for name, value in told.items():
        if name in SHARES:
            assert value is None or -1e-9 <= value <= 1 + 1e-9, name
    for name, value in told.items():
        if name.removesuffix(", %") in {one.value.replace("_", " ") for one in Class}:
            assert value is None or 0 <= value <= 100, name


def test_what_is_not_english_gets_no_figure_made_for_english() -> None:
    told = measures_of(
        "Ich höre dir zu. Was ist dann passiert? Es tut mir sehr leid für dich.",
        post="Mir geht es schlecht.",
        language="de",
    )
    assert {name for name, value in told.items() if value is not None} == {
        "words",
        "sentences",
        "letters a word",
        "words a sentence",
        "repeatability",
        "questions, of sentences",
    }
    assert set(measures_of("你好", post="你好", language="zh").values()) == {None}
