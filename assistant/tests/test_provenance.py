"""Whose words: the marks that follow the model's words through a person's edits."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import provenance
from assistant.changes import Kind, apply_changes, changes_between
from assistant.provenance import Marked, Origin, Span, Whose, ledger, shares
from assistant.tests.effort import bounded_effort

OWN = "I lost my job in spring as well. It took me long to tell anyone."
SUGGESTION = (
    "I lost my job in spring as well. Telling the first person was the hardest part for me. You do not have to rush."
)

WORDS = ["I", "you", "hear", "that", "it", "was", "so", "hard", "and", "still", "are", "here", "."]

words = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)
texts = st.one_of(words, st.text(max_size=60))


def spans_in(text: str) -> st.SearchStrategy[list[Span]]:
    places = st.integers(0, len(text))
    return st.lists(st.tuples(places, places), max_size=4)


def model_characters(text: str, spans: list[Span]) -> int:
    return sum(end - start for start, end in spans)


def carry(
    before: str,
    spans: list[Span],
    text: str,
    *,
    origin: Origin,
    model_texts: Sequence[str] = (),
    accepted: str = "",
    earlier: Sequence[Marked] = (),
) -> list[Span]:
    """The model's spans alone."""
    wish = {"origin": origin, "model_texts": model_texts, "accepted": accepted, "earlier": earlier}
    return provenance.carry(Marked(before, spans), text, **wish).spans  # type: ignore[arg-type]


def model_share(text: str, spans: list[Span]) -> float:
    return provenance.model_share(Marked(text, spans))


def marked(text: str, spans: list[Span]) -> list[str]:
    return [text[start:end] for start, end in spans]


def accept(draft: str, spans: list[Span], suggestion: str, indices: set[int]) -> tuple[str, list[Span]]:
    """As the page does it: one change at a time, each saved."""
    changes = changes_between(draft, suggestion)
    text = draft
    for index in sorted(indices):
        after = apply_changes(draft, changes, {i for i in indices if i <= index})
        accepted = changes[index].after
        spans = carry(text, spans, after, origin=Origin.ACCEPTED, model_texts=[suggestion], accepted=accepted)
        text = after
    return text, spans


# Laws


@given(texts, texts, st.sampled_from(Origin), st.lists(texts, max_size=2), st.data())
@settings(max_examples=300, deadline=None)
def test_spans_are_sorted_disjoint_and_inside_and_the_share_is_a_share(
    before: str, text: str, origin: Origin, model_texts: list[str], data: st.DataObject
) -> None:
    spans = carry(before, data.draw(spans_in(before)), text, origin=origin, model_texts=model_texts)
    end = -1
    for span in spans:
        assert end < span[0] < span[1] <= len(text)
        end = span[1]
    assert 0.0 <= model_share(text, spans) <= 1.0


@given(texts, texts, st.data())
@settings(max_examples=300, deadline=None)
def test_typing_own_words_never_raises_the_models_characters(before: str, text: str, data: st.DataObject) -> None:
    spans = carry(before, data.draw(spans_in(before)), before, origin=Origin.TYPED)
    after = carry(
        before, spans, text, origin=Origin.TYPED, model_texts=["Quite other words stand in this suggestion here."]
    )
    assert model_characters(text, after) <= model_characters(before, spans)


@given(texts, texts, st.data())
@settings(max_examples=200, deadline=None)
def test_undoing_an_accepted_change_brings_the_earlier_spans_back(
    draft: str, suggestion: str, data: st.DataObject
) -> None:
    spans = carry(draft, data.draw(spans_in(draft)), draft, origin=Origin.TYPED)
    changes = changes_between(draft, suggestion)
    text, taken = accept(draft, spans, suggestion, {change.index for change in changes})
    undone = carry(text, taken, draft, origin=Origin.UNDONE, model_texts=[suggestion], earlier=[Marked(draft, spans)])
    assert undone == spans


@given(texts)
@settings(max_examples=200, deadline=None)
def test_a_draft_taken_whole_from_the_model_is_all_the_models(suggestion: str) -> None:
    spans = carry("", [], suggestion, origin=Origin.ACCEPTED, model_texts=[suggestion])
    assert model_share(suggestion, spans) == (1.0 if suggestion.strip() else 0.0)


