"""Every reader on a small invented file of its format, odd rows among the good ones."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from training.licences import Refused, Use
from training.schemas import Consent, Dialogue, Rewrite, Thread, read_rows
from training.sources import SOURCES, FinishedDraft, LabelledText, Reading, SourceError, found, read, report
from training.sources.__main__ import main
from training.sources.labelled import as_threads as labelled_threads
from training.sources.lantern import as_rated
from training.sources.lantern import as_threads as finished_threads
from training.sources.reading import whole
from training.sources.text import from_html, mend, space_after_stops

SAMPLES = Path(__file__).parent / "samples"

# rows of the files, kept, refused by reason
COUNTS: dict[str, tuple[int, int, dict[str, int]]] = {
    "counsel-chat": (9, 4, {"repeat": 2, "no answerText": 1, "no question": 1, "wrong number of columns": 1}),
    "positive-frames": (4, 2, {"no original_text": 1, "wrong number of columns": 1}),
    "cognitive-reframing": (2, 1, {"no thought": 1}),
    "mi-strategy": (3, 1, {"no advise_with_permission": 1, "not JSON": 1}),
    "esconv": (
        6,
        2,
        {"not two people talking": 1, "an unknown speaker": 1, "not an object": 2},
    ),
    "claff-offmychest": (5, 2, {"repeat": 1, "no text": 1, "no label": 1}),
    "epitome-reddit": (4, 2, {"repeat": 1, "a level that is not 0, 1 or 2": 1}),
    "pair-reflections": (16, 7, {"no reflection": 1, "no prompt": 8}),
    "reddit-breakups": (4, 2, {"repeat": 1, "no post": 1}),
    "threads": (
        17,
        7,
        {"no text": 1, "no consent": 3, "not an object": 1, "no comment to keep": 1, "repeat": 2, "no id": 2},
    ),
    "reddit": (
        16,
        3,
        {
            "deleted or removed": 2,
            "a bot": 3,
            "a link, no text": 1,
            "post without a comment to keep": 1,
            "answers another comment": 1,
            "by the post's author": 1,
            "its post is not here": 1,
            "a moderator's notice": 1,
            "repeat": 1,
            "not JSON": 1,
        },
    ),
    "discourse": (
        13,
        5,
        {
            "answers another comment": 1,
            "a bot": 1,
            "by the post's author": 1,
            "deleted or hidden": 1,
            "a notice of the forum": 1,
            "a private message": 1,
            "no first post": 1,
            "no topic": 1,
        },
    ),
    "lantern": (
        10,
        2,
        {
            "repeat": 1,
            "no consent": 1,
            "another version of the export": 1,
            "no sent": 1,
            "ratings that are none": 1,
            "a change that is none": 1,
            "an edit without its text": 1,
            "an unknown answer in felt_heard": 1,
        },
    ),
    "study": (
        8,
        3,
        {"ratings that are none": 2, "no consent": 1, "another version of the export": 1, "no text": 1},
    ),
}
PUBLISHABLE = {"counsel-chat", "positive-frames", "claff-offmychest"}


def sample(name: str, use: Use = Use.RESEARCH, licence: str = "") -> Reading:
    return read(name, SAMPLES / SOURCES[name].folder, use=use, licence=licence)


def threads(name: str, **options: str) -> list[Thread]:
    return [row for row in sample(name, **options) if isinstance(row, Thread)]  # type: ignore[arg-type]


def labelled(name: str) -> list[LabelledText]:
    return [row for row in sample(name) if isinstance(row, LabelledText)]


def test_every_source_has_a_sample() -> None:
    assert found(SAMPLES) == list(SOURCES)
    assert set(COUNTS) == set(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_it_keeps_or_counts_every_row(name: str) -> None:
    reading = sample(name)
    rows = list(reading)
    assert (reading.rows, reading.kept, dict(reading.refused)) == COUNTS[name]
    assert all(isinstance(row, SOURCES[name].gives) for row in rows)
    assert len({row.id for row in rows}) == len(rows)  # type: ignore[attr-defined]
    assert {row.origin.source for row in rows} == {name}  # type: ignore[attr-defined]
    assert all(type(row).parse(row.line(), where="here") == row for row in rows)


@pytest.mark.parametrize("name", SOURCES)
def test_it_tells_the_same_when_it_is_read_again(name: str) -> None:
    reading = sample(name)
    first = len(list(reading))
    assert len(list(reading)) == first
    assert reading.rows == COUNTS[name][0]


@pytest.mark.parametrize("name", sorted(name for name, source in SOURCES.items() if source.licence))
def test_it_refuses_to_publish_what_the_licence_keeps_in(name: str) -> None:
    if name in PUBLISHABLE:
        assert list(sample(name, Use.PUBLISH))
        return
    with pytest.raises(Refused, match=f"{name}: .* does not allow publishing"):
        sample(name, Use.PUBLISH)


def test_it_refuses_before_it_opens_a_file(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        read("esconv", tmp_path / "not-there", use=Use.PUBLISH)
    with pytest.raises(SourceError, match="not there"):
        read("esconv", tmp_path / "not-there", use=Use.RESEARCH)


def test_a_source_that_is_not_known_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"source=diary: no such source\. Known: .*counsel-chat"):
        read("diary", tmp_path, use=Use.RESEARCH)


def test_a_licence_is_not_laid_over_the_one_a_source_has() -> None:
    with pytest.raises(SourceError, match=r"this source has its own, cc-by-nc-4\.0"):
        sample("esconv", licence="mit")


def test_a_file_without_its_columns_is_refused_loudly(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match="no column original_text"):
        list(read("positive-frames", tmp_path, use=Use.PUBLISH))
    with pytest.raises(SourceError, match=r"no pair_data\.csv"):
        list(read("pair-reflections", tmp_path, use=Use.RESEARCH))


def test_a_reader_that_loses_a_row_is_found_out(tmp_path: Path) -> None:
    class Forgetful(Reading):
        def keep(self, count: int = 1) -> None:
            super().keep(count - 1)

    with pytest.raises(SourceError, match="2 records read, 0 kept and 1"):
        list(Forgetful(SOURCES["cognitive-reframing"], SAMPLES / "cognitive-reframing", Use.RESEARCH))


# counsel-chat


def test_answers_stand_under_their_question_whichever_export_they_are_from() -> None:
    lamp, choir = threads("counsel-chat")
    assert [one.votes for one in lamp.comments] == [3, 2, None]
    assert lamp.topic == "sleep trouble"
    assert lamp.post == "Every night I look at the lamp in my hall. I cannot sleep."
    assert choir.post == "How do I say no to my choir?"
    assert [one.votes for one in choir.comments] == [None]


def test_the_later_export_gives_the_paragraphs_and_never_the_votes() -> None:
    first, _second, listed = threads("counsel-chat")[0].comments
    assert first.text.startswith("That sounds tiring.\n\nMany people lie awake at night.")
    assert (first.votes, listed.votes) == (3, None)
    assert listed.text == "Two things:\n\n- tea\n- a book & a lamp"


def test_counsellors_are_numbers_and_the_same_in_every_run() -> None:
    comments = [one for thread in threads("counsel-chat") for one in thread.comments]
    assert [one.author for one in comments] == ["counsel-chat-1", "counsel-chat-2", "counsel-chat-3", "counsel-chat-1"]
    again = [one for thread in threads("counsel-chat") for one in thread.comments]
    assert comments == again


def test_one_of_the_two_exports_is_enough(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "counsel-chat" / "counselchat-data.csv", tmp_path)
    (thread,) = list(read("counsel-chat", tmp_path, use=Use.PUBLISH))
    assert isinstance(thread, Thread)
    assert [one.votes for one in thread.comments] == [None, None]


# Communities


def test_a_row_without_a_licence_is_for_research_only() -> None:
    publishing = sample("threads", Use.PUBLISH)
    assert [row.id for row in publishing] == ["threads-t1"]  # type: ignore[attr-defined]
    assert publishing.refused["licence unknown"] == 4  # two posts and their comments
    assert publishing.kept + sum(publishing.refused.values()) == publishing.rows
    researched = threads("threads")
    assert [(one.id, one.origin.licence) for one in researched] == [
        ("threads-t1", "cc-by-4.0"),
        ("threads-t2", "unknown"),
        ("threads-t3", "unknown"),
    ]


def test_whoever_collected_a_community_may_state_its_licence() -> None:
    assert {one.origin.licence for one in threads("discourse", licence="cc-by-4.0")} == {"cc-by-4.0"}
    assert sample("discourse", Use.PUBLISH, "cc-by-4.0").licence == "cc-by-4.0"
    assert list(sample("discourse", Use.PUBLISH)) == []
    with pytest.raises(Refused):
        sample("discourse", Use.PUBLISH, "cc-by-nc-4.0")
    with pytest.raises(Refused, match="licence=mine: unknown"):
        sample("discourse", Use.RESEARCH, "mine")


def test_a_comment_under_another_licence_than_its_post_is_left_out(tmp_path: Path) -> None:
    comments = [{"text": "One.", "licence": "mit"}, {"text": "Two.", "licence": "cc-by-nc-4.0"}]
    file = tmp_path / "t.jsonl"
    file.write_text(json.dumps({"id": 5, "post": "A post.", "licence": " MIT ", "comments": comments}))
    reading = read("threads", file, use=Use.PUBLISH)
    (thread,) = list(reading)
    assert isinstance(thread, Thread)
    assert [one.text for one in thread.comments] == ["One."]
    assert reading.refused == {"a licence other than its post's": 1}


def test_votes_and_times_are_read_however_they_are_written() -> None:
    first, second = threads("threads")[0].comments
    assert (first.votes, first.created, second.votes, second.created) == (9, 1700000100, 2, 1700000200)


@pytest.mark.parametrize(
    ("told", "read_as"),
    [(4, 4), (4.0, 4), ("4", 4), ("-2", -2), (4.5, None), ("nan", None), ("1e400", None), (True, None), ([4], None)],
)
def test_a_vote_that_is_no_whole_number_is_not_known(told: object, read_as: int | None) -> None:
    assert whole(told) == read_as


def test_only_what_answers_the_post_itself_is_taken_from_reddit() -> None:
    (thread,) = threads("reddit")
    assert [(one.id, one.votes, one.created) for one in thread.comments] == [
        ("k1", 31, 1700000500),
        ("k2", None, 1700000600),  # its score was not shown yet
    ]
    assert thread.post == "Exams and no sleep\n\nI have three exams & cannot sleep."
    assert thread.origin.licence == "unknown"


@pytest.mark.parametrize("name", ["threads", "reddit", "discourse"])
def test_no_name_is_left_of_an_author(name: str) -> None:
    rows = [row.line() for row in sample(name)]
    names = ("willow", "oak", "night_owl", "tea_pot", "robot_wars_fan", "somebody_else", "birch", "linden", "maple")
    assert not [one for one in names if any(one in row for row in rows)]


def test_codes_tell_authors_apart_but_are_others_in_the_next_run() -> None:
    (first,), (second,) = threads("reddit"), threads("reddit")
    codes = {first.author, *(one.author for one in first.comments)}
    assert len(codes) == 3
    assert codes.isdisjoint({second.author, *(one.author for one in second.comments)})


def test_a_forum_gives_its_first_post_its_answers_and_their_likes() -> None:
    drinks, flat = threads("discourse")
    assert flat.post == "My first week alone\n\nMy brother moved out.\n\nThe flat is so quiet."
    assert [(one.text, one.votes) for one in flat.comments] == [
        ("A radio helped me, [handle].\nAnd a plant.", 7),
        ("I call [handle] on Sundays.", 1),
    ]
    assert [one.created for one in flat.comments] == [1709290800, None]
    assert drinks.post == "Tea or coffee? I cannot decide."


# Rewrites, dialogues, labels


def test_rewrites_say_what_was_asked_for() -> None:
    rows = [row for name in ("positive-frames", "cognitive-reframing", "mi-strategy") for row in sample(name)]
    assert all(isinstance(row, Rewrite) for row in rows)
    assert [row.kind for row in rows if isinstance(row, Rewrite)] == [
        "optimism, neutralizing",
        "impermanence",
        "overgeneralizing",
        "advise with permission",
    ]


def test_dialogues_carry_strategies_and_the_seekers_score() -> None:
    good, failed = (row for row in sample("esconv") if isinstance(row, Dialogue))
    assert [(one.by, one.strategy) for one in good.turns] == [
        ("seeker", ""),
        ("supporter", "Question"),
        ("seeker", ""),
        ("supporter", "Reflection of feelings"),
    ]
    assert (good.score, failed.score) == (4.5, 1.0)
    assert [one.strategy for one in failed.turns] == ["", "Question", ""]  # a strategy nobody knows is left out


def test_a_turn_without_words_is_noted() -> None:
    reading = sample("esconv")
    list(reading)
    assert reading.notes == {"turns without text": 1}


def test_labels_that_were_not_given_are_not_zero() -> None:
    first, second = labelled("claff-offmychest")
    assert first.text == "I’m glad you told us."
    assert first.labels["support"] == 1
    assert "support" not in second.labels
    assert first.group == second.group


def test_the_words_that_show_empathy_come_along() -> None:
    first, second = labelled("epitome-reddit")
    assert first.spans == {"emotional_reactions": ("I am so sorry",), "explorations": ("Was it the old boat?",)}
    assert first.labels == {"emotional_reactions": 2, "interpretations": 0, "explorations": 1}
    (thread,) = labelled_threads([first, second])
    assert [one.votes for one in thread.comments] == [None, None]


def test_reflections_are_ranked_by_design() -> None:
    assert [one.labels["quality"] for one in labelled("pair-reflections")] == [3, 3, 2, 1, 1, 1, 1]


# Lantern


def test_a_text_of_a_study_knows_who_said_what_of_it_and_its_labels_are_the_means() -> None:
    first, second, third = labelled("study")
    assert first.labels == {"empathy": 4.5, "safety": 5.0}
    assert first.ratings["r1"] == {"empathy": 4.0, "safety": 5.0}
    assert (first.group, first.context) == (second.group, second.context)
    assert third.group != first.group
    assert third.labels == {"preferred": 4.0}
    assert first.origin.consent is Consent.GIVEN


def test_its_own_rows_say_that_the_people_agreed() -> None:
    drafts = [row for row in sample("lantern") if isinstance(row, FinishedDraft)]
    assert {one.origin.consent for one in drafts} == {Consent.GIVEN}
    assert {one.origin.licence for one in drafts} == {"own"}


@pytest.mark.parametrize("consent", [None, True, {}, {"supporter": True}, {"supporter": "yes", "seeker": "yes"}])
def test_anything_but_a_plain_yes_of_both_is_a_no(tmp_path: Path, consent: object) -> None:
    row = json.loads((SAMPLES / "lantern" / "export.jsonl").read_text().splitlines()[0])
    file = tmp_path / "export.jsonl"
    file.write_text(json.dumps(row | {"consent": consent}))
    reading = read("lantern", file, use=Use.RESEARCH)
    assert list(reading) == []
    assert reading.refused == {"no consent": 1}


def test_a_withheld_reply_is_no_example() -> None:
    drafts = [row for row in sample("lantern") if isinstance(row, FinishedDraft)]
    (thread,) = finished_threads(drafts)
    assert [one.text for one in thread.comments] == [drafts[0].sent]
    (rated,) = as_rated(drafts)
    assert rated.labels == {"empathy": 4, "safety": 5, "felt_heard": 5}


# Texts


def test_texts_lose_what_scrapers_and_exports_did_to_them() -> None:
    assert mend("a\u00a0b\u200b  c \r\n\r\n\r\n\r\nd\x00") == "a b c\n\nd"
    assert mend("It\x92s <U+201C>fine<U+201D> <U+D800>\ud83d") == "It’s “fine” \ufffd"
    mend("\ud83d\ud83d").encode()


@pytest.mark.parametrize(
    ("joined", "apart"),
    [
        ("It ends.Then it goes on.", "It ends. Then it goes on."),
        ("Do you feel it?I do.", "Do you feel it? I do."),
        ('He said "go."Then he went.', 'He said "go." Then he went.'),
        ("See www.example.org/Sleep.Well and mail A.Bee@example.org.", None),
        ("The U.S.Army and a Ph.D.Title stay.", None),
        ("Version 2.Five and e.g.This", None),
    ],
)
def test_lost_spaces_come_back_and_addresses_stay_whole(joined: str, apart: str | None) -> None:
    assert space_after_stops(joined) == (apart or joined)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One &amp; two</p><p>three</p>", "One & two\n\nthree"),
        ("<xml>never closed <p>kept</p>", "never closed\n\nkept"),
        ("a<br/>b<style>p{}</style><img alt='x'>c", "a\nbc"),
        ("<p>5 < 6 and 7 > 6</p>", "5 < 6 and 7 > 6"),
    ],
)
def test_markup_goes_and_words_stay(html: str, text: str) -> None:
    assert from_html(html) == text


# Commands


def test_the_report_says_what_may_be_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--data", str(SAMPLES), "--use", "publish"]) == 0
    told = capsys.readouterr().out
    assert "| counsel-chat | 9 | 4 | mit | yes | name the source |" in told
    assert "| esconv | 6 | 0 | cc-by-nc-4.0 | no |" in told
    assert "| threads | 17 | 3 | by row | yes |" in told
    assert "tiring" not in told


def test_the_report_can_be_asked_by_code() -> None:
    allowed = {one.source for one in report(SAMPLES, Use.PUBLISH) if one.allowed}
    assert allowed == PUBLISHABLE | {"threads", "reddit", "discourse"}
    assert all(one.rows == one.kept + sum(one.refused.values()) for one in report(SAMPLES, Use.PUBLISH))


def read_into(folder: Path, names: Sequence[str], use: str = "publish") -> int:
    return main(["read", *names, "--data", str(SAMPLES), "--out", str(folder), "--use", use])


def test_reading_again_replaces_the_rows_of_that_source_alone(tmp_path: Path) -> None:
    assert read_into(tmp_path, ["counsel-chat", "threads", "positive-frames"]) == 0
    assert read_into(tmp_path, ["counsel-chat"]) == 0
    rows = list(read_rows(Thread, tmp_path / "threads.jsonl"))
    assert sorted(one.origin.source for one in rows) == ["counsel-chat", "counsel-chat", "threads"]
    assert len(list(read_rows(Rewrite, tmp_path / "rewrites.jsonl"))) == 2
    counts = json.loads((tmp_path / "sources.json").read_text())
    assert counts["counsel-chat"]["kept"] == 4
    assert counts["threads"]["refused"]["licence unknown"] == 4


def test_the_command_refuses_what_may_not_be_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert read_into(tmp_path, ["esconv"]) == 2
    assert "does not allow publishing" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert read_into(tmp_path, ["esconv"], use="research") == 0
