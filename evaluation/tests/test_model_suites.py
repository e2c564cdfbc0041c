"""The suites that measure one model on its own: preferences, mechanisms of empathy, speed; and answers that are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.inference.measuring import Measuring
from assistant.inference.modelfile import ModelFile, measured_file
from assistant.inference.prompts import build_prompt
from assistant.inference.quality import HELDOUT
from assistant.inference.types import Mode, Outcome, Prompt, Segment, StopReason
from evaluation import run
from evaluation.empathy import EmpathyScorer, Labelled
from evaluation.revisions import asking
from evaluation.revisions.kept import Kept, Written
from evaluation.revisions.people import main as write_people
from evaluation.revisions.triples import Triple
from evaluation.stats import Estimate
from evaluation.suite import BadData, Results
from evaluation.suites import preference, speed
from evaluation.suites.preference import LONGER, MATCHED, Pair, Told
from evaluation.tests.test_all import ADAPTER, MODEL, POST, REPLY, jsonl

COLD = "Buy a newer phone and stop thinking about it."
FIGURE = "preference accuracy, by"


def report_of(folder: Path, suite: str, data: Path, *more: str) -> dict[str, Any]:
    asked = ["--suite", suite, "--data", str(data), "--out", str(folder / "out"), *more]
    assert run.main(asked) == 0
    page = (folder / "out" / "report.md").read_text(encoding="utf-8")
    told: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    assert "Sundays" not in page + json.dumps(told)
    return told


def figures(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in told["figures"]}


# preference


def told(group: str, *, words: tuple[int, int], model: tuple[float, float], base: tuple[float, float] = (0, 0)) -> Told:
    """Sums of log-likelihoods; a token for each word."""
    better, other = (" ".join(["word"] * count) for count in words)
    pair = Pair(f"{group}-{better}", group, POST, "", better, other)
    both, without = (((given[0], words[0]), (given[1], words[1])) for given in (model, base))
    return Told(pair, both, without)


def measured(*pairs: Told) -> dict[str, float | None]:
    results: Results = preference.report(pairs, seed=1, with_gain=True, facts={})
    return {one.name: one.value.value for one in results.figures if isinstance(one.value, Estimate)}


def test_each_way_to_decide_is_counted_by_question() -> None:
    found = measured(
        told("one", words=(10, 5), model=(-20, -15)),  # longer; by sum no, per token yes
        told("one", words=(5, 10), model=(-20, -30)),  # shorter; by sum yes, per token no
        told("two", words=(4, 4), model=(-8, -8), base=(-9, -8)),  # nothing tells them apart but the gain
    )
    assert found[f"preference accuracy, {LONGER}"] == pytest.approx((0.5 + 0.5) / 2)
    assert found[f"{FIGURE} sum"] == pytest.approx((0.5 + 0.5) / 2)
    assert found[f"{FIGURE} gain on the base"] == pytest.approx((0.5 + 1) / 2)
    # Of like length is the last alone.
    assert found[f"{FIGURE} token{MATCHED}"] == pytest.approx(0.5)
    assert found[f"by gain on the base, less {LONGER}{MATCHED}"] == pytest.approx(0.5)


def test_a_model_that_follows_length_gains_nothing_on_it() -> None:
    pairs = [told(str(n), words=(9, 5), model=(-10, -20)) for n in range(5)]
    found = measured(*pairs)
    assert found[f"{FIGURE} sum"] == 1.0
    assert found[f"by sum, less {LONGER}"] == 0.0
    assert found[f"{FIGURE} sum{MATCHED}"] is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"post": POST, "chosen": REPLY}, 'want "rejected"'),
        ({"post": POST, "chosen": REPLY, "rejected": REPLY}, "two different texts"),
        ({"post": POST, "chosen": REPLY, "rejected": " "}, "two different texts"),
        ({"post": POST, "chosen": REPLY, "rejected": COLD, "goals": ["louder"]}, 'want "goals" from'),
    ],
)
def test_a_pair_that_is_none_is_named_by_its_row(
    row: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = jsonl(tmp_path / "pairs.jsonl", row)
    assert run.main(["--suite", "preference", "--data", str(data), "--model", str(data), "--out", str(tmp_path)]) == 1
    assert said in capsys.readouterr().err


def test_expert_ranks_become_pairs(tmp_path: Path) -> None:
    columns = ("prompt", "hq1", "mq1", "lq1", "lq2", "lq3", "lq4", "lq5")
    rows = [",".join(columns), ",".join([f'"{POST}"', f'"{REPLY}"', '"Sure."', f'"{COLD}"', "", "", "", ""])]
    (tmp_path / "pair_data.csv").write_text("\n".join(rows), encoding="utf-8")
    out = tmp_path / "pairs.jsonl"
    assert write_people(["--pairs", "--data", str(tmp_path), "--out", str(out)]) == 0
    pairs = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(pair["chosen"], pair["rejected"]) for pair in pairs] == [(REPLY, COLD), (REPLY, "Sure.")]
    assert {pair["group"] for pair in pairs} == {"pair-1"}


@pytest.mark.model
def test_likelihoods_are_those_of_each_token_and_of_the_end() -> None:
    """A long answer goes in several steps, a prompt shares its beginning with the one before: neither may show."""
    base, adapter = measured_file(MODEL), measured_file(ADAPTER)
    prompts = [build_prompt(Mode.GENERATE, post=post, draft="", version="generate-2") for post in (POST, COLD)]
    long = " ".join([REPLY] * 40)  # over 512 tokens
    with Measuring() as process:
        together = process.likelihoods(base, None, [(prompts[0], (REPLY, long)), (prompts[1], (REPLY,))], threads=1)
        alone = process.likelihoods(base, None, [(prompts[1], (REPLY,))], threads=1)
        with_adapter = process.likelihoods(base, adapter, [(prompts[0], (REPLY,))], threads=1)
        too_long = process.likelihoods(base, None, [(prompts[0], (" ".join([REPLY] * 200),))], threads=1)
        parts = process.likelihoods(base, None, [(spoken(prompts[0], REPLY), ("",))], threads=1)
    assert together[0] is not None
    assert together[1] is not None
    assert alone[0] is not None
    assert with_adapter[0] is not None
    assert parts[0] is not None
    assert too_long == [None]
    (said, tokens), (of_long, long_tokens) = together[0]
    assert long_tokens > 512 > tokens
    assert of_long < said < 0
    # A quantised base rounds by what lies in the context: half a percent was seen.
    assert together[1][0] == pytest.approx(alone[0][0], rel=0.01)
    assert parts[0][0][1] == 1  # the end alone
    assert said < parts[0][0][0] < 0
    assert with_adapter[0][0][0] != pytest.approx(said, rel=0.02)


def spoken(prompt: Prompt, answer: str) -> Prompt:
    """With the answer begun."""
    return Prompt((*prompt.segments, Segment(answer, scaffold=False)), mode=None, version="test")


@pytest.mark.model
def test_preferences_are_measured_through_the_command(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "task": "generate", "post": POST, "chosen": REPLY, "rejected": COLD, "split": "held_out"},
        {"id": "b", "task": "improve", "post": POST, "chosen": REPLY, "rejected": COLD, "split": "held_out"},
        {"id": "c", "task": "generate", "post": POST, "chosen": REPLY, "rejected": COLD, "split": "train"},
    ]
    data = jsonl(tmp_path / "pairs.jsonl", *rows)
    found = report_of(tmp_path, "preference", data, "--model", str(MODEL), "--adapter", str(ADAPTER))
    assert found["facts"]["pairs"] == 1
    assert found["facts"]["prompt"] == "generate-2"
    assert figures(found)[f"{FIGURE} token"]["value"] == 1.0
    assert found["per_case"]["ids"] == ["a"]


# empathy


def scorer_in(folder: Path) -> Path:
    """Knows one thing: a question explores."""
    rows = [
        Labelled(POST, text, levels, ((text, levels),), str(number))
        for number in range(6)
        for text, levels in ((f"What was number {number} like?", (0, 0, 2)), (f"It is {number}.", (0, 0, 0)))
    ]
    path = folder / "scorer.npz"
    EmpathyScorer.fit(rows).save(path)
    return path


def test_mechanisms_are_told_of_outputs_and_beside_people(tmp_path: Path) -> None:
    rows = [{"id": str(n), "task": "generate", "post": POST, "answer": REPLY, "split": "held_out"} for n in range(3)]
    data = jsonl(tmp_path / "rows.jsonl", *rows)
    outputs = jsonl(tmp_path / "o.jsonl", *({"id": str(n), "output": "It is so."} for n in range(3)))
    more = ("--empathy", str(scorer_in(tmp_path)))
    flat = report_of(tmp_path, "empathy", data, "--outputs", str(outputs), *more)
    people = report_of(tmp_path, "empathy", data, "--people", *more)
    name = "explorations, there by the scorer"
    assert figures(flat)[name]["value"] == 0.0
    assert figures(people)[name]["value"] == 1.0
    assert figures(people)["explorations, there by wording"]["value"] == 1.0
    beside = {row[0]["value"]: row for row in flat["tables"][0]["rows"]}
    assert beside["explorations"][3]["value"] < -0.5
    assert people["facts"]["outputs"] == "written by people"


def test_empathy_is_not_measured_without_a_scorer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = jsonl(tmp_path / "rows.jsonl", {"post": POST, "answer": REPLY})
    assert run.main(["--suite", "empathy", "--data", str(data), "--people", "--out", str(tmp_path / "out")]) == 1
    assert "needs --empathy FILE" in capsys.readouterr().err


# speed


def test_speed_counts_what_came_after_the_first_word() -> None:
    cases = speed.SUITE.load(HELDOUT, run.options_of(run.parse(speed.SUITE, ["--suite", "speed", "--model", "m"])))
    outcomes = [
        Outcome(StopReason.END, 100, 21, 0.5, 2.5),
        Outcome(StopReason.END, 100, 41, 1.5, 3.5),
        Outcome(StopReason.DEADLINE, 100, 0, None, 9.0),
    ]
    results = speed.report(cases[:3], outcomes, memory=3 * 2**20, seed=1, facts={})
    found = {one.name: one.value for one in results.figures}
    first, after = found["first token (ms)"], found["tokens a second"]
    assert getattr(first, "value", None) == pytest.approx(1000.0)
    assert found["first token, p95 (ms)"] == 1500.0
    assert getattr(after, "value", None) == pytest.approx(15.0)
    assert getattr(found["answers without a word"], "hits", None) == 1
    assert found["memory, MiB"] == 3


@pytest.mark.deep
@pytest.mark.model
def test_one_model_is_timed_through_the_command(tmp_path: Path) -> None:
    found = report_of(tmp_path, "speed", HELDOUT, "--model", str(MODEL), "--limit", "1", "--task", "generate")
    assert figures(found)["first token, p95 (ms)"]["value"] > 0
    assert figures(found)["memory, MiB"]["value"] > 50
    assert found["facts"]["prompt"] == "generate-1"


# Answers that are kept


def model(sha256: str) -> ModelFile:
    return ModelFile(Path("m.gguf"), sha256, 1)


def test_an_answer_is_asked_for_once(tmp_path: Path) -> None:
    prompt = build_prompt(Mode.GENERATE, post=POST, draft="", version="generate-2")
    other = build_prompt(Mode.GENERATE, post=POST, draft="", version="generate-1")
    Kept(tmp_path, base=model("a"), adapter=None, params=asking.GREEDY).add(prompt, Written(REPLY, "end"))
    again = Kept(tmp_path, base=model("a"), adapter=None, params=asking.GREEDY)
    assert again.get(prompt) == Written(REPLY, "end")
    assert again.get(other) is None
    assert Kept(tmp_path, base=model("b"), adapter=None, params=asking.GREEDY).get(prompt) is None
    assert Kept(tmp_path, base=model("a"), adapter=model("c"), params=asking.GREEDY).get(prompt) is None
    # Nothing is left to ask, so no model is opened: there is none.
    triple = Triple(id="1", post=POST, draft="", answer=REPLY, group="g")
    found = asking.answers_of(model("a"), None, [triple], version="generate-2", kept=again)
    assert found["1"].text == REPLY


def test_half_a_line_that_a_kill_left_loses_one_answer_only(tmp_path: Path) -> None:
    prompts = [build_prompt(Mode.GENERATE, post=text, draft="", version="generate-2") for text in (POST, REPLY, COLD)]
    kept = Kept(tmp_path, base=model("a"), adapter=None, params=asking.GREEDY)
    kept.add(prompts[0], Written("first", "end"))
    kept.add(prompts[1], Written("second", "end"))
    (file,) = tmp_path.glob("*.jsonl")
    file.write_text(file.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    Kept(tmp_path, base=model("a"), adapter=None, params=asking.GREEDY).add(prompts[2], Written("third", "end"))
    again = Kept(tmp_path, base=model("a"), adapter=None, params=asking.GREEDY)
    assert [again.get(prompt) for prompt in prompts] == [Written("first", "end"), None, Written("third", "end")]


def test_answers_are_not_kept_where_git_takes_them() -> None:
    with pytest.raises(BadData, match="inside the repository"):
        Kept(asking.ROOT / "evaluation", base=model("a"), adapter=None, params=asking.GREEDY)
