"""The engine's loop: several requests in one step, each with its own words; what is prepared, and what never waits for it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.inference import batching
from assistant.inference.batching import WAITING_PER_SLOT, Batching
from assistant.inference.contexts import KeptContexts
from assistant.inference.engine import EngineBusy, EngineError
from assistant.inference.pace import Pace
from assistant.inference.stream import QueuedStream
from assistant.inference.types import Mode, Params, Preparation, Prompt, Request, Segment, StopReason
from assistant.tests.toy_decoder import ToyDecoder, alone

SYSTEM = "be kind|"
_numbers = itertools.count()


def prompt_of(post: str, draft: str = "") -> Prompt:
    begin = (Segment(SYSTEM, scaffold=True), Segment(post, scaffold=False), Segment("|", scaffold=True))
    end = (Segment(draft, scaffold=False), Segment("?", scaffold=True))
    return Prompt(segments=begin + end, mode=Mode.IMPROVE, version="test", draft=draft)


def ask(post: str, *, draft: str = "", case: str = "", adapter: str = "", most: int = 20) -> Request:
    params = Params(max_tokens=most, deadline_seconds=20)
    return Request(id=str(next(_numbers)), prompt=prompt_of(post, draft), params=params, case=case, adapter=adapter)


def expected(engine: Batching[ToyDecoder], request: Request) -> str:
    return alone(engine.decoder.tokenise(request.prompt), request.params, adapter=request.adapter)


def talkative(engine: Batching[ToyDecoder], *, least: int, **named: Any) -> Request:
    """A request that this decoder answers with at least so many tokens."""
    for number in itertools.count():
        request = ask(f"post {number}", most=least, **named)
        if len(expected(engine, request)) >= least:
            return request
    raise AssertionError


class SlowPace(Pace):
    """A machine that reads a hundred tokens a second, whatever the toy does."""

    def prefilled(self, *, tokens: int, seconds: float) -> None: ...


MakeEngine = Callable[..., Batching[ToyDecoder]]


@pytest.fixture
def make() -> Iterator[MakeEngine]:
    made: list[Batching[ToyDecoder]] = []

    def start(*, slots: int = 3, lookup: bool = False) -> Batching[ToyDecoder]:
        engine = Batching(
            lambda: ToyDecoder(slots=slots), contexts=KeptContexts(limit=10_000), lookup=lookup, pace=SlowPace()
        )
        made.append(engine)
        return engine

    yield start
    for engine in made:
        engine.close()


class Held:
    """Lets the engine's thread take one step at a time."""

    def __init__(self, engine: Batching[ToyDecoder]) -> None:
        self.may = threading.Semaphore(0)
        self.began = threading.Semaphore(0)
        self.free = False
        engine.decoder.before_step = self._wait

    def _wait(self, _shape: object) -> None:
        self.began.release()
        if not self.free:
            assert self.may.acquire(timeout=10)

    def until_a_step_begins(self) -> None:
        assert self.began.acquire(timeout=10)

    def step(self) -> None:
        self.may.release()

    def let_go(self) -> None:
        self.free = True
        self.may.release()


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


WORDS = st.text(alphabet="abcdefgh ", min_size=0, max_size=40)
ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "prepare", "forget", "cancel"]),
        st.integers(0, 3),  # whose case
        WORDS,
        WORDS,
        st.sampled_from(["", "", "gm"]),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(orders=ORDERS, limit=st.sampled_from([0, 60, 10_000]), lookup=st.booleans())
