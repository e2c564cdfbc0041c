"""The arithmetic of the engine's benchmark, its texts, and its way of finding what leaks."""

from __future__ import annotations

import json
import os
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from assistant.inference.gguf import read_header
from assistant.inference.llamacpp.measure import PREFILL
from assistant.inference.modelfile import STARTER
from assistant.inference.prompts import build_improve
from bench.canaries import PLACES, foreign_words, made_up_words, make_canaries, report
from bench.engine.cases import make_case, make_cases
from bench.engine.child import full_steps
from bench.engine.figures import (
    Bound,
    Ratio,
    gaps_while,
    kept_share,
    paired_ratio,
    quantile,
    quantile_interval,
    verdict,
)
from bench.engine.files import write_random_adapter
from bench.engine.machine import Load, family, watching
from bench.engine.plan import Answer, Clock, Step, decode_rate, from_json, to_json, tokens_per_second
from bench.engine.report import Report
from bench.engine.run import Cell
from bench.engine.scenarios import visits
from bench.soak import WINDOWS, fit
from scripts.setup.steps import VAR


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 2.5), (0.95, 3.85), (1.0, 4.0)])
def test_a_quantile_lies_between_its_neighbours(share: float, expected: float) -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], share) == pytest.approx(expected)


def test_the_interval_of_a_quantile_is_open_where_too_few_values_bound_it() -> None:
    hundred = [float(value) for value in range(100)]
    assert quantile_interval(hundred, 0.5) == (39.0, 60.0)
    assert quantile_interval(hundred, 0.95) == (89.0, 99.0)
    assert quantile_interval(hundred[:10], 0.95) == (7.0, None)
    assert quantile_interval(hundred[:2], 0.5) == (None, None)


