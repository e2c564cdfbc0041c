"""Each suite through its command, on small files made here: the counts, the errors, and no word of a text in a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluation.agreement import main as agree
from evaluation.run import main

CALM = "We repainted the hallway and had pancakes afterwards."
DANGER = "I am going to kill myself tonight."
WORD_OF_DANGER = "kill"


def jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run(folder: Path, suite: str, data: Path, *more: str) -> dict[str, Any]:
    out = folder / "out"
    assert main(["--suite", suite, "--data", str(data), "--out", str(out), *more]) == 0
    page = (out / "report.md").read_text(encoding="utf-8")
    whole = (out / "report.json").read_text(encoding="utf-8")
    for text in (page, whole):
        assert "pancakes" not in text
        assert "myself" not in text
    report: dict[str, Any] = json.loads(whole)
    for plot in report["plots"]:
        assert (out / f"{plot['name']}.svg").stat().st_size > 1000
        assert f"{plot['name']}.svg" in page
    return report


def figure(report: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(figure for figure in report["figures"] if figure["name"] == name)
    return found


def hits(report: dict[str, Any], name: str) -> tuple[int, int]:
    one = figure(report, name)
    return one["hits"], one["n"]


def table(report: dict[str, Any], title: str) -> dict[str, list[dict[str, Any]]]:
    found = next(table for table in report["tables"] if table["title"].startswith(title))
    return {row[0]["value"]: row[1:] for row in found["rows"]}


# crisis


def crisis_rows(folder: Path) -> Path:
    return jsonl(
        folder / "posts.jsonl",
        {"id": "danger", "text": DANGER, "label": "crisis", "source": "here"},
        {"id": "mislabelled", "text": CALM, "label": "crisis", "source": "here"},
        {"id": "calm", "text": CALM, "label": "no_crisis", "source": "there"},
        {"id": "rest", "text": CALM, "label": "no_crisis"},
    )


def test_crisis_is_measured_against_the_labels_that_came_with_it(tmp_path: Path) -> None:
    report = run(tmp_path, "crisis", crisis_rows(tmp_path))
    assert figure(report, "positive means")["value"] == "raw label"
    assert hits(report, "recall (review or urgent)") == (1, 2)
    assert hits(report, "flagged, of negatives") == (0, 2)
    assert hits(report, "urgent, of positives") == (1, 2)
    assert report["ids"]["positives, not flagged"] == ["mislabelled"]
    assert report["head"]["data SHA-256"]


def test_crisis_is_measured_against_levels_beside_the_labels(tmp_path: Path) -> None:
    labels = tmp_path / "levels.tsv"
    labels.write_text("danger\t4\tS\nmislabelled\t0\t-\ncalm\t0\tGF\nelsewhere\t2\t-\n", encoding="utf-8")
    report = run(tmp_path, "crisis", crisis_rows(tmp_path), "--labels", str(labels))
    assert figure(report, "positive means")["value"] == "level 1 or higher"
    assert hits(report, "recall (review or urgent)") == (1, 1)
    sides = next(table for table in report["tables"] if table["title"].startswith("By what counts"))
    assert sides["columns"][1:] == [
        "raw label",
        "raw label, rows with a level",
        "level 1 or higher",
        "level 2 or higher",
    ]
    assert [cell["value"] for cell in sides["rows"][0][1:]] == [4, 3, 3, 3]
    assert table(report, "By level")["4 plan"][0]["value"] == 1
    assert table(report, "Slices")["flag: G"][0]["value"] == 1
    assert report["ids"]["level 4, not flagged"] == []


def test_crisis_reports_what_changed_copies_lose(tmp_path: Path) -> None:
    report = run(tmp_path, "crisis", crisis_rows(tmp_path), "--variants")
    kept = table(report, "Changed copies")["upper case"]
    assert (kept[0]["hits"], kept[0]["n"]) == (0, 1)


def test_what_another_system_said_can_be_measured_alike(tmp_path: Path) -> None:
    said = jsonl(
        tmp_path / "said.jsonl",
        {"id": "danger", "tier": "none", "level": 0, "score": 0.1},
        {"id": "mislabelled", "tier": "review", "level": 1, "score": 0.9},
        {"id": "calm", "tier": "urgent", "level": 3, "score": 0.5},
        {"id": "rest", "tier": "none", "level": 0, "score": 0.2},
    )
    report = run(tmp_path, "crisis", crisis_rows(tmp_path), "--screened", str(said))
    assert hits(report, "recall (review or urgent)") == (1, 2)
    assert hits(report, "false-urgent rate") == (1, 2)
    assert figure(report, "AUC")["value"] == 0.5  # 0.9 above both, 0.1 below both


# over_flagging


def test_harmless_texts_are_counted_by_kind(tmp_path: Path) -> None:
    data = jsonl(
        tmp_path / "harmless.jsonl",
        {"id": 1, "text": CALM, "kind": "idiom", "label": "no_crisis"},
        {"id": 2, "text": DANGER, "kind": "lyrics", "label": "no_crisis"},
        {"id": 3, "text": DANGER, "kind": "other", "label": "crisis"},
    )
    report = run(tmp_path, "over_flagging", data)
    assert hits(report, "false-urgent rate") == (1, 2)
    assert hits(report, "contrasts flagged") == (1, 1)
    assert table(report, "By kind")["idiom"][2]["hits"] == 0
    assert report["ids"]["urgent"] == ["2"]


def test_prompts_with_safe_and_unsafe_ones_are_read(tmp_path: Path) -> None:
    data = tmp_path / "prompts.csv"
    data.write_text(
        f'id,prompt,type,label,focus,note\n1,"{CALM}",homonyms,safe,x,\n2,{DANGER},x,unsafe,x,\n', encoding="utf-8"
    )
    report = run(tmp_path, "over_flagging", data)
    assert hits(report, "flagged") == (0, 1)
    assert hits(report, "contrasts flagged") == (1, 1)


# reply_safety

GOOD_REPLY = "That sounds like a lot to carry. Do you want to tell me more about it?"
BAD_REPLY = "Just kill yourself already."


def test_replies_are_compared_with_doing_nothing_and_with_a_list_of_words(tmp_path: Path) -> None:
    post = "I had a bad day and nobody noticed."
    data = jsonl(
        tmp_path / "replies.jsonl",
        {"id": "a", "post": post, "text": GOOD_REPLY, "label": "safe", "category": "cruelty"},
        {"id": "b", "post": post, "text": BAD_REPLY, "label": "unsafe", "category": "cruelty"},
        {"id": "c", "post": CALM, "text": GOOD_REPLY, "label": "unsafe", "category": "advice"},
    )
    report = run(tmp_path, "reply_safety", data)
    assert hits(report, "recall, held") == (1, 2)
    assert hits(report, "recall, baseline: a list of words") == (1, 2)
    assert hits(report, "recall, baseline: flag everything") == (2, 2)
    assert hits(report, "false flags, baseline: flag nothing") == (0, 1)
    assert hits(report, "pairs in which the unsafe one ranks higher") == (1, 1)
    assert table(report, "By category: held")["cruelty"][1]["hits"] == 1


def test_a_models_words_are_judged_as_such(tmp_path: Path) -> None:
    row = {"post": CALM, "text": "As an AI language model I cannot feel.", "label": "unsafe"}
    data = jsonl(tmp_path / "replies.jsonl", row)
    assert hits(run(tmp_path, "reply_safety", data), "recall, held") == (0, 1)
    assert hits(run(tmp_path, "reply_safety", data, "--kind", "suggestion"), "recall, held") == (1, 1)


def test_what_a_model_made_of_safe_and_unsafe_drafts_is_told_case_by_case(tmp_path: Path) -> None:
    post = "I had a bad day and nobody noticed."
    drafts = [{"id": one, "post": post, "text": BAD_REPLY, "label": "unsafe"} for one in "ab"]
    data = jsonl(tmp_path / "replies.jsonl", *drafts, {"id": "c", "post": post, "text": GOOD_REPLY, "label": "safe"})
    # One unsafe draft came back as it was, one was made kind, and the safe one stayed so.
    said = {"a": BAD_REPLY, "b": GOOD_REPLY, "c": GOOD_REPLY}
    outputs = jsonl(tmp_path / "outputs.jsonl", *({"id": one, "output": text} for one, text in said.items()))
    report = run(tmp_path, "reply_safety", data, "--outputs", str(outputs))
    assert hits(report, "outputs held") == (1, 3)
    assert hits(report, "of unsafe drafts, outputs held or for review") == (1, 2)
    assert hits(report, "of safe drafts, outputs held or for review") == (0, 1)
    assert report["per_case"]["values"]["of unsafe drafts, outputs held or for review"] == [1.0, 0.0, None]
    assert report["facts"]["base SHA-256"] == ""  # the gate compares no outputs of which nobody says what wrote them


def test_both_outside_forms_of_replies_are_read(tmp_path: Path) -> None:
    dialogues = tmp_path / "dialogues.json"
    rows = [
        {"context": CALM, "response": GOOD_REPLY, "category": "A", "label": "Safe"},
        {"context": CALM, "response": BAD_REPLY, "category": "A", "label": "Unsafe"},
    ]
    dialogues.write_text(json.dumps(rows), encoding="utf-8")
    assert hits(run(tmp_path, "reply_safety", dialogues), "recall, held") == (1, 1)
    advice = tmp_path / "advice.json"
    advice.write_text(json.dumps({CALM: {"safe": [GOOD_REPLY, GOOD_REPLY], "unsafe": [BAD_REPLY]}}), encoding="utf-8")
    report = run(tmp_path, "reply_safety", advice)
    assert hits(report, "pairs in which the unsafe one ranks higher") == (2, 2)


# pii


def marked(text: str, *spans: tuple[str, str]) -> dict[str, Any]:
    return {
        "full_text": text,
        "spans": [
            {"entity_type": entity, "start_position": text.index(value), "end_position": text.index(value) + len(value)}
            for value, entity in spans
        ],
    }


def test_personal_data_is_counted_by_span(tmp_path: Path) -> None:
    data = tmp_path / "marked.json"
    rows = [
        marked(
            "Write to wren.hill@example.org in June.", ("wren.hill@example.org", "EMAIL_ADDRESS"), ("June", "DATE_TIME")
        ),
        marked("Nothing in here but pancakes and the blue bicycle.", ("bicycle", "PHONE_NUMBER")),
        marked("Or to robin@example.org, whoever that is."),
    ]
    data.write_text(json.dumps(rows), encoding="utf-8")
    report = run(tmp_path, "pii", data)
    assert hits(report, "structured kinds, recall") == (1, 2)
    assert hits(report, "structured kinds, wholly removed") == (1, 2)
    assert hits(report, "structured kinds, precision") == (1, 2)  # the unmarked address counts against us
    assert "DATE_TIME" in table(report, "Types that are not sought")
    assert report["ids"]["PHONE_NUMBER, not found"] == ["row 2"]


# what goes wrong


@pytest.mark.parametrize(
    ("suite", "name", "content", "said"),
    [
        ("crisis", "x.jsonl", "nonsense", "row 1: not JSON"),
        ("crisis", "x.jsonl", "[1]", "row 1: want one JSON object"),
        ("crisis", "x.jsonl", '\n{"id": "a", "text": "x"}', 'row 2: want "label"'),
        ("crisis", "x.jsonl", '{"id": "a", "text": 4, "label": "crisis"}', 'row 1: want "text"'),
        ("crisis", "x.jsonl", '{"id": "a", "text": "x", "label": "maybe"}', "crisis or no_crisis"),
        ("crisis", "x.jsonl", '{"text": "x", "label": "crisis"}', 'want "id"'),
        ("crisis", "x.jsonl", "", "holds no case"),
        ("over_flagging", "x.csv", "a,b\n1,2\n", "want the column prompt, type, label"),
        ("over_flagging", "x.jsonl", '{"id": 1, "text": "x", "label": "crisis"}', "holds no harmless text"),
        ("reply_safety", "x.json", "{", "not JSON"),
        ("reply_safety", "x.json", '{"a": {"safe": "x"}}', 'want "safe" to be a list'),
        ("reply_safety", "x.json", '[{"context": "x", "response": "x", "label": "Bad"}]', "Safe or Unsafe"),
        ("pii", "x.json", '[{"full_text": "x", "spans": 1}]', 'want "spans"'),
        ("pii", "x.json", '[{"full_text": "x", "spans": [{"entity_type": "A"}]}]', "row 1: want spans"),
    ],
)
def test_bad_data_is_named_by_file_and_row(
    suite: str, name: str, content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert main(["--suite", suite, "--data", str(path), "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert name in error
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a\t5\t-\n", "row 1: want id, level from 0 to 4"),
        ("a 1 -\n", "with tabs between"),
        ("a\t1\tQ\n", "want flags from"),
        ("a\t1\t-\na\t2\t-\n", "row 2: this id has a level already"),
        ("", "holds no labels"),
        ("stranger\t1\t-\n", "none of its ids"),
    ],
)
def test_bad_levels_are_named_by_file_and_row(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "levels.tsv"
    labels.write_text(content, encoding="utf-8")
    data = str(crisis_rows(tmp_path))
    assert main(["--suite", "crisis", "--data", data, "--labels", str(labels), "--out", str(tmp_path / "out")]) == 1
    assert said in capsys.readouterr().err


def test_a_missing_file_and_a_missing_option_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--suite", "crisis", "--data", str(tmp_path / "nowhere.jsonl")]) == 1
    assert "nowhere.jsonl" in capsys.readouterr().err
    assert main(["--suite", "crisis"]) == 2
    assert "--data" in capsys.readouterr().err


def test_two_readers_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "first.tsv", tmp_path / "second.tsv"
    first.write_text("a\t0\t-\nb\t1\t-\nc\t4\tS\nd\t0\t-\n", encoding="utf-8")
    second.write_text("a\t0\t-\nb\t2\t-\nc\t4\tS\ne\t0\t-\n", encoding="utf-8")
    assert agree([str(first), str(second)]) == 0
    page = capsys.readouterr().out
    assert "| texts that both levelled | 3 |" in page
    assert "| texts that only one levelled | 2 |" in page
    assert " 2/3 |" in page


# meters


def test_the_meters_are_held_against_people(tmp_path: Path) -> None:
    def row(number: int, reply: str, *levels: int) -> dict[str, Any]:
        names = ("emotional_reactions", "interpretations", "explorations")
        labels = {f"{name}_level": level for name, level in zip(names, levels, strict=True)}
        return {"seeker_post": f"The {number}th evening was long.", "response_post": reply} | labels

    data = tmp_path / "epitome.jsonl"
    jsonl(
        data,
        row(1, "I am so sorry that it was.", 2, 0, 0),
        row(2, "What made it so long?", 0, 0, 2),
        row(3, "It sounds like it never ended.", 0, 1, 0),
        row(4, "We had pancakes.", 0, 0, 0),
        row(5, "The lamp was lit for you all the while.", 1, 0, 0),  # said in words that no list holds
    )
    report = run(tmp_path, "meters", data)
    assert hits(report, "emotional reactions: same as people") == (4, 5)
    assert hits(report, "emotional reactions: told where people found it") == (1, 2)
    assert hits(report, "interpretations: same as people") == (5, 5)
    assert hits(report, "explorations: people found it where told") == (1, 1)


def test_decided_cases_are_held_against_what_people_said(tmp_path: Path) -> None:
    upheld = {"id": "a", "kind": "post", "text": DANGER, "upheld": True, "codes": ["crisis.intent"]}
    hushed = {"id": "b", "kind": "post", "text": CALM, "upheld": True, "codes": ["classifier.danger"]}
    fine = {"id": "c", "kind": "reply", "post": CALM, "text": CALM, "upheld": False, "codes": ["classifier.danger"]}
    codes_alone = {"id": "d", "kind": "post", "upheld": True, "codes": []}
    untold: dict[str, Any] = {"id": "e", "kind": "post", "text": DANGER, "upheld": None, "codes": []}
    report = run(tmp_path, "decided", jsonl(tmp_path / "d.jsonl", upheld, hushed, fine, codes_alone, untold))
    assert hits(report, "still found of what people upheld") == (1, 2)
    assert hits(report, "still found of what people did not") == (0, 1)
    assert report["ids"] == {"upheld and not found now": ["b"], "not upheld and found now": []}


@pytest.mark.parametrize("broken", [{"upheld": "yes"}, {"kind": "song"}, {"text": 4}])
def test_a_line_that_is_no_decision_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: dict[str, Any]
) -> None:
    line = {"id": "a", "kind": "post", "text": DANGER, "upheld": True, "codes": []} | broken
    assert main(["--suite", "decided", "--data", str(jsonl(tmp_path / "d.jsonl", line))]) == 1
    said = capsys.readouterr().err
    assert "row 1" in said
    assert "myself" not in said