def test_whatever_happens_around_it_a_request_gets_the_words_it_gets_alone(
    orders: list[tuple[str, int, str, str, str]], limit: int, lookup: bool
) -> None:
    engine = Batching(lambda: ToyDecoder(slots=3), contexts=KeptContexts(limit=limit), lookup=lookup)
    engine.pace.one_row_seconds = 1.0  # proposals always seem to pay
    asked: list[tuple[Request, QueuedStream, bool]] = []
    try:
        for what, number, post, draft, adapter in orders:
            case = f"case-{number}"
            if what == "prepare":
                engine.prepare(Preparation(case, prompt_of(post, draft), adapter))
            elif what == "forget":
                engine.forget(case)
            elif len(asked) < 12:
                request = ask(post, draft=draft, case=case, adapter=adapter)
                stream = engine.submit(request)
                if what == "cancel":
                    stream.cancel()
                asked.append((request, stream, what == "cancel"))
        for request, stream, cancelled in asked:
            said = "".join(stream)
            assert stream.outcome is not None
            if not cancelled:
                assert said == expected(engine, request)
                assert stream.outcome.stop in (StopReason.END, StopReason.LENGTH, StopReason.REPETITION)
            elif stream.outcome.stop is StopReason.CANCELLED:
                assert expected(engine, request).startswith(said)
    finally:
        engine.close()
    for step in engine.decoder.steps:
        sequences = [sequence for sequence, tokens in step.rows if tokens == 1]
        assert sequences == list(range(sequences[0], sequences[0] + len(sequences))) if sequences else True
    state = engine.state()
    assert (state.running, state.waiting, state.prepared_bytes) == (0, 0, 0)


def test_several_are_decoded_in_one_step(make: MakeEngine) -> None:
    engine = make(slots=3)
    held = Held(engine)
    streams = [engine.submit(talkative(engine, least=20)) for _ in range(3)]
    held.let_go()
    for stream in streams:
        list(stream)
    assert [(0, 1), (1, 1), (2, 1)] in [step.rows for step in engine.decoder.steps]


def test_who_speaks_closes_ranks_when_somebody_in_the_middle_ends(make: MakeEngine) -> None:
    engine = make(slots=4)
    held = Held(engine)
    lengths = (40, 12, 40, 8)
    streams = [engine.submit(talkative(engine, least=length)) for length in lengths]
    held.let_go()
    for stream in streams:
        assert "".join(stream) == expected(engine, stream.request)
    several = [[sequence for sequence, _ in step.rows] for step in engine.decoder.steps if len(step.rows) > 1]
    assert [0, 1, 2, 3] in several
    assert several[-1] == [0, 1]


def test_who_finds_no_slot_waits_and_too_many_are_turned_away(make: MakeEngine) -> None:
    engine = make(slots=1)
    held = Held(engine)
    first = engine.submit(ask("first"))
    held.until_a_step_begins()
    waiting = [engine.submit(ask(f"number {number}")) for number in range(WAITING_PER_SLOT)]
    assert engine.state().waiting == WAITING_PER_SLOT
    with pytest.raises(EngineBusy, match="4 requests wait"):
        engine.submit(ask("one too many"))
    held.let_go()
    for stream in [first, *waiting]:
        assert "".join(stream) == expected(engine, stream.request)


def test_a_cancelled_request_frees_its_slot_after_the_step_that_runs(make: MakeEngine) -> None:
    engine = make(slots=1)
    held = Held(engine)
    running, waiting = engine.submit(talkative(engine, least=30)), engine.submit(ask("second"))
    for _ in range(3):
        held.until_a_step_begins()
        held.step()
    held.until_a_step_begins()
    running.cancel()
    steps = len(engine.decoder.steps)
    held.step()
    held.until_a_step_begins()
    _sequence, tokens = engine.decoder.steps[steps].rows[0]
    assert tokens > 1, "the very next step reads the prompt of the one who waited"
    held.let_go()
    assert "".join(waiting) == expected(engine, waiting.request)
    list(running)
    assert running.outcome is not None
    assert running.outcome.stop is StopReason.CANCELLED


def test_a_short_prompt_does_not_wait_behind_a_long_one(make: MakeEngine) -> None:
    engine = make(slots=2)
    held = Held(engine)
    long, short = engine.submit(ask("a" * 300)), engine.submit(ask("b"))
    held.let_go()
    list(short)
    list(long)
    assert short.seconds_to_first is not None
    assert long.seconds_to_first is not None
    assert short.seconds_to_first < long.seconds_to_first


def test_a_running_stream_goes_on_while_a_long_prompt_is_read(make: MakeEngine) -> None:
    engine = make(slots=2)
    held = Held(engine)
    speaking = engine.submit(talkative(engine, least=40))
    held.until_a_step_begins()
    held.step()
    held.until_a_step_begins()
    long = engine.submit(ask("a" * 300, most=5))
    held.let_go()
    list(long)
    list(speaking)
    reading = [index for index, step in enumerate(engine.decoder.steps) if step.rows[0][1] > 1 and index > 1]
    assert len(reading) > 3
    between = engine.decoder.steps[reading[0] : reading[-1]]
    assert sum(step.rows == [(0, 1)] for step in between) >= len(reading) - 2, "a word between any two pieces"