def test_a_ratio_is_taken_round_by_round() -> None:
    # The third round was slow for both: the ratio of the medians would be 0.6, every pair says 0.5.
    assert paired_ratio([1.0, 1.2, 6.0], [2.0, 2.4, 12.0]) == Ratio(0.5, 0.5, 0.5, 3)
    with pytest.raises(ValueError, match="2 rounds beside 1"):
        paired_ratio([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("ratio", "bound", "expected"),
    [
        (Ratio(0.4, 0.3, 0.44, 5), Bound(0.45), "met"),
        (Ratio(0.4, 0.3, 0.5, 5), Bound(0.45), "met, not in every round"),
        (Ratio(0.46, 0.3, 0.5, 5), Bound(0.45), "not met"),
        (Ratio(1.2, 1.1, 1.3, 5), Bound(at_least=1.1), "met"),
        (Ratio(1.2, 1.0, 1.3, 5), Bound(at_least=1.1), "met, not in every round"),
        (Ratio(1.0, 1.0, 1.3, 5), Bound(at_least=1.1), "not met"),
        (Ratio(0.9, 0.8, 1.0, 5), Bound(), "no bound"),
    ],
)
def test_a_verdict_looks_at_the_middle_and_at_the_worst_round(ratio: Ratio, bound: Bound, expected: str) -> None:
    assert verdict(ratio, bound) == expected


def test_a_gap_counts_whole_when_it_touches_the_stretch() -> None:
    times = [0.0, 1.0, 1.5, 4.0, 4.1]
    assert gaps_while(times, begin=1.2, end=2.0) == pytest.approx([0.5, 2.5])
    assert gaps_while(times, begin=4.05, end=9.0) == pytest.approx([0.1])


def test_the_kept_share_counts_the_drafts_words_in_order() -> None:
    assert kept_share("one two three four", "well, one two three four then") == 1.0
    assert kept_share("one two three four", "four three two one") == 0.25
    assert kept_share("one two three four", "") == 0.0


def test_rates_count_from_the_click_and_from_the_first_piece() -> None:
    first = Answer("a", "", sent=0.0, times=[1.0, 3.0], ended=3.0, tokens=21)
    second = Answer("b", "", sent=1.0, times=[2.0], ended=5.0, tokens=29)
    assert tokens_per_second([first, second]) == 10.0
    assert decode_rate(first) == 10.0
    with pytest.raises(ValueError, match="no first piece"):
        _ = Answer("c", "", stop="cancelled").to_first


def test_cases_are_the_same_for_a_seed_and_differ_from_their_first_words() -> None:
    cases = make_cases(300, "round", 1)
    assert cases == make_cases(300, "round", 1)
    assert len({case.post for case in cases}) == 300
    assert all(105 <= len(case.post.split()) <= 150 for case in cases)
    assert all(75 <= len(case.draft.split()) <= 105 for case in cases)
    assert not any("{" in case.post + case.draft for case in cases)


def test_what_is_prepared_is_the_beginning_of_what_is_asked() -> None:
    case = make_case("round", 1)
    assert case.whole.segments[:3] == case.opening.segments
    assert case.asking_with(case.draft) == case.whole
    assert case.draft.startswith(case.half_draft)
    # The benchmark's prompt has the site's order and borders; only the system text before them is another one.
    site = build_improve(post=case.post, draft=case.draft)
    assert [segment.scaffold for segment in site.segments] == [segment.scaffold for segment in case.whole.segments]
    assert site.segments[1:] == case.whole.segments[1:]


def test_a_step_survives_the_way_to_another_process() -> None:
    step = Step("ask", "a", at=1.5, prompt=make_case("a").whole, label="alone", tokens=(1, 2))
    assert from_json(json.loads(json.dumps(to_json(step)))) == step
    assert from_json(json.loads(json.dumps(to_json(Step("forget", "a"))))) == Step("forget", "a")


def test_a_step_after_others_waits_for_their_first_words() -> None:
    steps = [Step("ask", "a", label="running"), Step("ask", "b", label="running"), Step("cancel", "a", after="running")]
    clock = Clock(steps)
    clock.first_word(Answer("a", "running"))
    clock.first_word(Answer("b", "running"))
    clock.wait_for(steps[2])  # would wait for ever with one fewer


def test_visits_keep_their_order() -> None:
    for visit in visits(50, "arrivals", 3):
        assert 0 <= visit.opened <= 10
        assert all(
            before < after for before, after in pairwise((visit.opened, visit.paused, visit.saved, visit.clicked))
        )
    assert visits(8, "arrivals", 3) == visits(8, "arrivals", 3) != visits(8, "arrivals", 4)


def cell(scenario: str, arm: str, round_: int, *, to_first: list[float], neighbours: float = 0.0) -> Cell:
    return Cell(scenario, arm, round_, 0, {"to_first": to_first}, seconds=1.0, neighbours=neighbours)


def test_a_disturbed_cell_takes_its_round_out_of_the_ratio() -> None:
    cells = [
        *(cell("post-prepared", "lantern", number, to_first=[0.2]) for number in range(4)),
        *(cell("warm", "server-1", number, to_first=[0.5], neighbours=0.5 * (number == 3)) for number in range(4)),
    ]
    (row,) = Report(cells, allow_busy=False).rows()
    assert (row["measured"], row["rounds"], row["verdict"]) == (pytest.approx(0.4), 3, "met")
    (all_of_them,) = Report(cells, allow_busy=True).rows()
    assert all_of_them["rounds"] == 4
    (too_few,) = Report(cells[:2] + cells[4:6], allow_busy=False).rows()
    assert too_few["verdict"] == "too few quiet rounds (2)"


def test_what_llama_cpp_does_alone_stands_beside_both_engines() -> None:
    cells = [
        Cell("at-once-8", arm, round_, 0, {"tokens_per_second": [rate]}, 10.0, 0.0)
        for round_ in range(3)
        for arm, rate in (("lantern", 66.0), ("server-8", 60.0), ("alone-8", 75.0))
    ]
    rows = {row["target"]: row for row in Report(cells, allow_busy=False).rows()}
    assert rows["tokens/s, 8 at once"]["measured"] == pytest.approx(1.1)
    assert rows["tokens/s, 8 at once: lantern beside llama.cpp alone"]["measured"] == pytest.approx(0.88)
    assert rows["tokens/s, 8 at once: server-8 beside llama.cpp alone"]["measured"] == pytest.approx(0.8)


@pytest.mark.parametrize("lengths", [(7,), (700, 10), (300, 280, 301, 299, 12, 640, 333, 300)])
def test_llama_cpp_alone_reads_every_token_once_and_in_order(lengths: tuple[int, ...]) -> None:
    prompts = [list(range(length)) for length in lengths]
    read: list[list[int]] = [[] for _ in prompts]
    for rows in full_steps(prompts, known=5):
        assert len(rows) <= PREFILL
        for token, place, sequence, wanted in rows:
            assert token == place
            assert wanted == (place + 1 == lengths[sequence])
            read[sequence].append(token)
    assert read == [prompt[5:] for prompt in prompts]


def test_neighbours_are_what_is_not_ours() -> None:
    assert Load(seconds=2.0, ours=1.5, all=1.7).neighbours == pytest.approx(0.1)
    with watching([]) as load:
        sum(range(2_000_000))
    assert load.ours > 0
    assert load.all >= load.ours - 0.05
    assert os.getpid() in family(os.getppid())


def test_a_line_through_growing_memory_finds_its_slope_and_flat_memory_holds_zero() -> None:
    seconds = [float(at) for at in range(0, 3600, 5)]
    wave = [3.0 * ((at // 5) % 7) for at in range(0, 3600, 5)]
    grown = fit(seconds, [300 + 4 * at / 3600 + up for at, up in zip(seconds, wave, strict=True)])
    assert grown.slope == pytest.approx(4, abs=0.6)
    assert grown.low > 1
    flat = fit(seconds, [300 + up for up in wave])
    assert flat.low < 0 < flat.high
    with pytest.raises(ValueError, match="Run longer"):
        fit(seconds[: WINDOWS - 1], wave[: WINDOWS - 1])


def test_a_word_with_two_wrong_syllables_is_nobody_elses() -> None:
    words = list(made_up_words(1000))
    syllables = [[word.lower()[at : at + 3] for at in range(0, len(word), 3)] for word in words]
    assert {len(one) for one in syllables} == {PLACES}
    nearest = min(
        sum(a != b for a, b in zip(one, other, strict=True)) for one, other in combinations(syllables[:300], 2)
    )
    assert nearest >= 3
    assert len(set(words)) == 1000


def test_the_search_finds_a_foreign_word_and_no_other() -> None:
    canaries = make_canaries(3)
    own = {canary.id: " ".join(canary.words) for canary in canaries}
    assert foreign_words(own, canaries) == []
    leaked = own | {canaries[0].id: f"and {canaries[2].words[1].upper()}s"}
    assert foreign_words(leaked, canaries) == [(canaries[0].id, canaries[2].id, canaries[2].words[1].lower())]
    assert report(own, canaries, failures=[]) == 0
    assert report(leaked, canaries, failures=[]) == 1
    assert report(own, canaries, failures=["canary-1: EngineError"]) == 1
    assert report({canary.id: "nothing of it" for canary in canaries}, canaries, failures=[]) == 1


def test_no_made_up_word_stands_inside_another() -> None:
    words = [word.lower() for word in made_up_words(800)]
    together = "|".join(words)
    assert len(set(words)) == 800
    assert all(together.count(word) == 1 for word in words)


def test_a_random_adapter_fits_its_base(tmp_path: Path) -> None:
    base = STARTER.in_folder(VAR / "models").path
    if not base.is_file():
        pytest.skip("The starter model is not here.")
    adapter = read_header(write_random_adapter(base, tmp_path / "a.gguf", seed=1, rank=2))
    assert adapter.misfit(read_header(base)) == ""
    assert len(adapter.tensors) == 2 * 7 * 30