@given(words)
@settings(max_examples=100, deadline=None)
def test_a_draft_taken_sentence_by_sentence_is_all_the_models(suggestion: str) -> None:
    text, spans = accept("", [], suggestion, {change.index for change in changes_between("", suggestion)})
    assert model_share(text, spans) == (1.0 if suggestion.strip() else 0.0)


@given(texts, st.data())
@settings(max_examples=100, deadline=None)
def test_saving_the_same_text_again_changes_nothing(text: str, data: st.DataObject) -> None:
    spans = carry(text, data.draw(spans_in(text)), text, origin=Origin.TYPED)
    assert carry(text, spans, text, origin=Origin.TYPED, model_texts=[text]) == spans


# A person and a suggestion


def test_own_words_are_nobody_elses() -> None:
    assert carry("", [], OWN, origin=Origin.TYPED, model_texts=["You are heard, whatever you decide to do."]) == []


def test_of_an_accepted_change_only_the_new_words_are_the_models() -> None:
    text, spans = accept("It was realy hard.", [], "It was really hard.", {0})
    assert marked(text, spans) == ["really"]


def test_an_accepted_sentence_stays_the_models_while_the_person_types_around_it() -> None:
    index = next(c.index for c in changes_between(OWN, SUGGESTION) if c.kind is Kind.INSERT)
    text, spans = accept(OWN, [], SUGGESTION, {index})
    longer = text + " Write whenever you like."
    longer_spans = carry(text, spans, longer, origin=Origin.TYPED, model_texts=[SUGGESTION])
    longest = "Hello there. " + longer
    longest_spans = carry(longer, longer_spans, longest, origin=Origin.TYPED, model_texts=[SUGGESTION])
    assert marked(longest, longest_spans) == marked(text, spans) == [" You do not have to rush."]


def test_words_typed_into_an_accepted_sentence_are_the_persons() -> None:
    text = "You do not have to rush."
    edited = "You really do not have to rush."
    spans = carry(text, [(0, len(text))], edited, origin=Origin.TYPED, model_texts=[text])
    assert marked(edited, spans) == ["You ", "do not have to rush."]


def test_words_typed_while_a_change_was_accepted_are_the_persons() -> None:
    text = "You do not have to rush. Mine!"
    spans = carry("", [], text, origin=Origin.ACCEPTED, accepted="You do not have to rush.", model_texts=[SUGGESTION])
    assert marked(text, spans)[0].startswith("You do not have to rush.")
    assert not any("Mine" in part for part in marked(text, spans))


@pytest.mark.parametrize("pasted", ["You do not have to rush.", "you DO not have -- to rush", "you do not have"])
def test_a_run_of_the_suggestion_that_is_typed_again_is_the_models(pasted: str) -> None:
    text = f"{OWN} {pasted}"
    spans = carry(OWN, [], text, origin=Origin.TYPED, model_texts=[SUGGESTION])
    assert model_share(text, spans) >= len(pasted.replace(" ", "")) / len(text.replace(" ", "")) - 0.02


def test_three_words_in_common_are_anybodys() -> None:
    assert carry("", [], "You do not.", origin=Origin.TYPED, model_texts=[SUGGESTION]) == []


def test_a_suggestion_copied_word_by_word_between_saves_is_still_found() -> None:
    text = ""
    spans: list[Span] = []
    for word in ["You", "do", "not", "have", "to", "rush."]:
        longer = f"{text} {word}".strip()
        spans = carry(text, spans, longer, origin=Origin.TYPED, model_texts=[SUGGESTION])
        text = longer
    assert [part.strip() for part in marked(text, spans)] == ["have to rush."]


def test_a_run_is_found_in_a_script_without_spaces() -> None:
    offered = "你说的话我都听到了这真的很不容易我会一直在这里陪你说话"
    assert model_share(offered, carry("", [], offered, origin=Origin.TYPED, model_texts=[offered])) == 1.0


def test_an_own_sentence_that_the_suggestion_kept_stays_own_when_typed_again() -> None:
    own = Marked(OWN)
    cut = "It took me long to tell anyone."
    assert carry(cut, [], OWN, origin=Origin.TYPED, model_texts=[SUGGESTION], earlier=[own]) == []


def test_an_undo_after_more_typing_gives_the_sentence_back_to_the_person() -> None:
    draft = "I know this. It was realy hard for me too."
    suggestion = "I know this. Telling people was the hardest part of it."
    text, spans = accept(draft, [], suggestion, {1})
    assert spans
    undone = draft + " Write soon."
    assert carry(text, spans, undone, origin=Origin.UNDONE, model_texts=[suggestion], earlier=[Marked(draft)]) == []