def test_what_was_prepared_is_not_evaluated_again(make: MakeEngine) -> None:
    engine = make()
    request = ask("my cat ran off", draft="i hear you", case="one")
    engine.prepare(Preparation("one", request.prompt))
    wait_until(lambda: engine.state().prepared == 1)
    steps = len(engine.decoder.steps)
    stream = engine.submit(request)
    assert "".join(stream) == expected(engine, request)
    assert engine.decoder.steps[steps].rows == [(0, 1)], "only the last token, whose logits begin the answer"
    assert stream.outcome is not None
    assert stream.outcome.reused_tokens == stream.outcome.prompt_tokens - 1
    assert engine.state().prepared_hits == 1


def test_a_draft_that_was_changed_keeps_what_stands_before_the_change(make: MakeEngine) -> None:
    engine = make()
    engine.prepare(Preparation("one", prompt_of("my cat ran off", "i hear you. bad")))
    wait_until(lambda: engine.state().prepared == 1)
    request = ask("my cat ran off", draft="i hear you. dad had a cat", case="one")
    stream = engine.submit(request)
    assert "".join(stream) == expected(engine, request)
    assert stream.reused_tokens == len(SYSTEM + "my cat ran off|i hear you. ")


def test_a_request_takes_what_of_its_preparation_is_done(make: MakeEngine) -> None:
    engine = make()
    held = Held(engine)
    request = ask("a" * 200, case="one")
    engine.prepare(Preparation("one", request.prompt))
    for _ in range(4):
        held.until_a_step_begins()
        held.step()
    held.until_a_step_begins()
    stream = engine.submit(request)
    held.let_go()
    assert "".join(stream) == expected(engine, request)
    assert stream.reused_tokens > len(SYSTEM) + 16


def test_nothing_of_one_case_serves_another_but_the_scaffold(make: MakeEngine) -> None:
    engine = make()
    post, draft = "my cat ran off", "i hear you"
    engine.prepare(Preparation("one", prompt_of(post, draft)))
    wait_until(lambda: engine.state().prepared == 1)
    for case in ("two", ""):
        stream = engine.submit(ask(post, draft=draft, case=case))  # the very same words
        list(stream)
        assert stream.reused_tokens == len(SYSTEM)
    other = engine.submit(ask(post, draft=draft, case="one", adapter="gm"))
    list(other)
    assert other.reused_tokens == 0, "not even the scaffold of another adapter"


def test_a_forgotten_case_is_prepared_no_more_and_its_state_is_overwritten(make: MakeEngine) -> None:
    engine = make()
    engine.prepare(Preparation("one", prompt_of("my cat ran off")))
    engine.prepare(Preparation("two", prompt_of("my dog ran off")))
    wait_until(lambda: engine.state().prepared == 2)
    kept = engine._contexts.of_case("one", "")
    assert kept is not None
    kept.state.buffer[0] = 7
    engine.forget("one")
    wait_until(lambda: engine.state().prepared == 1)
    assert bytes(kept.state.buffer) == bytes(kept.state.size)
    stream = engine.submit(ask("my cat ran off", case="one"))
    list(stream)
    assert stream.reused_tokens == len(SYSTEM)


def test_preparing_never_goes_before_somebody_who_waits(make: MakeEngine) -> None:
    engine = make(slots=2)
    held = Held(engine)
    engine.prepare(Preparation("one", prompt_of("a" * 200)))
    held.until_a_step_begins()
    stream = engine.submit(ask("b" * 100, most=1))
    held.step()
    seen: list[int] = []
    for _ in range(3):
        held.until_a_step_begins()
        seen.append(engine.decoder.steps[-1].rows[0][0])
        held.step()
    assert seen == [0, 0, 0], "only the request's own sequence, not the one of preparing"
    held.let_go()
    list(stream)
    wait_until(lambda: engine.state().prepared == 1)


