"""A suggestion as sentence changes: what holds for any two texts, and what a person gets to see."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.changes import (
    Change,
    Kind,
    Op,
    apply_changes,
    changes_between,
    from_json,
    split_sentences,
    to_json,
)
from assistant.tests.effort import bounded_effort

LONE_SURROGATE = "\ud800"
PARTS = [
    "I hear you. ",
    "I hear you! ",
    "Thank you for writing.",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\r\n",
    "A.",
    "你好。",
    "…",
    "ok",
]
PARTS += ["\u2028", "\x85", LONE_SURROGATE, "e\u0301\u0323\u0302", "\u202e", "\x00", "(so it is) ", '"No." ']

texts = st.one_of(
    st.lists(st.sampled_from(PARTS), max_size=14).map("".join),
    st.text(alphabet=st.characters(), max_size=60),
)


def sentences_of(text: str) -> list[str]:
    return [text[sentence.start : sentence.end] for sentence in split_sentences(text)]


def every(changes: list[Change]) -> set[int]:
    return {change.index for change in changes}


def with_the_white_space_around(draft: str, suggestion: str) -> str:
    if not draft.strip():
        return draft + suggestion.strip()
    lead, trail = draft[: len(draft) - len(draft.lstrip())], draft[len(draft.rstrip()) :]
    return lead + suggestion.strip() + trail


# Sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ", []),
        ("I hear you. how are you now? ok", ["I hear you.", "how are you now?", "ok"]),
        (
            "Dr. Okoro said 3.5 days, e.g. until Monday. That helps.",
            ["Dr. Okoro said 3.5 days, e.g. until Monday.", "That helps."],
        ),
        ("no full stop\nbut a new line", ["no full stop", "but a new line"]),
        ("One.\n\n  Two.", ["One.", "Two."]),
        ("你好。我在听。", ["你好。", "我在听。"]),
    ],
)
def test_it_finds_the_sentences(text: str, expected: list[str]) -> None:
    assert sentences_of(text) == expected


@given(texts)
@settings(max_examples=400, deadline=None)
def test_sentences_cover_everything_visible_and_nothing_else(text: str) -> None:
    end = 0
    for sentence in split_sentences(text):
        assert not text[end : sentence.start].strip()
        content = text[sentence.start : sentence.end]
        assert content
        assert content == content.strip()
        end = sentence.end
    assert not text[end:].strip()


@pytest.mark.parametrize("space", [c for c in map(chr, range(0x3001)) if c.isspace()], ids=lambda c: f"U+{ord(c):04X}")
def test_no_kind_of_white_space_after_an_initial_breaks_it(space: str) -> None:
    assert (
        "".join(sentences_of(f"Ask J{space}. B. Then wait.")).replace(space, "").replace(" ", "") == "AskJ.B.Thenwait."
    )


@pytest.mark.parametrize("unit", ["Well. ", "a\n", "x", "!", "\u0301", "(\"'", "A. ", "e.g. ", f"{LONE_SURROGATE}. "])
def test_the_longest_draft_is_split_with_bounded_effort(unit: str) -> None:
    text = (unit * 20_000)[:20_000]
    with bounded_effort(3):
        sentences = split_sentences(text)
    assert all(text[one.start : one.end].strip() for one in sentences)


# Laws


@given(texts, texts)
@settings(max_examples=400, deadline=None)
def test_accepting_everything_gives_the_suggestion(draft: str, suggestion: str) -> None:
    changes = changes_between(draft, suggestion)
    assert apply_changes(draft, changes, every(changes)) == with_the_white_space_around(draft, suggestion)


@given(texts, texts)
@settings(max_examples=200, deadline=None)
def test_accepting_nothing_gives_the_draft(draft: str, suggestion: str) -> None:
    assert apply_changes(draft, changes_between(draft, suggestion), set()) == draft


@given(texts, texts, st.data())
@settings(max_examples=400, deadline=None)
def test_accepting_some_leaves_every_other_sentence_as_it_was(draft: str, suggestion: str, data: st.DataObject) -> None:
    changes = changes_between(draft, suggestion)
    accepted = {index for index in every(changes) if data.draw(st.booleans())}
    result = apply_changes(draft, changes, accepted)
    touched = [change for change in changes if change.index in accepted and change.start < change.end]
    place = 0
    for sentence in split_sentences(draft):
        if any(change.start < sentence.end and sentence.start < change.end for change in touched):
            continue
        content = draft[sentence.start : sentence.end]
        assert content in result[place:]
        place = result.index(content, place) + len(content)


@given(texts, texts)
@settings(max_examples=200, deadline=None)
def test_changes_stand_in_order_and_say_what_is_there(draft: str, suggestion: str) -> None:
    end = 0
    for position, change in enumerate(changes_between(draft, suggestion)):
        assert change.index == position
        assert end <= change.start <= change.end
        assert draft[change.start : change.end] == change.before
        assert (change.kind is Kind.INSERT) == (change.before == "")
        assert (change.kind is Kind.REMOVE) == (change.after == "")
        assert (change.kind is Kind.KEEP) == (change.before.strip() == change.after.strip())
        end = change.end


@given(texts, texts)
@settings(max_examples=200, deadline=None)
def test_the_words_of_a_change_add_up_to_both_sides(draft: str, suggestion: str) -> None:
    for change in changes_between(draft, suggestion):
        assert "".join(word.text for word in change.words if word.op is not Op.INSERT) == change.before
        assert "".join(word.text for word in change.words if word.op is not Op.DELETE) == change.after


@given(texts, texts)
@settings(max_examples=100, deadline=None)
def test_stored_changes_come_back_the_same(draft: str, suggestion: str) -> None:
    changes = changes_between(draft, suggestion)
    assert from_json(to_json(changes)) == changes


# What a person sees


def kinds(draft: str, suggestion: str) -> list[str]:
    return [change.kind.value for change in changes_between(draft, suggestion)]


def test_the_same_text_is_all_kept() -> None:
    assert kinds("I hear you. I lost my job too.", "I hear you. I lost my job too.") == ["keep", "keep"]


def test_a_reworded_sentence_is_one_change_among_kept_ones() -> None:
    draft = "I hear you. It is realy hard to wait. You can write any time."
    suggestion = "I hear you. It is really hard to wait like that. You can write any time."
    assert kinds(draft, suggestion) == ["keep", "replace", "keep"]


def test_a_new_sentence_is_an_insertion_at_its_place() -> None:
    draft = "I hear you. You can write any time."
    changes = changes_between(draft, "I hear you. What would help tonight? You can write any time.")
    assert [change.kind for change in changes] == [Kind.KEEP, Kind.INSERT, Kind.KEEP]
    assert changes[1].start == changes[1].end == len("I hear you.")


def test_a_dropped_sentence_is_a_removal() -> None:
    assert kinds("I hear you. Just cheer up. Write any time.", "I hear you. Write any time.") == [
        "keep",
        "remove",
        "keep",
    ]


def test_two_sentences_made_one_are_one_change() -> None:
    draft = "That sounds so tiring. You did it for months. I am glad you wrote."
    suggestion = "That sounds so tiring, and you did it for months. I am glad you wrote."
    assert kinds(draft, suggestion) == ["replace", "keep"]


def test_one_sentence_made_two_is_one_change() -> None:
    draft = "That sounds so tiring and you did it for months, I am glad you wrote to us today."
    suggestion = "That sounds so tiring and you did it for months. I am glad you wrote to us today."
    assert kinds(draft, suggestion) == ["replace"]


def test_a_sentence_that_became_a_quite_different_one_is_one_decision() -> None:
    assert kinds("Cheer up!", "Would it help to say more about that night?") == ["replace"]


def test_an_empty_draft_takes_the_suggestion_sentence_by_sentence() -> None:
    suggestion = "I hear you.\n\nWhat happened then?"
    changes = changes_between("", suggestion)
    assert [change.kind for change in changes] == [Kind.INSERT, Kind.INSERT]
    assert apply_changes("", changes, {1}) == "What happened then?"


def test_a_new_paragraph_before_a_kept_sentence_asks_for_no_decision() -> None:
    assert kinds("I hear you. Write any time.", "I hear you.\n\nWrite any time.") == ["keep", "keep"]


def test_neighbours_never_grow_together() -> None:
    draft = "First thought. Second thought."
    changes = changes_between(draft, "Before it all. First thought. In between. Second thought. At the end.")
    inserted = [change.index for change in changes if change.kind is Kind.INSERT]
    assert len(inserted) == 3
    for index in inserted:
        result = apply_changes(draft, changes, {index})
        assert len(sentences_of(result)) == 3
        assert result == result.strip()


def test_changed_words_are_marked_as_words() -> None:
    change = changes_between("It is realy hard.", "It is really hard.")[0]
    assert [(word.op.value, word.text) for word in change.words] == [
        ("equal", "It is "),
        ("delete", "realy"),
        ("insert", "really"),
        ("equal", " hard."),
    ]


@pytest.mark.parametrize("unit", ["I know that this is hard for you and me today. ", "A. ", "and so on ", "?!", "a\n"])
def test_the_longest_draft_is_compared_with_bounded_effort(unit: str) -> None:
    draft = (unit * 20_000)[:20_000]
    suggestion = draft.replace("hard", "difficult").replace("so", "thus").replace("a", "b")
    with bounded_effort(3):
        changes = changes_between(draft, suggestion)
    assert apply_changes(draft, changes, every(changes)) == with_the_white_space_around(draft, suggestion)


def test_what_a_cut_suggestion_never_reached_stays() -> None:
    draft = "I hear you. Just smile. Do you sleep? Write again."
    whole, cut = (changes_between(draft, "I hear you. Perhaps smile.", whole=one) for one in (True, False))
    assert [one.kind for one in whole] == [Kind.KEEP, Kind.REPLACE, Kind.REMOVE, Kind.REMOVE]
    assert [one.kind for one in cut] == [Kind.KEEP, Kind.REPLACE, Kind.KEEP, Kind.KEEP]
    assert apply_changes(draft, cut, set(range(4))) == "I hear you. Perhaps smile. Do you sleep? Write again."
