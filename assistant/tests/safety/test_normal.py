from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.safety.normal import make_plain
from assistant.safety.words import split_words

split_words("")  # reads the word lists beforehand: hypothesis times each example

ANY_TEXT = st.text(alphabet=st.characters(codec=None, categories=None), max_size=200)
AWKWARD = st.lists(
    st.sampled_from(
        [
            "I'm",
            " ",
            "\n",
            "k\u0336",
            "\u200b",
            "\ud800",
            "\x00",
            "\ufdfa",
            "ﬁ",
            "“no”",
            "…",
            "ß",
            "İ",
            "\u202e",
            "k i l l",
            "😭",
        ]
    ),
    max_size=40,
).map("".join)


@given(ANY_TEXT | AWKWARD)
def test_every_plain_character_leads_back_to_the_character_it_came_from(text: str) -> None:
    plain = make_plain(text)
    assert len(plain.text) == len(plain.starts) == len(plain.ends)
    assert plain.starts == sorted(plain.starts)
    for index, character in enumerate(plain.text):
        start, end = plain.span(index, index + 1)
        assert 0 <= start < end <= len(text)
        assert character in make_plain(text[start:end]).text


@given(ANY_TEXT | AWKWARD, st.data())
def test_a_span_of_the_plain_text_is_a_span_of_the_original(text: str, data: st.DataObject) -> None:
    plain = make_plain(text)
    start = data.draw(st.integers(0, len(plain.text)))
    end = data.draw(st.integers(start, len(plain.text)))
    first, last = plain.span(start, end)
    assert 0 <= first <= last <= len(text)


@given(ANY_TEXT | AWKWARD)
def test_words_stay_in_order_and_inside_the_text(text: str) -> None:
    plain = make_plain(text).text
    words = split_words(plain)
    assert all(0 <= word.start < word.end <= len(plain) and word.text for word in words)
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert [word.sentence for word in words] == sorted(word.sentence for word in words)


def test_it_folds_what_looks_the_same_and_drops_what_cannot_be_seen() -> None:
    assert make_plain("Ｃａｆé\u200b  “Ok”…\r\n\r\nYes").text == 'cafe "ok"...\nyes'


def test_it_opens_short_forms_and_undoes_slips_and_masks() -> None:
    typed = "I'm gonna k!ll mysefl, dont tell any1. 20mg su*cide wanttodie"
    meant = "i am going to kill myself do not tell anyone 20 mg suicide want to die"
    assert " ".join(word.text for word in split_words(make_plain(typed).text)) == meant
