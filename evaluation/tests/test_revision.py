"""The suite `revision`: each measure tells a good invented answer from a bad one, and a report holds no word of either."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.inference.engine import PromptTooLong
from assistant.inference.trained_prompts import Goal
from assistant.inference.types import Outcome, Request, StopReason
from assistant.telling import content, stem
from evaluation.empathy import MECHANISMS, EmpathyScorer, Labelled, read_labelled
from evaluation.revisions import asking, stock
from evaluation.revisions.form import Fault, copied_share, faults, nearly_unchanged, unchanged
from evaluation.revisions.invented import Pointer, pointers
from evaluation.revisions.meaning import words_kept
from evaluation.revisions.measured import measure
from evaluation.revisions.reading_level import level_of
from evaluation.revisions.sheet import VERDICTS, read_sheet, write_sheet
from evaluation.revisions.triples import Triple, read_triples
from evaluation.run import main
from evaluation.suite import BadData, Options
from evaluation.suites.revision import Revision

POST = (
    "Since the move my teenage daughter slams every door and won't eat with us any more. I lie awake and go over each thing"
    " I said to her, and my husband says I fuss."
)
DRAFT = "You worry too much. I lost sleep over my own son for a year. Ask her to walk the dog with you on Sunday."
GOOD = (
    "Lying awake over each thing you said to your daughter sounds exhausting. I lost sleep over my own son for a year."
    " Perhaps you could ask her to walk the dog with you on Sunday."
)
OWN = "I lost sleep over my own son for a year."


def triple(identity: str = "t1", **more: Any) -> Triple:
    told = {"post": POST, "draft": DRAFT, "answer": GOOD, "group": "g", "keep": (OWN,), "built": "put-in"} | more
    return Triple(id=identity, **told)


# Whether it is a revision


def test_a_good_revision_has_no_fault() -> None:
    assert faults(triple(), GOOD) == ()
    assert faults(triple(), DRAFT) == ()


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        pytest.param("", Fault.EMPTY, id="empty"),
        pytest.param("We went bowling and had soup.", Fault.LOST_DRAFT, id="lost"),
        pytest.param(f"Dear friend,\n\n{GOOD}", Fault.LETTER, id="salutation"),
        pytest.param(f"{GOOD}\n\nSincerely,\n[Your Name]", Fault.LETTER, id="sign-off"),
        pytest.param(f"{GOOD}\n\nTake care,\nMartha", Fault.LETTER, id="name below"),
        pytest.param(f"{DRAFT} Walk the dog. Walk the dog! Walk the dog.", Fault.REPETITION, id="three times"),
        pytest.param(DRAFT + " and then you can ask her" * 4, Fault.REPETITION, id="loop"),
        pytest.param("I'm sorry, but I can't help with that request.", Fault.REFUSAL, id="refusal"),
        pytest.param(f"As an AI language model I have no son. {DRAFT}", Fault.REFUSAL, id="machine"),
        pytest.param(f"Here is the revised reply: {GOOD}", Fault.COMMENT, id="comment"),
        pytest.param(
            GOOD + " A walk outdoors with some fresh air can help a bit." * 2 + " Talk." * 60, Fault.TOO_LONG, id="long"
        ),
        pytest.param(f"{POST} {DRAFT}", Fault.COPY_OF_POST, id="copy"),
        pytest.param(f"Goals:\nwarmer\n{DRAFT}", Fault.PROMPT_WORDS, id="prompt"),
        pytest.param(f"{DRAFT}<|im_end|>", Fault.PROMPT_WORDS, id="token"),
    ],
)
def test_what_is_no_revision_is_named(output: str, fault: Fault) -> None:
    assert fault in faults(triple(), output)


def test_what_the_draft_has_itself_is_not_the_models_doing() -> None:
    letter = triple(draft=f"Dear Mona,\n\n{DRAFT}\n\nBest wishes,\nRuth")
    assert faults(letter, letter.draft.replace("You worry too much.", "I can hear how you worry.")) == ()


def test_a_slip_of_spelling_put_right_loses_no_word() -> None:
    assert (
        faults(triple(draft="Its definately exausting, beleive me."), "It's definitely exhausting, believe me.") == ()
    )


def test_unchanged_is_up_to_white_space_and_punctuation() -> None:
    assert unchanged("Ask her, then wait.", " ask her  then wait!\n")
    assert not unchanged(DRAFT, GOOD)
    assert nearly_unchanged(DRAFT, DRAFT.replace("too much", "so much"))
    assert not nearly_unchanged(DRAFT, GOOD)


def test_a_quotation_of_the_draft_is_no_copy_of_the_post() -> None:
    assert copied_share(POST, DRAFT, POST) == 1
    assert copied_share(POST, POST, POST) == 0


def test_stems_meet() -> None:
    assert stem("worries") == stem("worried") == stem("worrying")
    assert stem("stopped") == stem("stops")
    assert content("You were walking, weren't you?") == {"walk"}


# Stock sentences


def said(*outputs: str, post: str = POST) -> dict[str, list[str]]:
    triples = [triple(str(number), post=post) for number in range(len(outputs))]
    return stock.ignoring(triples, dict(zip("0123456789", outputs, strict=False)))


def test_a_set_phrase_that_takes_up_no_word_of_the_post_is_stock() -> None:
    assert said(f"I'm so sorry to hear that. {DRAFT}") == {"0": ["I'm so sorry to hear that."]}
    assert said(f"You're not alone in this, friend. {DRAFT}") == {"0": ["You're not alone in this, friend."]}


def test_a_sentence_about_the_post_is_not() -> None:
    assert said(GOOD) == {"0": []}
    assert said(f"I'm so sorry to hear about the slamming. {DRAFT}") == {"0": []}


def test_the_drafts_own_set_phrase_is_not_the_models() -> None:
    one = triple(draft="Hang in there. Ask her.")
    assert stock.ignoring([one], {"t1": "Hang in there. Ask her gently."}) == {"t1": []}


def test_a_sentence_that_comes_again_and_again_is_stock_though_no_list_has_it() -> None:
    often = "Rivers find their way round every stone."
    found = said(f"{often} {DRAFT}", f"{DRAFT} {often}", f"{often} {DRAFT}", GOOD)
    assert [len(one) for one in found.values()] == [1, 1, 1, 0]


# Meaning, reading level, inventions


def test_meaning_is_what_a_good_revision_keeps() -> None:
    assert words_kept(DRAFT, GOOD, GOOD) == 1
    lost = words_kept(DRAFT, GOOD, "Lying awake sounds exhausting.")
    assert lost is not None
    assert lost < 0.3
    assert words_kept("Cheer up.", "Lying awake sounds hard.", "x") is None


def test_the_grade_follows_the_formula() -> None:
    level = level_of("We can go out for a walk. It is a nice day.")
    assert level is not None
    # 12 words of 30 letters in 2 sentences.
    assert level.grade == pytest.approx(0.0588 * 250 - 0.296 * 100 * 2 / 12 - 15.8)
    assert level.words_a_sentence == 6
    assert level_of("Ok.") is None


@pytest.mark.parametrize(
    ("sentence", "pointer"),
    [
        ("It took 14 months.", Pointer.NUMBER),
        ("It will pass within three weeks.", Pointer.NUMBER),
        ("My friend Clarissa knows a way.", Pointer.NAME),
        ("We could meet in Lisbon some day.", Pointer.PLACE),
        ("Look at www.calm-nights.org for more.", Pointer.LINK),
        ("When I was at school, I went through the same.", Pointer.EXPERIENCE),
        ("My sister would say so too.", Pointer.RELATIVE),
    ],
)
def test_what_nobody_told_is_pointed_to(sentence: str, pointer: Pointer) -> None:
    assert pointer in pointers(triple(), f"{DRAFT} {sentence}")


def test_what_was_told_is_not() -> None:
    assert pointers(triple(), GOOD) == ()
    assert pointers(triple(), DRAFT) == ()


def test_a_sentence_about_the_wrong_person_is_pointed_to() -> None:
    assert Pointer.SWAPPED in pointers(
        triple(), DRAFT.replace("I lost sleep over my own", "You lost sleep over your own")
    )


# Locked sentences and safety


def test_a_locked_sentence_is_measured_as_written_and_as_shown() -> None:
    good, bad = measure(triple(), GOOD), measure(triple(), GOOD.replace("own son", "son"))
    assert (good.locked_as_written, good.locked_enforced) == (True, True)
    assert (bad.locked_as_written, bad.locked_enforced) == (False, True)
    assert measure(triple(keep=()), GOOD).locked_as_written is None


def test_a_safety_fault_that_the_draft_had_not_is_new() -> None:
    assert measure(triple(), GOOD).new_serious == frozenset()
    bad = measure(triple(), f"{DRAFT} Call me at 555-010-9977, and stop taking your pills.")
    assert bad.new_serious
    assert "Call me" not in repr(bad)


# The scorer of empathy


def labelled() -> list[Labelled]:
    warm = [
        "I'm so sorry, that must hurt.",
        "That must feel so lonely, I'm sorry.",
        "I'm sorry, I understand how sad you feel.",
    ]
    cold = ["Just get over it.", "Buy a bike.", "Use the form on the page."]
    asking_ones = ["What happened then?", "How do you feel about it?", "Who else have you told?"]
    rows = []
    for number in range(12):
        post = f"Post number {number} about a bad week."
        for replies, levels in ((warm, (2, 1, 0)), (cold, (0, 0, 0)), (asking_ones, (0, 0, 2))):
            reply = replies[number % 3]
            rows.append(Labelled(post, f"Well. {reply}", levels, (("Well.", (0, 0, 0)), (reply, levels)), post))
    return rows


def test_the_scorer_hears_warmth_and_questions_and_comes_back_from_its_file(tmp_path: Path) -> None:
    scorer = EmpathyScorer.fit(labelled())
    texts = ["Buy a form.", "I'm sorry, that must feel so sad.", "What did you feel then?"]
    cold, warm, asked = scorer.expected(["A bad week."] * 3, texts)
    assert warm[0] > cold[0] + 0.5
    assert asked[2] > cold[2] + 0.5
    scorer.save(tmp_path / "weights.npz")
    again = EmpathyScorer.load(tmp_path / "weights.npz")
    assert np.allclose(again.expected(["A bad week."] * 3, texts), [cold, warm, asked], atol=1e-3)
    assert again.sha256


def test_the_scorer_is_trained_and_measured_by_its_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from evaluation.empathy import main as empathy

    rows = [
        {"seeker_post": one.post, "response_post": one.reply}
        | {f"{name}_level": level for name, level in zip(MECHANISMS, one.levels, strict=True)}
        | {f"{name}_rationales": one.sentences[1][0][:-1] for name in MECHANISMS}
        for one in labelled()
    ]
    jsonl(tmp_path / "epitome.jsonl", *rows, {"seeker_post": "x", "response_post": None})
    assert empathy(["train", "--data", str(tmp_path), "--out", str(tmp_path / "w.npz")]) == 0
    said = capsys.readouterr().out
    assert "explorations: accuracy" in said
    assert "bad week" not in said
    assert EmpathyScorer.load(tmp_path / "w.npz").figures["explorations: accuracy"] > 0.9
    assert empathy(["train", "--data", str(tmp_path), "--out", "evaluation/w.npz"]) == 1


def test_a_sentence_has_the_level_of_what_was_marked_in_it(tmp_path: Path) -> None:
    marks = {f"{name}_level": 0 for name in MECHANISMS} | {
        "explorations_level": 2,
        "explorations_rationales": "what happened|",
    }
    told = [
        {"seeker_post": f"{number} bad days.", "response_post": "Well. So what happened?"} | marks
        for number in range(5)
    ]
    jsonl(tmp_path / "epitome.jsonl", *told)
    assert read_labelled(tmp_path)[0].sentences == (("Well.", (0, 0, 0)), ("So what happened?", (0, 0, 2)))


def test_a_file_that_is_no_scorer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.npz").write_text("no", encoding="utf-8")
    with pytest.raises(BadData, match=r"w\.npz"):
        EmpathyScorer.load(tmp_path / "w.npz")


# The suite as a whole


def jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def row(identity: str, **more: Any) -> dict[str, Any]:
    origin = {"source": "invented", "row": identity, "licence": "mit", "consent": "published"}
    told = {"id": identity, "task": "improve", "answer": GOOD, "origin": origin, "group": identity, "split": "held_out"}
    return told | {"post": POST, "draft": DRAFT, "keep": [OWN], "goals": ["warmer"], "built": "put-in"} | more


def triples_in(folder: Path) -> Path:
    return jsonl(
        folder / "triples.jsonl",
        row("good"),
        row("copied"),
        row("letter"),
        row("nothing", draft=GOOD, built="", goals=[]),
        row("elsewhere", split="train"),
        row("other task", task="generate", draft=""),
    )


OUTPUTS = {
    "good": GOOD,
    "copied": DRAFT,
    "letter": "Dear parents, I'm so sorry to hear that. In 1984 my wife said the same. Sincerely,\nRuth",
    "nothing": GOOD,
}


def outputs_in(folder: Path) -> Path:
    return jsonl(folder / "outputs.jsonl", *({"id": key, "output": text} for key, text in OUTPUTS.items()))


def run(folder: Path, *more: str) -> dict[str, Any]:
    out = folder / "out"
    data = triples_in(folder)
    assert main(["--suite", "revision", "--data", str(data), "--out", str(out), *more]) == 0
    page, whole = ((out / name).read_text(encoding="utf-8") for name in ("report.md", "report.json"))
    for word in ("teenage", "Lying awake", "Dear parents", "lost sleep"):
        assert word not in page
        assert word not in whole
    told: dict[str, Any] = json.loads(whole)
    return told


def figure(report: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in report["figures"] if one["name"].startswith(name))
    return found


def test_a_report_counts_what_outputs_from_a_file_are_worth(tmp_path: Path) -> None:
    report = run(tmp_path, "--outputs", str(outputs_in(tmp_path)))
    assert (figure(report, "is a revision")["hits"], figure(report, "is a revision")["n"]) == (3, 4)
    assert (figure(report, "left unchanged")["hits"], figure(report, "left unchanged")["n"]) == (1, 3)
    assert figure(report, "left nearly unchanged")["hits"] == 1
    assert figure(report, "stock sentence")["hits"] == 1
    assert figure(report, "locked sentences byte-identical, as written")["hits"] == 3
    assert figure(report, "locked sentences byte-identical, as shown")["hits"] == 4
    assert figure(report, "expressed empathy, relative rise")["value"] is None
    assert report["ids"]["no revision: a letter"] == ["letter"]
    assert "letter" in report["ids"]["points to: number"]
    assert report["per_case"]["values"]["left unchanged, of drafts that need work"] == [0, 1, 0, None]


def test_a_report_says_goal_by_goal_whether_it_was_heeded(tmp_path: Path) -> None:
    outputs = outputs_in(tmp_path)
    report = run(tmp_path, "--outputs", str(outputs))
    table = next(one for one in report["tables"] if one["title"] == "By goal")
    (warmer,) = [[cell.get("value") for cell in row] for row in table["rows"]]
    assert warmer[:4] == ["warmer", "Sentences that say what moves the writer, or show understanding", "more", 3]
    as_meant = table["rows"][0][5]
    assert (as_meant["hits"], as_meant["n"]) == (1, 3)  # one moved nothing, one lost as much as it won
    assert table["rows"][0][7]["n"] == 1


def test_empathy_is_measured_with_weights(tmp_path: Path) -> None:
    EmpathyScorer.fit(labelled()).save(tmp_path / "w.npz")
    report = run(tmp_path, "--outputs", str(outputs_in(tmp_path)), "--empathy", str(tmp_path / "w.npz"))
    assert figure(report, "expressed empathy, relative rise")["n"] == 4
    assert figure(report, "expressed empathy falls")["n"] == 4
    assert report["facts"]["empathy scorer SHA-256"]


def test_a_reader_s_verdicts_are_counted(tmp_path: Path) -> None:
    outputs, sheet = outputs_in(tmp_path), tmp_path / "sheet.csv"
    run(tmp_path, "--outputs", str(outputs), "--sheet", str(sheet))
    lines = sheet.read_text(encoding="utf-8").splitlines()
    verdicts = {"letter": "y" + ",n" * (len(VERDICTS) - 1), "good": "n" + ",n" * (len(VERDICTS) - 1)}
    filled = [
        line.removesuffix("," * len(VERDICTS)) + verdicts.get(line.split(",")[0], "," * (len(VERDICTS) - 1)) + ","
        if line.endswith("," * len(VERDICTS))
        else line
        for line in lines
    ]
    sheet.write_text("\n".join(filled) + "\n", encoding="utf-8")
    read = {one.id: one.found for one in read_sheet(sheet, OUTPUTS)}
    assert read.keys() <= {"good", "letter"}
    report = run(tmp_path, "--outputs", str(outputs), "--read", str(sheet))
    assert figure(report, "outputs that were read")["value"] == len(read)
    with pytest.raises(BadData, match="another output"):
        read_sheet(sheet, OUTPUTS | dict.fromkeys(OUTPUTS, "Another."))


def test_texts_are_not_written_where_they_could_be_committed(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="inside the repository"):
        write_sheet(Path("evaluation/sheet.csv"), [triple()], {"t1": GOOD}, {"t1": ()}, seed=1)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"draft": " "}, "nothing to revise"),
        ({"goals": ["nicer"]}, "goals"),
        ({"keep": "x"}, "list of texts"),
        ({"answer": 3}, "answer"),
    ],
)
def test_an_odd_row_is_named_and_not_quoted(tmp_path: Path, fields: dict[str, Any], expected: str) -> None:
    path = jsonl(tmp_path / "t.jsonl", row("a"), row("b", **fields))
    with pytest.raises(BadData, match=f"row 2.*{expected}"):
        read_triples(path, split="held_out")


def test_it_asks_for_a_model_or_for_outputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--suite", "revision", "--data", str(triples_in(tmp_path)), "--out", str(tmp_path)]) == 1
    assert "--model FILE" in capsys.readouterr().err
    outputs = jsonl(tmp_path / "o.jsonl", {"id": "a", "output": "x"})
    with pytest.raises(BadData, match="no output for 1"):
        Revision().measure([triple("a"), triple("b")], Options(more={"outputs": outputs}))


# Asking a model


class Answering:
    """An engine that gives the draft back, and cannot read one of them."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def submit(self, request: Request) -> Any:
        self.asked.append(request)
        if request.id == "too long":
            raise PromptTooLong(tokens=9, limit=5)
        return Said(request.prompt.draft)


class Said:
    def __init__(self, text: str) -> None:
        self.text = text
        self.outcome = Outcome(StopReason.END, 0, 0, None, 0.0)

    def __iter__(self) -> Any:
        return iter(self.text.split(" ", 1))


def test_each_draft_is_asked_about_greedily_as_the_model_was_trained() -> None:
    engine: Any = Answering()
    cases = [triple("a", goals=(Goal.WARMER,)), triple("too long")]
    written = asking.ask_all(engine, cases, version="improve-2", adapter=asking.ADAPTER)
    assert written["too long"].text == ""
    assert written["a"].stop == "end"
    request = next(one for one in engine.asked if one.id == "a")
    assert request.adapter == asking.ADAPTER
    assert request.params.temperature == 0
    words = "".join(segment.text for segment in request.prompt.segments)
    assert "Goals:\nwarmer" in words
    assert f"Keep:\n{OWN}" in words
    shown = asking.prompt_of(triple(goals=(Goal.WARMER,)), "improve-3")
    assert shown.version == "improve-3"
    assert "Goals:\nMake it warmer: " in "".join(segment.text for segment in shown.segments)
