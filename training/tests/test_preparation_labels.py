"""Nothing is learned that the site would hold, and no placeholder that the model could not know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.inference.trained_prompts import Task
from training.preparation.labels import POST_LEVEL, label
from training.preparation.quarantine import Entry, LostRows, Quarantine, Step
from training.preparation.scrubbing import ScrubReport, remove_useless, scrub_corpus, without_edges
from training.schemas import Comment, Example
from training.sources import FinishedDraft
from training.tests.invented import ORIGIN, corpus, example, pair, thread

CALL = "You can call me on 0171 555 0182 at any time."


def labelled(*rows: Example) -> tuple[list[Example], Quarantine]:
    quarantine = Quarantine()
    return label(rows, [], quarantine, processes=1, quiet=True)[0], quarantine


def test_an_answer_that_would_be_held_or_looked_at_is_set_aside_with_its_code() -> None:
    kept, quarantine = labelled(
        example("good"),
        example("link", answer="You waited long. Read www.mybuspage.example for more of it."),
        example("number", answer=CALL),
        example("blame", answer="It is your own fault that you waited. Stop being so dramatic."),
    )
    assert [one.id for one in kept] == ["good"]
    reasons = {entry.id: entry.reason for entry in quarantine.entries}
    assert reasons["link"] == "would be held: links.url"
    assert reasons["number"].startswith("would be held: links.phone")
    assert reasons["blame"].startswith("would be held: dismissal.")


def test_the_level_of_the_post_and_the_codes_stand_with_the_row() -> None:
    (calm,), _ = labelled(example("calm"))
    assert calm.scores[POST_LEVEL] == 0.0
    post = "Some evenings I wish I was gone and I see no way on from here."
    answer = "You see no way on, and that sounds so heavy. What are those evenings like for you?"
    quarantine = Quarantine()
    (low,), _, report = label([example("low", post=post, answer=answer)], [], quarantine, processes=1, quiet=True)
    assert low.scores[POST_LEVEL] == 1.0
    assert low.codes == ("support.not_noticed",)
    assert report.as_dict()["post_levels"] == {"passive": 1}


def test_a_draft_and_a_rejected_answer_may_be_bad() -> None:
    bad = "It is your own fault that you waited. Stop being so dramatic."
    kept, _ = labelled(example("a", draft=bad))
    assert len(kept) == 1
    quarantine = Quarantine()
    _, pairs, _ = label([], [pair("p", rejected=bad), pair("q", chosen=bad)], quarantine, processes=1, quiet=True)
    assert [one.id for one in pairs] == ["p"]
    assert [(entry.id, entry.what) for entry in quarantine.entries] == [("q", "pair")]


def test_feedback_is_made_of_our_own_sentences_and_is_not_checked_as_a_reply() -> None:
    kept, _ = labelled(example("f", task=Task.FEEDBACK, answer="Reflections: say back what you heard."))
    assert kept[0].codes == ()


def test_texts_are_scrubbed_and_kinds_counted() -> None:
    quarantine = Quarantine()
    before = corpus(thread("a", "My bus is late again.", Comment("1", CALL), Comment("2", "Mine too.")))
    after, report = scrub_corpus(before, quarantine, processes=1, quiet=True)
    assert after.threads[0].comments[0].text == "You can call me on [phone] at any time."
    assert after.threads[0].comments[1].text == "Mine too."
    assert (report.texts, report.changed, dict(report.kinds)) == (3, 1, {"phone": 1})


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Hi [name],\nYou waited long.\n\n[name], bus adviser", "You waited long."),
        ("You waited long. Write to [name] at the bus office and ask for your money back.", None),
        ("[name] died.\nI miss her.\nNobody asks. I loved [name].", None),
        ("[name]", None),
        ("You waited long.", None),
    ],
)
def test_greetings_and_signatures_go_with_the_names_in_them(text: str, left: str | None) -> None:
    assert without_edges(text) == (text if left is None else left)


def test_an_exported_draft_with_personal_data_is_set_aside_because_its_changes_are_counted_by_letters() -> None:
    quarantine = Quarantine()
    told = {"case": "c", "author": "s", "post": "My bus is late.", "origin": ORIGIN}
    before = type(corpus())(
        drafts=(FinishedDraft("a", sent=CALL, **told), FinishedDraft("b", sent="Mine too.", **told))  # type: ignore[arg-type]
    )
    after, _ = scrub_corpus(before, quarantine, processes=1, quiet=True)
    assert [one.id for one in after.drafts] == ["b"]
    assert quarantine.entries[0].reason == "exported with personal data in it"


@pytest.mark.parametrize(
    ("answer", "post", "reason"),
    [
        ("You waited long for [name].", "I wait for [name].", ""),
        ("You waited long, [name].", "I wait for the bus.", "the answer holds [name]"),
        ("Call [phone] for it, I am there.", "I wait for the bus.", "the answer holds [phone]"),
        ("[name] [phone]", "[name] [phone] I wait.", "little but placeholders"),
        ("You waited long.", "I wait for [name].", ""),
    ],
)
def test_an_answer_whose_placeholder_nobody_could_know_is_useless(answer: str, post: str, reason: str) -> None:
    quarantine = Quarantine()
    remove_useless([example("a", answer=answer, post=post)], ScrubReport(), quarantine, "example")
    assert [entry.reason for entry in quarantine.entries] == ([reason] if reason else [])


def test_rows_that_are_neither_kept_nor_set_aside_stop_the_build() -> None:
    entry = Entry("a", "example", "garden", Step.LABELS, "held")
    with pytest.raises(LostRows, match="1 are missing"):
        Quarantine().account(Step.LABELS, "example", came=3, kept=1, entries=[entry])


def test_the_quarantine_holds_no_text_unless_asked(tmp_path: Path) -> None:
    quarantine = Quarantine()
    entry = Entry("a", "text", "garden", Step.LEAKS, "in a suite", text="the beans")
    quarantine.account(Step.LEAKS, "text", came=1, kept=0, entries=[entry])
    path = tmp_path / "quarantine.jsonl"
    quarantine.write(path)
    assert "beans" not in path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["reason"] == "in a suite"
    quarantine.write(path, with_text=True)
    assert json.loads(path.read_text(encoding="utf-8"))["text"] == "the beans"
    assert quarantine.summary()["steps"] == [{"step": "leaks", "what": "text", "came": 1, "kept": 0, "set_aside": 1}]