def test_nothing_is_prepared_while_most_slots_speak(make: MakeEngine) -> None:
    engine = make(slots=2)
    held = Held(engine)
    streams = [engine.submit(talkative(engine, least=15)) for _ in range(2)]
    held.until_a_step_begins()
    engine.prepare(Preparation("one", prompt_of("my cat ran off")))
    held.let_go()
    for stream in streams:
        list(stream)
    wait_until(lambda: engine.state().prepared == 1)
    both = [index for index, step in enumerate(engine.decoder.steps) if len(step.rows) == 2]
    preparing = [index for index, step in enumerate(engine.decoder.steps) if step.rows[0][0] == 2]
    assert min(preparing) > max(both)


def test_under_a_load_that_lasts_the_oldest_wishes_to_prepare_are_given_up(
    make: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "WISHES", 3)
    engine = make(slots=2)
    held = Held(engine)
    speaking = engine.submit(talkative(engine, least=5))
    held.until_a_step_begins()
    for number in range(5):
        engine.prepare(Preparation(f"case {number}", prompt_of(f"my cat has {number} legs")))
    held.let_go()
    list(speaking)
    wait_until(lambda: engine.state().prepared == 3)
    for number, hits in ((1, 0), (2, 1), (4, 2)):
        list(engine.submit(ask(f"my cat has {number} legs", case=f"case {number}")))
        assert engine.state().prepared_hits == hits


def test_requests_of_two_adapters_share_no_step_and_both_go_on(make: MakeEngine) -> None:
    engine = make(slots=2)
    requests = [talkative(engine, least=20), talkative(engine, least=20, adapter="gm")]
    streams = [engine.submit(request) for request in requests]
    for request, stream in zip(requests, streams, strict=True):
        assert "".join(stream) == expected(engine, request)
    assert {step.adapter for step in engine.decoder.steps} == {"", "gm"}
    assert all(len({sequence for sequence, _ in step.rows}) == 1 for step in engine.decoder.steps[2:])


def test_when_nobody_is_there_the_cells_are_overwritten(make: MakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.inference.batching.IDLE_SECONDS", 0.05)
    engine = make()
    before = engine.decoder.wiped
    list(engine.submit(ask("my cat ran off")))
    wait_until(lambda: engine.decoder.wiped == before + 1)
    time.sleep(0.15)
    assert engine.decoder.wiped == before + 1, "once is enough"


def test_when_the_thread_breaks_everybody_who_waits_hears_of_it(make: MakeEngine) -> None:
    engine = make(slots=1)
    held = Held(engine)
    streams = [engine.submit(ask("I am here.")) for _ in range(3)]
    held.until_a_step_begins()

    def broken(_shape: object) -> None:
        raise ValueError("the prompt said marigold")

    engine.decoder.before_step = broken
    held.let_go()
    for stream in streams:
        with pytest.raises(EngineError, match=r"The engine stopped \(ValueError\)") as caught:
            list(stream)
        assert "marigold" not in str(caught.value)
    assert not engine.usable
    with pytest.raises(EngineError, match="stopped"):
        engine.submit(ask("And I?"))


def test_a_request_that_cannot_be_decoded_fails_alone(make: MakeEngine) -> None:
    engine = make()

    def refuse(shape: list[tuple[int, int]]) -> None:
        if shape[0][1] > len(SYSTEM):  # a piece of the long one
            raise EngineError("llama.cpp could not decode (code -3). Try again.")

    engine.decoder.before_step = refuse
    broken, whole = engine.submit(ask("a" * 100)), engine.submit(ask("two"))
    with pytest.raises(EngineError, match="code -3"):
        list(broken)
    assert "".join(whole) == expected(engine, whole.request)
    assert engine.usable
    assert engine.state().ended["engine_error"] == 1


def test_draft_lookup_says_the_same_in_fewer_steps(make: MakeEngine) -> None:
    draft = "the quick brown fox jumps over my lazy dog, cab"
    steps = []
    for lookup in (False, True):
        engine = make(slots=1, lookup=lookup)
        engine.pace.one_row_seconds = 1.0
        request = talkative(engine, least=40, draft=draft)
        before = len(engine.decoder.steps)
        assert "".join(engine.submit(request)) == expected(engine, request)
        steps.append(len(engine.decoder.steps) - before)
    assert steps[1] <= steps[0] - 8
    assert engine.state().accepted_tokens > 0
