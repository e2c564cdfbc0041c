"""An answer may say a few words of the post, never a long run of it; the supporter's own words stay free."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.inference.border import LONGEST_RUN, CopyBorder, begins_word
from assistant.inference.llamacpp.engine import LlamaCppEngine
from assistant.inference.types import Mode, Params, Prompt, Request, Segment
from assistant.tests.starter import starter_model_file

# Invented. After two examples a language model copies the third text, too.
COPIED = (
    "The tram was late and the rain came in through the roof of the stop.",
    "She bought three green apples and a loaf of dark bread on the way home.",
    "My brother keeps his old bicycle in the hall because the cellar is wet.",
)


def copying(*, bordered: bool) -> Prompt:
    shown = "".join(f"Text: {text}\nThe same text: {text}\n" for text in COPIED[:2])
    return Prompt(
        segments=(
            Segment(shown + "Text: ", scaffold=True),
            Segment(COPIED[2], scaffold=False),
            Segment("\nThe same text:", scaffold=True),
        ),
        mode=Mode.GENERATE,
        version="test",
        post=COPIED[2] if bordered else "",
    )


def every(_token: int) -> bool:
    return True


def longest_common_run(said: list[str], post: list[str]) -> int:
    """Words."""
    best = 0
    for at in range(len(said)):
        for other in range(len(post)):
            length = 0
            while said[at + length : at + length + 1] == post[other + length : other + length + 1] != []:
                length += 1
            best = max(best, length)
    return best


def test_the_token_that_would_make_a_run_too_long_is_barred() -> None:
    post = list(range(20))
    border = CopyBorder(post, own=[], begins_word=every)
    assert border.after(post[3 : 3 + LONGEST_RUN]) == {3 + LONGEST_RUN}
    assert not border.after(post[3 : 2 + LONGEST_RUN])
    assert not border.after([99, *post[4 : 3 + LONGEST_RUN]])


def test_inside_of_a_word_and_in_a_number_nothing_is_barred() -> None:
    post = list(range(20))
    border = CopyBorder(post, own=[], begins_word=lambda token: token % 2 == 0)
    assert border.after(post[3 : 3 + LONGEST_RUN]) == {10}
    assert not border.after(post[4 : 4 + LONGEST_RUN])
    assert [one for one in (b" the", b"ist", b" 50", b" ", b"5", b" \xc3\xa9t", b"\xc3") if begins_word(one)] == [
        b" the",
        b" \xc3\xa9t",
    ]


def test_what_follows_the_same_words_in_two_places_is_barred_for_both() -> None:
    run = list(range(LONGEST_RUN))
    assert CopyBorder([*run, 50, *run, 60], own=[], begins_word=every).after(run) == {50, 60}


def test_what_the_draft_says_too_is_free() -> None:
    post = list(range(20))
    assert not CopyBorder(post, own=[70, *post[2:12], 71], begins_word=every).after(post[3 : 3 + LONGEST_RUN])
    assert CopyBorder(post, own=post[:9], begins_word=every).after(post[5 : 5 + LONGEST_RUN])


@given(st.lists(st.integers(0, 3), max_size=40), st.lists(st.integers(0, 3), max_size=40))
def test_no_answer_that_heeds_it_holds_a_run_of_the_post(post: list[int], said: list[int]) -> None:
    border, answer = CopyBorder(post, own=[], begins_word=every), list[int]()
    for token in said:
        answer.append(9 if token in border.after(answer) else token)
    runs = {tuple(post[at : at + LONGEST_RUN + 1]) for at in range(len(post) - LONGEST_RUN)}
    assert not runs & {tuple(answer[at : at + LONGEST_RUN + 1]) for at in range(len(answer) - LONGEST_RUN)}


@pytest.mark.model
def test_a_model_that_recites_the_post_is_turned_away_from_it() -> None:
    engine = LlamaCppEngine(starter_model_file(), name="starter", context_tokens=512)
    params = Params(max_tokens=24, temperature=0.0, repeat_penalty=1.0)
    try:
        free, bordered = (
            "".join(engine.submit(Request(id=str(one), prompt=copying(bordered=one), params=params))).split()
            for one in (False, True)
        )
    finally:
        engine.close()
    assert longest_common_run(free, COPIED[2].split()) > LONGEST_RUN
    assert 2 <= longest_common_run(bordered, COPIED[2].split()) <= LONGEST_RUN
