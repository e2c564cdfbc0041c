"""A check that fails again and again is switched off, is seen to be, and comes back by test sentences only."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.safety import canaries, phases
from assistant.safety.breaker import Status, canary_of
from assistant.safety.canaries import CanaryError, load_canaries
from assistant.safety.pipeline import Pipeline
from assistant.safety.types import Context, Finding, Kind, Level, Phase, Score, Screening, Severity
from bench.faults_safety import FAULTS, TEXT, inject, sound_phases

POST, REPLY, SUGGESTION = (Context(kind=kind) for kind in (Kind.POST, Kind.REPLY, Kind.SUGGESTION))
SECRET = "the marker that nobody may repeat"


class Moody:
    """A phase that raises while `broken`, else says what it was told to."""

    version = 1
    kinds = frozenset(Kind)

    def __init__(self, name: str, *says: Finding | Score) -> None:
        self.name, self.says = name, says
        self.broken, self.asked = True, 0

    def check(self, text: str, context: Context) -> Iterable[Finding | Score]:
        self.asked += 1
        if self.broken:
            raise ValueError(SECRET)
        return self.says


class Silent(Moody):
    """Looks at everything and finds nothing: dead, without an error."""

    def __init__(self, name: str, kinds: frozenset[Kind]) -> None:
        super().__init__(name)
        self.broken, self.kinds = False, kinds


def real_phases_with(stand_in: Phase) -> Pipeline:
    given = [stand_in if phase.name == stand_in.name else phase for phase in sound_phases()]
    return Pipeline(given, phases.REQUIRED)


def codes(screening: Screening) -> list[str]:
    return [finding.code for finding in screening.findings]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", Kind)
def test_no_fault_lets_a_text_through_as_checked(fault: str, kind: Kind) -> None:
    result = inject(fault, kind, times=4, breaker=True)
    assert result.kept == result.times


def test_the_text_of_the_fault_runs_is_clean_without_a_fault() -> None:
    sound = Pipeline(sound_phases(), phases.REQUIRED)
    assert not any(sound.screen(TEXT, Context(kind=kind)).flagged for kind in Kind)


def test_after_three_failures_in_a_row_a_phase_is_not_asked_any_more_and_its_texts_still_hold(
    caplog: pytest.LogCaptureFixture,
) -> None:
    moody = Moody("one")
    checks = Pipeline([moody], {})
    for _ in range(3):
        assert codes(checks.screen("some text", REPLY)) == ["pipeline.phase_failed"]
    for _ in range(10):
        screening = checks.screen("some text", REPLY)
        assert codes(screening) == ["pipeline.phase_open"]
        assert screening.held
        assert "one" in screening.findings[0].reason
    assert moody.asked == 3
    assert checks.screen("some text", POST).severity is Severity.REVIEW
    shown = checks.breaker.state()["one"]
    assert (shown.status, shown.last_error) == (Status.OPEN, "ValueError")
    assert SECRET not in caplog.text + repr(shown)
    assert caplog.text.count("is open") == 1


def test_failures_with_a_success_between_do_not_open_it() -> None:
    moody = Moody("one")
    checks = Pipeline([moody], {})
    for broken in (True, True, False, True, True):
        moody.broken = broken
        checks.screen("some text", REPLY)
    assert checks.breaker.state()["one"].status is Status.CLOSED


def test_the_other_phases_go_on_while_one_is_open() -> None:
    worried = Moody("two", Finding("two.rule", Severity.HOLD, 0, 4, "A reason.", "two", Level.PLAN))
    worried.broken = False
    checks = Pipeline([Moody("one"), worried], {}, failures_to_open=1)
    for _ in range(3):
        screening = checks.screen("some text", POST)
    assert codes(screening) == ["pipeline.phase_open", "two.rule"]
    assert screening.held
    assert screening.level is Level.PLAN


def test_only_a_round_of_test_sentences_closes_it_again() -> None:
    moody = Moody("repetition")
    checks = real_phases_with(moody)
    for _ in range(3):
        checks.screen("some text", REPLY)
    opened = checks.breaker.state()["repetition"]
    canaries.run(checks)
    assert checks.breaker.state()["repetition"].status is Status.OPEN
    assert checks.breaker.state()["repetition"].since == opened.since
    asked, moody.broken = moody.asked, False
    assert checks.screen("some text", REPLY).held
    assert moody.asked == asked
    assert canaries.run(checks) == []
    assert checks.breaker.state()["repetition"].status is Status.CLOSED
    assert not checks.screen(TEXT, REPLY).flagged
    assert checks.in_trouble(Kind.REPLY) == []


def test_in_a_half_open_phase_people_are_not_the_test() -> None:
    moody = Moody("one")
    checks = Pipeline([moody], {}, failures_to_open=1)
    checks.screen("some text", REPLY)
    checks.breaker.begin_probe(["one"])
    assert checks.breaker.state()["one"].status is Status.HALF_OPEN
    moody.broken = False
    assert codes(checks.screen("some text", REPLY)) == ["pipeline.phase_open"]
    assert checks.screen("some text", REPLY, probe=True).findings == ()


@pytest.mark.parametrize(
    ("name", "kind"), [("crisis", Kind.POST), ("dismissal", Kind.REPLY), ("links", Kind.SUGGESTION)]
)
def test_a_phase_that_silently_finds_nothing_is_noticed_by_a_test_sentence(
    name: str, kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    healthy = next(phase for phase in sound_phases() if phase.name == name)
    checks = real_phases_with(Silent(name, healthy.kinds))
    context = Context(kind=kind)
    assert not checks.screen(TEXT, context).flagged
    assert canaries.run(checks)
    screening = checks.screen(TEXT, context)
    assert codes(screening) == ["pipeline.canary_missed"]
    assert screening.flagged
    assert screening.held is (kind is not Kind.POST)
    assert canary_of(kind) in checks.in_trouble(kind)
    assert "canaries misjudged" in caplog.text
    assert not any(canary.text in caplog.text for canary in load_canaries())


def test_a_phase_that_flags_everything_is_noticed_by_a_test_sentence() -> None:
    eager = Moody("repetition", Finding("repetition.loop", Severity.REVIEW, 0, 0, "A reason.", "repetition"))
    eager.broken = False
    checks = real_phases_with(eager)
    assert canaries.run(checks)
    assert checks.in_trouble(Kind.SUGGESTION)


def test_the_shipped_test_sentences_are_judged_rightly_and_take_little_time(caplog: pytest.LogCaptureFixture) -> None:
    checks = Pipeline(sound_phases(), phases.REQUIRED)
    with caplog.at_level(logging.ERROR):
        assert canaries.run(checks) == []
    assert not any(checks.in_trouble(kind) for kind in Kind)


@pytest.mark.parametrize(
    "content", [None, "", "not = [toml", '[[canary]]\nkind = "post"\ntext = "Only one."', "canary = 3"]
)
def test_without_test_sentences_nothing_is_trusted(content: str | None, tmp_path: Any) -> None:
    path = tmp_path / "canaries.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CanaryError):
        load_canaries(path)
    checks = Pipeline(sound_phases(), phases.REQUIRED)
    assert canaries.run(checks, path)
    for kind in Kind:
        assert checks.screen(TEXT, Context(kind=kind)).unscreened


def test_a_phase_that_is_missing_is_shown_as_open_from_the_start() -> None:
    checks = Pipeline([], {"one": frozenset({Kind.REPLY})})
    assert checks.breaker.state()["one"].status is Status.OPEN
    assert checks.in_trouble(Kind.REPLY) == ["one"]
    assert checks.in_trouble(Kind.POST) == []


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_phase_lowers_what_another_says(data: st.DataObject) -> None:
    """Whatever three phases say, in trouble or not, the whole is at least as serious as each of them alone."""
    said: list[Moody] = []
    for name in ("one", "two", "three"):
        rules = st.builds(
            lambda severity, level, rule, name=name: Finding(
                f"{name}.{rule}", severity, 0, 4, "A reason.", name, level
            ),
            st.sampled_from(Severity),
            st.sampled_from(Level),
            st.sampled_from(["first", "second"]),
        )
        scores = st.builds(lambda value, name=name: Score(value, name), st.floats(0, 1))
        phase = Moody(name, *data.draw(st.lists(rules | scores, max_size=30)))
        phase.broken = data.draw(st.booleans())
        said.append(phase)
    kind = data.draw(st.sampled_from(Kind))
    together = Pipeline(said, {}).screen("some text", Context(kind=kind))
    for phase in said:
        alone = Pipeline([phase], {}).screen("some text", Context(kind=kind))
        assert (together.severity or 0) >= (alone.severity or 0)
        assert together.level >= alone.level
        assert together.score >= alone.score
        assert set(alone.findings) <= set(together.findings)