def test_white_space_does_not_count_in_the_share() -> None:
    assert model_share("ab" + " " * 90 + "cd", [(0, 2)]) == 0.5


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("so it was and so it is " * 869, "so it was and so it has been " * 689),
        ("", "so it was and so it is " * 869),
        ("!?" * 10_000, "?!!" * 6_666),
        ("x" * 20_000, "y" * 20_000),
        ("我在" * 10_000, "在我" * 10_000),
    ],
)
def test_the_longest_draft_is_carried_with_bounded_effort(before: str, text: str) -> None:
    with bounded_effort(3):
        carry(before, [], text, origin=Origin.TYPED, model_texts=[before[::-1], text])


# What was pasted, and the ledger

PASTED = "There is a walk-in place in the old library on Tuesdays, and nobody asks for a name there."


def pasted_into(before: str, text: str, *, pieces: Sequence[str] = (PASTED,), offered: Sequence[str] = ()) -> Marked:
    return provenance.carry(Marked(before), text, origin=Origin.TYPED, pasted=pieces, model_texts=offered)


def test_what_came_in_whole_is_pasted_and_what_is_typed_around_it_is_not() -> None:
    told = pasted_into(OWN, f"{OWN} I found this: {PASTED} Does that help?")
    assert marked(told.text, told.pasted) == [PASTED]
    assert told.spans == []


def test_what_was_pasted_stays_pasted_while_the_person_types_on() -> None:
    told = pasted_into("", PASTED)
    later = provenance.carry(told, f"Hello. {PASTED} Write soon!", origin=Origin.TYPED)
    assert marked(later.text, later.pasted) == [PASTED]


def test_pasted_words_of_a_suggestion_are_the_models() -> None:
    offered = "You do not have to rush."
    told = pasted_into(OWN, f"{OWN} {offered}", pieces=[offered], offered=[SUGGESTION])
    assert [part.strip() for part in marked(told.text, told.spans)] == [offered]
    assert told.pasted == []


def test_a_browser_that_claims_a_paste_takes_nothing_from_the_model() -> None:
    taken = provenance.carry(Marked(OWN), f"{OWN} {PASTED}", origin=Origin.ACCEPTED, accepted=PASTED, pasted=[PASTED])
    assert provenance.model_share(taken) > 0.4
    assert taken.pasted == []


@given(texts, texts, st.lists(texts, max_size=2), st.lists(texts, max_size=2))
@settings(max_examples=300, deadline=None)
def test_the_ledger_covers_the_text_once_and_its_shares_are_one(
    before: str, text: str, pieces: list[str], offered: list[str]
) -> None:
    told = pasted_into(before, text, pieces=pieces, offered=offered)
    assert "".join(text[start:end] for start, end, _ in ledger(told)) == text
    assert sum(shares(told).values()) == pytest.approx(1.0 if text.strip() else 0.0)


def test_suggested_words_in_a_sentence_that_was_worked_on_are_told_apart() -> None:
    kept, edited = "You do not have to rush.", " That it took so long is no failure of yours."
    told = Marked(kept + edited, [(0, len(kept)), (len(kept), len(kept) + 10)])
    assert [whose for _, _, whose in ledger(told)] == [Whose.SUGGESTED, Whose.EDITED, Whose.TYPED]


def test_a_sentence_that_a_suggestion_has_as_it_stands_is_kept_though_the_draft_had_a_word_of_it() -> None:
    draft, offered = "Thank you for writing.", "It sounds hard that you eat alone."
    text, spans = accept(draft, [], offered, {0})
    assert text == offered
    assert {whose for _, _, whose in ledger(Marked(text, spans), [offered])} == {Whose.SUGGESTED, Whose.TYPED}
    edited = text.replace("alone", "alone at lunch")
    later = carry(text, spans, edited, origin=Origin.TYPED, model_texts=[offered])
    assert Whose.EDITED in {whose for _, _, whose in ledger(Marked(edited, later), [offered])}


def test_a_blank_between_two_words_of_a_kind_is_of_that_kind() -> None:
    assert ledger(Marked("It sounds hard.", [(0, 2), (3, 15)])) == [(0, 15, Whose.SUGGESTED)]
